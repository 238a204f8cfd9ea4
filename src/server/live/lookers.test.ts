import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { FineSeries } from '../../statistics/fine-series.ts';
import type { LiveStatistics } from './live-statistics.ts';
import { Lookers, VIEWERS_MAX } from './lookers.ts';

let sealed: number;
let covered: number[];
let statistics: { fine: readonly FineSeries[]; coverParts(at: number): void };
let lookers: Lookers;

beforeEach(() => {
  vi.useFakeTimers({ now: 1_700_000_000_000 });
  sealed = 0;
  covered = [];
  statistics = { fine: [], coverParts: (at) => covered.push(at) };
  lookers = new Lookers({
    statistics: statistics as unknown as LiveStatistics,
    threads: [
      {
        sealPart: async () => {
          sealed++;
        },
      },
    ],
    inbox: { run: async (job) => job().next().value as never },
    clock: () => Date.now() / 1000,
  });
});

afterEach(() => {
  lookers.stop();
  vi.useRealTimers();
});

describe('Lookers', () => {
  test('nothing is sealed while nobody looks on', async () => {
    await vi.advanceTimersByTimeAsync(5000);
    expect(sealed).toBe(0);
  });

  test('parts are sealed right after each second, and then everyone is told', async () => {
    const told: number[] = [];
    const stop = lookers.add(() => told.push(sealed));
    await vi.advanceTimersByTimeAsync(3100);
    expect(sealed).toBe(3);
    expect(told).toEqual([1, 2, 3]);
    expect(covered.map((at) => Math.round((at % 1) * 1000))).toEqual([10, 10, 10]);
    stop?.();
    await vi.advanceTimersByTimeAsync(5000);
    expect(sealed).toBe(3);
  });

  test('there is a limit on who looks on', () => {
    const stops = Array.from({ length: VIEWERS_MAX }, () => lookers.add(() => undefined));
    expect(lookers.add(() => undefined)).toBeUndefined();
    stops[0]?.();
    expect(lookers.add(() => undefined)).toBeDefined();
  });

  test('a metric is kept by the second while it is looked at, and 30 seconds more', async () => {
    const first = lookers.lookAt('views');
    expect(statistics.fine).toEqual([first]);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(lookers.lookAt('views')).toBe(first);
    await vi.advanceTimersByTimeAsync(25_000);
    expect(statistics.fine).toEqual([first]);
    await vi.advanceTimersByTimeAsync(7000);
    expect(statistics.fine).toEqual([]);
  });

  test('eight metrics are kept at a time', () => {
    for (let i = 0; i < 8; i++) expect(lookers.lookAt(`m${i}`)).toBeDefined();
    expect(lookers.lookAt('m8')).toBeUndefined();
    expect(lookers.lookAt('m0')).toBeDefined();
  });

  test('a question seals once, and not again within a second', async () => {
    await lookers.refresh(false);
    await lookers.refresh(false);
    expect(sealed).toBe(1);
    await vi.advanceTimersByTimeAsync(1001);
    await lookers.refresh(false);
    expect(sealed).toBe(2);
  });
});
