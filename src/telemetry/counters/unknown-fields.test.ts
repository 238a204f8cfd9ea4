import { describe, expect, it } from 'vitest';
import { parseMessage } from '../../protocol/message.ts';
import { UNKNOWN_FIELD_BYTES, UnknownFields } from './unknown-fields.ts';

describe('UnknownFields', () => {
  it('counts what the parsers meet, by first byte and in the order of the bytes', () => {
    const fields = new UnknownFields();
    const options = {
      noAggregationPipeline: true,
      originDetectionClient: true,
      observer: { unknownField: (firstByte: string) => fields.add(firstByte) },
    };
    parseMessage('a:1|c|z:1|#t|Z:2||cat:3|@1', options);
    parseMessage('_e{1,1}:a|b|z:1', options);
    parseMessage('_sc|a|0|z', options);
    expect(fields.list()).toEqual([
      { kind: 'Z', count: 1 },
      { kind: 'c', count: 1 },
      { kind: 'z', count: 3 },
    ]);
  });

  it('counts bytes that cannot be printed together', () => {
    const fields = new UnknownFields();
    for (const byte of ['\0', ' ', '\x7f', '\xff', '']) fields.add(byte);
    expect(fields.list()).toEqual([{ kind: 'other', count: 5 }]);
  });

  it('has a place for every byte', () => {
    const fields = new UnknownFields();
    for (let code = 0; code < 256; code++) fields.add(String.fromCharCode(code));
    const counts = fields.list();
    expect(counts).toHaveLength(95);
    expect(counts.reduce((sum, { count }) => sum + count, 0)).toBe(256);
  });

  it('counts suspicions apart from fields', () => {
    const fields = new UnknownFields();
    fields.addSuspicion('check_message');
    expect(fields.list()).toEqual([]);
    expect(fields.suspicions()).toEqual([
      { kind: 'event_length', count: 0 },
      { kind: 'check_message', count: 1 },
    ]);
  });

  it('can be read from another thread through shared memory', () => {
    const memory = new SharedArrayBuffer(8 + UNKNOWN_FIELD_BYTES);
    new UnknownFields(memory, 8).add('x');
    expect(new UnknownFields(memory, 8).list()).toEqual([{ kind: 'x', count: 1 }]);
  });
});
