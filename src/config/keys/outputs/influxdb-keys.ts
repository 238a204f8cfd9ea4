/** Keys of the output `influxdb` (docs/influxdb.md). */
import { entries, entry } from '../../sources/entries.ts';
import { choice, section, text } from '../key-types.ts';
import { lineKeys } from './line-keys.ts';
import { moreReceivers, receiverKeys } from './receiver-keys.ts';

/** Those of one receiver: of the section itself, and of each entry of `additional`. */
const endpointKeys = {
  ...receiverKeys('InfluxDB', 'http://influxdb:8086'),
  database: text(
    { default: '' },
    {
      what: 'Database of InfluxDB 1: lines go to `/write`.',
      trade: 'It has to exist.',
      when: 'your InfluxDB is version 1.',
    },
  ),
  retention_policy: text(
    { default: '' },
    {
      what: 'Retention policy of that database. Empty means its default.',
      trade: 'It has to exist.',
      when: 'you keep these metrics for another time than others.',
    },
  ),
  bucket: text(
    { default: '' },
    {
      what: 'Bucket of InfluxDB 2 or later: lines go to `/api/v2/write`, with `bearer_token` as the API token.',
      trade: 'It has to exist.',
      when: 'your InfluxDB is version 2 or later.',
    },
  ),
  org: text(
    { default: '' },
    {
      what: 'Organization that has the bucket.',
      trade: 'InfluxDB 2 needs it; later versions ignore it.',
      when: 'your InfluxDB is version 2.',
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
  ...lineKeys,
};

export const influxdbKeys = {
  influxdb: section({
    ...endpointKeys,
    additional: entries(
      { item: entry(endpointKeys), itemText: 'maps with url and the other keys of this section' },
      moreReceivers('filter and queue', 'you write to several databases, or route metrics by name or tag.'),
    ),
  }),
};

export type InfluxdbKeys = Omit<ReturnType<(typeof influxdbKeys)['influxdb']['parse']>, 'additional'>;
