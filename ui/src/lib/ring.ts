/**
 * Ring: the newest items, of a fixed number.
 *
 *   push ─▶ │ oldest … newest │      a full ring forgets its oldest item for each new one
 *
 * Memory  `capacity` references, allocated once.
 * Numbers Every item has the number of its push, so that a reader knows what it has missed.
 */
export class Ring<Item> {
  private readonly items: (Item | undefined)[];
  private _pushed = 0;
  private _length = 0;

  constructor(capacity: number) {
    this.items = new Array<Item | undefined>(capacity).fill(undefined);
  }

  get length(): number {
    return this._length;
  }

  /** How many items were ever pushed; the number of the next one. */
  get pushed(): number {
    return this._pushed;
  }

  /** The number of the oldest item that is kept. */
  get first(): number {
    return this._pushed - this._length;
  }

  push(item: Item): void {
    const { length: capacity } = this.items;
    if (capacity === 0) {
      this._pushed++;
      return;
    }
    this.items[this._pushed % capacity] = item;
    this._pushed++;
    if (this._length < capacity) this._length++;
  }

  /** The item of a number; undefined when it is forgotten or yet to come. */
  at(number: number): Item | undefined {
    if (number < this.first || number >= this._pushed) return undefined;
    return this.items[number % this.items.length];
  }

  /** Items of the numbers [start, end), those that are kept. */
  slice(start: number = this.first, end: number = this._pushed): Item[] {
    const items: Item[] = [];
    for (let n = Math.max(start, this.first); n < Math.min(end, this._pushed); n++) {
      items.push(this.items[n % this.items.length] as Item);
    }
    return items;
  }

  clear(): void {
    this.items.fill(undefined);
    this._length = 0;
  }
}
