import { describe, expect, test } from 'vitest';
import { agentPercents, exactPercents } from '../../lib/text/percents.ts';
import { HistogramSeries, histogramSeriesOf, possibleSuffixes } from './histogram-series.ts';
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
    const series = new HistogramSeries(['count', 'sum'], [50]).of(oneToFour, 10);
    expect(series.map(({ type }) => type)).toEqual(['rate', 'gauge', 'gauge']);
  });
});

describe('histogram_percentiles', () => {
  const names = (percentiles: string[], want: string[]) =>
    test(`${JSON.stringify(percentiles)} make ${want}`, () => {
      const series = new HistogramSeries([], agentPercents(percentiles)).of(oneToFour, 10);
      expect(series.map(({ suffix }) => suffix)).toEqual(want.map((percent) => `.${percent}percentile`));
    });
  names(['0.95'], ['95']);
  names(['0.95', '0.05', '0.2'], ['5', '20', '95']);
  // 0.999 and 1 are one percentage, and make one series.
  names(['0.29', '0.999', '0', '1'], ['0', '29', '100']);
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

describe('percentiles of a rule', () => {
  const names = (quantiles: number[], want: string[]) =>
    test(`${quantiles} make ${want}`, () =>
      expect(new HistogramSeries([], exactPercents(quantiles)).suffixes).toEqual(
        want.map((percent) => `.${percent}percentile`),
      ));
  names([0.95, 0.5], ['50', '95']);
  names([0.999, 0.9999, 1, 0.99], ['99', '99_9', '99_99', '100']);
  names([0.29, 0.57, 0.07, 0.145], ['7', '14_5', '29', '57']);
  names([0, 0.00000001, 0.5, 0.5], ['0', '0_000001', '50']);

  test('measure the value at the fraction, not at a whole percentage', () => {
    const values = Array.from({ length: 1000 }, (_, i) => i + 1);
    const histogram = makeHistogram(
      values,
      values.map(() => 1),
    );
    const series = new HistogramSeries([], exactPercents([0.99, 0.995, 0.999, 1])).of(histogram, 10);
    expect(series.map(({ value }) => value)).toEqual([990, 995, 999, 1000]);
  });
});

describe('a rule', () => {
  const defaults = { aggregates: ['max', 'avg'], percentiles: ['0.95'] };
  test('replaces what it names and leaves the rest', () => {
    expect(histogramSeriesOf(defaults, { percentiles: [0.999] }).suffixes).toEqual([
      '.max',
      '.avg',
      '.99_9percentile',
    ]);
    expect(histogramSeriesOf(defaults, { aggregates: [] }).suffixes).toEqual(['.95percentile']);
    expect(histogramSeriesOf(defaults, { aggregates: [], percentiles: [] }).suffixes).toEqual([]);
  });

  test('adds to the suffixes there may be', () => {
    const suffixes = possibleSuffixes(defaults, [{ percentiles: [0.999] }, { aggregates: ['sum'] }]);
    expect(suffixes.sort()).toEqual(['.95percentile', '.99_9percentile', '.avg', '.max', '.sum']);
  });
});

function seriesOf(histogram: ExactHistogram, aggregates: string[], percentiles: string[]) {
  const series = new HistogramSeries(aggregates, agentPercents(percentiles)).of(histogram, 10);
  return Object.fromEntries(series.map(({ suffix, value }) => [suffix, value]));
}

function makeHistogram(values: number[], weights: number[]): ExactHistogram {
  const count = weights.reduce((a, b) => a + b, 0);
  const sum = values.reduce((total, value, i) => total + value * (weights[i] as number), 0);
  const summary = { count, sum, min: 0, max: 0, avg: 0 };
  return new ExactHistogram(Float64Array.from(values), Float64Array.from(weights), summary);
}
