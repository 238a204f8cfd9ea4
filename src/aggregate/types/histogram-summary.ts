/**
 * The two forms of a histogram in one bucket: exact, a sorted list of values with weights, and sketched,
 * for histograms over budget. Both own their memory, so an output may keep one past the flush.
 *
 * Quantiles follow the Agent (docs/behaviour/aggregation.md#histograms): of the values in order, the first whose cumulative
 * weight exceeds a target, N being the total weight and divisions truncating toward zero.
 *
 *   median         (N - 1) / 2
 *   percentile p   (p * N - 1) / 100        quantile(q) is percentile 100 * q, which may be a fraction
 */
import type { HistogramSummary } from '../../model/histogram.ts';
import { QuantileSketch, type SketchSummary } from '../sketch/sketch.ts';
import type { SketchLimits } from '../sketch/sketch-bins.ts';
import { keyOf, valueOfKey } from '../sketch/sketch-keys.ts';

/** Relative; exact weights add up to 299.99999999999994 and mean 300. */
const COUNT_TOLERANCE = 1e-12;

/** What series are made from: a summary that also answers by whole percentiles. */
export interface Histogram extends HistogramSummary {
  /** The lower median; 0 when no value has weight. */
  median(): number;
  percentile(percent: number): number | undefined;
}

export class ExactHistogram implements Histogram {
  readonly exact = true;
  readonly count: number;
  readonly sum: number;
  readonly min: number;
  readonly max: number;
  private readonly values: Float64Array;
  private readonly weights: Float64Array;

  /** `values` ascend, at least one; they and their `weights` are copied. */
  constructor(values: Float64Array, weights: Float64Array, { count, sum }: SketchSummary) {
    this.count = wholeIfNear(count, COUNT_TOLERANCE);
    this.sum = sum;
    this.min = values[0] as number;
    this.max = values[values.length - 1] as number;
    this.values = values.slice();
    this.weights = weights.slice();
  }

  median(): number {
    return this.firstAbove(Math.trunc((this.count - 1) / 2)) ?? 0;
  }

  percentile(percent: number): number | undefined {
    return this.firstAbove(Math.trunc((wholeIfNear(percent * this.count) - 1) / 100));
  }

  quantile(q: number): number | undefined {
    return this.percentile(percentOf(q));
  }

  forEachValue(visit: (value: number, weight: number) => void): void {
    this.values.forEach((value, i) => {
      visit(value, this.weights[i] as number);
    });
  }

  /** The first value whose cumulative weight exceeds `target`. */
  private firstAbove(target: number): number | undefined {
    let cumulative = 0;
    for (let i = 0; i < this.weights.length; i++) {
      cumulative += this.weights[i] as number;
      if (cumulative > target) return this.values[i];
    }
    return undefined;
  }
}

export class SketchedHistogram implements Histogram {
  readonly exact = false;
  readonly count: number;
  readonly sum: number;
  readonly min: number;
  readonly max: number;
  private readonly sketch: QuantileSketch;

  /** `keys` ascend, each once. */
  constructor(
    keys: ArrayLike<number>,
    weights: ArrayLike<number>,
    summary: SketchSummary,
    limits: SketchLimits,
  ) {
    this.count = wholeIfNear(summary.count, COUNT_TOLERANCE);
    this.sum = summary.sum;
    this.min = summary.min;
    this.max = summary.max;
    this.sketch = QuantileSketch.fromBins(keys, weights, summary, limits);
  }

  median(): number {
    return this.quantile(0.5) ?? 0;
  }

  percentile(percent: number): number | undefined {
    return this.quantile(percent / 100);
  }

  /** The sketch's answer, held to the range of the values: sketches overshoot at both ends. */
  quantile(q: number): number | undefined {
    if (this.sketch.binTotal === 0) return undefined;
    return this.clamp(this.sketch.quantile(q));
  }

  /** A key with several bins is visited once. */
  forEachValue(visit: (value: number, weight: number) => void): void {
    const { keys, counts } = this.sketch;
    let weight = 0;
    keys.forEach((key, i) => {
      weight += counts[i] as number;
      if (keys[i + 1] === key) return;
      visit(this.clamp(valueOfKey(key)), weight);
      weight = 0;
    });
  }

  private clamp(value: number): number {
    return Math.min(Math.max(value, this.min), this.max);
  }
}

/** Bins of values and of what the shards binned themselves. Weights that are not positive have no place. */
export function binsOf(
  values: Float64Array,
  weights: Float64Array,
  bins: { keys: Float64Array; weights: Float64Array },
): [keys: number[], weights: number[]] {
  const total = new Map<number, number>();
  const add = (key: number, weight: number) => {
    if (weight > 0) total.set(key, (total.get(key) ?? 0) + weight);
  };
  values.forEach((value, i) => {
    add(keyOf(value), weights[i] as number);
  });
  bins.keys.forEach((key, i) => {
    add(key, bins.weights[i] as number);
  });
  const sorted = [...total].sort(([a], [b]) => a - b);
  return [sorted.map(([key]) => key), sorted.map(([, weight]) => weight)];
}

/** 0.29 * 100 is 28.999999999999996; the target of a whole percentile has to be that of the integer. */
function percentOf(q: number): number {
  return wholeIfNear(q * 100);
}

/** 0.7 * 1430 is 1000.9999999999999 and means 1001. */
function wholeIfNear(value: number, tolerance = 1e-9): number {
  const whole = Math.round(value);
  return Math.abs(value - whole) < tolerance * Math.max(1, Math.abs(value)) ? whole : value;
}
