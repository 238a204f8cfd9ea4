/** Events and checks that parse and are most likely not what their sender meant. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toByteString } from '../model/text.ts';
import type { Suspicion } from '../model/views/suspicion.ts';
import { parseMessage } from './message.ts';
import { describeSuspicion } from './suspicion.ts';

function suspicionsOf(line: string): Suspicion[] {
  const found: Suspicion[] = [];
  parseMessage(toByteString(line), {
    noAggregationPipeline: true,
    originDetectionClient: true,
    observer: { suspicion: (what) => found.push(what) },
  });
  return found;
}

const bytes = (text: string): number => Buffer.byteLength(text);

describe('the length of an event', () => {
  it.each([
    '_e{5,4}:título|text',
    '_e{6,4}:título|text',
    '_e{1,2}:é|ab',
    '_e{1,1}:a|bc',
    '_e{1,1}:abc|d',
  ])('that ends where there is no bar is suspicious: %s', (line) =>
    expect(suspicionsOf(line)).toEqual(['event_length']));
  it.each([
    '_e{7,4}:título|text',
    '_e{7,4}:título|text|d:1|#a',
    '_e{1,0}:a|',
    '_e{3,3}:a|b|c|d',
    '_e{1,1}:a|b|',
  ])('that ends at a bar or the end is not: %s', (line) => expect(suspicionsOf(line)).toEqual([]));
  it('is never suspicious when it counts bytes, and always when it counts characters of which some have more', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'é', '漢', '😀', ' '), minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(text, text, (title, body) => {
        const rest = `:${title}|${body}|#env:prod`;
        expect(suspicionsOf(`_e{${bytes(title)},${bytes(body)}}${rest}`)).toEqual([]);
        const [titleLength, bodyLength] = [[...title].length, [...body].length];
        if (titleLength === bytes(title) && bodyLength === bytes(body)) return;
        const line = `_e{${titleLength},${bodyLength}}${rest}`;
        expect(suspicionsOf(line)).toEqual(['event_length']);
        expect(describeSuspicion(toByteString(line), 'event_length')).toBe(
          `the lengths count characters; in bytes they are ${bytes(title)} and ${bytes(body)}`,
        );
      }),
    );
  });
  it('in UTF-16 units is told as well', () => {
    const line = toByteString('_e{2,1}:😀|a');
    expect(describeSuspicion(line, 'event_length')).toBe(
      'the lengths count characters; in bytes they are 4 and 1',
    );
  });
  it('that nothing explains is told in general', () => {
    expect(describeSuspicion(toByteString('_e{1,1}:abc|d'), 'event_length')).toContain('lengths count bytes');
  });
});

describe('the message of a check', () => {
  it.each([
    '_sc|db|0|m:a|b',
    '_sc|db|0|m:cpu | mem',
    '_sc|db|0|m:a|zz|#env:prod',
  ])('with an unescaped bar is suspicious: %s', (line) =>
    expect(suspicionsOf(line)).toEqual(['check_message']));
  it.each([
    '_sc|db|0|m:a',
    '_sc|db|0|#a|m:b',
    '_sc|db|0|m:b|#a|c:x|card:low|d:5|h:x',
    '_sc|db|0|zz',
    '_sc|db|0|m:a||#b',
  ])('without one is not: %s', (line) => expect(suspicionsOf(line)).toEqual([]));
});
