/**
 * Which series the samples of a context come to at a flush, with the names and types outputs see.
 *
 * Instead of repeating the rules of aggregation, one sample is aggregated and the result looked at.
 */

import { Bucket, type CellRules } from '../aggregate/bucket.ts';
import { HistogramSeries } from '../aggregate/histogram-series.ts';
import { AGENT_LIMITS } from '../aggregate/sketch-bins.ts';
import { timestampedSeries } from '../aggregate/timestamped-log.ts';
import type { LineContext } from '../enrich/line-context.ts';
import {
  histogramNameFilter,
  matchesName,
  type NameFilter,
  type NameFilterOptions,
  nameFilterKey,
} from '../enrich/name-filter.ts';
import { finish } from '../lib/steps.ts';
import type { ContextType } from '../model/context.ts';
import { KEY_KIND, type KeyKind, type SealedBucket } from '../model/sealed-bucket.ts';
import type { Series, SeriesType } from '../model/series.ts';
import type { ByteString } from '../model/text.ts';

export interface SeriesOptions extends NameFilterOptions {
  readonly histogram_aggregates: readonly string[];
  readonly histogram_percentiles: readonly string[];
}

export interface SeriesName {
  readonly name: ByteString;
  readonly type: SeriesType;
  /** Left out at the flush because of `metric_filterlist`. */
  readonly filtered: boolean;
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
  readonly #rules: CellRules;
  readonly #filter: NameFilter;
  /** The key of the configuration whose names are left out. */
  readonly filterKey: ReturnType<typeof nameFilterKey>;

  constructor(options: SeriesOptions) {
    this.#rules = {
      intervalSeconds: INTERVAL_SECONDS,
      series: new HistogramSeries(options.histogram_aggregates, options.histogram_percentiles),
      valuesMax: 1,
      sketchLimits: AGENT_LIMITS,
    };
    const suffixes = this.#aggregate('histogram').map(({ suffix }) => suffix);
    this.#filter = histogramNameFilter(options, suffixes);
    this.filterKey = nameFilterKey(options);
  }

  of({ name, type, timestamped }: LineContext): SeriesName[] {
    const passed = timestamped ? timestampedSeries(type, 0, INTERVAL_SECONDS) : undefined;
    const series = passed === undefined ? this.#aggregate(type) : [passed];
    return series.map(({ suffix, type }) => ({
      name: name + suffix,
      type,
      filtered: suffix !== '' && matchesName(this.#filter, name + suffix),
    }));
  }

  #aggregate(type: ContextType): readonly Series[] {
    const bucket = new Bucket(0, this.#rules);
    bucket.merge(0, type, ONE_SAMPLE, 0);
    const kind = KEYS[type];
    if (kind !== undefined) bucket.mergeKey(0, type, kind, 0, 0, 1);
    finish(bucket.close());
    return [...bucket.outcomes()].flatMap(({ outcome }) => outcome.series);
  }
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
