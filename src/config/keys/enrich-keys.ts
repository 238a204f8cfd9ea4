/**
 * Keys of the Agent that say what becomes of names and tags (docs/protocol.md#from-message-to-sample,
 * docs/behaviour/origin.md). All of them can change while the server runs.
 */
import { NAMESPACE_EXEMPTIONS } from '../../model/namespace-exemptions.ts';
import {
  entries,
  entry,
  line,
  lineByLine,
  listOf,
  oneOf,
  optional,
  trueOrFalse,
} from '../sources/entries.ts';
import { choice, integer, list, text, yesOrNo } from './key-types.ts';

const mapperExample = entry({
  match: line(),
  mapped: optional(trueOrFalse()),
  name: optional(line()),
  tags: optional(lineByLine()),
});

const mapperRule = entry({
  match: optional(line()),
  match_type: optional(line()),
  name: optional(line()),
  tags: optional(lineByLine()),
  tests: optional(listOf(mapperExample)),
});

const mapperProfile = entry({
  name: optional(line()),
  prefix: optional(line()),
  mappings: optional(listOf(mapperRule)),
});

const tagValueEntry = entry({
  metric_prefix: optional(line()),
  tag_name: optional(line()),
  values: optional(listOf(line())),
  on_miss: optional(oneOf(['remove', 'replace'])),
  replacement: optional(line()),
});

const prefixRule = entry({
  prefix: optional(line()),
  except_prefix: optional(listOf(line())),
  except_exact: optional(listOf(line())),
});

const tagFilterEntry = entry({
  metric_name: optional(line()),
  action: optional(line()),
  tags: optional(listOf(line())),
});

const ONE_LINE = { pattern: /^[^\n\0]*$/, patternText: 'without line breaks' } as const;

