/**
 * Columns of a plot while series are added up in them.
 *
 *   counter, set   the sum            gauge   mean, least and greatest
 *   histogram, distribution   count and max exactly; percentiles of several are their mean, weighted by the counts,
 *                             which is an estimate and is said to be one
 */
import type { ContextType } from '../model/context.ts';
import type { SeriesColumns } from '../model/live/series-views.ts';

export class ColumnSums {
  readonly type: ContextType;
  /** Series that were added. */
  series = 0;
  private readonly cells: number;
  private readonly sums: Float64Array[];
  private readonly counts: Float64Array;
  private readonly least: Float64Array;
  private readonly greatest: Float64Array;

  constructor(type: ContextType, cells: number) {
    this.type = type;
    this.cells = cells;
    const isSummary = type === 'histogram' || type === 'distribution';
    this.sums = Array.from({ length: isSummary ? 4 : 1 }, () => new Float64Array(cells));
    this.counts = new Float64Array(cells);
    this.least = new Float64Array(cells).fill(Number.POSITIVE_INFINITY);
    this.greatest = new Float64Array(cells).fill(Number.NEGATIVE_INFINITY);
  }

  /** Adds the values of one series (COLUMNS of its type) in cell `i`. */
  add(i: number, values: ArrayLike<number>): void {
    if (i < 0 || i >= this.cells) return;
    const first = values[0] as number;
    if (this.sums.length === 1) {
      (this.counts[i] as number)++;
      (this.sums[0] as Float64Array)[i] = ((this.sums[0] as Float64Array)[i] as number) + first;
      this.least[i] = Math.min(this.least[i] as number, first);
      this.greatest[i] = Math.max(this.greatest[i] as number, first);
      return;
    }
    if (first === 0) return;
    (this.counts[i] as number) += first;
    for (let column = 1; column < 4; column++) {
      const sums = this.sums[column] as Float64Array;
      sums[i] = (sums[i] as number) + (values[column] as number) * first;
    }
    this.greatest[i] = Math.max(this.greatest[i] as number, values[4] as number);
  }

  columns(): SeriesColumns {
    const has = (i: number): boolean => (this.counts[i] as number) > 0;
    const read = (value: (i: number) => number): (number | null)[] =>
      Array.from({ length: this.cells }, (_, i) => (has(i) ? value(i) : null));
    const sum = (column: number, i: number): number => (this.sums[column] as Float64Array)[i] as number;
    const count = (i: number): number => this.counts[i] as number;
    switch (this.type) {
      case 'counter':
        return { sum: read((i) => sum(0, i)) };
      case 'set':
        return { value: read((i) => sum(0, i)) };
      case 'gauge':
        return {
          value: read((i) => sum(0, i) / count(i)),
          min: read((i) => this.least[i] as number),
          max: read((i) => this.greatest[i] as number),
        };
      default:
        return {
          count: read(count),
          p50: read((i) => sum(1, i) / count(i)),
          p95: read((i) => sum(2, i) / count(i)),
          p99: read((i) => sum(3, i) / count(i)),
          max: read((i) => this.greatest[i] as number),
        };
    }
  }
}
