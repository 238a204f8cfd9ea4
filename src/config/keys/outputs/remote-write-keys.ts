/** Keys of the output `remote_write` (docs/remote-write.md). */
import { entries, entry, line, lineByLine, listOf, optional, trueOrFalse } from '../../sources/entries.ts';
import { choice, integer, section, yesOrNo } from '../key-types.ts';
import { moreReceivers, receiverKeys, textMap } from './receiver-keys.ts';

const relabelRule = entry({
  match: line(),
  drop: optional(trueOrFalse()),
  keep_labels: optional(listOf(line())),
  drop_labels: optional(listOf(line())),
  rename_labels: optional(lineByLine()),
  set_labels: optional(lineByLine()),
  name: optional(line()),
});

/** Those of one receiver: of the section itself, and of each entry of `additional`. */
const endpointKeys = {
  ...receiverKeys('a Prometheus-compatible store', 'http://prometheus:9090/api/v1/write'),
  version: choice(
    { default: 'auto', words: ['auto', '1', '2'] },
    {
      what: 'Version of remote write. `auto` begins with 2.0 and falls back to 1.0 when the response shows that the receiver does not know 2.0.',
      trade: '`auto` sends the first request twice to a receiver of 1.0. A fixed version sends none twice.',
      when: 'a proxy in front of the receiver removes the headers by which 2.0 is recognized (`2` then loses everything: use `1`).',
    },
  ),
  distributions: choice(
    { default: 'native', words: ['native', 'summary'] },
    {
      what: 'Form of histograms, timings and distributions: native histograms, or summaries with quantiles of each bucket, `_sum` and `_count`.',
      trade: 'Native histograms merge over instances and time. Not every store takes them.',
      when: 'your store refuses native histograms (`summary`).',
    },
  ),
  schema: integer(
    { default: 6, min: -4, max: 6 },
    {
      what: 'Resolution of native histograms. 6 is lossless; each step down halves the number of buckets.',
      trade: 'The error of a quantile is 1.3 % at 6, 3 % at 4 and 5.2 % at 3.',
      when: 'you send to VictoriaMetrics, which stores a series per bucket (`3`).',
    },
  ),
  max_buckets: integer(
    { default: 0, min: 0, max: 100_000, unit: 'buckets' },
    {
      what: 'Maximum number of buckets of a native histogram; a wider one gets a lower resolution. 0 means no limit.',
      trade: 'Fewer buckets are cheaper to store and less exact.',
      when: 'your receiver limits them (`160` is customary).',
    },
  ),
  labels: textMap({
    what: 'Labels to add to every series that does not have them. In a variable, write JSON.',
    trade: 'They tell the data of several servers apart.',
    when: 'you have several environments or clusters.',
    allowed: 'a map of label names to text',
  }),
  instance_label: yesOrNo(
    { default: true },
    {
      what: 'Adds a label `instance` with the host name of this server.',
      trade: 'Without it, two servers that send the same series overwrite each other.',
      when: 'only one server writes to the store, or `labels` tells them apart (`false`).',
    },
  ),
  utf8_names: yesOrNo(
    { default: false },
    {
      what: 'Keeps dots and other characters in names of metrics and labels.',
      trade: 'Queries need the quoted form: `{"web.requests"}`.',
      when: 'your store and its users know UTF-8 names.',
    },
  ),
  zero_sample: yesOrNo(
    { default: true },
    {
      what: 'Begins each counter and histogram with a zero at its start.',
      trade: 'One more sample per series, once. Without it, `increase()` misses the first bucket.',
      when: 'your store uses start timestamps (`false`).',
    },
  ),
  stale_on_stop: yesOrNo(
    { default: false },
    {
      what: 'Ends all series with a stale marker when the server stops.',
      trade: 'Graphs end at once, but each restart leaves a gap.',
      when: 'the server stops for good, as in a batch job.',
    },
  ),
  relabel: entries(
    { item: relabelRule, itemText: 'rules with match and what to do (docs/remote-write.md)' },
    {
      what: 'Changes to series, by the name the store sees: drop them, keep, drop, rename or set labels, or rename the metric. The first matching rule applies.',
      trade: 'It costs time for each series and flush.',
      when: 'the names or labels of your clients do not suit the store.',
    },
  ),
};

export const remoteWriteKeys = {
  remote_write: section({
    ...endpointKeys,
    additional: entries(
      { item: entry(endpointKeys), itemText: 'maps with url and the other keys of this section' },
      moreReceivers(
        'filter, queue and login',
        'you write to several stores, or route metrics by name or tag.',
      ),
    ),
  }),
};

export type RemoteWriteKeys = Omit<
  ReturnType<(typeof remoteWriteKeys)['remote_write']['parse']>,
  'additional'
>;
