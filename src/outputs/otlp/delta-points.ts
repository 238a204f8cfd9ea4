/**
 * Points with delta temporality: each says what happened in its bucket.
 *
 *   counter                  sum from the start of the bucket to its end
 *   gauge, set               the value at the end of the bucket
 *   histogram, distribution  exponential histogram of the bucket
 *   timestamped              a gauge at its own time; a counter the sum of the second that ends then
 *
 * A bucket that is flushed before its end, at a stop for example, ends with the flush, and none begins before the server: the
 * windows of a series never overlap.
 */
import type { Context } from '../../model/context.ts';
import type { HistogramSummary } from '../../model/histogram.ts';
import type { Aggregate } from '../../model/series.ts';
import type { Sketch } from '../../model/sketch.ts';
import { ObservedBins } from '../cumulative/observed-bins.ts';
import { denseBuckets } from '../native-histogram/dense-buckets.ts';
import { atSchema, fromBins, withBucketsAtMost } from '../native-histogram/exponential-histogram.ts';
import { LOSSLESS_SCHEMA } from '../native-histogram/key-index.ts';
import type { HistogramSettings, PointMaker, PointSink } from './point-sink.ts';

const SECOND_MS = 1000;

export interface DeltaOptions extends HistogramSettings {
  readonly sink: PointSink;
  /** When the server started. */
  readonly startedAt: number;
}

export class DeltaPoints implements PointMaker {
  private readonly options: DeltaOptions;
  private readonly bins = new ObservedBins();
  private flushAt = 0;

  constructor(options: DeltaOptions) {
    this.options = options;
  }

  begin(flushAt: number): void {
    this.flushAt = flushAt;
  }

  write({ context, data, timestamp, interval }: Aggregate): string | undefined {
    const { sink } = this.options;
    if (data.kind === 'timestamped') return this.writeTimed(context, timestamp * SECOND_MS, data.value);
    const at = Math.min((timestamp + interval) * SECOND_MS, this.flushAt);
    const startAt = Math.min(Math.max(timestamp * SECOND_MS, this.options.startedAt), at - 1);
    switch (data.kind) {
      case 'counter': {
        const refusal = refusalOf(data.sum);
        if (refusal === undefined) sink.number(context, 'sum', startAt, at, data.sum);
        return refusal;
      }
      case 'gauge':
      case 'set': {
        const value = data.kind === 'gauge' ? data.value : data.distinct;
        if (!Number.isFinite(value)) return 'non_finite';
        sink.number(context, 'gauge', 0, at, value);
        return undefined;
      }
      case 'histogram':
        return this.writeHistogram(context, startAt, at, data.histogram, () =>
          this.bins.setHistogram(data.histogram, 0),
        );
      case 'distribution':
        return this.writeHistogram(context, startAt, at, data.sketch, () =>
          this.bins.setSketch(data.sketch, 0),
        );
    }
  }

  end(): void {
    // Nothing is kept from one flush to the next.
  }

  forget(): void {
    // The same.
  }

  private writeHistogram(
    context: Context,
    startAt: number,
    at: number,
    { sum, count, min, max }: Pick<HistogramSummary | Sketch, 'sum' | 'count' | 'min' | 'max'>,
    setBins: () => void,
  ): string | undefined {
    if (count < 0) return 'negative_increment';
    if (!Number.isFinite(sum) || !Number.isFinite(count)) return 'non_finite';
    setBins();
    const { scale, bucketsMax, sink } = this.options;
    const { keys, counts, length } = this.bins;
    const whole = fromBins(
      { keys: keys.subarray(0, length), counts: counts.subarray(0, length) },
      LOSSLESS_SCHEMA,
    );
    const histogram = withBucketsAtMost(atSchema(whole, scale), bucketsMax, denseBuckets);
    const extremes = histogram.count > 0 && Number.isFinite(min) && Number.isFinite(max) ? { min, max } : {};
    sink.histogram(context, startAt, at, { histogram, sum: min < 0 ? undefined : sum, ...extremes });
    return undefined;
  }

  /** Samples of one series that have the same time are one by now, so their seconds never overlap. */
  private writeTimed(context: Context, at: number, value: number): string | undefined {
    const { sink } = this.options;
    if (context.type === 'counter') {
      const refusal = refusalOf(value);
      if (refusal === undefined) sink.late(context, 'sum', Math.max(at - SECOND_MS, 0), at, value);
      return refusal;
    }
    if (context.type !== 'gauge') return 'unsupported';
    if (!Number.isFinite(value)) return 'non_finite';
    sink.late(context, 'gauge', 0, at, value);
    return undefined;
  }
}

/** A sum only rises. */
function refusalOf(increment: number): string | undefined {
  if (increment < 0) return 'negative_increment';
  return Number.isFinite(increment) ? undefined : 'non_finite';
}
