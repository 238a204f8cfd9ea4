/**
 * The options of enrichment, and what they are compiled to once at start and at reload (docs/protocol.md#from-message-to-sample).
 *
 *   configuration ──EnrichOptions──▶ compileEnrichSettings ──EnrichSettings──▶ enrichLine, …
 *
 * Each thread compiles its own settings: the mapper in it has a cache. Nothing here throws; what cannot be
 * used is left out and said in `warnings`, `mapperProblem` or `ruleProblems`.
 */

import type { GlobalRole } from '../model/global-role.ts';
import type { MetricRuleOptions } from '../model/metric-rule.ts';
import { NAMESPACE_EXEMPTIONS } from '../model/namespace-exemptions.ts';
import { type ByteString, toByteString } from '../model/text.ts';
import { compileMapper, type Mapper } from './mapper/mapper.ts';
import type { MapperProblem, MapperProfileOptions } from './mapper/mapper-rules.ts';
import { ingestNameFilter, type NameFilter, type NameFilterOptions } from './names/name-filter.ts';
import { compileTagFilter, type TagFilter, type TagFilterEntry } from './names/tag-filter.ts';
import { compileTagValues, type TagValueEntry, type TagValues } from './names/tag-values.ts';
import { compileNamespace, type Namespace } from './namespace.ts';
import { compileMetricRules, type RuleProblem, ruleWarnings } from './rules/metric-rule.ts';
import { MetricRules } from './rules/metric-rules.ts';
import { parseCardinality } from './tags/cardinality.ts';
import { compileHostTags, DEFAULT_HOST_TAG_OPTIONS, type HostTagOptions } from './tags/host-tags.ts';
import type { OriginSettings } from './tags/origin.ts';

/** Options under their names in the configuration file. */
export interface EnrichOptions extends NameFilterOptions, HostTagOptions {
  /** The server's own host name, for everything that names no host. */
  readonly hostname: string;
  /** In a serverless environment metrics have no host. */
  readonly serverless: boolean;
  readonly dogstatsd_tags: readonly string[];
  readonly dogstatsd_mapper_profiles: readonly MapperProfileOptions[];
  readonly dogstatsd_mapper_cache_size: number;
  readonly statsd_metric_namespace: string;
  readonly statsd_metric_namespace_blacklist: readonly string[];
  readonly metric_tag_filterlist: readonly TagFilterEntry[];
  readonly metric_tag_value_allowlist: readonly TagValueEntry[];
  readonly rules: readonly MetricRuleOptions[];
  readonly histogram_copy_to_distribution: boolean;
  readonly histogram_copy_to_distribution_prefix: string;
  readonly dogstatsd_tag_cardinality: string;
  readonly dogstatsd_entity_id_precedence: boolean;
  readonly dogstatsd_origin_optout_enabled: boolean;
  readonly origin_detection_unified: boolean;
  readonly global: { readonly role: GlobalRole };
}

/** Takes the options of enrichment, and nothing else, out of a configuration; the result can be sent to a thread. */
export function enrichOptionsOf(config: EnrichOptions): EnrichOptions {
  const keys = Object.keys(DEFAULT_ENRICH_OPTIONS) as (keyof EnrichOptions)[];
  const taken = Object.fromEntries(keys.map((key) => [key, config[key]])) as unknown as EnrichOptions;
  return { ...taken, global: { role: config.global.role } };
}

export const DEFAULT_ENRICH_OPTIONS: EnrichOptions = {
  hostname: '',
  serverless: false,
  dogstatsd_tags: [],
  ...DEFAULT_HOST_TAG_OPTIONS,
  dogstatsd_mapper_profiles: [],
  dogstatsd_mapper_cache_size: 1000,
  statsd_metric_namespace: '',
  statsd_metric_namespace_blacklist: NAMESPACE_EXEMPTIONS,
  metric_filterlist: [],
  metric_filterlist_match_prefix: false,
  metric_filterlist_prefix: [],
  statsd_metric_blocklist: [],
  statsd_metric_blocklist_match_prefix: false,
  metric_tag_filterlist: [],
  metric_tag_value_allowlist: [],
  rules: [],
  histogram_copy_to_distribution: false,
  histogram_copy_to_distribution_prefix: '',
  dogstatsd_tag_cardinality: 'low',
  dogstatsd_entity_id_precedence: false,
  dogstatsd_origin_optout_enabled: true,
  origin_detection_unified: false,
  global: { role: 'none' },
};

