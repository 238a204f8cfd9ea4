/** The time sampler and the rules it asks, from the configuration. */

import type { Registry } from '../aggregate/contexts/registry.ts';
import type { RuleOf } from '../aggregate/plans.ts';
import { type SamplerOptions, TimeSampler } from '../aggregate/sampler.ts';
import { AGENT_LIMITS } from '../aggregate/sketch/sketch-bins.ts';
import { possibleSuffixes } from '../aggregate/types/histogram-series.ts';
import { tickSecondsOf } from '../aggregate/widths.ts';
import type { Config } from '../config/schema.ts';
import { histogramNameFilter, matchesName, type NameFilter } from '../enrich/names/name-filter.ts';
import { bucketWidths, compileAggregationRules } from '../enrich/rules/aggregation-rules.ts';
import type { ByteString } from '../model/text.ts';

/** What a sampler asks by name, of the configuration that is in force. */
export class SamplerRules {
  private _ruleOf: RuleOf | undefined;
  /** Names of derived series, such as `latency.max`, that are left out at a flush (docs/behaviour/aggregation.md#filtered-series). */
  private nameFilter: NameFilter;

  constructor(config: Config) {
    const { ruleOf, nameFilter } = compile(config);
    this._ruleOf = ruleOf;
    this.nameFilter = nameFilter;
  }

  /** Takes a configuration that was loaded again. */
  use(config: Config): void {
    const { ruleOf, nameFilter } = compile(config);
    this._ruleOf = ruleOf;
    this.nameFilter = nameFilter;
  }

  get ruleOf(): RuleOf | undefined {
    return this._ruleOf;
  }

  /** Asked anew at every flush. */
  readonly isFiltered = (name: ByteString): boolean => matchesName(this.nameFilter, name);
}

/** How often shards seal; every bucket's width is a multiple of it. */
export function tickSecondsUnder({ bucket_seconds, rules }: Config): number {
  return tickSecondsOf(bucket_seconds, bucketWidths(rules));
}

/** `retentionSeconds` is the longest any output asks for. */
export function makeSampler(
  registry: Registry,
  config: Config,
  rules: SamplerRules,
  surroundings: Pick<SamplerOptions, 'retentionSeconds' | 'onOverLimit' | 'onPartial'>,
): TimeSampler {
  return new TimeSampler(registry, {
    intervalSeconds: config.bucket_seconds,
    ruleOf: rules.ruleOf,
    counterExpirySeconds: config.dogstatsd_expiry_seconds,
    contextExpirySeconds: config.dogstatsd_context_expiry_seconds,
    flushIncompleteBuckets: config.dogstatsd_flush_incomplete_buckets,
    histogramAggregates: config.histogram_aggregates,
    histogramPercentiles: config.histogram_percentiles,
    histogramValuesMax: config.limits.histogram_values,
    unitesEqualPoints: true,
    exactWeights: config.weights === 'exact',
    sketchLimits: AGENT_LIMITS,
    isFiltered: rules.isFiltered,
    ...surroundings,
  });
}

function compile(config: Config): { ruleOf: RuleOf | undefined; nameFilter: NameFilter } {
  const { list, ruleOf } = compileAggregationRules(config.rules);
  const defaults = { aggregates: config.histogram_aggregates, percentiles: config.histogram_percentiles };
  return { ruleOf, nameFilter: histogramNameFilter(config, possibleSuffixes(defaults, list)) };
}
