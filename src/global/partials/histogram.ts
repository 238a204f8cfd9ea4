/**
 * Histograms and timings: moments, and the values with their weights while a fleet has at most GLOBAL_VALUES_MAX
 * different ones in a bucket; bins of a sketch beyond.
 *
 *   encoded   form 0 │ moments │ n varint │ values f64 … │ weights        exact, ascending
 *             form 1 │ moments │ bins (bin-sums.ts)
 *
 * Values are appended as they come and put in order when there are twice as many as may stay, so a merge costs no sorting
 * most of the time. One list of bins is enough to make the whole a sketch.
 */

import { keyOf } from '../../aggregate/sketch/sketch-keys.ts';
import { mergeEqualPairs, sortPairs } from '../../aggregate/sketch/sort-pairs.ts';
import { ExactHistogram, SketchedHistogram } from '../../aggregate/types/histogram-summary.ts';
import type { PartialMoments, Weighted } from '../../model/partial-data.ts';
import type { ByteReader } from '../bytes/byte-reader.ts';
import type { ByteWriter } from '../bytes/byte-writer.ts';
import { BinSums } from './bin-sums.ts';
import { MergedMoments } from './moments.ts';
import type { GlobalOutcome, OutcomeRules, Partial } from './partial.ts';

/** Different values up to which a merged histogram is exact. */
export const GLOBAL_VALUES_MAX = 1000;

const FORM = { exact: 0, bins: 1 } as const;
const OWN_BYTES = 250;
/** Used by one merge at a time. */
const incomingWeights = new Float64Array(2 * GLOBAL_VALUES_MAX);

export class HistogramPartial implements Partial {
  readonly moments = new MergedMoments();
  private size = 0;
  private values = new Float64Array(0);
  private weights = new Float64Array(0);
  /** Once there are any, there are no values any more. */
  private bins: BinSums | undefined;

  static of(moments: PartialMoments, values: Weighted, bins: Weighted): HistogramPartial {
    const partial = new HistogramPartial();
    partial.moments.addAll(moments);
    for (let i = 0; i < values.keys.length; i++)
      partial.addValue(values.keys[i] as number, values.weights[i] as number);
    for (let i = 0; i < bins.keys.length; i++)
      partial.addBin(bins.keys[i] as number, bins.weights[i] as number);
    return partial;
  }

  get bytes(): number {
    return OWN_BYTES + 16 * this.values.length + (this.bins?.bytes ?? 0);
  }

  /** Adds a value and its weight; the moments do not see it. */
  addValue(value: number, weight: number): void {
    if (this.bins !== undefined) {
      this.bins.add(keyOf(value), weight);
      return;
    }
    if (this.size === this.values.length) this.grow();
    this.values[this.size] = value;
    this.weights[this.size++] = Math.min(weight, Number.MAX_SAFE_INTEGER);
    if (this.size >= 2 * GLOBAL_VALUES_MAX) this.compact();
  }

  /** Adds to a bin; the moments do not see it. */
  addBin(key: number, weight: number): void {
    this.toBins().add(key, weight);
  }

  merge(reader: ByteReader): void {
    const form = reader.u8();
    this.moments.merge(reader);
    if (form === FORM.bins) {
      this.toBins().merge(reader);
      return;
    }
    if (form !== FORM.exact) throw new RangeError('a histogram has no known form');
    const size = reader.count(8);
    const valuesAt = reader.at;
    reader.skip(size * 8);
    const weights = size <= incomingWeights.length ? incomingWeights : new Float64Array(size);
    reader.weights(weights, size);
    const end = reader.at;
    reader.at = valuesAt;
    for (let i = 0; i < size; i++) this.addValue(reader.f64(), weights[i] as number);
    reader.at = end;
  }

  mergeLate(reader: ByteReader): boolean {
    this.merge(reader);
    return true;
  }

  write(writer: ByteWriter): void {
    this.compact();
    writer.u8(this.bins === undefined ? FORM.exact : FORM.bins);
    this.moments.write(writer);
    if (this.bins !== undefined) {
      this.bins.write(writer);
      return;
    }
    writer.varint(this.size);
    for (let i = 0; i < this.size; i++) writer.f64(this.values[i] as number);
    writer.weights(this.weights, this.size);
  }

  outcome({ series, intervalSeconds, sketchLimits }: OutcomeRules): GlobalOutcome | undefined {
    this.compact();
    const { summary } = this.moments;
    if (this.bins === undefined && this.size === 0) return undefined;
    const histogram =
      this.bins === undefined
        ? new ExactHistogram(this.values.subarray(0, this.size), this.weights.subarray(0, this.size), summary)
        : new SketchedHistogram(this.bins.keys, this.bins.counts, summary, sketchLimits);
    return { data: { kind: 'histogram', histogram }, series: series.of(histogram, intervalSeconds) };
  }

  /** Puts values in order, each once; too many become bins. */
  private compact(): void {
    if (this.bins !== undefined) return;
    sortPairs(this.values, this.weights, 0, this.size);
    this.size = mergeEqualPairs(this.values, this.weights, 0, this.size);
    if (this.size > GLOBAL_VALUES_MAX) this.toBins();
  }

  private toBins(): BinSums {
    if (this.bins !== undefined) return this.bins;
    const bins = new BinSums();
    for (let i = 0; i < this.size; i++) bins.add(keyOf(this.values[i] as number), this.weights[i] as number);
    this.bins = bins;
    this.values = new Float64Array(0);
    this.weights = new Float64Array(0);
    this.size = 0;
    return bins;
  }

  private grow(): void {
    const capacity = Math.max(4, this.values.length * 2);
    const values = new Float64Array(capacity);
    const weights = new Float64Array(capacity);
    values.set(this.values);
    weights.set(this.weights);
    this.values = values;
    this.weights = weights;
  }
}
