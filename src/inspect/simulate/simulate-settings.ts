/**
 * What a simulation runs with: the configuration of a server, and for each part what the server would
 * make of it.
 *
 * Two keys are no keys of the server, `sketch_bin_limit` and `sketch_max_bin_count`. Entries of the
 * histogram lists that the server refuses are left out, as the Agent does (docs/behaviour/aggregation.md#histograms), because a
 * case may come from an Agent's configuration.
 */

import type { SamplerOptions } from '../../aggregate/sampler.ts';
import { AGENT_LIMITS, COUNT_MAX_32, type SketchLimits } from '../../aggregate/sketch/sketch-bins.ts';
import { possibleSuffixes } from '../../aggregate/types/histogram-series.ts';
import { tickSecondsOf } from '../../aggregate/widths.ts';
import { contextLimitsOf } from '../../config/checks/context-limits.ts';
import { dialectsOf } from '../../config/checks/dialects-of.ts';
import { ConfigError } from '../../config/config-error.ts';
import { agentKeys } from '../../config/keys/agent-keys.ts';
import { type ConfigRequest, loadConfig } from '../../config/load.ts';
import type { Config } from '../../config/schema.ts';
import type { CoreSettings } from '../../core/core.ts';
import { histogramNameFilter, matchesName } from '../../enrich/names/name-filter.ts';
import { bucketWidths, compileAggregationRules } from '../../enrich/rules/aggregation-rules.ts';
import type { EnrichSettings } from '../../enrich/settings.ts';
import { StaticTagger } from '../../enrich/tags/static-tagger.ts';
import type { Tagger } from '../../enrich/tags/tagger.ts';
import type { Dialects } from '../../model/dialect.ts';
import { type ContextLimits, slotsNeeded } from '../../model/views/cardinality.ts';
import { checkConfig } from '../check-config.ts';
import type { PacketSource } from '../explain/explain.ts';

export interface SimulateSettings {
  readonly core: CoreSettings;
  readonly limits: ContextLimits;
  readonly enrich: EnrichSettings;
  readonly tagger: Tagger;
  /** Whether every message of packets whose listener is not named, as lines from a text, must end with LF. */
  readonly eolRequiredByDefault: boolean;
  readonly dialects: Dialects | undefined;
  readonly sampler: SamplerOptions;
  /** How often shards seal; every width of buckets is a multiple. */
  readonly tickSeconds: number;
  /** Every width that buckets may have, seconds. */
  readonly widths: readonly number[];
  /** The UDP port of the server, which is the one that counts in a network recording. */
  readonly port: number;
  /** Whether every message of packets that came through this kind of listener must end with LF. */
  readonly eolRequired: (listener: string) => boolean;
  /** The server's own host name. */
  readonly hostname: string;
  /** Sentences about options that could not be used as written. */
  readonly warnings: readonly string[];
}

const DEFAULT_HOSTNAME = 'agent-host';
/** Samples with a timestamp of their own between two flushes. */
const TIMESTAMPED_MAX = 1_048_576;
const LENIENT_LISTS = ['histogram_aggregates', 'histogram_percentiles'] as const;
/** Keys of the vectors, with what they may be at most. */
const SKETCH_KEYS = { sketch_bin_limit: 65_536, sketch_max_bin_count: COUNT_MAX_32 } as const;

/** Throws ConfigError. The environment is not read: a result depends on what is given alone. */
export function simulateSettings(
  { values = {}, ...request }: Omit<ConfigRequest, 'env'>,
  source: PacketSource = 'udp',
): SimulateSettings {
  const { sketchLimits, others } = takeSketchLimits(values);
  const loaded = loadConfig({ ...request, values: leaveOutBadEntries(others) });
  const isNamed = loaded.sources.get('hostname')?.kind !== 'default';
  const config: Config = isNamed ? loaded.config : { ...loaded.config, hostname: DEFAULT_HOSTNAME };
  const enrich = checkConfig({ ...loaded, config });
  const widths = bucketWidths(config.rules);
  return {
    core: coreSettings(config, tickSecondsOf(config.bucket_seconds, widths)),
    limits: contextLimitsOf(config),
    enrich,
    dialects: dialectsOf(config, source === 'udp' ? 'udp' : 'unixgram'),
    eolRequiredByDefault: config.dogstatsd_eol_required.includes(source),
    tagger: new StaticTagger(loaded.workloads),
    sampler: samplerOptions(config, sketchLimits),
    tickSeconds: tickSecondsOf(config.bucket_seconds, widths),
    widths: [config.bucket_seconds, ...widths],
    port: config.dogstatsd_port,
    eolRequired: (listener) => isEolRequired(config, listener),
    hostname: config.hostname,
    warnings: [...loaded.warnings, ...enrich.warnings],
  };
}

