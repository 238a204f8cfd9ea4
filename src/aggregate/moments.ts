/** Moments: what histograms and distributions count besides their keys, in columns by row. */
import type { SealedBucket } from '../model/sealed-bucket.ts';
import { reserve } from './columns.ts';
import type { SketchSummary } from './sketch.ts';

export class Moments {
  #count = new Float64Array(0);
  #sum = new Float64Array(0);
  #weightedSum = new Float64Array(0);
  #min = new Float64Array(0);
  #max = new Float64Array(0);
  /** 1 once min and max mean something. */
  #filled = new Uint8Array(0);

  /** Adds the cell of `slot` to `row`. */
  merge(row: number, sealed: SealedBucket, slot: number): void {
    this.#reserve(row);
    const count = sealed.count(slot);
    const min = sealed.min(slot);
    const max = sealed.max(slot);
    // A shard that had no room for a single key leaves a cell of zeros; they are not values.
    if (count === 0 && min === 0 && max === 0) return;
    this.#include(row, min, max);
    this.#add(row, count, sealed.sum(slot), sealed.weightedSum(slot));
  }

  /** Adds one value to `row`; `weight` is 1/rate. */
  add(row: number, value: number, weight: number): void {
    this.#reserve(row);
    const whole = Math.trunc(weight);
    this.#include(row, value, value);
    this.#add(row, whole, value * weight, value * whole);
  }

  #include(row: number, min: number, max: number): void {
    const filled = this.#filled[row] === 1;
    if (!filled || min < (this.#min[row] as number)) this.#min[row] = min;
    if (!filled || max > (this.#max[row] as number)) this.#max[row] = max;
    this.#filled[row] = 1;
  }

  #add(row: number, count: number, sum: number, weightedSum: number): void {
    this.#sum[row] = (this.#sum[row] as number) + sum;
    this.#weightedSum[row] = (this.#weightedSum[row] as number) + weightedSum;
    // Weights come from sample rates and may be infinite; a count stays an integer that can be encoded.
    this.#count[row] = Math.min((this.#count[row] as number) + count, Number.MAX_SAFE_INTEGER);
  }

  summaryOf(row: number): SketchSummary {
    const count = this.#count[row] as number;
    return {
      count,
      sum: this.#sum[row] as number,
      min: this.#min[row] as number,
      max: this.#max[row] as number,
      avg: (this.#weightedSum[row] as number) / count,
    };
  }

  #reserve(row: number): void {
    if (row < this.#count.length) return;
    this.#count = reserve(this.#count, row);
    this.#sum = reserve(this.#sum, row);
    this.#weightedSum = reserve(this.#weightedSum, row);
    this.#min = reserve(this.#min, row);
    this.#max = reserve(this.#max, row);
    this.#filled = reserve(this.#filled, row);
  }
}
