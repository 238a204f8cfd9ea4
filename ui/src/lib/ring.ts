/**
 * Ring: the newest items, of a fixed number.
 *
 *   push ─▶ │ oldest … newest │      a full ring forgets its oldest item for each new one
 *
 * Memory  `capacity` references, allocated once.
 * Numbers Every item has the number of its push, so that a reader knows what it has missed.
 */
export class Ring<Item> {
  readonly #items: (Item | undefined)[];
  #pushed = 0;
  #length = 0;

  constructor(capacity: number) {
    this.#items = new Array<Item | undefined>(capacity).fill(undefined);
  }

  get length(): number {
    return this.#length;
  }

  /** How many items were ever pushed; the number of the next one. */
  get pushed(): number {
    return this.#pushed;
  }

  /** The number of the oldest item that is kept. */
  get first(): number {
    return this.#pushed - this.#length;
  }

  push(item: Item): void {
    const { length: capacity } = this.#items;
    if (capacity === 0) {
      this.#pushed++;
      return;
    }
    this.#items[this.#pushed % capacity] = item;
    this.#pushed++;
    if (this.#length < capacity) this.#length++;
  }

  /** The item of a number; undefined when it is forgotten or yet to come. */
  at(number: number): Item | undefined {
    if (number < this.first || number >= this.#pushed) return undefined;
    return this.#items[number % this.#items.length];
  }

  /** Items of the numbers [start, end), those that are kept. */
  slice(start: number = this.first, end: number = this.#pushed): Item[] {
    const items: Item[] = [];
    for (let n = Math.max(start, this.first); n < Math.min(end, this.#pushed); n++) {
      items.push(this.#items[n % this.#items.length] as Item);
    }
    return items;
  }

  clear(): void {
    this.#items.fill(undefined);
    this.#length = 0;
  }
}
