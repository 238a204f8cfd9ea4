/**
 * Which series the samples of a context come to at a flush, with the names and types outputs see.
 *
 * Instead of repeating the rules of aggregation, one sample is aggregated and the result looked at.
 */

import { Bucket } from '../aggregate/bucket.ts';
import {
  type HistogramDefaults,
  histogramSeriesOf,
  possibleSuffixes,
} from '../aggregate/histogram-series.ts';
import { AGENT_LIMITS } from '../aggregate/sketch-bins.ts';
import { timestampedSeries } from '../aggregate/timestamped-log.ts';
import { compileAggregationRules } from '../enrich/aggregation-rules.ts';
import type { LineContext } from '../enrich/line-context.ts';
import { compileMetricRules, nameOf } from '../enrich/metric-rule.ts';
import { MetricRules } from '../enrich/metric-rules.ts';
import {
  histogramNameFilter,
  matchesName,
  type NameFilter,
  type NameFilterOptions,
  nameFilterKey,
} from '../enrich/name-filter.ts';
import { finish } from '../lib/steps.ts';
import type { ContextType } from '../model/context.ts';
import type { AggregationRule, MetricRuleOptions, RuleName } from '../model/metric-rule.ts';
import { KEY_KIND, type KeyKind, type SealedBucket } from '../model/sealed-bucket.ts';
import type { Series, SeriesType } from '../model/series.ts';
import type { ByteString } from '../model/text.ts';

export interface SeriesOptions extends NameFilterOptions {
  readonly rules: readonly MetricRuleOptions[];
  readonly histogram_aggregates: readonly string[];
  readonly histogram_percentiles: readonly string[];
}

export interface SeriesName {
  readonly name: ByteString;
  readonly type: SeriesType;
  /** Left out at the flush because of `metric_filterlist`. */
  readonly filtered: boolean;
}

/** Width of buckets and expiry, where a rule says them. */
export interface ContextTiming extends RuleName {
  readonly bucket_seconds?: number;
  readonly expiry_seconds?: number;
}

/** Any interval will do: it changes values only. */
const INTERVAL_SECONDS = 10;
/** What kind of key a sample of the type has, if any. */
const KEYS: Partial<Record<ContextType, KeyKind>> = {
  histogram: KEY_KIND.value,
  distribution: KEY_KIND.bin,
  set: KEY_KIND.element,
};

export class SeriesNames {
  readonly #options: SeriesOptions;
  readonly #rules: MetricRules | undefined;
  readonly #filter: NameFilter;
  /** The key of the configuration whose names are left out. */
  readonly filterKey: ReturnType<typeof nameFilterKey>;

  constructor(options: SeriesOptions) {
    this.#options = options;
    const compiled = compileMetricRules(options.rules);
    this.#rules = 'problems' in compiled ? undefined : new MetricRules(compiled);
    const { list } = compileAggregationRules(options.rules);
    this.#filter = histogramNameFilter(options, possibleSuffixes(defaultsOf(options), list));
    this.filterKey = nameFilterKey(options);
  }

  of({ name, type, timestamped }: LineContext): SeriesName[] {
    const passed = timestamped ? timestampedSeries(type, 0, INTERVAL_SECONDS) : undefined;
    const rule = this.#rules?.ruleOfContext(name, type)?.aggregation;
    const series = passed === undefined ? this.#aggregate(type, rule) : [passed];
    return series.map(({ suffix, type }) => ({
      name: name + suffix,
      type,
      filtered: suffix !== '' && matchesName(this.#filter, name + suffix),
    }));
  }

  /** What the rule for a context says about aggregation, beside its series; undefined when that is nothing. */
  timingOf({ name, type }: LineContext): ContextTiming | undefined {
    const rule = this.#rules?.ruleOfContext(name, type);
    const { bucketSeconds, expirySeconds } = rule?.aggregation ?? {};
    if (rule === undefined || (bucketSeconds === undefined && expirySeconds === undefined)) return undefined;
    return {
      ...nameOf(rule),
      ...(bucketSeconds !== undefined && { bucket_seconds: bucketSeconds }),
      ...(expirySeconds !== undefined && { expiry_seconds: expirySeconds }),
    };
  }

  #aggregate(type: ContextType, rule: AggregationRule | undefined): readonly Series[] {
    const series = histogramSeriesOf(defaultsOf(this.#options), rule);
    const bucket = new Bucket(0, {
      intervalSeconds: INTERVAL_SECONDS,
      seriesOf: () => series,
      valuesMax: 1,
      sketchLimits: AGENT_LIMITS,
    });
    bucket.merge(0, type, ONE_SAMPLE, 0);
    const kind = KEYS[type];
    if (kind !== undefined) bucket.mergeKey(0, type, kind, 0, 0, 1);
    finish(bucket.close());
    return [...bucket.outcomes()].flatMap(({ outcome }) => outcome.series);
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
  keyPositions: 0,
  forEachKey: () => undefined,
  timestampedCount: 0,
  forEachTimestamped: () => undefined,
};
