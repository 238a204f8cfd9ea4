/**
 * SpaceSaving: the keys with the most weight of a stream, in k counters, however many keys there are (Metwally and
 * others 2005).
 *
 *   known key           count + w
 *   new key, has room   count = w, error = 0
 *   new key, full       takes the place of the smallest count c: count = c + w, error = c
 *
 * For total weight N: a count is never below the truth, count - error never above it, error ≤ smallest count ≤ N / k,
 * and every key with truth > N / k has a counter. Summaries of the same k merge in any order and keep all of that.
 *
 * The heap is ordered by count alone. Ordered by count - error, as in one well-known implementation, the newest entry is
 * replaced again and again and the bound is gone.
 *
 * Memory  k entries of a key, two numbers and a place in the heap.
 */
export interface Counted {
  readonly key: string;
  /** At least the truth; the truth is at least `count - error`. */
  readonly count: number;
  readonly error: number;
}

interface Counter {
  key: string;
  count: number;
  error: number;
  /** Place in the heap. */
  at: number;
}

export class SpaceSaving {
  readonly k: number;
  /** N: the weight of everything that was added. */
  total = 0;
  private readonly counters = new Map<string, Counter>();
  /** The smallest count first. */
  private readonly heap: Counter[] = [];

  constructor(k: number) {
    this.k = k;
  }

  get size(): number {
    return this.heap.length;
  }

  /** What a key without a counter may have at most, and no error exceeds. */
  get floor(): number {
    return this.heap.length < this.k ? 0 : (this.heap[0]?.count ?? 0);
  }

  add(key: string, weight = 1): void {
    this.total += weight;
    const known = this.counters.get(key);
    if (known !== undefined) {
      known.count += weight;
      this.lower(known);
    } else if (this.heap.length < this.k) this.insert({ key, count: weight, error: 0, at: 0 });
    else this.replaceSmallest(key, weight);
  }

  get(key: string): Counted | undefined {
    return this.counters.get(key);
  }

  /** Largest count first; equal ones by key. */
  entries(): Counted[] {
    return this.heap
      .map(({ key, count, error }) => ({ key, count, error }))
      .sort((a, b) => b.count - a.count || (a.key < b.key ? -1 : 1));
  }

  /** Forgets half of the past; the bounds hold for the halved stream. */
  halve(): void {
    this.total /= 2;
    for (const counter of this.heap) {
      counter.count /= 2;
      counter.error /= 2;
    }
  }

  /** One summary of several streams. All have the same k. */
  static merge(parts: readonly SpaceSaving[], k: number): SpaceSaving {
    const merged = new SpaceSaving(k);
    const keys = new Set(parts.flatMap(({ counters }) => [...counters.keys()]));
    const sums = [...keys].map((key) => {
      let count = 0;
      let error = 0;
      for (const part of parts) {
        const counter = part.counters.get(key);
        count += counter?.count ?? part.floor;
        error += counter?.error ?? part.floor;
      }
      return { key, count, error, at: 0 };
    });
    sums.sort((a, b) => b.count - a.count || (a.key < b.key ? -1 : 1));
    for (const counter of sums.slice(0, k)) merged.insert(counter);
    merged.total = parts.reduce((sum, part) => sum + part.total, 0);
    return merged;
  }

  private insert(counter: Counter): void {
    this.counters.set(counter.key, counter);
    counter.at = this.heap.length;
    this.heap.push(counter);
    this.raise(counter);
  }

  private replaceSmallest(key: string, weight: number): void {
    const smallest = this.heap[0];
    if (smallest === undefined) return;
    this.counters.delete(smallest.key);
    smallest.key = key;
    smallest.error = smallest.count;
    smallest.count += weight;
    this.counters.set(key, smallest);
    this.lower(smallest);
  }

  private raise(counter: Counter): void {
    for (;;) {
      const parent = this.heap[(counter.at - 1) >> 1];
      if (counter.at === 0 || parent === undefined || parent.count <= counter.count) return;
      this.swap(counter, parent);
    }
  }

  private lower(counter: Counter): void {
    for (;;) {
      const left = this.heap[2 * counter.at + 1];
      const right = this.heap[2 * counter.at + 2];
      if (left === undefined) return;
      const smaller = right !== undefined && right.count < left.count ? right : left;
      if (smaller.count >= counter.count) return;
      this.swap(counter, smaller);
    }
  }

  private swap(a: Counter, b: Counter): void {
    this.heap[a.at] = b;
    this.heap[b.at] = a;
    [a.at, b.at] = [b.at, a.at];
  }
}
