import { expect, it } from 'vitest';
import { parseLine, parsePacket } from './index.ts';

it('reads text as text', () => {
  expect(parseLine('größe:1:2|c|@0.5|#é:ü|T7|c:ci-x|card:low')).toMatchObject({
    kind: 'metric',
    name: 'größe',
    type: 'count',
    values: [1, 2],
    sampleRate: 0.5,
    tags: ['é:ü'],
    timestamp: 7,
    localData: { containerId: 'x' },
    cardinality: 'low',
  });
  expect(parseLine('u:ü|s')).toMatchObject({ type: 'set', setValue: 'ü' });
  expect(parseLine(Buffer.from('_e{2,2}:é|ü|h:ä'))).toMatchObject({
    kind: 'event',
    title: 'é',
    text: 'ü',
    hostname: 'ä',
  });
  expect(parseLine('_sc|ö|2|m:ß')).toMatchObject({
    kind: 'service_check',
    name: 'ö',
    status: 2,
    message: 'ß',
  });
  expect(parseLine(Uint8Array.of(0xff, 0x3a, 0x31, 0x7c, 0x63))).toMatchObject({ name: '\ufffd' });
});

it('says why a line says nothing', () => {
  expect(parseLine('a:x|c')).toMatchObject({ kind: 'error', messageType: 'metric', error: 'value' });
  expect(parseLine('')).toMatchObject({ kind: 'error' });
});

it('has the options of the configuration', () => {
  expect(parseLine('a:1|c|T7', { timestamps: false })).toMatchObject({ timestamp: 0 });
  expect(parseLine('a:1|c|card:low', { originFields: false })).toMatchObject({ cardinality: '' });
  expect(parsePacket('a:1|c\n\nb:1|c').map((message) => message.kind)).toEqual(['metric', 'metric']);
  expect(parsePacket('a:1|c\nb:1|c', { eolRequired: true })).toHaveLength(1);
});
