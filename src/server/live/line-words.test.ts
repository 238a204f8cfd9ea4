import { expect, test } from 'vitest';
import type { Rejection } from '../../model/message.ts';
import { parseMessage } from '../../protocol/message.ts';
import { REJECTION_COUNTERS } from '../../telemetry/counters/shard-counters.ts';
import { correct, remedyOf, wordsOf } from './line-words.ts';

const PARSE = { noAggregationPipeline: true, originDetectionClient: true };

function correctionOf(line: string): string | null {
  const parsed = parseMessage(line, PARSE);
  if (parsed.kind !== 'error') throw new Error(`${line} is no bad line`);
  return correct(line, parsed as Rejection)?.line ?? null;
}

test.each([
  ['page.views:1,5|c', 'page.views:1.5|c'],
  ['page.views:1,5|c|#a:b', 'page.views:1.5|c|#a:b'],
  ['latency:12ms|h', 'latency:12|h'],
  ['latency: 12|h', 'latency:12|h'],
  ['hits:1|counter', 'hits:1|c'],
  ['hits:1|C|#a', 'hits:1|c|#a'],
  ['temp:20|gauge', 'temp:20|g'],
  ['hits:1|c|@0,5', 'hits:1|c|@0.5'],
  ['hits:abc|c', null],
  ['hits:1|what', null],
  ['hits', null],
  ['hits:1,000,000|c', null],
])('%s is corrected to %s', (line, want) => {
  expect(correctionOf(line)).toBe(want);
});

test('a corrected line is accepted, and its changed part is where it says', () => {
  const line = 'é.views:1,5|c';
  const bytes = Buffer.from(line).toString('latin1');
  const parsed = parseMessage(bytes, PARSE) as Rejection;
  const corrected = correct(bytes, parsed);
  expect(corrected).toEqual({ line: 'é.views:1.5|c', start: 8, end: 11 });
  expect(parseMessage(Buffer.from(corrected?.line ?? '').toString('latin1'), PARSE).kind).toBe('metric');
});

test('every reason has words and a remedy', () => {
  for (const reason of REJECTION_COUNTERS) {
    expect(wordsOf(reason)).not.toBe(reason.split(':')[1]);
    expect(remedyOf(reason), reason).not.toBe('see docs/errors.md');
  }
});
