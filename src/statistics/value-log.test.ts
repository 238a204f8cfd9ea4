import { beforeEach, describe, expect, test } from 'vitest';
import { aggregate, Contexts, histogramOf, sketchOf } from '../../test/support/decode/aggregates.ts';
import { finish } from '../lib/time/steps.ts';
import type { Context, ContextType } from '../model/context.ts';
import type { Aggregate, AggregateData } from '../model/series.ts';
import { MetricTable } from './metric-table.ts';
import { seriesFromHistory } from './series-answer.ts';
import { TagTable } from './tag-table.ts';
import { ValueLog } from './value-log.ts';

const START = 1_700_000_000;
const known: Context[] = [];
let contexts: Contexts;
let table: MetricTable;
let log: ValueLog;

beforeEach(() => {
  known.length = 0;
  contexts = new Contexts();
  const contextOf = (id: number): Context => known.find((one) => one.id === id) as Context;
  table = new MetricTable(
    {
      context: contextOf,
      nameOf: (id) => contextOf(id).name,
      typeOf: (id) => contextOf(id).type,
      isOverflow: () => false,
    },
    new TagTable([1, 2]),
  );
  log = new ValueLog(table, 1024 * 1024);
});

function make(name: string, type: ContextType, tags: string[] = []): Context {
  const context = contexts.create(name, type, tags);
  known.push(context);
  return context;
}

/** One flush of a bucket of 10 seconds. */
function flush(cell: number, values: readonly (readonly [Context, AggregateData])[]): void {
  const at = START + cell * 10;
  for (const [context] of values) table.add(context.id, 10, at, at + 10, at + 9);
  const batch: Aggregate[] = values.map(([context, data]) => ({
    ...aggregate(context, data),
    timestamp: at,
    interval: 10,
  }));
  expect([...log.watch([batch])]).toEqual([batch]);
  log.settle(at + 10);
}

function answerOf(metric: string, by?: string) {
  const query = { metric, range: 60, by, type: undefined, limit: 5, now: START + 60 };
  return finish(seriesFromHistory(log, query, 0));
}

describe('ValueLog', () => {
  test('series of a metric over time, busiest first, and their sum', () => {
    const a = make('views', 'counter', ['path:/a', 'env:x']);
    const b = make('views', 'counter', ['path:/b', 'env:x']);
    for (let cell = 0; cell < 6; cell++)
      flush(cell, [
        [a, { kind: 'counter', sum: 10 + cell }],
        [b, { kind: 'counter', sum: 100 }],
      ]);
    const answer = answerOf('views');
    expect(answer).toMatchObject({ type: 'counter', from: START, step: 10, cells: 6, heat: null });
    expect(answer?.total.columns.sum).toEqual([110, 111, 112, 113, 114, 115]);
    expect(answer?.rows.map(({ tags }) => tags[0]).sort()).toEqual(['path:/a', 'path:/b']);
    expect(answer?.held).toMatchObject({ series: 2, leftOut: '' });
    expect(table.get('views')?.last).toMatchObject({ type: 'counter', value: 115, at: START + 50 });
  });

  test('by a tag key: one row for each value of it', () => {
    const all = ['/a', '/b'].flatMap((path) =>
      ['x', 'y'].map((env) => make('views', 'counter', [`path:${path}`, `env:${env}`])),
    );
    flush(
      5,
      all.map((context) => [context, { kind: 'counter', sum: 5 }] as const),
    );
    const answer = answerOf('views', 'path');
    expect(
      answer?.rows.map(({ tags, contexts: count, columns }) => [tags, count, columns.sum?.at(-1)]),
    ).toEqual([
      [['path:/a'], 2, 10],
      [['path:/b'], 2, 10],
    ]);
  });

  test('what is beyond the limit of rows is in the rest', () => {
    const all = Array.from({ length: 8 }, (_, i) => make('views', 'counter', [`id:${i}`]));
    flush(
      5,
      all.map((context) => [context, { kind: 'counter', sum: 5 }] as const),
    );
    expect(answerOf('views')?.rest).toMatchObject({
      contexts: 3,
      columns: { sum: [null, null, null, null, null, 15] },
    });
  });

  test('percentiles over all series come from merged bins, with a heat map', () => {
    const a = make('time', 'distribution', ['h:a']);
    const b = make('time', 'distribution', ['h:b']);
    flush(5, [
      [a, { kind: 'distribution', sketch: sketchOf(Array.from({ length: 90 }, () => 10)) }],
      [b, { kind: 'distribution', sketch: sketchOf(Array.from({ length: 10 }, () => 1000)) }],
    ]);
    const answer = answerOf('time');
    const { p50, p95, count, max } = answer?.total.columns ?? {};
    expect(count?.at(-1)).toBe(100);
    expect(Math.abs((p50?.at(-1) ?? 0) - 10)).toBeLessThan(0.2);
    expect(Math.abs((p95?.at(-1) ?? 0) - 1000)).toBeLessThan(20);
    expect(Math.abs((max?.at(-1) ?? 0) - 1000)).toBeLessThan(3);
    expect(answer?.total.estimated).toBe(false);
    expect(answer?.heat?.cells.at(-1)?.reduce((sum, one) => sum + one, 0)).toBeGreaterThan(90);
    expect(table.get('time')?.last).toMatchObject({ type: 'distribution', count: 100, max: 1000 });
  });

  test('histograms, gauges and sets', () => {
    flush(5, [
      [make('h', 'histogram'), { kind: 'histogram', histogram: histogramOf([1, 2, 100]) }],
      [make('g', 'gauge'), { kind: 'gauge', value: 7.25 }],
      [make('s', 'set'), { kind: 'set', distinct: 9 }],
    ]);
    expect(answerOf('h')?.rows[0]?.columns.count?.at(-1)).toBe(3);
    expect(answerOf('g')?.total.columns).toMatchObject({ value: [null, null, null, null, null, 7.25] });
    expect(answerOf('s')?.total.columns.value?.at(-1)).toBe(9);
    expect(table.get('g')?.last?.value).toBe(7.25);
  });

  test('two types under one name: the one with more series, or the one that is asked for', () => {
    flush(5, [
      [make('m', 'counter', ['a:1']), { kind: 'counter', sum: 1 }],
      [make('m', 'gauge', ['a:1']), { kind: 'gauge', value: 2 }],
      [make('m', 'gauge', ['a:2']), { kind: 'gauge', value: 4 }],
    ]);
    expect(answerOf('m')).toMatchObject({ type: 'gauge', types: ['gauge', 'counter'] });
    expect(answerOf('m')?.total.columns).toMatchObject({ min: [null, null, null, null, null, 2] });
    const counter = finish(
      seriesFromHistory(
        log,
        { metric: 'm', range: 60, by: undefined, type: 'counter', limit: 5, now: START + 60 },
        0,
      ),
    );
    expect(counter?.total.columns.sum?.at(-1)).toBe(1);
  });

  test('a metric that is not held has no answer', () => {
    expect(answerOf('nothing')).toBeUndefined();
  });

  test('what the memory has no room for is told', () => {
    log = new ValueLog(table, 64 * 1024);
    const all = Array.from({ length: 2000 }, (_, i) => make('many', 'counter', [`id:${i}`]));
    for (let cell = 0; cell < 3; cell++)
      flush(
        cell,
        all.map((context, i) => [context, { kind: 'counter', sum: i }] as const),
      );
    expect(answerOf('many')?.held.leftOut).toMatch(/busiest of \d+ series .* raise history\.memory_bytes/);
  });
});