export const enrichKeys = {
  dogstatsd_mapper_profiles: entries(
    { item: mapperProfile, itemText: 'profiles with name, prefix and mappings (docs/mapper.md)' },
    {
      what: 'Rules that turn parts of metric names into tags; see docs/mapper.md. When a rule is invalid, the Agent runs without a mapper; whippet rejects the configuration.',
      trade: 'You get fewer names, with tags to select by, instead of one name for each thing measured.',
      when: 'clients put such information into metric names, as Airflow and older StatsD clients do.',
    },
  ),
  dogstatsd_mapper_cache_size: integer(
    { default: 1000, min: 0, max: 10_000_000, unit: 'names' },
    {
      what: "Number of names for which each listener thread caches the mapper's result. 0 turns the mapper off, as in the Agent.",
      trade:
        'A larger cache saves work for names that come with many different tags; each entry takes about 200 bytes.',
      when: 'you have more names than this and a profile with many rules.',
    },
  ),
  statsd_metric_namespace: text(
    { default: '', ...ONE_LINE },
    {
      what: 'Prefix for the name of every metric, followed by a dot. Empty means no prefix.',
      trade: 'It distinguishes the metrics of this server by name; dashboards have to use the longer names.',
      when: 'you share an account or a Prometheus server with others and cannot use tags instead.',
    },
  ),
  statsd_metric_namespace_blacklist: list(
    { default: NAMESPACE_EXEMPTIONS, item: line(), itemText: 'beginnings of names' },
    {
      what: `Names that begin like this get no namespace. The default is the Agent's: ${listCodes(NAMESPACE_EXEMPTIONS)}.`,
      trade:
        'Prefixes are compared as plain text, not as whole words: `kafka` also exempts `kafkaesque.size`.',
      when: 'you use a namespace together with integrations whose dashboards expect the original names.',
      defaultText: `${NAMESPACE_EXEMPTIONS.length} names of the Agent and well-known integrations`,
    },
  ),
  metric_filterlist: list(
    { default: [], item: line(), itemText: 'metric names' },
    {
      what: 'Metrics to drop and count, by their final name. Entry and name are compared as the intake stores names: `my-app` and `my_app` are the same. A name such as `latency.max` drops only that series of a histogram.',
      trade: 'It saves the cost of a metric; dropped data cannot be recovered.',
      when: 'you pay for metrics that nobody looks at and cannot change the client.',
    },
  ),
  metric_filterlist_match_prefix: yesOrNo(
    { default: false },
    {
      what: 'Makes entries of `metric_filterlist` drop every name that begins with them.',
      trade: 'One entry drops a whole family of metrics, and a short entry may drop more than you intended.',
      when: 'you want to drop families of metrics.',
    },
  ),
  metric_filterlist_prefix: entries(
    { item: prefixRule, itemText: 'maps with prefix, except_prefix and except_exact' },
    {
      what: 'Drops metrics whose name begins with `prefix`, unless an exception of any of these rules fits: a beginning (`except_prefix`) or a whole name (`except_exact`). A prefix is text, not a part of a name, and an empty one is every name. Exceptions do not save names from `metric_filterlist`.',
      trade:
        'It drops families of metrics and keeps some of them; new metrics of such a family are dropped too.',
      when: 'you want a few metrics out of a large family.',
    },
  ),
  statsd_metric_blocklist: list(
    { default: [], item: line(), itemText: 'metric names' },
    {
      what: 'The older name of `metric_filterlist`, used only while that list is empty.',
      trade: 'None: the two keys do the same.',
    },
  ),
  statsd_metric_blocklist_match_prefix: yesOrNo(
    { default: false },
    {
      what: 'Makes entries of `statsd_metric_blocklist` drop every name that begins with them.',
      trade: 'As for `metric_filterlist_match_prefix`.',
    },
  ),
  metric_tag_filterlist: entries(
    { item: tagFilterEntry, itemText: 'maps with metric_name, action (exclude or include) and tags' },
    {
      what: 'Tags to remove from chosen metrics, by the text before the colon. `exclude` (the default, and any other text) removes the listed tags; `include` removes all others.',
      trade: 'Contexts that differ only in a removed tag become one: fewer series, less detail.',
      when: 'the tags of a metric create too many series.',
    },
  ),
  metric_tag_value_allowlist: entries(
    {
      item: tagValueEntry,
      itemText: 'maps with metric_prefix, tag_name, values, on_miss (remove or replace) and replacement',
    },
    {
      what: 'Values that a tag may have on metrics whose name begins with `metric_prefix`. Another value loses its tag, or becomes `replacement` with `on_miss: replace`. It comes after `metric_tag_filterlist` and sees tags of the origin too. Entries for one tag must not overlap.',
      trade: 'A tag has as many values as you list; new values are not seen until you list them.',
      when: 'a tag has a few values that matter and an unbounded number of others, such as the paths of requests.',
    },
  ),
  histogram_copy_to_distribution: yesOrNo(
    { default: false },
    {
      what: 'Also aggregates each histogram and timing as a distribution.',
      trade: 'You get percentiles over many servers, for twice the work and more series.',
      when: 'you are migrating from histograms to distributions.',
    },
  ),
  histogram_copy_to_distribution_prefix: text(
    { default: '', ...ONE_LINE },
    {
      what: 'Prefix for the names of these copies, placed before the namespace.',
      trade:
        'Without a prefix, the copy has the same name as the histogram and only its type distinguishes it.',
      when: 'you set `histogram_copy_to_distribution`.',
    },
  ),
  dogstatsd_tag_cardinality: choice(
    {
      default: 'low',
      words: ['none', 'low', 'orchestrator', 'high'],
      aliases: { orch: 'orchestrator' },
    },
    {
      what: "How many of a workload's tags a message gets when it does not specify this itself (`card:`).",
      trade:
        'A higher cardinality distinguishes pods and containers, each of which creates its own contexts.',
      when: 'you need the pod or the container on every metric.',
    },
  ),
  dogstatsd_entity_id_precedence: yesOrNo(
    { default: false },
    {
      what: 'A message that names its pod (`dd.internal.entity_id:`) gets no tags from the container that the socket detected.',
      trade:
        'When on, only what the client says counts; when off, both sets of tags are added. It has no effect in unified mode.',
      when: 'you receive through a proxy, whose own container the socket would detect.',
    },
  ),
  dogstatsd_origin_optout_enabled: yesOrNo(
    { default: true },
    {
      what: 'Skips the workload lookup for messages of cardinality `none`. When off, the lookup asks for the tags of level `none`, and a workloads file has none.',
      trade: 'Turning it on saves the lookup; the tags are the same. It has no effect in unified mode.',
    },
  ),
  origin_detection_unified: yesOrNo(
    { default: false },
    {
      what: 'A message gets the tags of the first workload that is known for it. When off, the tags detected by the socket and those from the client are combined.',
      trade: 'When on, external data (`e:`) counts as well, and a message has the tags of only one workload.',
      when: 'an admission controller tells your clients who they are.',
    },
  ),
};

function listCodes(names: readonly string[]): string {
  return names.map((name) => `\`${name}\``).join(', ');
}
