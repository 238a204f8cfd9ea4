import { describe, expect, it } from 'vitest';
import { plain } from '../../test/support/parsed.ts';
import type { MetricError, MetricMessage } from '../model/message.ts';
import { parseMetric } from './metric.ts';

const EVERYTHING_ON = { noAggregationPipeline: true, originDetectionClient: true };

const accepts = (line: string, want: Partial<MetricMessage>) =>
  it(`accepts ${JSON.stringify(line)}`, () => {
    expect(plain(parseMetric(line, EVERYTHING_ON))).toEqual({
      kind: 'metric',
      values: [],
      setValue: '',
      sampleRate: 1,
      tags: [],
      timestamp: 0,
      localData: { containerId: '', inode: 0n },
      externalData: { init: false, containerName: '', podUid: '' },
      cardinality: '',
      ...want,
    });
  });

/** Draws the caret under the line, so that a wrong position is seen at once. */
const rejects = (line: string, error: MetricError, caret: string) =>
  it(`rejects ${JSON.stringify(line)} for its ${error}`, () => {
    expect(parseMetric(line, EVERYTHING_ON)).toEqual({
      kind: 'error',
      messageType: 'metric',
      error,
      at: caret.indexOf('^'),
    });
  });

describe('name, values and type', () => {
  accepts('a:1|g', { name: 'a', type: 'gauge', values: [1] });
  accepts('a:1|c', { name: 'a', type: 'count', values: [1] });
  accepts('a:1|h', { name: 'a', type: 'histogram', values: [1] });
  accepts('a:1|d', { name: 'a', type: 'distribution', values: [1] });
  accepts('a:1|ms', { name: 'a', type: 'timing', values: [1] });
  accepts('a:1|s', { name: 'a', type: 'set', setValue: '1' });
  accepts('a::1:|s', { name: 'a', type: 'set', setValue: ':1:' });
  accepts('a:::1::2:|c', { name: 'a', type: 'count', values: [1, 2] });
  accepts('a b\xff:1|c', { name: 'a b\xff', type: 'count', values: [1] });

  rejects('', 'format', '^');
  rejects('a:1', 'format', '   ^');
  rejects('|', 'name_value', '^');
  rejects('a|c', 'name_value', ' ^');
  rejects('a|b:1|c', 'name_value', ' ^');
  rejects(':1|c', 'name_value', '^');
  rejects('a:|c', 'name_value', '  ^');
  rejects('a:|s', 'name_value', '  ^');
  rejects('a:1|', 'type', '    ^');
  rejects('a:1|x', 'type', '    ^');
  rejects('a:1|G', 'type', '    ^');
  rejects('a:1|cc', 'type', '    ^');
  rejects('a:1||c', 'type', '    ^');
  rejects('a:1|m', 'type', '    ^');
  rejects('a:x|?', 'type', '    ^');
  rejects('a::|c', 'value', '  ^');
  rejects('a:x|c', 'value', '  ^');
  rejects('a:1:2:x:y|c', 'value', '      ^');
  rejects('a:1: :2|c', 'value', '    ^');
  rejects('a:1e999|c', 'value', '  ^');
});

describe('fields', () => {
  const base: Partial<MetricMessage> = { name: 'a', type: 'count', values: [1] };

  accepts('a:1|c|@0.5', { ...base, sampleRate: 0.5 });
  accepts('a:1|c|@-3', { ...base, sampleRate: -3 });
  accepts('a:1|c|@nan', { ...base, sampleRate: Number.NaN });
  accepts('a:1|c|T5', { ...base, timestamp: 5 });
  accepts('a:1|c|#', base);
  accepts('a:1|c|#,', { ...base, tags: ['', ''] });
  accepts('a:1|c|##a,b:c:d, ', { ...base, tags: ['#a', 'b:c:d', ' '] });
  accepts('a:1|c|#a|@0.5|T5|#b|@0.25|T6', { ...base, tags: ['b'], sampleRate: 0.25, timestamp: 6 });
  accepts('a:1|c|#a|#', base);
  accepts('a:1|c|||x|e|c|card|extra:1| #a|', base);
  accepts('a:1|c|card:|c:|e:', base);
  accepts('a:1|c|card:high|card:low', { ...base, cardinality: 'low' });
  accepts('a:1|c|c:x|c:in-5', { ...base, localData: { containerId: '', inode: 5n } });
  accepts('a:1|c|e:pu-p', { ...base, externalData: { init: false, containerName: '', podUid: 'p' } });

  rejects('a:1|c|@', 'sample_rate', '       ^');
  rejects('a:1|c|@x', 'sample_rate', '       ^');
  rejects('a:1|c|@1e999', 'sample_rate', '       ^');
  rejects('a:1|c|@0.5|@', 'sample_rate', '            ^');
  rejects('a:1|c|T', 'timestamp', '       ^');
  rejects('a:1|c|T0', 'timestamp', '       ^');
  rejects('a:1|c|T-1', 'timestamp', '       ^');
  rejects('a:1|c|T1.5', 'timestamp', '       ^');
  rejects('a:1|c|T9223372036854775808', 'timestamp', '       ^');
  rejects('a:1|c|#a|Type:x', 'timestamp', '          ^');
  rejects('a:1|c|Tx|@x', 'timestamp', '       ^');
  rejects('a:1|c|@x|Tx', 'sample_rate', '       ^');
});

describe('options', () => {
  it('skips timestamps unread when there is no pipeline for them', () => {
    const message = parseMetric('a:1|c|Tx|T5', { ...EVERYTHING_ON, noAggregationPipeline: false });
    expect(message).toMatchObject({ kind: 'metric', timestamp: 0 });
  });

  it('skips origin fields unread when client origin detection is off', () => {
    const seen: string[] = [];
    const message = parseMetric('a:1|c|c:in-x|e:it-x|card:high', {
      noAggregationPipeline: true,
      originDetectionClient: false,
      observer: { badOriginField: (item) => seen.push(item), unknownField: (byte) => seen.push(byte) },
    });
    expect(message).toMatchObject({ localData: { inode: 0n }, cardinality: '' });
    expect(seen).toEqual([]);
  });

  it('tells the observer the first byte of each unknown field, and of no other', () => {
    const seen: string[] = [];
    parseMetric('a:1|c||m:x|#t|@1| #|cfoo|T1||e', {
      ...EVERYTHING_ON,
      observer: { unknownField: (byte) => seen.push(byte) },
    });
    expect(seen).toEqual(['m', ' ', 'c', 'e']);
  });
});
