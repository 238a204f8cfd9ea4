/**
 * The first rows of an order, of rows that come in any: a binary heap whose root is the last of those kept.
 *
 * Limits  `count` rows; a further one takes the place of the last, or is left out.
 */
export interface RowOrder<Row> {
  readonly keyOf: (row: Row) => number | string;
  /** Largest first unless set. */
  readonly ascending?: boolean;
}

export class TopRows<Row> {
  /** Rows that were added. */
  seen = 0;
  private readonly count: number;
  private readonly order: RowOrder<Row>;
  private readonly heap: { readonly key: number | string; readonly at: number; readonly row: Row }[] = [];

  constructor(count: number, order: RowOrder<Row>) {
    this.count = count;
    this.order = order;
  }

  add(row: Row): void {
    const entry = { key: this.order.keyOf(row), at: this.seen++, row };
    const { heap } = this;
    if (heap.length < this.count) {
      heap.push(entry);
      this.raise(heap.length - 1);
    } else if (heap[0] !== undefined && this.compare(entry, heap[0]) < 0) {
      heap[0] = entry;
      this.lower(0);
    }
  }

  /** Those kept, in order; rows that are equal in the order they came. */
  rows(): Row[] {
    return [...this.heap].sort((a, b) => this.compare(a, b)).map(({ row }) => row);
  }

  /** Below 0 when `a` comes first. */
  private compare(
    a: { readonly key: number | string; readonly at: number },
    b: { readonly key: number | string; readonly at: number },
  ): number {
    const direction = this.order.ascending === true ? 1 : -1;
    if (a.key !== b.key) return a.key < b.key ? -direction : direction;
    return a.at - b.at;
  }

  private raise(from: number): void {
    let child = from;
    while (child > 0) {
      const parent = (child - 1) >> 1;
      if (!this.isAfter(child, parent)) return;
      this.swap(child, parent);
      child = parent;
    }
  }

  private lower(from: number): void {
    let parent = from;
    for (;;) {
      const [left, right] = [2 * parent + 1, 2 * parent + 2];
      let last = parent;
      if (left < this.heap.length && this.isAfter(left, last)) last = left;
      if (right < this.heap.length && this.isAfter(right, last)) last = right;
      if (last === parent) return;
      this.swap(parent, last);
      parent = last;
    }
  }

  private isAfter(i: number, j: number): boolean {
    const [a, b] = [this.heap[i], this.heap[j]];
    return a !== undefined && b !== undefined && this.compare(a, b) > 0;
  }

  private swap(i: number, j: number): void {
    const [a, b] = [this.heap[i], this.heap[j]];
    if (a === undefined || b === undefined) return;
    this.heap[i] = b;
    this.heap[j] = a;
  }
}
