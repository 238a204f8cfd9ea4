/** Keys of the output `graphite` (docs/graphite.md). */
import { entries, entry } from '../../sources/entries.ts';
import { choice, section, text } from '../key-types.ts';
import { lineKeys } from './line-keys.ts';
import { deliveryKeys, filterKeys, moreReceivers, tlsKeys } from './receiver-keys.ts';

/** Those of one receiver: of the section itself, and of each entry of `additional`. */
const endpointKeys = {
  url: text(
    {
      default: '',
      pattern: /^((tcp|tls):\/\/[^\s/?#@]+:\d{1,5}\/?)?$/,
      patternText: 'as tcp://HOST:PORT or tls://HOST:PORT',
    },
    {
      what: 'Address at which Graphite, or whatever speaks its plaintext protocol, takes lines. Setting it is enough; empty turns the output off.',
      trade: 'Lines wait in memory while the receiver is down, up to `queue_bytes`.',
      when: 'you send to Graphite: `tcp://graphite:2003`.',
    },
  ),
  tag_format: choice(
    { default: 'tagged', words: ['tagged', 'folded', 'none'] },
    {
      what: 'What becomes of tags: tags of Graphite 1.1 (`hits;env=prod`), parts of the path (`hits.env.prod`), or nothing.',
      trade: 'Without tags, series that differ only in them are one, and overwrite each other.',
      when: 'your Graphite is older than 1.1 (`folded`).',
    },
  ),
  prefix: text(
    { default: '', pattern: /^[^\s;]*$/, patternText: 'without blanks and semicolons' },
    {
      what: 'Text before every path, with its dot.',
      trade: 'It keeps these series apart from others.',
      when: 'several programs send to one Graphite: `stats.`.',
    },
  ),
  receipt: choice(
    { default: 'close', words: ['close', 'none'] },
    {
      what: 'What counts as delivered: lines after which the receiver has closed the connection (`close`), or what the kernel has taken (`none`).',
      trade: 'With `none`, what is under way when a connection breaks is lost without a trace.',
      when: 'your receiver never closes a connection (`none`).',
    },
  ),
  ...lineKeys,
  ...tlsKeys,
  ...deliveryKeys,
  ...filterKeys,
};

export const graphiteKeys = {
  graphite: section({
    ...endpointKeys,
    additional: entries(
      { item: entry(endpointKeys), itemText: 'maps with url and the other keys of this section' },
      moreReceivers('filter and queue', 'you send to several receivers, or route metrics by name or tag.'),
    ),
  }),
};

export type GraphiteKeys = Omit<ReturnType<(typeof graphiteKeys)['graphite']['parse']>, 'additional'>;
