import { describe, expect, it } from 'vitest';
import type { SeriesAnswer, SeriesRow } from '../../../src/model/live/series-views.ts';
import { joinFine, nameOf, seriesPlot } from './series-plot.ts';

const row = (columns: SeriesRow['columns'], tags: string[] = [], rate = 1): SeriesRow => ({
  tags,
  host: '',
  type: 'counter',
  contexts: 1,
  rate,
  columns,
  estimated: false,
});

function answer(own: Partial<SeriesAnswer>): SeriesAnswer {
  return {
    metric: 'm',
    types: ['counter'],
    type: 'counter',
    from: 100,
    step: 10,
    cells: 3,
    fineSince: null,
    total: row({ sum: [10, 20, null] }),
    rows: [],
    rest: null,
    heat: null,
    held: { series: 1, of: 1, memoryBytes: 0, memoryBytesMax: 0, leftOut: '' },
    ...own,
  };
}

const OPTIONS = { height: 100, isLog: true, isHeat: true, by: undefined, marks: [], from: 0, to: 1 };

describe('a plot of a counter', () => {
  it('is a rate: the sum of a cell over its width, and a gap stays a gap', () => {
    const plot = seriesPlot(answer({}), [100, 110, 120], OPTIONS);
    expect(plot.lines.map(({ values }) => values)).toEqual([[1, 2, null]]);
    expect([plot.isStacked, plot.fromZero]).toEqual([true, true]);
  });

  it('has five series, and the rest in grey', () => {
    const rows = Array.from({ length: 5 }, (_, at) => row({ sum: [10] }, [`n:${at}`]));
    const plot = seriesPlot(answer({ cells: 1, rows, rest: row({ sum: [70] }) }), [100], OPTIONS);
    expect(plot.lines.map(({ label, colour }) => [label, colour])).toEqual([
      ['n:0', 's1'],
      ['n:1', 's2'],
      ['n:2', 's3'],
      ['n:3', 's4'],
      ['n:4', 's5'],
      ['the rest', 's5'],
    ]);
    expect(plot.extra?.[0]?.values).toEqual([12]);
  });
});

describe('a plot of a distribution', () => {
  it('is linear where a value is not above zero', () => {
    const total = row({ p50: [0], p95: [1], p99: [2], count: [3] });
    const of = (columns: SeriesRow) =>
      seriesPlot(answer({ type: 'distribution', cells: 1, total: columns }), [100], OPTIONS);
    expect(of(total).isLog).toBe(false);
    expect(of(row({ p50: [1], p95: [1], p99: [2], count: [3] })).isLog).toBe(true);
  });
});

describe('cells of one second', () => {
  const fine = answer({
    from: 108,
    step: 1,
    cells: 15,
    fineSince: 108,
    total: row({ sum: Array.from({ length: 15 }, (_, at) => at) }),
  });

  it('follow the buckets, from the first one that they cover whole', () => {
    const { answer: joined, times } = joinFine(answer({}), fine);
    expect(times).toEqual([100, 110, 111, 112, 113, 114, 115, 116, 117, 118, 119, 120, 121, 122]);
    expect(joined.total.columns.sum).toEqual([10, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14]);
  });

  it('are left where nobody looked before', () => {
    expect(joinFine(answer({}), { ...fine, fineSince: null }).times).toEqual([100, 110, 120]);
    expect(joinFine(answer({}), undefined).times).toEqual([100, 110, 120]);
  });
});

it('a series is called by its value of the key, or by its tags', () => {
  const one = row({}, ['env:prod', 'path:/a']);
  expect([
    nameOf(one, 'path'),
    nameOf(one, 'team'),
    nameOf(one, undefined),
    nameOf(row({}), undefined),
  ]).toEqual(['/a', 'without team', 'env:prod path:/a', 'no tags']);
});
