/**
 * Random settings of enrichment for property tests: every combination of mapper, filters, namespace, tags,
 * copies and workloads that the names and tags of random-lines.ts react to.
 */
import fc from 'fast-check';
import type { PacketOrigin } from '../../../src/enrich/enrich.ts';
import type { MapperProfileOptions } from '../../../src/enrich/mapper/mapper-rules.ts';
import type { EnrichOptions } from '../../../src/enrich/settings.ts';
import type { Workloads } from '../../../src/enrich/tags/static-tagger.ts';
import type { MetricRuleOptions } from '../../../src/model/metric-rule.ts';

export interface Enrichment {
  readonly enrich: Partial<EnrichOptions>;
  readonly workloads: Workloads;
}

/** Whom the sockets saw, one of them in WORKLOADS. */
export const SENDERS: readonly PacketOrigin[] = [
  { socket: 'container_id://sock-1', pid: 7 },
  { socket: 'container_id://stranger', pid: 8 },
];

const PROFILES: readonly MapperProfileOptions[] = [
  {
    name: 'jobs',
    prefix: 'jobs.',
    mappings: [
      { match: 'jobs.*.*.time', name: 'jobs.time', tags: { kind: '$1', job: '$2' } },
      { match: 'jobs.etl.*', name: 'jobs.etl', tags: { job: '$1' } },
    ],
  },
  {
    name: 'hosts',
    prefix: 'web.',
    mappings: [{ match: 'web.*.hits', name: 'web.hits', tags: { host: '$1' } }],
  },
  {
    name: 'pools',
    prefix: 'pool.',
    mappings: [
      {
        match: 'pool\\.(?P<pool>[a-z]+)-([0-9]+)\\.(size|age)',
        match_type: 'regex',
        name: 'pool.$3',
        tags: { pool: '$pool', 'dd.internal.card': 'high' },
      },
    ],
  },
  // Takes every name that no profile before it took, so it also hides those behind it.
  {
    name: 'all',
    prefix: '*',
    mappings: [
      { match: 'debug.*', name: 'a', tags: { env: 'prod' } },
      { match: '(a|page)\\.(.+)', match_type: 'regex', name: '$1', tags: { rest: '$2' } },
    ],
  },
];

const WORKLOADS: Workloads = {
  entities: {
    'container_id://box-1': { low: ['image:web'], orchestrator: ['pod:web-1'], high: ['box:1'] },
    'container_id://sock-1': { low: ['image:socket'], high: ['box:s'] },
    'kubernetes_pod_uid://pod-1': { low: ['service:web', 'env:prod'], high: ['pod:web-1'] },
  },
  inodes: { '5': 'box-1' },
  external: { 'pod-1/web': 'box-1', 'init:b/a': 'box-1' },
  global: { low: ['cluster:blue'] },
};

const names = fc.subarray([
  'a',
  'a.b',
  'jobs',
  'jobs.time',
  'ns.a',
  'ns.',
  'web.hits',
  'debug.',
  'kafka.lag',
]);
const tagFilter = fc.subarray([
  { metric_name: 'a', action: 'exclude', tags: ['env', 'user', 'image'] },
  { metric_name: 'ns.a', action: 'include', tags: ['env'] },
  { metric_name: 'page.views', action: 'include', tags: ['az', 'cluster', 'service'] },
  { metric_name: 'jobs.time', tags: ['job'] },
  { metric_name: 'copy.a', tags: ['env'] },
]);

/** Rules of every kind, about names that mapper and namespace make, and copies. */
const RULES: readonly MetricRuleOptions[] = [
  { match: 'a', types: ['count'], drop: true },
  { match: 'a', types: ['gauge', 'histogram'], as: 'count' },
  { match: '*a', as: 'distribution', drop_tags: ['env:prod', 'user', 'rest'] },
  { match: 'ns.*', types: ['distribution', 'set'], as: 'gauge', keep_tags: ['env', 'az:1'] },
  { match: 'jobs.time', as: 'histogram', drop_tags: ['kind'] },
  { match: 'web.*', as: 'gauge', drop_tags: ['host', 'image', 'cluster'] },
  { match: 'page.views', keep_tags: [] },
  { match: 'page.*', drop: true },
  { match: 'pool\\..+', match_type: 'regex', as: 'histogram' },
  { match: 'copy.a', keep_tags: ['env'] },
  { match: 'copy.+', match_type: 'regex', drop: true },
  { match: '.*', match_type: 'regex', types: ['count'], as: 'distribution' },
];

const options: fc.Arbitrary<Partial<EnrichOptions>> = fc.record({
  dogstatsd_mapper_profiles: fc.shuffledSubarray([...PROFILES]),
  // One entry makes every other name push out what the mapper remembers.
  // None turns the mapper off.
  dogstatsd_mapper_cache_size: fc.constantFrom(0, 1, 1, 1000),
  statsd_metric_namespace: fc.constantFrom('', 'ns', 'ns.'),
  statsd_metric_namespace_blacklist: fc.constantFrom([], ['a.', 'kafka']),
  metric_filterlist: names,
  metric_filterlist_match_prefix: fc.boolean(),
  metric_filterlist_prefix: fc.constantFrom(
    [],
    [{ prefix: 'web', except_exact: ['web.hits'] }],
    [{ prefix: '', except_prefix: ['a', 'ns', 'page'] }],
  ),
  statsd_metric_blocklist: names,
  statsd_metric_blocklist_match_prefix: fc.boolean(),
  metric_tag_filterlist: tagFilter,
  metric_tag_value_allowlist: fc.constantFrom(
    [],
    [
      {
        metric_prefix: 'web',
        tag_name: 'env',
        values: ['prod'],
        on_miss: 'replace' as const,
        replacement: 'other',
      },
    ],
    [
      { metric_prefix: 'page', tag_name: 'user', values: ['17'] },
      { metric_prefix: 'a', tag_name: 'env', values: [] },
    ],
  ),
  rules: fc.shuffledSubarray([...RULES]),
  dogstatsd_tags: fc.subarray(['team:x', 'env:prod', 'user:17']),
  histogram_copy_to_distribution: fc.boolean(),
  histogram_copy_to_distribution_prefix: fc.constantFrom('', 'copy.'),
  dogstatsd_tag_cardinality: fc.constantFrom('none', 'low', 'orchestrator', 'high'),
  dogstatsd_entity_id_precedence: fc.boolean(),
  dogstatsd_origin_optout_enabled: fc.boolean(),
  origin_detection_unified: fc.boolean(),
  serverless: fc.boolean(),
});

export const enrichment: fc.Arbitrary<Enrichment> = fc.record({
  enrich: options,
  workloads: fc.constantFrom({}, WORKLOADS),
});
