import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Context, ContextType } from '../model/context.ts';
import { type HeldSeries, SeriesHistory } from './series-history.ts';

const MIB = 1024 * 1024;

function contextOf(id: number, type: ContextType = 'counter', name = `m${id}`): Context {
  return { id, name, type, host: '', tags: [] };
}

function pointsOf(history: SeriesHistory, series: HeldSeries): [number, ...number[]][] {
  const points: [number, ...number[]][] = [];
  history.visit(series, (at, values) => points.push([at, ...values]));
  return points;
}

function only(history: SeriesHistory, name: string): HeldSeries {
  const [series] = [...history.of(name)];
  if (series === undefined) throw new Error(`no series ${name}`);
  return series;
}

describe('SeriesHistory', () => {
  test('any values of a counter come back in order, gaps included', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(fc.integer({ min: 1, max: 40 }), fc.oneof(fc.double({ noNaN: true }), fc.integer())),
          {
            minLength: 1,
            maxLength: 120,
          },
        ),
        (steps) => {
          const history = new SeriesHistory(MIB);
          const context = contextOf(0);
          let at = 1000;
          const want = steps.map(([cells, value]) => {
            at += cells * 10;
            history.add(context, at, 10, 1, [value]);
            return [at, value];
          });
          expect(pointsOf(history, only(history, 'm0'))).toEqual(want);
        },
      ),
    );
  });

  test('percentiles come back within 0.2 %, the count exactly', () => {
    const history = new SeriesHistory(MIB);
    history.add(contextOf(0, 'distribution'), 1000, 10, 7, [7, 1.5, 80, 900.25, 1e9]);
    const [[at, count, ...rest]] = pointsOf(history, only(history, 'm0')) as [[number, ...number[]]];
    expect([at, count]).toEqual([1000, 7]);
    for (const [i, value] of [1.5, 80, 900.25, 1e9].entries())
      expect(Math.abs((rest[i] as number) - value) / value).toBeLessThan(0.0021);
  });

  test('what is older than an hour goes, and a series that ended with it', () => {
    const history = new SeriesHistory(MIB);
    for (let i = 0; i < 1000; i++) history.add(contextOf(0), 1000 + i * 10, 10, 1, [i * 7]);
    history.settle(1000 + 9990);
    const points = pointsOf(history, only(history, 'm0'));
    expect(points.at(-1)).toEqual([10_990, 6993]);
    expect((points[0] as number[])[0]).toBeLessThanOrEqual(10_990 - 3600);
    // Whole pages go, so a little more than an hour may be left.
    expect((points[0] as number[])[0]).toBeGreaterThan(10_990 - 3600 - 1000);
    history.settle(100_000);
    expect([...history.of(undefined)]).toEqual([]);
    expect(history.memoryBytes).toBe(0);
  });

  test('the memory never exceeds its limit, and the busiest series stay', () => {
    const history = new SeriesHistory(64 * 1024);
    const contexts = Array.from({ length: 2000 }, (_, id) => contextOf(id));
    let most = 0;
    for (let cell = 0; cell < 60; cell++) {
      for (const context of contexts) {
        history.add(context, 1000 + cell * 10, 10, context.id + 1, [cell * context.id]);
        most = Math.max(most, history.memoryBytes);
      }
      history.settle(1000 + cell * 10);
    }
    expect(most).toBeLessThanOrEqual(64 * 1024);
    const held = [...history.of(undefined)].map(({ context }) => context.id).sort((a, b) => b - a);
    expect(held.length).toBeGreaterThan(50);
    // Nearly all of the held are the busiest there are.
    expect(held.filter((id) => id >= 2000 - 2 * held.length).length / held.length).toBeGreaterThan(0.9);
    // Who is a fifth busier than those that were given up is taken up.
    expect(held[0]).toBeGreaterThan(1999 / 1.2);
    expect(history.counts.held + history.counts.refused).toBeGreaterThanOrEqual(2000);
  });

  test('of equally busy series some keep the whole hour, instead of all of them a part', () => {
    const history = new SeriesHistory(256 * 1024);
    const contexts = Array.from({ length: 2000 }, (_, id) => contextOf(id));
    for (let cell = 0; cell < 200; cell++) {
      for (const context of contexts) history.add(context, 1000 + cell * 10, 10, 5, [cell * 1000]);
      history.settle(1000 + cell * 10);
    }
    const held = [...history.of(undefined)];
    expect(held.length).toBeGreaterThan(100);
    const ends = held.map((series) => pointsOf(history, series).at(-1)?.[0]);
    expect(ends.filter((end) => end === 1000 + 1990).length / held.length).toBeGreaterThan(0.95);
    expect(pointsOf(history, held[0] as HeldSeries)).toHaveLength(200);
  });

  test('a context that is forgotten keeps its history, and its id may name another', () => {
    const history = new SeriesHistory(MIB);
    history.add(contextOf(0), 1000, 10, 1, [5]);
    history.forget([0]);
    history.add(contextOf(0, 'gauge', 'other'), 1010, 10, 1, [6]);
    expect(pointsOf(history, only(history, 'm0'))).toEqual([[1000, 5]]);
    expect(pointsOf(history, only(history, 'other'))).toEqual([[1010, 6]]);
  });

  test('a series that was shown and then given up shows no points of the one that has its place', () => {
    const history = new SeriesHistory(MIB);
    history.add(contextOf(0), 1000, 10, 1, [5]);
    const shown = only(history, 'm0');
    history.settle(100_000);
    history.add(contextOf(1), 100_000, 10, 1, [6]);
    expect(pointsOf(history, shown)).toEqual([]);
    expect(history.lastOf(shown)).toBeUndefined();
    expect(pointsOf(history, only(history, 'm1'))).toEqual([[100_000, 6]]);
  });

  test('a series shows its context, and names that begin alike are kept apart', () => {
    const history = new SeriesHistory(MIB);
    const context = { ...contextOf(0, 'gauge', 'a'), host: 'web-1', tags: ['env:prod', 'x'] };
    history.add(context, 1000, 10, 1, [5]);
    history.add(contextOf(1, 'gauge', 'a.b'), 1000, 10, 1, [6]);
    expect(only(history, 'a').context).toEqual(context);
    expect([...history.of('a')]).toHaveLength(1);
    expect(history.ofId(1)?.context.name).toBe('a.b');
  });

  test('a series that comes again after an hour, when the memory is full, goes on', () => {
    const history = new SeriesHistory(1024);
    for (let cell = 0; cell < 1000; cell++)
      history.add(contextOf(0), 1000 + cell * 10, 10, 1, [cell * 1e6 + 0.1]);
    history.add(contextOf(0), 50_000, 10, 1, [7]);
    expect(pointsOf(history, only(history, 'm0')).at(-1)).toEqual([50_000, 7]);
    expect(history.memoryBytes).toBeLessThanOrEqual(1024);
  });

  test('an hour of a steady counter takes less than one and a half kilobytes', () => {
    const history = new SeriesHistory(MIB);
    for (let i = 0; i < 360; i++) history.add(contextOf(0), 1000 + i * 10, 10, 1, [1000 + ((i * 37) % 50)]);
    expect(history.memoryBytes).toBeLessThan(1450);
  });
});
