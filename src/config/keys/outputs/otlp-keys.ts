/** Keys of the output `otlp` (docs/otlp.md). */
import { entries, entry } from '../../sources/entries.ts';
import { choice, integer, section, text, yesOrNo } from '../key-types.ts';
import { moreReceivers, receiverKeys, textMap } from './receiver-keys.ts';

/** Those of one receiver: of the section itself, and of each entry of `additional`. */
const endpointKeys = {
  ...receiverKeys('an OpenTelemetry receiver', 'http://collector:4318'),
  protocol: choice(
    { default: 'http', words: ['http', 'grpc'] },
    {
      what: 'Transport: HTTP with protobuf, where `/v1/metrics` and `/v1/logs` are added to the URL, or gRPC, whose URL has no path.',
      trade: 'Over gRPC there is no HTTP proxy, and an `http` URL is HTTP/2 without TLS.',
      when: 'your receiver takes only gRPC, usually on port 4317 (`grpc`).',
    },
  ),
  temporality: choice(
    { default: 'delta', words: ['delta', 'cumulative'] },
    {
      what: 'Whether each point says what happened in its bucket (`delta`), or since its series began (`cumulative`).',
      trade:
        '`delta` keeps no totals here, and a restart is no reset. `cumulative` keeps a total per series, and the bins of its histograms.',
      when: 'you send to Prometheus, which refuses delta (`cumulative`).',
    },
  ),
  compression: choice(
    { default: 'gzip', words: ['gzip', 'none'] },
    {
      what: 'Compression of requests.',
      trade: 'It saves nine tenths of the network traffic and takes some processor time.',
      when: 'the receiver is on the same machine, or does not know gzip (`none`).',
    },
  ),
  scale: integer(
    { default: 6, min: -4, max: 6 },
    {
      what: 'Resolution of exponential histograms. 6 is lossless; each step down halves the number of buckets.',
      trade: 'The error of a quantile is 1.3 % at 6, 3 % at 4 and 5.2 % at 3.',
      when: 'your receiver stores a series per bucket, as VictoriaMetrics does (`3`).',
    },
  ),
  max_buckets: integer(
    { default: 160, min: 0, max: 100_000, unit: 'buckets' },
    {
      what: 'Maximum number of buckets on each side of an exponential histogram; a wider one gets a lower resolution. 0 means no limit.',
      trade: 'Fewer buckets are cheaper to store and less exact.',
      when: 'your receiver takes more, as the Collector does (`0`).',
    },
  ),
  service_name: text(
    { default: 'whippet', pattern: /^[^\0]+$/, patternText: 'that is not empty' },
    {
      what: 'Resource attribute `service.name`. Prometheus makes the label `job` of it.',
      trade: 'All data of this server has the same, unless `unified_tags` is on.',
      when: 'one service sends to this server.',
    },
  ),
  service_instance_id: text(
    { default: '' },
    {
      what: 'Resource attribute `service.instance.id`. Empty leaves it out. Prometheus makes the label `instance` of it.',
      trade: 'Without it, two servers that send the same series cannot be told apart in Prometheus.',
      when: 'several servers send to one Prometheus.',
    },
  ),
  resource: textMap({
    what: 'More attributes of the resource, which win over the others. In a variable, write JSON.',
    trade: 'They are on all data of this server.',
    when: 'you tell clusters or environments apart by them.',
    allowed: 'a map of attribute names to text',
  }),
  host_as_attribute: yesOrNo(
    { default: false },
    {
      what: 'Gives each point its host as the attribute `host.name`, in addition to the resource.',
      trade: 'One more attribute on each point.',
      when: 'your receiver does not keep resource attributes on series, as Prometheus.',
    },
  ),
  unified_tags: yesOrNo(
    { default: false },
    {
      what: 'Makes the tags `env`, `service` and `version` the resource attributes `deployment.environment.name`, `service.name` and `service.version`.',
      trade: 'The tags are then no longer attributes of the points.',
      when: 'your clients use unified service tagging.',
    },
  ),
  events: yesOrNo(
    { default: true },
    {
      what: 'Sends events as log records.',
      trade: 'A receiver without logs refuses them, which is counted and costs the metrics nothing.',
      when: 'your receiver takes no logs (`false`).',
    },
  ),
  zero_sample: yesOrNo(
    { default: true },
    {
      what: 'With cumulative temporality, begins each total with a zero at its start.',
      trade: 'One more point per series, once. Without it, `increase()` misses the first bucket.',
      when: 'your store uses start timestamps (`false`).',
    },
  ),
};

export const otlpKeys = {
  otlp: section({
    ...endpointKeys,
    additional: entries(
      { item: entry(endpointKeys), itemText: 'maps with url and the other keys of this section' },
      moreReceivers(
        'filter, queue and login',
        'you send to several receivers, or route metrics by name or tag.',
      ),
    ),
  }),
};

export type OtlpKeys = Omit<ReturnType<(typeof otlpKeys)['otlp']['parse']>, 'additional'>;
