import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { QuantileSketch } from './sketch.ts';
import { COUNT_MAX_16 } from './sketch-bins.ts';
import { GAMMA, keyOf, roundHalfEven } from './sketch-keys.ts';

const values = fc.array(fc.double({ min: -1e12, max: 1e12, noNaN: true }), { minLength: 1, maxLength: 600 });

describe('merge', () => {
  test('of any split in any order equals inserting everything into one', () => {
    fc.assert(
      fc.property(values, fc.array(fc.nat(4), { minLength: 600, maxLength: 600 }), (all, parts) => {
        const whole = sketchOf(all);
        const split = [4, 2, 0, 1, 3].map((part) => sketchOf(all.filter((_, i) => parts[i] === part)));
        const merged = split.reduce((left, right) => {
          left.merge(right);
          return left;
        });
        expectSame(merged, whole);
      }),
      { numRuns: 50 },
    );
  });

  test('leaves the other sketch as it was', () => {
    const other = sketchOf([1, 2]);
    sketchOf([1]).merge(other);
    expectSame(other, sketchOf([1, 2]));
  });
});

describe('fromBins', () => {
  test('equals inserting every observation', () => {
    const samples = fc.array(
      fc.tuple(fc.integer({ min: -500, max: 500 }), fc.constantFrom(1, 0.5, 0.1, 1e-5)),
    );
    fc.assert(
      fc.property(samples, (all) => {
        const inserted = new QuantileSketch();
        const weights = new Map<number, number>();
        for (const [value, rate] of all) {
          inserted.insert(value, rate);
          const key = keyOf(value) + 0;
          weights.set(key, (weights.get(key) ?? 0) + Math.trunc(1 / rate));
        }
        const sorted = [...weights].sort(([a], [b]) => a - b);
        const built = QuantileSketch.fromBins(
          sorted.map(([key]) => key),
          sorted.map(([, weight]) => weight),
          inserted,
        );
        expectSame(built, inserted);
      }),
    );
  });

  test('takes wide bins when sample rates put too much on few keys', () => {
    const summary = { count: 4e9, min: 1, max: 2, sum: 6e9, avg: 1.5 };
    const sketch = QuantileSketch.fromBins([1338, 1383], [2e9, 2e9], summary);
    expect(sketch.keys).toEqual([1338, 1383]);
    expect(sketch.counts).toEqual([2e9, 2e9]);
  });

  test('bounds an infinite weight', () => {
    const summary = { count: Number.MAX_SAFE_INTEGER, min: 1, max: 1, sum: 1, avg: 1 };
    const sketch = QuantileSketch.fromBins([1338], [Number.POSITIVE_INFINITY], summary);
    expect(sketch.keys).toHaveLength(4096);
  });

  test('trims to the limit', () => {
    const summary = { count: 4, min: 1, max: 4, sum: 10, avg: 2.5 };
    const limits = { binLimit: 2, countMax: COUNT_MAX_16 };
    const sketch = QuantileSketch.fromBins([1, 2, 3, 4], [1, 1, 1, 1], summary, limits);
    expect(sketch.keys).toEqual([3, 4]);
    expect(sketch.counts).toEqual([3, 1]);
  });
});

describe('quantile', () => {
  test('stays within the width of a bin of the exact value', () => {
    fc.assert(
      fc.property(values, fc.double({ min: 0, max: 1, noNaN: true }), (all, q) => {
        const sorted = Float64Array.from(all).sort();
        const exact = sorted[roundHalfEven(q * (all.length - 1))] as number;
        const tolerance = (GAMMA ** 1.5 - 1) * Math.abs(exact) + 2e-9;
        expect(Math.abs(sketchOf(all).quantile(q) - exact)).toBeLessThanOrEqual(tolerance);
      }),
    );
  });
});

function sketchOf(all: readonly number[]): QuantileSketch {
  const sketch = new QuantileSketch();
  for (const value of all) sketch.insert(value);
  return sketch;
}

function expectSame(actual: QuantileSketch, want: QuantileSketch): void {
  expect(actual.keys).toEqual(want.keys);
  expect(actual.counts).toEqual(want.counts);
  expect(actual.count).toBe(want.count);
  expect(actual.min).toBe(want.min);
  expect(actual.max).toBe(want.max);
  const scale = Math.max(Math.abs(want.min), Math.abs(want.max), 1) * Math.max(want.count, 1);
  expect(Math.abs(actual.sum - want.sum)).toBeLessThanOrEqual(1e-9 * scale);
  expect(Math.abs(actual.avg - want.avg)).toBeLessThanOrEqual(1e-9 * scale);
}
