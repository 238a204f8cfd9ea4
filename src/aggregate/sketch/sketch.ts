/**
 * The Agent's quantile sketch: bins over a logarithmic scale plus an exact summary (docs/behaviour/sketch.md).
 *
 *   insert ─▶ buffer of keys, 512 ──full──▶ sorted groups ─▶ bins ─▶ trimmed to binLimit
 *   insert with a rate ─▶ buffer flushed first, then one group ────┘
 *
 * What the shards counted arrives as bins already and takes the short way in, `fromBins`. The rest, the
 * Agent's insert and merge, is the definition the short way is tested against, and what outputs use to
 * merge sketches of their own.
 *
 * Memory  two arrays as long as the bins, at most 4096 in ordinary use, and the buffer while inserting.
 */
import type { Sketch } from '../../model/sketch.ts';
import {
  AGENT_LIMITS,
  addGroups,
  type Bins,
  COUNT_MAX_16,
  COUNT_MAX_32,
  fitWide,
  mergeBins,
  noBins,
  place,
  type SketchLimits,
  totalOf,
  trimBins,
  wholeCounts,
} from './sketch-bins.ts';
import { GAMMA, keyOf, roundHalfEven, valueOfKey } from './sketch-keys.ts';

const BUFFER_KEYS = 512;

/** What a sketch knows exactly. `avg` is kept apart from `sum`: weights are truncated, the sum is not. */
export interface SketchSummary {
  readonly count: number;
  readonly min: number;
  readonly max: number;
  readonly sum: number;
  readonly avg: number;
}

export class QuantileSketch implements Sketch {
  count = 0;
  min = 0;
  max = 0;
  sum = 0;
  avg = 0;
  /** Observations in the bins: those still buffered are not among them. */
  binTotal = 0;
  private readonly limits: SketchLimits;
  private bins: Bins = noBins();
  private buffer: number[] = [];

  constructor(limits: SketchLimits = AGENT_LIMITS) {
    this.limits = limits;
  }

  /**
   * A sketch of observations counted elsewhere: `keys` ascending, each once, and the weight on each. The bins add up
   * to the count, whatever the weights: fractions are rounded on the running total.
   *
   * Sample rates can put more on a few keys than 16-bit bins hold within the limit. Such a sketch takes
   * 32-bit bins, which say the same on the wire in bounded room.
   */
  static fromBins(
    keys: ArrayLike<number>,
    weights: ArrayLike<number>,
    summary: SketchSummary,
    limits: SketchLimits = AGENT_LIMITS,
  ): QuantileSketch {
    const counts = wholeCounts(weights);
    let fullBins = 0;
    for (let i = 0; i < counts.length; i++) fullBins += Math.floor((counts[i] as number) / limits.countMax);
    const isWide = limits.countMax > COUNT_MAX_16 || fullBins >= limits.binLimit;
    const sketch = new QuantileSketch(isWide ? { ...limits, countMax: COUNT_MAX_32 } : limits);
    sketch.bins = isWide
      ? fitWide(keys, counts, limits.binLimit)
      : trimBins(placeAll(keys, counts, limits), limits);
    sketch.binTotal = totalOf(sketch.bins.counts);
    sketch.mergeSummary({ ...summary, count: sketch.binTotal });
    return sketch;
  }

  get keys(): readonly number[] {
    this.flush();
    return this.bins.keys;
  }

  get counts(): readonly number[] {
    this.flush();
    return this.bins.counts;
  }

  /** Keys waiting in the buffer. */
  get buffered(): number {
    return this.buffer.length;
  }

  /** Adds one observation; a rate outside (0, 1] counts as 1, and one below 1/(2^32 - 1) adds nothing. */
  insert(value: number, rate = 1): void {
    if (rate > 0 && 1 / rate > COUNT_MAX_32) return;
    if (rate > 0 && rate < 1) this.insertWeighted(value, 1 / rate);
    else this.insertOne(value);
  }

  /** Adds one observation for each key, directly to the bins: the summary does not see them. */
  insertKeys(keys: readonly number[]): void {
    const sorted = Int16Array.from(keys).sort();
    const groups = noBins();
    for (const key of sorted) {
      const last = groups.keys.length - 1;
      if (groups.keys[last] === key) (groups.counts[last] as number)++;
      else place(groups, key, 1, this.limits);
    }
    this.insertCounts(groups.keys, groups.counts);
  }

  /** Adds `counts[i]` observations on `keys[i]`, ascending, each once, directly to the bins. */
  insertCounts(keys: ArrayLike<number>, counts: ArrayLike<number>): void {
    this.settle(addGroups(this.bins, keys, counts, this.limits));
  }

  /** Moves the buffer into the bins. */
  flush(): void {
    if (this.buffer.length === 0) return;
    const keys = this.buffer;
    this.buffer = [];
    this.insertKeys(keys);
  }

  /** Adds everything `other` holds; `other` does not change. */
  merge(other: QuantileSketch): void {
    this.flush();
    other.flush();
    this.mergeSummary(other);
    this.settle(mergeBins(this.bins, other.bins, this.limits));
  }

  /** As docs/behaviour/sketch.md#quantiles says, peculiarities included: the last bin is not held back to the maximum. */
  quantile(q: number): number {
    this.flush();
    if (this.binTotal === 0) return 0;
    if (q <= 0) return this.min;
    if (q >= 1) return this.max;
    const want = roundHalfEven(q * (this.binTotal - 1));
    const { keys, counts } = this.bins;
    let total = 0;
    for (let i = 0; i < keys.length; i++) {
      const n = counts[i] as number;
      total += n;
      if (total <= want) continue;
      const weight = (total - want) / n;
      const value = valueOfKey(keys[i] as number);
      // The outermost bins stand for every value too large for a bin of its own.
      if (!Number.isFinite(value)) return value > 0 ? this.max : this.min;
      const low = i === 0 ? this.min : value;
      return low * weight + value * GAMMA * (1 - weight);
    }
    return this.max;
  }

  private insertOne(value: number): void {
    if (this.count === 0 || value > this.max) this.max = value;
    if (this.count === 0 || value < this.min) this.min = value;
    this.count++;
    this.sum += value;
    this.avg += (value - this.avg) / this.count;
    this.buffer.push(keyOf(value));
    if (this.buffer.length === BUFFER_KEYS) this.flush();
  }

  private insertWeighted(value: number, weight: number): void {
    const whole = Math.trunc(weight);
    this.mergeSummary({ count: whole, sum: weight * value, min: value, max: value, avg: value });
    this.flush();
    this.insertCounts([keyOf(value)], [whole]);
  }

  private mergeSummary(other: SketchSummary): void {
    if (other.count === 0) return;
    const empty = this.count === 0;
    if (empty || other.max > this.max) this.max = other.max;
    if (empty || other.min < this.min) this.min = other.min;
    this.sum += other.sum;
    this.count += other.count;
    this.avg = empty ? other.avg : this.avg + ((other.avg - this.avg) * other.count) / this.count;
  }

  private settle(bins: Bins): void {
    this.bins = trimBins(bins, this.limits);
    this.binTotal = totalOf(this.bins.counts);
  }
}

function placeAll(keys: ArrayLike<number>, counts: ArrayLike<number>, limits: SketchLimits): Bins {
  const bins = noBins();
  for (let i = 0; i < keys.length; i++) place(bins, keys[i] as number, counts[i] as number, limits);
  return bins;
}
