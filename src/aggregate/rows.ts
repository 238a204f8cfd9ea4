/**
 * Rows: dense numbers for the contexts that have data of one type in one bucket.
 *
 *   id  ─▶ row    a map while few of the ids have a row, then Int32Array by context id, row + 1, 0 for none
 *   row ─▶ id     Uint32Array, in the order the contexts came
 *
 * Columns of data are as long as there are rows. An array by id costs 4 bytes for each context that exists, so a
 * bucket of a few contexts does without: timestamps of senders may open a thousand buckets.
 */
import { reserve } from './columns.ts';

/** Ids to a row up to which an array takes no more memory than a map. */
const IDS_PER_ROW = 16;
/** With fewer ids than these the array is always used. */
const SMALL_IDS = 256;

export class Rows {
  size = 0;
  #rowOf = new Int32Array(0);
  /** Used while there is no array. */
  #rowOfFew: Map<number, number> | undefined;
  #ids = new Uint32Array(0);
  /** One more than the highest id that has a row. */
  #idEnd = 0;

  /** The row of context `id`, or -1. */
  find(id: number): number {
    if (this.#rowOfFew !== undefined) return this.#rowOfFew.get(id) ?? -1;
    return (this.#rowOf[id] ?? 0) - 1;
  }

  /** The row of context `id`, made when it has none. */
  take(id: number): number {
    const row = this.find(id);
    if (row >= 0) return row;
    this.#ids = reserve(this.#ids, this.size);
    this.#ids[this.size] = id;
    this.#note(id, this.size);
    return this.size++;
  }

  idAt(row: number): number {
    return this.#ids[row] as number;
  }

  #note(id: number, row: number): void {
    this.#idEnd = Math.max(this.#idEnd, id + 1);
    const isSparse = this.#idEnd > Math.max(SMALL_IDS, (row + 1) * IDS_PER_ROW);
    if (this.#rowOfFew === undefined && isSparse && id >= this.#rowOf.length) this.#useMap();
    else if (this.#rowOfFew !== undefined && !isSparse) this.#useArray(this.#rowOfFew);
    if (this.#rowOfFew !== undefined) {
      this.#rowOfFew.set(id, row);
    } else {
      this.#rowOf = reserve(this.#rowOf, id);
      this.#rowOf[id] = row + 1;
    }
  }

  #useMap(): void {
    const few = new Map<number, number>();
    for (let row = 0; row < this.size; row++) few.set(this.idAt(row), row);
    this.#rowOfFew = few;
    this.#rowOf = new Int32Array(0);
  }

  #useArray(few: ReadonlyMap<number, number>): void {
    this.#rowOf = reserve(this.#rowOf, this.#idEnd);
    for (const [id, row] of few) this.#rowOf[id] = row + 1;
    this.#rowOfFew = undefined;
  }
}
