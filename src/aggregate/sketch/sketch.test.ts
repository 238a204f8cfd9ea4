import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { QuantileSketch } from './sketch.ts';
import { COUNT_MAX_16, COUNT_MAX_32, OBSERVATIONS_MAX } from './sketch-bins.ts';
import { GAMMA, keyOf, roundHalfEven } from './sketch-keys.ts';

const values = fc.array(fc.double({ min: -1e12, max: 1e12, noNaN: true }), { minLength: 1, maxLength: 600 });

const SUMMARY = { min: 1, max: 2, sum: 1.5, avg: 1.5 };

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

  test('of more than 4,096 full bins takes wide ones: nothing of 268,492,415 observations is cut', () => {
    const sketch = QuantileSketch.fromBins([1442], [268_492_415], { ...SUMMARY, count: 268_492_415 });
    expect([sketch.count, sketch.keys, sketch.counts]).toEqual([268_492_415, [1442], [268_492_415]]);
  });

  test('has a count that its bins add up to, whatever the weights and the limit', () => {
    const weight = fc.oneof(
      fc.nat(70_000),
      fc.double({ min: 0, max: 100, noNaN: true }),
      fc.constantFrom(COUNT_MAX_16 * 4096, 268_491_360, COUNT_MAX_32, COUNT_MAX_32 * 4000),
      fc.constantFrom(COUNT_MAX_16, COUNT_MAX_32).chain((max) => fc.integer({ min: max - 1, max: max + 1 })),
    );
    const bins = fc.uniqueArray(fc.tuple(fc.integer({ min: -99, max: 99 }), weight), {
      minLength: 1,
      maxLength: 12,
      selector: ([key]) => key,
    });
    const limits = fc.record({
      binLimit: fc.constantFrom(1, 2, 3, 8, 4096),
      countMax: fc.constantFrom(COUNT_MAX_16, COUNT_MAX_32),
    });
    fc.assert(
      fc.property(bins, limits, (all, limits) => {
        const sorted = [...all].sort(([a], [b]) => a - b);
        const total = sorted.reduce((sum, [, weight]) => sum + weight, 0);
        const keys = sorted.map(([key]) => key);
        const weights = sorted.map(([, weight]) => weight);
        const sketch = QuantileSketch.fromBins(keys, weights, { ...SUMMARY, count: total }, limits);
        expect(sketch.count).toBe(Math.round(total));
        expect(sketch.counts.reduce((sum, n) => sum + n, 0)).toBe(sketch.count);
        expect(Math.max(...sketch.counts)).toBeLessThanOrEqual(COUNT_MAX_32);
        expect(sketch.counts.every(Number.isInteger)).toBe(true);
        expect([...sketch.keys].sort((a, b) => a - b)).toEqual(sketch.keys);
        expect(sketch.keys.every((key) => keys.includes(key))).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test('keeps the largest count there may be within the limit of the Agent, on one key or on many', () => {
    for (const many of [1, 2, 4095, 4096, 4097, 9000]) {
      const keys = Array.from({ length: many }, (_, i) => i);
      const share = Math.floor(OBSERVATIONS_MAX / many);
      const weights = keys.map((key) => (key === 0 ? OBSERVATIONS_MAX - share * (many - 1) : share));
      const sketch = QuantileSketch.fromBins(keys, weights, { ...SUMMARY, count: OBSERVATIONS_MAX });
      expect(sketch.count).toBe(OBSERVATIONS_MAX);
      expect(sketch.keys.length).toBeLessThanOrEqual(4096);
    }
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

test('a quantile of values too large for a bin of their own is the largest of them', () => {
  const sketch = sketchOf([-1e300, 1e300, 1e300]);
  expect([0.1, 0.5, 0.9].map((q) => sketch.quantile(q))).toEqual([-1e300, 1e300, 1e300]);
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
