import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DistinctCounter, EXACT_MAX } from './distinct-counter.ts';

const SEED = [0x1234567, 0x89abcde] as const;

function countOf(count: number, precision = 10, prefix = 'value-'): DistinctCounter {
  const counter = new DistinctCounter(SEED, precision);
  for (let i = 0; i < count; i++) counter.add(`${prefix}${i}`);
  return counter;
}

describe('DistinctCounter', () => {
  test('is exact up to its limit and says so', () => {
    for (const count of [0, 1, EXACT_MAX - 1, EXACT_MAX]) {
      expect(countOf(count).value).toBe(count);
      expect(countOf(count).isExact).toBe(true);
      expect(countOf(count).error).toBe(0);
    }
    expect(countOf(EXACT_MAX + 1).isExact).toBe(false);
    expect(countOf(EXACT_MAX + 1).error).toBeCloseTo(0.0325, 4);
  });

  test.each([
    [100, 8],
    [1000, 10],
    [2560, 10],
    [4000, 10],
    [10_000, 10],
    [10_000, 12],
    [100_000, 10],
    [1_000_000, 10],
    [1_000_000, 12],
  ])('of %i values at precision %i the error is within three standard errors', (count, precision) => {
    const counter = countOf(count, precision);
    expect(Math.abs(counter.value - count) / count).toBeLessThan(3 * counter.error);
  });

  test('an estimate follows what is added and merged after it was asked for', () => {
    const whole = countOf(5000);
    const grown = countOf(100);
    expect(grown.value).toBe(countOf(100).value);
    for (let i = 100; i < 3000; i++) grown.add(`value-${i}`);
    expect(grown.value).toBe(countOf(3000).value);
    grown.merge(whole);
    expect(grown.value).toBe(whole.value);
  });

  test('a repeated value counts once', () => {
    const counter = countOf(500);
    const { value } = counter;
    for (let i = 0; i < 500; i++) counter.add(`value-${i}`);
    expect(counter.value).toBe(value);
  });

  test('parts merged in any order equal the whole', () => {
    fc.assert(
      fc.property(fc.array(fc.array(fc.nat({ max: 400 }), { maxLength: 120 }), { minLength: 1 }), (parts) => {
        const whole = new DistinctCounter(SEED);
        const merged = new DistinctCounter(SEED);
        const reversed = new DistinctCounter(SEED);
        const counters = parts.map((values) => {
          const counter = new DistinctCounter(SEED);
          for (const value of values) {
            counter.add(`${value}`);
            whole.add(`${value}`);
          }
          return counter;
        });
        for (const counter of counters) merged.merge(counter);
        for (const counter of counters.reverse()) reversed.merge(counter);
        expect([merged.value, merged.isExact]).toEqual([whole.value, whole.isExact]);
        expect([reversed.value, reversed.isExact]).toEqual([whole.value, whole.isExact]);
      }),
    );
  });

  test('another seed gives another estimate of the same values', () => {
    const other = new DistinctCounter([1, 2]);
    for (let i = 0; i < 100_000; i++) other.add(`value-${i}`);
    expect(other.value).not.toBe(countOf(100_000).value);
  });
});
