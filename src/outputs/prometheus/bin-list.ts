/**
 * Bins of a sketch being put together: keys ascending, each once, with their counts. Merges runs of bins
 * and answers quantiles. One list is used again and again as scratch.
 *
 * A quantile is the middle of the bin that holds the wanted observation, kept within [min, max]: at most
 * 0.78 % off, and exact when it is the smallest or largest observation or all are equal.
 */
import { fromSketchKey } from '../../lib/sketch-key.ts';

export class BinList {
  keys = new Int16Array(64);
  counts = new Float64Array(64);
  length = 0;
  min = Number.POSITIVE_INFINITY;
  max = Number.NEGATIVE_INFINITY;
  // Where merge() builds its result before the arrays change places.
  private otherKeys = new Int16Array(64);
  private otherCounts = new Float64Array(64);

  clear(): void {
    this.length = 0;
    this.min = Number.POSITIVE_INFINITY;
    this.max = Number.NEGATIVE_INFINITY;
  }

  /** Widens the range within which quantiles stay. */
  widen(min: number, max: number): void {
    if (min < this.min) this.min = min;
    if (max > this.max) this.max = max;
  }

  /** Adds a bin at the end. Keys come in ascending order; equal ones are added up, weights below 1 skipped. */
  push(key: number, count: number): void {
    if (!(count >= 1)) return;
    if (this.length > 0 && key <= (this.keys[this.length - 1] as number)) {
      this.counts[this.length - 1] = (this.counts[this.length - 1] as number) + count;
      return;
    }
    this.reserve(this.length + 1);
    this.keys[this.length] = key;
    this.counts[this.length++] = count;
  }

  /** Merges in the ascending bins at [start, start + length) of two arrays. */
  merge(keys: Int16Array, counts: ArrayLike<number>, start: number, length: number): void {
    const ownKeys = this.keys;
    const ownCounts = this.counts;
    const ownLength = this.length;
    if (this.otherKeys.length < ownLength + length) {
      const size = 2 ** Math.ceil(Math.log2(ownLength + length));
      this.otherKeys = new Int16Array(size);
      this.otherCounts = new Float64Array(size);
    }
    const toKeys = this.otherKeys;
    const toCounts = this.otherCounts;
    const end = start + length;
    let own = 0;
    let other = start;
    let to = 0;
    while (own < ownLength || other < end) {
      const ownKey = own < ownLength ? (ownKeys[own] as number) : Number.POSITIVE_INFINITY;
      const otherKey = other < end ? (keys[other] as number) : Number.POSITIVE_INFINITY;
      let count = 0;
      if (ownKey <= otherKey) count += ownCounts[own++] as number;
      if (otherKey <= ownKey) count += counts[other++] as number;
      toKeys[to] = Math.min(ownKey, otherKey);
      toCounts[to++] = count;
    }
    this.keys = toKeys;
    this.counts = toCounts;
    this.length = to;
    this.otherKeys = ownKeys;
    this.otherCounts = ownCounts;
  }

  /** Collapses the lowest bins into one until at most `lengthMax` remain, as a sketch does. */
  trim(lengthMax: number): void {
    const excess = this.length - lengthMax;
    if (excess <= 0) return;
    let collapsed = 0;
    for (let i = 0; i < excess; i++) collapsed += this.counts[i] as number;
    this.keys.copyWithin(0, excess, this.length);
    this.counts.copyWithin(0, excess, this.length);
    this.counts[0] = (this.counts[0] as number) + collapsed;
    this.length = lengthMax;
  }

  /** The value at quantile `q` in [0, 1]; NaN when there are no bins. */
  quantile(q: number): number {
    if (this.length === 0) return Number.NaN;
    let total = 0;
    for (let i = 0; i < this.length; i++) total += this.counts[i] as number;
    const wanted = Math.round(q * (total - 1));
    if (this.min <= this.max && wanted <= 0) return this.min;
    if (this.min <= this.max && wanted >= total - 1) return this.max;
    let before = 0;
    let at = 0;
    for (; at < this.length - 1; at++) {
      before += this.counts[at] as number;
      if (before > wanted) break;
    }
    const middle = fromSketchKey(this.keys[at] as number);
    return this.min <= this.max ? Math.min(Math.max(middle, this.min), this.max) : middle;
  }

  private reserve(length: number): void {
    if (length <= this.keys.length) return;
    const keys = new Int16Array(this.keys.length * 2);
    const counts = new Float64Array(this.keys.length * 2);
    keys.set(this.keys);
    counts.set(this.counts);
    this.keys = keys;
    this.counts = counts;
  }
}
