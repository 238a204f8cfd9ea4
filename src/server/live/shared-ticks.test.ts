import { beforeEach, describe, expect, test } from 'vitest';
import type { StreamQuery } from '../../http/live-source.ts';
import { SharedTicks, type TickParts } from './shared-ticks.ts';

const QUERY: StreamQuery = {
  ...{ search: '', type: undefined, reverse: false, offset: 0, limit: 20, since: 10, sort: 'rate' },
  ...{ metric: 'views', seriesType: undefined, groupBy: undefined, rows: 5 },
};

let now: number;
let countedAt: number;
let made: string[];
let top: TickParts['top'];
let ticks: SharedTicks;

beforeEach(() => {
  now = 10_000;
  countedAt = 10_000;
  made = [];
  top = async ({ search }) => {
    made.push(`top ${search}`);
    return { of: search };
  };
  ticks = new SharedTicks({
    countedAt: () => countedAt,
    clock: () => now,
    parts: {
      common: () => {
        made.push('common');
        return { at: now };
      },
      top: (query) => top(query),
      series: async ({ metric }) => {
        made.push(`series ${metric}`);
        return metric === undefined ? null : { metric };
      },
    },
  });
});

describe('SharedTicks', () => {
  test('eight who ask the same at once are told one tick, made once', async () => {
    const told = await Promise.all(Array.from({ length: 8 }, () => ticks.get({ ...QUERY })));
    expect(new Set(told).size).toBe(1);
    expect(JSON.parse(told[0]?.json ?? '')).toEqual({
      ...{ at: 10_000, top: { of: '' }, series: { metric: 'views' } },
    });
    expect(made).toEqual(['series views', 'top ', 'common']);
  });

  test('who comes before the next second is told what everybody was told', async () => {
    const first = await ticks.get(QUERY);
    now += 600;
    expect(await ticks.get(QUERY)).toBe(first);
    now += 400;
    countedAt = now;
    expect(await ticks.get(QUERY)).not.toBe(first);
    expect(made).toHaveLength(6);
  });

  test('who asks for another metric or table shares the rest', async () => {
    const ticksMade = await Promise.all([
      ticks.get(QUERY),
      ticks.get({ ...QUERY, metric: undefined }),
      ticks.get({ ...QUERY, search: 'a' }),
    ]);
    expect(made.toSorted()).toEqual(['common', 'series undefined', 'series views', 'top ', 'top a']);
    expect(ticksMade.map(({ json }) => JSON.parse(json))).toEqual([
      { at: 10_000, top: { of: '' }, series: { metric: 'views' } },
      { at: 10_000, top: { of: '' }, series: null },
      { at: 10_000, top: { of: 'a' }, series: { metric: 'views' } },
    ]);
  });

  test('pollers without a reader of the stream are told a new one each second', async () => {
    const first = await ticks.get(QUERY);
    now += 1000;
    expect(await ticks.get(QUERY)).not.toBe(first);
  });

  test('what takes longer than a second is not begun twice', async () => {
    let finish: (value: object) => void = () => undefined;
    top = () => {
      made.push('slow top');
      return new Promise((resolve) => {
        finish = resolve;
      });
    };
    const first = ticks.get(QUERY);
    await Promise.resolve();
    now += 3000;
    countedAt = now;
    const second = ticks.get(QUERY);
    while (!made.includes('slow top')) await Promise.resolve();
    finish({ of: 'all' });
    expect(await second).toBe(await first);
    expect(made.filter((part) => part === 'slow top')).toHaveLength(1);
  });

  test('a tick that fails is made again for the next who asks', async () => {
    const good = top;
    top = () => Promise.reject(new Error('a bug'));
    await expect(ticks.get(QUERY)).rejects.toThrow('a bug');
    top = good;
    expect(JSON.parse((await ticks.get(QUERY)).json).top).toEqual({ of: '' });
  });

  test('of very many different questions in one second not all are kept, and all are answered', async () => {
    const asked = Array.from({ length: 300 }, (_, i) => ({ ...QUERY, search: String(i) }));
    const told = await Promise.all(asked.map((query) => ticks.get(query)));
    expect(told.map(({ json }) => JSON.parse(json).top.of)).toEqual(asked.map(({ search }) => search));
    const { size } = (ticks as unknown as { pieces: ReadonlyMap<string, unknown> }).pieces;
    expect(size).toBeLessThanOrEqual(128);
  });
});
