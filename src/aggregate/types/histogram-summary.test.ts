import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AGENT_LIMITS } from '../sketch/sketch-bins.ts';
import { valueOfKey } from '../sketch/sketch-keys.ts';
import { binsOf, ExactHistogram, type Histogram, SketchedHistogram } from './histogram-summary.ts';

type Weighted = readonly [value: number, weight: number];

describe('an exact histogram', () => {
  const twenty = exact(Array.from({ length: 20 }, (_, i) => [i + 1, 1]));
  const percentile = (histogram: Histogram, percent: number, want: number | undefined) =>
    test(`p${percent} of ${histogram.count} values is ${want}`, () => {
      expect(histogram.percentile(percent)).toBe(want);
      expect(histogram.quantile(percent / 100)).toBe(want);
    });
  percentile(twenty, 0, 1);
  percentile(twenty, 50, 10);
  percentile(twenty, 90, 18);
  percentile(twenty, 95, 19);
  percentile(twenty, 96, 20);
  percentile(twenty, 99, 20);
  percentile(twenty, 100, 20);
  const weighted = exact([
    [1, 1],
    [2, 2],
    [3, 5],
    [10, 2],
  ]);
  percentile(weighted, 20, 2);
  percentile(weighted, 80, 3);
  percentile(weighted, 95, 10);
  percentile(exact([[4, 0]]), 95, undefined);

  const median = (weighted: Weighted[], want: number) =>
    test(`the median of ${JSON.stringify(weighted)} is ${want}`, () =>
      expect(exact(weighted).median()).toBe(want));
  median([[7, 1]], 7);
  median(
    [
      [1, 1],
      [2, 1],
      [3, 1],
      [4, 1],
    ],
    2,
  );
  median(
    [
      [1, 1],
      [5, 1],
      [9, 1],
    ],
    5,
  );
  median(
    [
      [1, 1],
      [2, 2],
      [4, 1],
      [5, 1],
      [10, 1],
    ],
    2,
  );
  median([[4, 0]], 0);

  test('takes a fraction of a percent, and whole percents exactly', () => {
    const thousand = exact(Array.from({ length: 1000 }, (_, i) => [i + 1, 1]));
    expect(thousand.quantile(0.999)).toBe(999);
    // 0.29 * 100 is a little less than 29, and 29 * 69 - 1 is exactly 2000.
    const sixtyNine = exact(Array.from({ length: 69 }, (_, i) => [i + 1, 1]));
    expect(sixtyNine.quantile(0.29)).toBe(21);
  });

  test('visits its values with their weights', () => {
    expect(visited(weighted)).toEqual([
      [1, 1],
      [2, 2],
      [3, 5],
      [10, 2],
    ]);
  });

  test('keeps its own copy of the values', () => {
    const values = Float64Array.of(1, 2);
    const summary = { count: 2, sum: 3, min: 1, max: 2, avg: 1.5 };
    const histogram = new ExactHistogram(values, Float64Array.of(1, 1), summary);
    values.fill(9);
    expect(visited(histogram)).toEqual([
      [1, 1],
      [2, 1],
    ]);
  });
});

describe('a sketched histogram', () => {
  test('answers within a bin of the exact one, and inside its range', () => {
    const value = fc.double({ min: -1e6, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(fc.uniqueArray(value, { minLength: 1, maxLength: 100 }), fc.nat(100), (values, percent) => {
        const weighted = values.map((v): Weighted => [v, 1]).sort(([a], [b]) => a - b);
        const got = sketched(weighted).percentile(percent) as number;
        const index = Math.trunc((percent * values.length - 1) / 100);
        const near = [index - 1, index, index + 1].map((i) => weighted[i]?.[0] ?? Number.NaN);
        const isNear = near.some((v) => Math.abs(got - v) <= 0.024 * Math.abs(v) + 1e-8);
        expect(isNear, `${got} is near none of ${near}`).toBe(true);
        expect(got).toBeGreaterThanOrEqual((weighted[0] as Weighted)[0]);
        expect(got).toBeLessThanOrEqual((weighted[weighted.length - 1] as Weighted)[0]);
      }),
    );
  });

  test('visits each bin once, inside the range of the values', () => {
    expect(
      visited(
        sketched([
          [7, 70_000],
          [1000, 1],
        ]),
      ),
    ).toEqual([
      [valueOfKey(1464), 70_000],
      [1000, 1],
    ]);
  });

  test('says nothing of quantiles when no value has weight', () => {
    const histogram = sketched([[4, 0]]);
    expect(histogram.quantile(0.5)).toBeUndefined();
    expect(histogram.median()).toBe(0);
    expect(visited(histogram)).toEqual([]);
  });
});

test('binsOf adds the bins of the shards to those of the values', () => {
  const bins = { keys: Float64Array.of(1338, 1383), weights: Float64Array.of(5, 7) };
  expect(binsOf(Float64Array.of(-1, 1), Float64Array.of(2, 3), bins)).toEqual([
    [-1338, 1338, 1383],
    [2, 8, 7],
  ]);
});

function exact(weighted: readonly Weighted[]): ExactHistogram {
  return new ExactHistogram(...columnsOf(weighted), summaryOf(weighted));
}

function sketched(weighted: readonly Weighted[]): SketchedHistogram {
  const bins = binsOf(...columnsOf(weighted), { keys: new Float64Array(0), weights: new Float64Array(0) });
  return new SketchedHistogram(...bins, summaryOf(weighted), AGENT_LIMITS);
}

function columnsOf(weighted: readonly Weighted[]): [values: Float64Array, weights: Float64Array] {
  return [
    Float64Array.from(weighted, ([value]) => value),
    Float64Array.from(weighted, ([, weight]) => weight),
  ];
}

function summaryOf(weighted: readonly Weighted[]) {
  const values = weighted.map(([value]) => value);
  const count = weighted.reduce((total, [, weight]) => total + weight, 0);
  const sum = weighted.reduce((total, [value, weight]) => total + value * weight, 0);
  return { count, sum, min: Math.min(...values), max: Math.max(...values), avg: sum / count };
}

function visited(histogram: Histogram): Weighted[] {
  const all: Weighted[] = [];
  histogram.forEachValue((value, weight) => all.push([value, weight]));
  return all;
}
