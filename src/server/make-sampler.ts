/** The time sampler and the filter of derived names, from the configuration. */
import type { Registry } from '../aggregate/registry.ts';
import { TimeSampler } from '../aggregate/sampler.ts';
import { AGENT_LIMITS } from '../aggregate/sketch-bins.ts';
import type { Config } from '../config/schema.ts';
import { histogramNameFilter } from '../enrich/name-filter.ts';
import type { ByteString } from '../model/text.ts';

export type NameFilter = ReturnType<typeof histogramNameFilter>;

/** Names of derived series, such as `latency.max`, that are left out at a flush (spec aggregation §9). */
export function derivedNameFilter(config: Config): NameFilter {
  const { histogram_aggregates, histogram_percentiles } = config;
  return histogramNameFilter(config, [
    ...histogram_aggregates.map((aggregate) => `.${aggregate}`),
    ...histogram_percentiles.map((quantile) => `.${Math.trunc(Number(quantile) * 100 + 0.5)}percentile`),
  ]);
}

/** `retentionSeconds` is the longest any output asks for; `isFiltered` is asked anew at every flush. */
export function makeSampler(
  registry: Registry,
  config: Config,
  retentionSeconds: number,
  isFiltered: (name: ByteString) => boolean,
  onOverLimit: (id: number, limit: number, samples: number) => void,
): TimeSampler {
  return new TimeSampler(registry, {
    intervalSeconds: config.bucket_seconds,
    counterExpirySeconds: config.dogstatsd_expiry_seconds,
    contextExpirySeconds: config.dogstatsd_context_expiry_seconds,
    retentionSeconds,
    flushIncompleteBuckets: config.dogstatsd_flush_incomplete_buckets,
    histogramAggregates: config.histogram_aggregates,
    histogramPercentiles: config.histogram_percentiles,
    histogramValuesMax: config.limits.histogram_values,
    sketchLimits: AGENT_LIMITS,
    isFiltered,
    onOverLimit,
  });
}
