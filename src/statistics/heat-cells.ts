/**
 * Heat map of one histogram or distribution over time: a fixed record of counts by bin for each cell of time.
 *
 *   record │ cell f64 │ first bin i32 │ shift u8 │ bins u8 │ level u8 │ level u8 │ …   ROWS_MAX of them
 *
 * Neighbouring bins are joined, 2^shift of them, until they fit. A level is the count on a logarithmic scale of steps
 * of 9 %, which is more than a shade can show.
 *
 * Memory  cells × RECORD_BYTES, fixed: 29 KiB for an hour of 10 s.
 */
import type { HeatMap } from '../model/live/series-views.ts';
import { type BinColumn, lowerBoundOf } from './bin-column.ts';

const ROWS_MAX = 64;
const HEADER_BYTES = 14;
const RECORD_BYTES = 80;
/** Levels of a doubling. */
const LEVELS = 8;
/** Rows of an answer. */
const ANSWER_ROWS_MAX = 48;

export class HeatCells {
  private readonly bytes: Uint8Array;
  private readonly view: DataView;
  private readonly cells: number;

  constructor(cells: number) {
    this.cells = cells;
    this.bytes = new Uint8Array(cells * RECORD_BYTES);
    this.view = new DataView(this.bytes.buffer);
    for (let place = 0; place < cells; place++) this.view.setFloat64(place * RECORD_BYTES, Number.NaN);
  }

  get memoryBytes(): number {
    return this.bytes.byteLength;
  }

  put(cell: number, column: BinColumn): void {
    const { range } = column;
    if (range === undefined) return;
    const [low, high] = range;
    let shift = 0;
    while ((high >> shift) - (low >> shift) >= ROWS_MAX) shift++;
    const first = low >> shift;
    const rows = (high >> shift) - first + 1;
    const counts = new Float64Array(rows);
    for (let bin = low; bin <= high; bin++) (counts[(bin >> shift) - first] as number) += column.at(bin);
    const at = this.placeOf(cell) * RECORD_BYTES;
    this.view.setFloat64(at, cell);
    this.view.setInt32(at + 8, first);
    this.bytes[at + 12] = shift;
    this.bytes[at + 13] = rows;
    for (let row = 0; row < rows; row++) this.bytes[at + HEADER_BYTES + row] = levelOf(counts[row] as number);
  }

  /** The cells [from, from + count) on common rows; null when there is nothing. */
  map(from: number, count: number): HeatMap | null {
    let shift = 0;
    let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (let cell = from; cell < from + count; cell++) {
      const record = this.recordOf(cell);
      if (record === undefined) continue;
      shift = Math.max(shift, record.shift);
      low = Math.min(low, record.first * 2 ** record.shift);
      high = Math.max(high, (record.first + record.rows) * 2 ** record.shift - 1);
    }
    if (high < low) return null;
    while ((high >> shift) - (low >> shift) >= ANSWER_ROWS_MAX) shift++;
    const first = low >> shift;
    const rows = (high >> shift) - first + 1;
    const bounds = Array.from({ length: rows + 1 }, (_, i) => lowerBoundOf((first + i) << shift));
    const cells = Array.from({ length: count }, (_, i) => this.rowsAt(from + i, first, shift, rows));
    return { bounds, cells };
  }

  private rowsAt(cell: number, first: number, shift: number, rows: number): number[] | null {
    const record = this.recordOf(cell);
    if (record === undefined) return null;
    const counts = new Array<number>(rows).fill(0);
    for (let row = 0; row < record.rows; row++) {
      const level = this.bytes[record.at + HEADER_BYTES + row] as number;
      const to = (record.first + row) >> (shift - record.shift);
      counts[to - first] = (counts[to - first] ?? 0) + countOf(level);
    }
    return counts;
  }

  private recordOf(cell: number) {
    const at = this.placeOf(cell) * RECORD_BYTES;
    if (this.view.getFloat64(at) !== cell) return undefined;
    const [first, shift, rows] = [
      this.view.getInt32(at + 8),
      this.bytes[at + 12] as number,
      this.bytes[at + 13] as number,
    ];
    return { at, first, shift, rows };
  }

  private placeOf(cell: number): number {
    return ((cell % this.cells) + this.cells) % this.cells;
  }
}

function levelOf(count: number): number {
  return count <= 0 ? 0 : Math.min(255, Math.max(1, Math.round(LEVELS * Math.log2(count + 1))));
}

function countOf(level: number): number {
  return level === 0 ? 0 : Math.max(1, Math.round(2 ** (level / LEVELS) - 1));
}
