/**
 * Keys of the Agent that say what becomes of names and tags (spec protocol §8 and §9, mapper,
 * origin-detection §7). All of them can change while the server runs.
 */
import { NAMESPACE_EXEMPTIONS } from '../model/namespace-exemptions.ts';
import { entries, entry, line, lineByLine, listOf, optional, trueOrFalse } from './entries.ts';
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
      what:
        'Rules that turn parts of metric names into tags; docs/mapper.md describes them. The Agent goes on without ' +
        'a mapper when a rule is wrong; here a wrong rule refuses the configuration.',
      trade: 'Fewer names with tags to select by, instead of one name for each thing measured.',
      who: 'Whoever has clients that put such things into names: Airflow, older StatsD clients.',
    },
  ),
  dogstatsd_mapper_cache_size: integer(
    { default: 1000, min: 1, max: 10_000_000, unit: 'names' },
    {
      what: 'Names for which each intake thread remembers what the mapper made of them.',
      trade: 'More saves work for names that come with many different tags; each takes about 200 bytes.',
      who: 'Whoever has more names than this and a profile with many rules.',
    },
  ),
  statsd_metric_namespace: text(
    { default: '', ...ONE_LINE },
    {
      what: 'Put before the name of every metric, with a dot; empty puts nothing there.',
      trade: 'Tells the metrics of this server apart by name; dashboards have to know the longer names.',
      who: 'Whoever shares an account or a Prometheus with others and cannot use tags for it.',
    },
  ),
  statsd_metric_namespace_blacklist: list(
    { default: NAMESPACE_EXEMPTIONS, item: line(), itemText: 'beginnings of names' },
    {
      what: `Names that begin like this get no namespace. The default is the Agent's: ${listCodes(NAMESPACE_EXEMPTIONS)}.`,
      trade: 'Plain text, not whole words: `kafka` also exempts `kafkaesque.size`.',
      who: 'Whoever uses a namespace and integrations whose dashboards expect their own names.',
      defaultText: `${NAMESPACE_EXEMPTIONS.length} names of the Agent and well-known integrations`,
    },
  ),
  metric_filterlist: list(
    { default: [], item: line(), itemText: 'metric names' },
    {
      what:
        'Metrics that are dropped and counted, by their final name. Names such as `latency.max` drop that one series ' +
        'of a histogram.',
      trade: 'Saves what a metric costs; what is dropped cannot be brought back.',
      who: 'Whoever pays for metrics nobody looks at and cannot change the client.',
    },
  ),
  metric_filterlist_match_prefix: yesOrNo(
    { default: false },
    {
      what: 'Entries of `metric_filterlist` drop every name that begins with them.',
      trade: 'One entry drops a whole family, and more than was meant when it is short.',
      who: 'Whoever drops families of metrics.',
    },
  ),
  statsd_metric_blocklist: list(
    { default: [], item: line(), itemText: 'metric names' },
    {
      what: 'The older name of `metric_filterlist`; used only while that list is empty.',
      trade: 'None: the two work alike.',
      who: "Nobody: it is here for an Agent's file.",
    },
  ),
  statsd_metric_blocklist_match_prefix: yesOrNo(
    { default: false },
    {
      what: 'Entries of `statsd_metric_blocklist` drop every name that begins with them.',
      trade: 'As for `metric_filterlist_match_prefix`.',
      who: "Nobody: it is here for an Agent's file.",
    },
  ),
  metric_tag_filterlist: entries(
    { item: tagFilterEntry, itemText: 'maps with metric_name, action (exclude or include) and tags' },
    {
      what:
        'Tags to remove from chosen metrics, by the text before the colon: `exclude` (the default, and any other ' +
        'text) removes the listed ones, `include` all others.',
      trade: 'Contexts that differ in a removed tag become one: fewer series, less detail.',
      who: 'Whoever has a metric whose tags make too many series.',
    },
  ),
  histogram_copy_to_distribution: yesOrNo(
    { default: false },
    {
      what: 'Aggregates each histogram and timing a second time, as a distribution.',
      trade: 'Percentiles over many servers; twice the work and more series.',
      who: 'Whoever moves from histograms to distributions.',
    },
  ),
  histogram_copy_to_distribution_prefix: text(
    { default: '', ...ONE_LINE },
    {
      what: 'Put before the name of those copies, and before the namespace.',
      trade: 'Without it the copy has the name of the histogram, and its type is what tells them apart.',
      who: 'Whoever sets `histogram_copy_to_distribution`.',
    },
  ),
  dogstatsd_tag_cardinality: choice(
    {
      default: 'low',
      words: ['none', 'low', 'orchestrator', 'high'],
      aliases: { orch: 'orchestrator' },
    },
    {
      what: "How many of a workload's tags a message gets that does not say so itself (`card:`).",
      trade: 'Higher tells pods and containers apart; each makes contexts of its own.',
      who: 'Whoever needs the pod or the container on every metric.',
    },
  ),
  dogstatsd_entity_id_precedence: yesOrNo(
    { default: false },
    {
      what: 'A message that names its pod (`dd.internal.entity_id:`) gets no tags of the container that the socket saw.',
      trade: 'On, what the client says counts alone; off, both add up. Without effect in unified mode.',
      who: 'Whoever receives through a proxy, whose container the socket sees.',
    },
  ),
  dogstatsd_origin_optout_enabled: yesOrNo(
    { default: true },
    {
      what:
        'A message of cardinality `none` skips the search for its workload. Off, the search is made and asks for ' +
        'the tags of level `none`, of which a workloads file has none.',
      trade: 'On saves the search; the tags are the same. Without effect in unified mode.',
      who: "Nobody: it is here for an Agent's file.",
    },
  ),
  origin_detection_unified: yesOrNo(
    { default: false },
    {
      what: 'The first workload that is known for a message gives its tags; off, those of the socket and of the client add up.',
      trade: 'On, external data (`e:`) counts as well and a message has the tags of one workload only.',
      who: 'Whoever has an admission controller that tells clients who they are.',
    },
  ),
};

function listCodes(names: readonly string[]): string {
  return names.map((name) => `\`${name}\``).join(', ');
}
