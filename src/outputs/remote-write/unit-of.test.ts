import { describe, expect, it } from 'vitest';
import {
  buffers,
  decodeMessage,
  messages,
  number,
  text,
} from '../../../test/support/decode/plain-protobuf.ts';
import { RequestBuilder } from './request-builder.ts';
import { unitOf } from './unit-of.ts';

describe('the unit of values as they are sent', () => {
  it.each([
    ['latency', true, {}, 'milliseconds'],
    ['latency', false, {}, ''],
    ['latency', true, { unit: 'frames' }, 'frames'],
    // The rule's unit is that of what /metrics shows.
    ['latency', true, { unit: 'seconds', scale: 0.001 }, 'milliseconds'],
    ['load', false, { unit: 'ratio', scale: 1 }, 'ratio'],
    ['load', false, { unit: 'ratio', scale: 0.01 }, ''],
    ['disk.free_bytes', false, {}, 'bytes'],
    ['net.sent.bytes', false, {}, 'bytes'],
    ['net_sent_bytes_total', false, {}, 'bytes'],
    ['uptime_seconds', false, {}, 'seconds'],
    ['bytes', false, {}, ''],
    ['megabytes', false, {}, ''],
  ] as const)('%s, timing: %s, rule %j: %s', (name, isTiming, rule, want) =>
    expect(unitOf({ name, isTiming }, rule)).toBe(want));
});

describe('the metadata of a request', () => {
  const series = (name: string, unit: string) => ({
    labels: ['__name__', name],
    family: { name, type: 'gauge' as const, help: 'h', unit },
    startAt: 0,
    points: [{ kind: 'sample' as const, at: 1000, value: 1 }],
  });
  const built = (version: 1 | 2) => {
    const builder = new RequestBuilder(version);
    for (const [name, unit] of [
      ['a', 'bytes'],
      ['b', ''],
      ['c', 'bytes'],
    ] as const)
      builder.add(series(name, unit));
    return decodeMessage(Buffer.from(builder.finish(version).body));
  };

  it('has the unit beside the help (1.0)', () => {
    const metadata = messages(built(1), 3).map((one) => [text(one, 2), text(one, 5)]);
    expect(metadata).toEqual([
      ['a', 'bytes'],
      ['b', ''],
      ['c', 'bytes'],
    ]);
  });

  it('refers to the unit by number (2.0)', () => {
    const raw = built(2);
    const symbols = buffers(raw, 4).map(String);
    expect(symbols.filter((symbol) => symbol === 'bytes')).toHaveLength(1);
    const units = messages(raw, 5).map((one) => symbols[number(messages(one, 5)[0] ?? new Map(), 4)]);
    expect(units).toEqual(['bytes', '', 'bytes']);
  });
});
