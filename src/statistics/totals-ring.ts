/**
 * Totals over time: sums by cell of time, in columns, for as many cells as fit.
 *
 *   cell = floor(time / step)      │ … │ 4711 │ 4712 │ 4713 │ ▢ │      place = cell mod cells
 *
 * What was counted between two readings belongs to the cells in between: a reading that comes late is spread over
 * them. After a gap of more than SPREAD_MAX cells they stay empty, because nobody knows when it came.
 *
 * Memory  cells × columns × 8 bytes, fixed.
 * Clock   one that goes back begins anew: cells that lie ahead are forgotten, and no rate is negative.
 */
const SPREAD_MAX = 15;

export class TotalsRing {
  readonly step: number;
  readonly cells: number;
  private readonly columns: number;
  private readonly values: Float64Array;
  /** Which cell of time a place holds; NaN for none. */
  private readonly cellAt: Float64Array;
  private lastAt = Number.NaN;

  constructor(step: number, cells: number, columns: number) {
    this.step = step;
    this.cells = cells;
    this.columns = columns;
    this.values = new Float64Array(cells * columns);
    this.cellAt = new Float64Array(cells).fill(Number.NaN);
  }

  get memoryBytes(): number {
    return this.values.byteLength + this.cellAt.byteLength;
  }

  /** Adds what was counted since the last call, at `now` in Unix seconds. */
  add(now: number, amounts: ArrayLike<number>): void {
    const last = this.lastAt;
    this.lastAt = now;
    if (now < last) this.forgetFrom(Math.floor(now / this.step));
    const end = Math.floor(now / this.step);
    // A reading at the very start of a cell tells of the one before.
    const start = Number.isNaN(last) || now < last ? end : Math.min(Math.floor(last / this.step), end);
    const elapsed = now - last;
    if (!(elapsed > 0) || end === start || end - start > SPREAD_MAX) {
      this.put(end, amounts, 1);
      return;
    }
    for (let cell = start; cell <= end; cell++) {
      const from = Math.max(last, cell * this.step);
      const to = Math.min(now, (cell + 1) * this.step);
      if (to > from) this.put(cell, amounts, (to - from) / elapsed);
    }
  }

  /** One column of the cells [from, from + count), oldest first; null where nothing is known. */
  column(column: number, from: number, count: number): (number | null)[] {
    return Array.from({ length: count }, (_, i) => this.at(column, from + i));
  }

  at(column: number, cell: number): number | null {
    const place = this.placeOf(cell);
    if (this.cellAt[place] !== cell) return null;
    return this.values[place * this.columns + column] as number;
  }

  private put(cell: number, amounts: ArrayLike<number>, share: number): void {
    const place = this.placeOf(cell);
    const base = place * this.columns;
    if (this.cellAt[place] !== cell) {
      this.values.fill(0, base, base + this.columns);
      this.cellAt[place] = cell;
    }
    for (let i = 0; i < this.columns; i++)
      (this.values[base + i] as number) += Math.max(0, (amounts[i] as number) * share);
  }

  private forgetFrom(cell: number): void {
    for (let place = 0; place < this.cells; place++)
      if ((this.cellAt[place] as number) >= cell) this.cellAt[place] = Number.NaN;
  }

  private placeOf(cell: number): number {
    return ((cell % this.cells) + this.cells) % this.cells;
  }
}
