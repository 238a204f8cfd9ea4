/**
 * Rows: dense numbers for the contexts that have data of one type in one bucket.
 *
 *   id  ─▶ row    a map while few of the ids have a row, then Int32Array by context id, row + 1, 0 for none
 *   row ─▶ id     Uint32Array, in the order the contexts came
 *
 * Columns of data are as long as there are rows. An array by id costs 4 bytes for each context that exists, so a
 * bucket of a few contexts does without: timestamps of senders may open a thousand buckets.
 */
import { ColumnTable } from '../lib/column-table.ts';

/** Ids to a row up to which an array takes no more memory than a map. */
const IDS_PER_ROW = 16;
/** With fewer ids than these the array is always used. */
const SMALL_IDS = 256;

export class Rows {
  size = 0;
  /** By context id: row + 1, 0 for none. */
  private readonly byId = new ColumnTable({ rows: Int32Array });
  /** Used while there is no array. */
  private rowOfFew: Map<number, number> | undefined;
  /** By row: the id of its context. */
  private readonly byRow = new ColumnTable({ ids: Uint32Array });
  /** One more than the highest id that has a row. */
  private idEnd = 0;

  /** The row of context `id`, or -1. */
  find(id: number): number {
    if (this.rowOfFew !== undefined) return this.rowOfFew.get(id) ?? -1;
    return (this.byId.columns.rows[id] ?? 0) - 1;
  }

  /** The row of context `id`, made when it has none. */
  take(id: number): number {
    const row = this.find(id);
    if (row >= 0) return row;
    this.byRow.reserve(this.size);
    this.byRow.columns.ids[this.size] = id;
    this.note(id, this.size);
    return this.size++;
  }

  idAt(row: number): number {
    return this.byRow.columns.ids[row] as number;
  }

  private note(id: number, row: number): void {
    this.idEnd = Math.max(this.idEnd, id + 1);
    const isSparse = this.idEnd > Math.max(SMALL_IDS, (row + 1) * IDS_PER_ROW);
    if (this.rowOfFew === undefined && isSparse && id >= this.byId.capacity) this.useMap();
    else if (this.rowOfFew !== undefined && !isSparse) this.useArray(this.rowOfFew);
    if (this.rowOfFew !== undefined) {
      this.rowOfFew.set(id, row);
    } else {
      this.byId.reserve(id);
      this.byId.columns.rows[id] = row + 1;
    }
  }

  private useMap(): void {
    const few = new Map<number, number>();
    for (let row = 0; row < this.size; row++) few.set(this.idAt(row), row);
    this.rowOfFew = few;
    this.byId.clear();
  }

  private useArray(few: ReadonlyMap<number, number>): void {
    this.byId.reserve(this.idEnd);
    for (const [id, row] of few) this.byId.columns.rows[id] = row + 1;
    this.rowOfFew = undefined;
  }
}
