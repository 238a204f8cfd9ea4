/**
 * Which series the samples of a context come to at a flush, with the names and types outputs see.
 *
 * Instead of repeating the rules of aggregation, one sample is aggregated and the result looked at.
 */

import { Bucket } from '../aggregate/bucket.ts';
import { AGENT_LIMITS } from '../aggregate/sketch/sketch-bins.ts';
import { timestampedSeries } from '../aggregate/timestamped-log.ts';
import {
  type HistogramDefaults,
  histogramSeriesOf,
  possibleSuffixes,
} from '../aggregate/types/histogram-series.ts';
import type { LineContext } from '../enrich/line-context.ts';
import {
  histogramNameFilter,
  matchingEntry,
  type NameFilter,
  type NameFilterKey,
  type NameFilterOptions,
  nameFilterKey,
} from '../enrich/names/name-filter.ts';
import { compileAggregationRules } from '../enrich/rules/aggregation-rules.ts';
import { compileMetricRules, nameOf } from '../enrich/rules/metric-rule.ts';
import { MetricRules } from '../enrich/rules/metric-rules.ts';
import { finish } from '../lib/time/steps.ts';
import type { ContextType } from '../model/context.ts';
import type { AggregationRule, MetricRuleOptions, RuleName } from '../model/metric-rule.ts';
import { NumberBatch } from '../model/number-batch.ts';
import { observationsOf, weightOf } from '../model/sample-weight.ts';
import { KEY_KIND, type SealedBucket } from '../model/sealed-bucket.ts';
import type { Series, SeriesType } from '../model/series.ts';
import type { ByteString } from '../model/text.ts';

export interface SeriesOptions extends NameFilterOptions {
  readonly rules: readonly MetricRuleOptions[];
  readonly histogram_aggregates: readonly string[];
  readonly histogram_percentiles: readonly string[];
  readonly weights: 'truncated' | 'exact';
}

export interface SeriesName {
  readonly name: ByteString;
  readonly type: SeriesType;
  /** Left out at the flush because of `filteredBy`. */
  readonly filtered: boolean;
  readonly filteredBy?: NameFilterKey;
}

/** Width of buckets and expiry, where a rule says them. */
export interface ContextTiming extends RuleName {
  readonly bucket_seconds?: number;
  readonly expiry_seconds?: number;
}

/** Any interval will do: it changes values only. */
const INTERVAL_SECONDS = 10;
export class SeriesNames {
  private readonly options: SeriesOptions;
  private readonly rules: MetricRules | undefined;
  private readonly filter: NameFilter;
  /** The key of the configuration whose names are left out. */
  readonly filterKey: ReturnType<typeof nameFilterKey>;

  constructor(options: SeriesOptions) {
    this.options = options;
    const compiled = compileMetricRules(options.rules);
    this.rules = 'problems' in compiled ? undefined : new MetricRules(compiled);
    const { list } = compileAggregationRules(options.rules);
    this.filter = histogramNameFilter(options, possibleSuffixes(defaultsOf(options), list));
    this.filterKey = nameFilterKey(options);
  }

  of({ name, type, timestamped }: LineContext): SeriesName[] {
    const passed = timestamped ? timestampedSeries(type, 0, INTERVAL_SECONDS) : undefined;
    const rule = this.rules?.ruleOfContext(name, type)?.aggregation;
    const series = passed === undefined ? this.aggregate(type, rule) : [passed];
    return series.map(({ suffix, type }) => {
      const hit = suffix === '' ? undefined : matchingEntry(this.filter, name + suffix);
      const filteredBy = hit?.isRule === true ? 'metric_filterlist_prefix' : this.filterKey;
      return {
        name: name + suffix,
        type,
        filtered: hit !== undefined,
        ...(hit !== undefined && { filteredBy }),
      };
    });
  }

  /** How many events a sample at `rate` counts as in a context; undefined when it is refused. */
  weightOf({ type, timestamped }: LineContext, rate: number): number | undefined {
    const weight = weightOf(type, rate, timestamped);
    if (weight === undefined || type === 'counter') return weight;
    return observationsOf(weight, this.options.weights === 'exact');
  }

  /** What the rule for a context says about aggregation, beside its series; undefined when that is nothing. */
  timingOf({ name, type }: LineContext): ContextTiming | undefined {
    const rule = this.rules?.ruleOfContext(name, type);
    const { bucketSeconds, expirySeconds } = rule?.aggregation ?? {};
    if (rule === undefined || (bucketSeconds === undefined && expirySeconds === undefined)) return undefined;
    return {
      ...nameOf(rule),
      ...(bucketSeconds !== undefined && { bucket_seconds: bucketSeconds }),
      ...(expirySeconds !== undefined && { expiry_seconds: expirySeconds }),
    };
  }

  private aggregate(type: ContextType, rule: AggregationRule | undefined): readonly Series[] {
    const series = histogramSeriesOf(defaultsOf(this.options), rule);
    const bucket = new Bucket(0, {
      intervalSeconds: INTERVAL_SECONDS,
      seriesOf: () => series,
      valuesMax: 1,
      sketchLimits: AGENT_LIMITS,
    });
    bucket.merge(0, type, ONE_SAMPLE, 0);
    if (type === 'set') bucket.mergeKey(0, type, KEY_KIND.element, 0, 0, 1);
    const batch = new NumberBatch();
    batch.begin(type === 'distribution');
    batch.add(0, 1);
    bucket.mergeNumbers(0, type, batch);
    finish(bucket.close());
    return bucket.cellsByType().flatMap(([, cells]) => cells.outcomeAt(0)?.series ?? []);
  }
}

function defaultsOf(options: SeriesOptions): HistogramDefaults {
  return { aggregates: options.histogram_aggregates, percentiles: options.histogram_percentiles };
}

/** A shard's bucket with one sample of value 0 in slot 0. */
const ONE_SAMPLE: SealedBucket = {
  start: 0,
  slots: Uint32Array.of(0),
  sum: () => 0,
  last: () => 0,
  lastAt: () => 0,
  lastSeen: () => 0,
  samples: () => 1,
  count: () => 1,
  min: () => 0,
  max: () => 0,
  weightedSum: () => 0,
  readNumbers: () => undefined,
  keyPositions: 0,
  forEachKey: () => undefined,
  timestampedCount: 0,
  forEachTimestamped: () => undefined,
};
