import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { plain } from '../../test/support/parsed.ts';
import { processorMs } from '../../test/support/processor-time.ts';
import type { Rejection } from '../model/message.ts';
import { parseMessage } from './message.ts';

const OPTIONS = { noAggregationPipeline: true, originDetectionClient: true };

describe('the first bytes of a line choose its parser', () => {
  const goesTo = (line: string, messageType: Rejection['messageType']) =>
    it(`${JSON.stringify(line)} is a ${messageType}`, () =>
      expect(parseMessage(line, OPTIONS)).toMatchObject({ kind: 'error', messageType }));
  const accepts = (line: string, kind: string) =>
    it(`${JSON.stringify(line)} is a ${kind}`, () =>
      expect(parseMessage(line, OPTIONS)).toMatchObject({ kind }));

  accepts('_e{1,1}:t|x', 'event');
  accepts('_sc|a|0', 'service_check');
  accepts('_a:1|c', 'metric');
  accepts('_e:1|c', 'metric');
  accepts('_s:1|c', 'metric');
  accepts(' _sc:1|c', 'metric');

  goesTo('_e{', 'event');
  goesTo('_e{x}:1|c', 'event');
  goesTo('_sc', 'service_check');
  goesTo('_schema.size:1|c', 'service_check');
  goesTo('_SC|a|0', 'metric');
  goesTo('_', 'metric');
  goesTo('', 'metric');
});

/** Bytes that are mostly punctuation of the protocol, so that many lines get past the first checks. */
const bytes = fc
  .array(
    fc.oneof(
      fc.constantFrom(...'|:,#@Tgchds_e{}0123456789.-+'),
      fc.constantFrom('|c', '|ms|', '_e{', '_sc|', 'c:ci-', 'e:it-', 'in-', 'card:', '|T', '0x', 'p1', '\\n'),
      fc.integer({ min: 0, max: 255 }).map((byte) => String.fromCharCode(byte)),
    ),
    { maxLength: 40 },
  )
  .map((parts) => parts.join(''));
const anyLine = fc
  .tuple(fc.constantFrom('', '_e{', '_e{1,1}:', '_sc|', 'a:1|c|'), bytes)
  .map((parts) => parts.join(''));

describe('properties', () => {
  it('any bytes give a message or a rejection that points into the line', () => {
    fc.assert(
      fc.property(
        anyLine,
        fc.boolean(),
        fc.boolean(),
        (line, noAggregationPipeline, originDetectionClient) => {
          const result = parseMessage(line, { noAggregationPipeline, originDetectionClient });
          if (result.kind !== 'error') return;
          expect(result.at).toBeGreaterThanOrEqual(0);
          expect(result.at).toBeLessThanOrEqual(line.length);
        },
      ),
      { numRuns: 5000 },
    );
  });

  it('a metric that is printed parses back to what was printed', () => {
    const word = fc.string({ unit: fc.constantFrom(...'abc.:# \xff'), minLength: 1, maxLength: 8 });
    const name = word.filter((text) => !text.includes(':'));
    const metric = fc.record({
      name,
      type: fc.constantFrom('g', 'c', 'h', 'd', 'ms'),
      values: fc.array(fc.double({ noNaN: true }), { minLength: 1, maxLength: 5 }),
      tags: fc.array(word, { minLength: 1, maxLength: 5 }),
      rate: fc.double({ noNaN: true }),
    });
    fc.assert(
      fc.property(metric, ({ name, type, values, tags, rate }) => {
        const line = `${name}:${values.map(print).join(':')}|${type}|@${print(rate)}|#${tags.join(',')}`;
        expect(plain(parseMessage(line, OPTIONS))).toMatchObject({ name, values, sampleRate: rate, tags });
      }),
    );
  });
});

describe('hostile lines of a full packet take no longer than honest ones', () => {
  const size = 65_536;
  const lines: [what: string, line: string][] = [
    ['colons', `a${':'.repeat(size)}|c`],
    ['pipes', `a:1|c${'|'.repeat(size)}`],
    ['commas', `a:1|c|#${','.repeat(size)}`],
    ['digits', `a:${'9'.repeat(size)}|c`],
    ['zeros before a digit', `a:${'0'.repeat(size)}1|c`],
    ['hex digits', `a:0x${'f'.repeat(size)}p1|c`],
    ['a long exponent', `a:1e${'9'.repeat(size)}|c`],
    ['a long hex exponent', `a:0x1p-${'9'.repeat(size)}|c`],
    ['underscores', `a:1${'_1'.repeat(size / 2)}|c`],
    ['hex underscores', `a:0x${'_1'.repeat(size / 2)}|c`],
    ['origin items', `a:1|c|c:${'in-9,'.repeat(size / 5)}`],
    ['event lengths', `_e{${'1'.repeat(size)},1}:t|x`],
    ['escapes', `_e{${size},1}:${'\\n'.repeat(size / 2)}|x`],
  ];
  for (const [what, line] of lines) {
    it(what, () => {
      // Quadratic work on 64 KiB takes seconds.
      expect(processorMs(() => void parseMessage(line, OPTIONS))).toBeLessThan(500);
    });
  }
});

/** String() writes -0 as 0. */
function print(x: number): string {
  return Object.is(x, -0) ? '-0' : String(x);
}
