/**
 * Rows: dense numbers for the contexts that have data of one type in one bucket.
 *
 *   id  ─▶ row    Int32Array by context id, row + 1, 0 for none
 *   row ─▶ id     Uint32Array, in the order the contexts came
 *
 * Columns of data are as long as there are rows, so a bucket pays 4 bytes for each context that exists
 * and the rest only for contexts that have data.
 */
import { reserve } from './columns.ts';

export class Rows {
  size = 0;
  #rowOf = new Int32Array(0);
  #ids = new Uint32Array(0);

  /** The row of context `id`, or -1. */
  find(id: number): number {
    return (this.#rowOf[id] ?? 0) - 1;
  }

  /** The row of context `id`, made when it has none. */
  take(id: number): number {
    const row = this.find(id);
    if (row >= 0) return row;
    this.#rowOf = reserve(this.#rowOf, id);
    this.#ids = reserve(this.#ids, this.size);
    this.#ids[this.size] = id;
    this.#rowOf[id] = ++this.size;
    return this.size - 1;
  }

  idAt(row: number): number {
    return this.#ids[row] as number;
  }
}