export interface EnrichSettings {
  readonly hostname: ByteString;
  readonly serverless: boolean;
  readonly mapper: Mapper | undefined;
  /** Why there is no mapper although there are profiles. A configuration with a problem is refused. */
  readonly mapperProblem: MapperProblem | undefined;
  readonly namespace: Namespace;
  readonly nameFilter: NameFilter;
  /** Appended to the tags of every message: sorted, each once. */
  readonly extraTags: readonly ByteString[];
  /** Of everything that is this host's: sorted, each once (tags/host-tags.ts). */
  readonly hostTags: readonly ByteString[];
  /** What a histogram copy's name starts with; undefined when histograms are not copied. */
  readonly copyPrefix: ByteString | undefined;
  readonly tagFilter: TagFilter;
  /** Empty when something is wrong with the list. */
  readonly tagValues: TagValues;
  /** What that is. A configuration with a problem is refused. */
  readonly tagValuesProblem: string | undefined;
  /** Undefined when there are none, or problems. */
  readonly rules: MetricRules | undefined;
  /** What is wrong with the rules. A configuration with a problem is refused. */
  readonly ruleProblems: readonly RuleProblem[];
  readonly origin: OriginSettings;
  /** Whether some metrics are aggregated over a fleet. */
  readonly isEdge: boolean;
  /** Sentences for the log about options that could not be used as written. */
  readonly warnings: readonly string[];
}

export function compileEnrichSettings(options: EnrichOptions): EnrichSettings {
  const warnings: string[] = [];
  const { mapper, problem } = compileMapper(
    options.dogstatsd_mapper_profiles,
    options.dogstatsd_mapper_cache_size,
  );

  if (options.dogstatsd_mapper_profiles.length > 0 && options.dogstatsd_mapper_cache_size === 0)
    warnings.push(
      'dogstatsd_mapper_cache_size is 0, which turns the mapper off, as in the Agent: names stay as they are',
    );

  const level = options.dogstatsd_tag_cardinality;
  const cardinality = parseCardinality(level);
  if (cardinality === undefined)
    warnings.push(`dogstatsd_tag_cardinality "${level}" is unknown; low is used`);

  const values = compileTagValues(options.metric_tag_value_allowlist);
  const compiled = compileMetricRules(options.rules);
  warnings.push(...ruleWarnings(options.rules));
  return {
    hostname: toByteString(options.hostname),
    serverless: options.serverless,
    mapper,
    mapperProblem: problem,
    namespace: compileNamespace(options.statsd_metric_namespace, options.statsd_metric_namespace_blacklist),
    nameFilter: ingestNameFilter(options, warnings),
    extraTags: [...new Set(options.dogstatsd_tags.map(toByteString))].sort(),
    hostTags: compileHostTags(options),
    copyPrefix: options.histogram_copy_to_distribution
      ? toByteString(options.histogram_copy_to_distribution_prefix)
      : undefined,
    tagFilter: compileTagFilter(options.metric_tag_filterlist, warnings),
    ...('problem' in values
      ? { tagValues: new Map(), tagValuesProblem: values.problem }
      : { tagValues: values, tagValuesProblem: undefined }),
    ...('problems' in compiled
      ? { rules: undefined, ruleProblems: compiled.problems }
      : { rules: compiled.length === 0 ? undefined : new MetricRules(compiled), ruleProblems: [] }),
    origin: {
      unified: options.origin_detection_unified,
      entityIdPrecedence: options.dogstatsd_entity_id_precedence,
      optOut: options.dogstatsd_origin_optout_enabled,
      cardinality: cardinality ?? 'low',
    },
    isEdge: options.global.role === 'edge' || options.global.role === 'both',
    warnings,
  };
}
