import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { processorMs } from '../../../test/support/processor-time.ts';
import { matchesGlob } from './glob.ts';

describe('a pattern with stars', () => {
  it.each([
    ['checkout.latency', 'checkout.*', true],
    ['checkout.latency', 'checkout', false],
    ['a.b.c', '*.b.*', true],
    ['a.b', '*.b.*', false],
    ['aba', 'ab*ba', false],
    ['abba', 'ab*ba', true],
    ['x', '*', true],
    ['', '**', true],
  ])('%s fits %s: %s', (text, pattern, fits) => expect(matchesGlob(text, pattern)).toBe(fits));

  it('matches as a regular expression would', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', '.'), maxLength: 8 });
    const patterns = fc.string({ unit: fc.constantFrom('a', 'b', '.', '*'), maxLength: 6 });
    fc.assert(
      fc.property(letters, patterns, (text, pattern) => {
        const expression = new RegExp(`^${pattern.replaceAll('.', '\\.').replaceAll('*', '.*')}$`);
        expect(matchesGlob(text, pattern)).toBe(expression.test(text));
      }),
    );
  });

  it('with many of them takes no longer on a long text that does not fit', () => {
    const elapsedMs = processorMs(() =>
      expect(matchesGlob('a'.repeat(10_000), `${'*a'.repeat(100)}b`)).toBe(false),
    );
    expect(elapsedMs).toBeLessThan(500);
  });
});
