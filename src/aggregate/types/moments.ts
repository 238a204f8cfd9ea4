/** Moments: what histograms and distributions count besides their keys, in columns by row. */
import { ColumnTable } from '../../lib/column-table.ts';
import { addFinite, addsUp } from '../../lib/finite.ts';
import type { PartialMoments } from '../../model/partial-data.ts';
import type { SealedBucket } from '../../model/sealed-bucket.ts';
import type { SketchSummary } from '../sketch/sketch.ts';
import { OBSERVATIONS_MAX } from '../sketch/sketch-bins.ts';

export class Moments {
  private readonly cells = new ColumnTable({
    counts: Float64Array,
    sums: Float64Array,
    weightedSums: Float64Array,
    mins: Float64Array,
    maxs: Float64Array,
    /** 1 once min and max mean something. */
    filled: Uint8Array,
  });

  /** Whether a sketch can still hold `count` more observations of `row`, or of none yet when that is -1. */
  hasRoom(row: number, count: number): boolean {
    return (row < 0 ? 0 : (this.cells.columns.counts[row] ?? 0)) + count <= OBSERVATIONS_MAX;
  }

  /** Adds the cell of `slot` to `row`, for which there is room. False when a sum had to be cut to stay finite. */
  merge(row: number, sealed: SealedBucket, slot: number): boolean {
    this.cells.reserve(row);
    const count = sealed.count(slot);
    const min = sealed.min(slot);
    const max = sealed.max(slot);
    // A shard that had no room for a single key leaves a cell of zeros; they are not values.
    if (count === 0 && min === 0 && max === 0) return true;
    this.include(row, min, max);
    return this.addSums(row, count, sealed.sum(slot), sealed.weightedSum(slot));
  }

  /** Adds one value to `row`, of weight 1/rate, that counts `whole` times; there is room for it. False as for merge(). */
  add(row: number, value: number, weight: number, whole: number): boolean {
    this.cells.reserve(row);
    this.include(row, value, value);
    return this.addSums(row, whole, value * weight, value * whole);
  }

  private include(row: number, min: number, max: number): void {
    const filled = this.cells.columns.filled[row] === 1;
    if (!filled || min < (this.cells.columns.mins[row] as number)) this.cells.columns.mins[row] = min;
    if (!filled || max > (this.cells.columns.maxs[row] as number)) this.cells.columns.maxs[row] = max;
    this.cells.columns.filled[row] = 1;
  }

  private addSums(row: number, count: number, sum: number, weightedSum: number): boolean {
    const sumBefore = this.cells.columns.sums[row] as number;
    const weightedBefore = this.cells.columns.weightedSums[row] as number;
    this.cells.columns.sums[row] = addFinite(sumBefore, sum);
    this.cells.columns.weightedSums[row] = addFinite(weightedBefore, weightedSum);
    this.cells.columns.counts[row] = (this.cells.columns.counts[row] as number) + count;
    return addsUp(sumBefore, sum) && addsUp(weightedBefore, weightedSum);
  }

  partialOf(row: number): PartialMoments {
    return {
      count: this.cells.columns.counts[row] as number,
      sum: this.cells.columns.sums[row] as number,
      min: this.cells.columns.mins[row] as number,
      max: this.cells.columns.maxs[row] as number,
      weightedSum: this.cells.columns.weightedSums[row] as number,
    };
  }

  summaryOf(row: number): SketchSummary {
    const count = this.cells.columns.counts[row] as number;
    return {
      count,
      sum: this.cells.columns.sums[row] as number,
      min: this.cells.columns.mins[row] as number,
      max: this.cells.columns.maxs[row] as number,
      avg: (this.cells.columns.weightedSums[row] as number) / count,
    };
  }
}
