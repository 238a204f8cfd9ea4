import { describe, expect, test } from 'vitest';
import { HistogramSeries } from './histogram-series.ts';
import { ExactHistogram } from './histogram-summary.ts';

const oneToFour = makeHistogram([1, 2, 3, 4], [1, 1, 1, 1]);

describe('histogram_aggregates', () => {
  const makes = (aggregates: string[], want: Record<string, number>) =>
    test(`${aggregates} make ${Object.keys(want)}`, () =>
      expect(seriesOf(oneToFour, aggregates, [])).toEqual(want));
  makes(['max', 'median', 'avg', 'count'], { '.max': 4, '.median': 2, '.avg': 2.5, '.count': 0.4 });
  makes(['min', 'bogus', 'sum', ''], { '.min': 1, '.sum': 10 });
  makes([], {});

  test('the count is a rate, everything else a gauge', () => {
    const series = new HistogramSeries(['count', 'sum'], ['0.5']).of(oneToFour, 10);
    expect(series.map(({ type }) => type)).toEqual(['rate', 'gauge', 'gauge']);
  });
});

describe('histogram_percentiles', () => {
  const names = (percentiles: string[], want: string[]) =>
    test(`${JSON.stringify(percentiles)} make ${want}`, () => {
      const series = new HistogramSeries([], percentiles).of(oneToFour, 10);
      expect(series.map(({ suffix }) => suffix)).toEqual(want.map((percent) => `.${percent}percentile`));
    });
  names(['0.95'], ['95']);
  names(['0.95', '0.05', '0.2'], ['5', '20', '95']);
  names(['0.29', '0.999', '0', '1'], ['0', '29', '100', '100']);
  names(['abc', '', '200', '-0.5', '1.01', '0x1', 'NaN', ' '], []);
  names(['5e-1', '+.25', '1.'], ['25', '50', '100']);

  test('a percentile that is never reached is left out', () => {
    const weightless = makeHistogram([4], [0]);
    expect(seriesOf(weightless, ['median', 'count', 'max'], ['0.95'])).toEqual({
      '.median': 0,
      '.count': 0,
      '.max': 4,
    });
  });
});

function seriesOf(histogram: ExactHistogram, aggregates: string[], percentiles: string[]) {
  const series = new HistogramSeries(aggregates, percentiles).of(histogram, 10);
  return Object.fromEntries(series.map(({ suffix, value }) => [suffix, value]));
}

function makeHistogram(values: number[], weights: number[]): ExactHistogram {
  const count = weights.reduce((a, b) => a + b, 0);
  const sum = values.reduce((total, value, i) => total + value * (weights[i] as number), 0);
  const summary = { count, sum, min: 0, max: 0, avg: 0 };
  return new ExactHistogram(Float64Array.from(values), Float64Array.from(weights), summary);
}
