/** What a time sampler (sampler.ts) is told, and what it counts. */
import type { Context } from '../model/context.ts';
import type { PartialData } from '../model/partial-data.ts';
import type { ByteString } from '../model/text.ts';
import type { Bucket } from './bucket.ts';
import type { Plan, RuleOf } from './plans.ts';
import type { SketchLimits } from './sketch/sketch-bins.ts';

export type OnPartial = (
  context: Context,
  bucket: Pick<Bucket, 'start' | 'widthSeconds'>,
  partial: PartialData,
  plan: Pick<Plan, 'gauge' | 'globalTags'>,
) => void;

export interface SamplerOptions {
  /** Width of a bucket; parts that are merged are within one of every width. */
  readonly intervalSeconds: number;
  /** What metric rules say about contexts. */
  readonly ruleOf?: RuleOf | undefined;
  /** `dogstatsd_expiry_seconds`. */
  readonly counterExpirySeconds: number;
  /** `dogstatsd_context_expiry_seconds`. */
  readonly contextExpirySeconds: number;
  /** How long the outputs need to look up a context after its last sample. */
  readonly retentionSeconds: number;
  /** `dogstatsd_flush_incomplete_buckets`: whether the final flush takes open buckets too. */
  readonly flushIncompleteBuckets: boolean;
  readonly histogramAggregates: readonly string[];
  readonly histogramPercentiles: readonly string[];
  /** `limits.histogram_values`. */
  readonly histogramValuesMax: number;
  /** Whether a sample of a histogram or distribution weighs 1/rate, and not the whole part of it (`weights`). */
  readonly exactWeights?: boolean;
  /** Whether outputs get one point of each series and time (equal-points.ts); otherwise all, as of the reference. */
  readonly unitesEqualPoints?: boolean;
  readonly sketchLimits: SketchLimits;
  /** Hears of samples over a limit on cardinality (model/cardinality.ts). */
  readonly onOverLimit?: (id: number, limit: number, samples: number) => void;
  /**
   * Takes what the fleet's contexts have in a bucket; absent when all contexts are local. Borrowed: valid until the next
   * one.
   */
  readonly onPartial?: OnPartial;
  /** Whether a name made of a histogram's and a suffix is filtered out (docs/behaviour/aggregation.md#filtered-series). */
  readonly isFiltered?: (name: ByteString) => boolean;
}

/** What could not be aggregated, counted since the start. */
export interface SamplerCounts {
  /** Values that shards handed over. */
  mergedValues: number;
  /** Of these, the ones in buckets that no flush has handed on yet. */
  heldValues: number;
  /** Values in aggregates that a flush handed on. */
  flushedValues: number;
  /** Values of slots that mean no context. */
  refusedValues: number;
  /** Timestamped values of types that cannot pass through. */
  unsupportedTimestampedValues: number;
  /** Values of open buckets that the final flush left behind, and of a flush that was broken off. */
  incompleteValues: number;
  /** Copies of histograms whose timestamps would need too many buckets, dropped. */
  droppedCopies: number;
  /** Values whose sum or count would be larger than what can be held: dropped, or their sum was cut. */
  outOfRangeValues: number;
  /** Values with a timestamp for which neither their second nor one of the next was free. */
  noSecondValues: number;
  /** Series left out because another type came to the same name, tags and time. */
  equalSeries: number;
  /** Histograms that had more different values in one bucket than are kept exactly. */
  sketchedHistograms: number;
  /** Aggregates of open buckets that the final flush left behind. */
  incompleteAggregates: number;
}

export function noCounts(): SamplerCounts {
  return {
    mergedValues: 0,
    heldValues: 0,
    flushedValues: 0,
    refusedValues: 0,
    unsupportedTimestampedValues: 0,
    incompleteValues: 0,
    droppedCopies: 0,
    outOfRangeValues: 0,
    noSecondValues: 0,
    equalSeries: 0,
    sketchedHistograms: 0,
    incompleteAggregates: 0,
  };
}
