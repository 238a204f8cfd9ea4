import { expect, test } from 'vitest';
import { FakeBucket, type FakeSample } from '../../../test/support/fakes/fake-bucket.ts';
import { finish } from '../../lib/time/steps.ts';
import { NumberBatch } from '../../model/number-batch.ts';
import { AGENT_LIMITS } from '../sketch/sketch-bins.ts';
import { HistogramCells } from './histogram.ts';
import { HistogramSeries } from './histogram-series.ts';
import { ExactHistogram } from './histogram-summary.ts';

const SERIES = new HistogramSeries(['max', 'min', 'median', 'avg', 'sum', 'count'], [95]);

type Sample = Pick<FakeSample, 'value' | 'rate'>;

function outcomeOf(parts: Sample[][], options: { valuesMax?: number; shardValuesMax?: number } = {}) {
  const { valuesMax = 100, shardValuesMax = 100 } = options;
  const cells = new HistogramCells({
    intervalSeconds: 10,
    seriesOf: () => SERIES,
    valuesMax,
    sketchLimits: AGENT_LIMITS,
  });
  for (const samples of parts) {
    const part = new FakeBucket(1000, { valuesMax: shardValuesMax });
    for (const sample of samples) part.add({ slot: 0, type: 'histogram', at: 1001, ...sample });
    cells.merge(4, part, 0);
    const batch = new NumberBatch();
    part.readNumbers(0, batch);
    cells.mergeNumbers(4, batch);
  }
  finish(cells.close());
  const outcome = cells.outcomeAt(0);
  if (outcome?.data.kind !== 'histogram') throw new Error('no histogram came out');
  const series = Object.fromEntries(outcome.series.map(({ suffix, value }) => [suffix, value]));
  return { histogram: outcome.data.histogram, series };
}

test('values of several parts make one exact histogram', () => {
  const { histogram, series } = outcomeOf([
    [
      { value: 10, rate: 0.5 },
      { value: 3, rate: 0.2 },
    ],
    [{ value: 1 }],
    [{ value: 2, rate: 0.5 }],
  ]);
  expect(histogram).toMatchObject({ exact: true, count: 10, sum: 40, min: 1, max: 10 });
  expect(series).toEqual({
    '.max': 10,
    '.min': 1,
    '.median': 3,
    '.avg': 4,
    '.sum': 40,
    '.count': 1,
    '.95percentile': 10,
  });
});

test('fractions, zero and negative values keep their bits', () => {
  const values = [-1.5, -0, 0.1, 1e-300];
  const { histogram } = outcomeOf([values.map((value) => ({ value }))]);
  const visited: number[] = [];
  histogram.forEachValue((value) => visited.push(value));
  expect(visited).toEqual([-1.5, 0, 1e-300, 0.1]);
});

test('a weight is truncated in the count and whole in the sum', () => {
  const { histogram } = outcomeOf([[{ value: 6, rate: 0.6 }]]);
  expect(histogram).toMatchObject({ count: 1, sum: 10 });
});

test('a rate above 1, or of no positive number, counts as 1', () => {
  for (const rate of [2, 0, -1, Number.NaN, Number.POSITIVE_INFINITY])
    expect(outcomeOf([[{ value: 4, rate }]]).histogram).toMatchObject({
      exact: true,
      count: 1,
      sum: 4,
      min: 4,
      max: 4,
    });
});

test('values without weight have no average, which would be no number, and no quantile', () => {
  const histogram = new ExactHistogram(Float64Array.of(4), Float64Array.of(0), {
    count: 0,
    sum: 2,
    min: 4,
    max: 4,
    avg: 0,
  });
  expect(SERIES.of(histogram, 10).map(({ suffix, value }) => `${suffix} ${value}`)).toEqual([
    '.max 4',
    '.min 4',
    '.median 0',
    '.sum 2',
    '.count 0',
  ]);
});

test('a histogram with more values than allowed becomes a sketch', () => {
  const { histogram } = outcomeOf(
    [
      [{ value: 1 }, { value: 2 }],
      [{ value: 3 }, { value: 2 }],
    ],
    { valuesMax: 2 },
  );
  expect(histogram).toMatchObject({ exact: false, count: 4, sum: 8, min: 1, max: 3 });
  expect(histogram.quantile(1)).toBe(3);
  expect(outcomeOf([[{ value: 1 }], [{ value: 1 }, { value: 2 }]], { valuesMax: 2 }).histogram.exact).toBe(
    true,
  );
});

test('one part over its budget makes the histogram a sketch', () => {
  const parts = [[{ value: 100 }, { value: 200 }, { value: 300 }], [{ value: 5 }]];
  const { histogram, series } = outcomeOf(parts, { shardValuesMax: 2 });
  expect(histogram).toMatchObject({ exact: false, count: 4, sum: 605, min: 5, max: 300 });
  expect(series['.avg']).toBe(605 / 4);
  expect(series['.max']).toBe(300);
});

test('a histogram whose values found no room in the shard says nothing', () => {
  const cells = new HistogramCells({
    intervalSeconds: 10,
    seriesOf: () => new HistogramSeries([], []),
    valuesMax: 1,
    sketchLimits: AGENT_LIMITS,
  });
  const part = new FakeBucket(1000);
  part.add({ slot: 0, type: 'counter', value: 0, at: 1001 });
  cells.merge(4, part, 0);
  finish(cells.close());
  expect(cells.outcomeAt(0)).toBeUndefined();
});