/** As the server treats its listeners; packets over HTTP, and those of unknown origin, need none. */
export function isEolRequired({ dogstatsd_eol_required }: Config, listener: string): boolean {
  if (listener === '' || listener === 'http') return false;
  return dogstatsd_eol_required.includes(listener === 'udp' ? 'udp' : 'uds');
}

function coreSettings(config: Config, tickSeconds: number): CoreSettings {
  return {
    linesMax: config.limits.lines,
    contextsMax: slotsNeeded(contextLimitsOf(config)),
    keysMax: config.limits.bucket_keys,
    histogramValuesMax: config.limits.histogram_values,
    exactWeights: config.weights === 'exact',
    timestampedMax: TIMESTAMPED_MAX,
    idleBuckets: Math.ceil(config.dogstatsd_context_expiry_seconds / tickSeconds) + 1,
    timestamps: config.dogstatsd_no_aggregation_pipeline,
    clientFields: config.dogstatsd_origin_detection_client,
  };
}

function samplerOptions(config: Config, sketchLimits: SketchLimits): SamplerOptions {
  const { histogram_aggregates, histogram_percentiles } = config;
  const { list, ruleOf } = compileAggregationRules(config.rules);
  const defaults = { aggregates: histogram_aggregates, percentiles: histogram_percentiles };
  const filter = histogramNameFilter(config, possibleSuffixes(defaults, list));
  return {
    intervalSeconds: config.bucket_seconds,
    ruleOf,
    counterExpirySeconds: config.dogstatsd_expiry_seconds,
    contextExpirySeconds: config.dogstatsd_context_expiry_seconds,
    retentionSeconds: 0,
    flushIncompleteBuckets: config.dogstatsd_flush_incomplete_buckets,
    histogramAggregates: histogram_aggregates,
    histogramPercentiles: histogram_percentiles,
    histogramValuesMax: config.limits.histogram_values,
    exactWeights: config.weights === 'exact',
    sketchLimits,
    isFiltered: (name) => matchesName(filter, name),
  };
}

function takeSketchLimits(values: object): { sketchLimits: SketchLimits; others: object } {
  const { sketch_bin_limit, sketch_max_bin_count, ...others } = values as Record<string, unknown>;
  return {
    sketchLimits: {
      binLimit: checkSketchKey('sketch_bin_limit', sketch_bin_limit ?? AGENT_LIMITS.binLimit),
      countMax: checkSketchKey('sketch_max_bin_count', sketch_max_bin_count ?? AGENT_LIMITS.countMax),
    },
    others,
  };
}

function checkSketchKey(key: keyof typeof SKETCH_KEYS, value: unknown): number {
  const max = SKETCH_KEYS[key];
  if (Number.isInteger(value) && (value as number) >= 1 && (value as number) <= max) return value as number;
  const message = `${key} is ${JSON.stringify(value)} (given values); allowed: 1 to ${max}`;
  throw new ConfigError([{ code: 'ERR_CONFIG_INVALID_VALUE', message }]);
}

function leaveOutBadEntries(values: object): object {
  const result: Record<string, unknown> = { ...values };
  for (const key of LENIENT_LISTS) {
    const list = result[key];
    if (!Array.isArray(list)) continue;
    result[key] = list.filter((entry) => agentKeys[key].safeParse([entry]).success);
  }
  return result;
}
