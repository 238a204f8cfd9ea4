import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Ticker } from './ticker.ts';

const START = 1_700_000_003.5;

beforeEach(() => void vi.useFakeTimers({ now: START * 1000 }));
afterEach(() => void vi.useRealTimers());

function makeTicker({ graceMs = 500, runMs = 0 } = {}) {
  const runs: number[] = [];
  const state = { reached: Number.POSITIVE_INFINITY };
  const clock = (): number => Date.now() / 1000;
  const ticker = new Ticker({
    intervalSeconds: 10,
    graceMs,
    clock,
    reached: () => state.reached,
  });
  const run = async (): Promise<void> => {
    runs.push(Math.round((clock() - 1_700_000_000) * 1000) / 1000);
    if (runMs > 0) await new Promise((resolve) => setTimeout(resolve, runMs));
  };
  return { ticker, run, runs, state };
}

const passSeconds = (seconds: number): Promise<unknown> => vi.advanceTimersByTimeAsync(seconds * 1000);

describe('a ticker', () => {
  it('comes at every multiple of the interval', async () => {
    const { ticker, run, runs } = makeTicker();
    ticker.start(run);
    await passSeconds(30);
    expect(runs).toEqual([10, 20, 30]);
    await ticker.stop();
  });

  it('waits until everyone has got there', async () => {
    const { ticker, run, runs, state } = makeTicker();
    state.reached = 0;
    ticker.start(run);
    await passSeconds(6.7);
    expect(runs).toEqual([]);
    ticker.notify();
    expect(runs).toEqual([]);
    state.reached = 1_700_000_010;
    ticker.notify();
    expect(runs).toEqual([10.2]);
    await ticker.stop();
  });

  it('does not wait longer than the grace time', async () => {
    const { ticker, run, runs, state } = makeTicker({ graceMs: 500 });
    state.reached = 0;
    ticker.start(run);
    await passSeconds(7.5);
    expect(runs).toEqual([10.5]);
    await ticker.stop();
  });

  it('does not come early for those who are ahead', async () => {
    const { ticker, run, runs } = makeTicker();
    ticker.start(run);
    await passSeconds(3);
    ticker.notify();
    expect(runs).toEqual([]);
    await ticker.stop();
  });

  it('never overlaps itself: one ticker makes up for all that were missed', async () => {
    const { ticker, run, runs } = makeTicker({ runMs: 25_000 });
    ticker.start(run);
    await passSeconds(6.5 + 60);
    // The first run ends at 35, the second one, due at 40, at 65.
    expect(runs).toEqual([10, 40, 70]);
  });

  it('comes once for many notices', async () => {
    const { ticker, run, runs } = makeTicker({ runMs: 100 });
    ticker.start(run);
    await passSeconds(6.5);
    for (let i = 0; i < 5; i++) ticker.notify();
    expect(runs).toEqual([10]);
    await passSeconds(1);
    await ticker.stop();
  });

  it('stops after the run under way', async () => {
    const { ticker, run, runs } = makeTicker({ runMs: 1000 });
    ticker.start(run);
    await passSeconds(6.5);
    let stopped = false;
    const stop = ticker.stop().then(() => {
      stopped = true;
    });
    await passSeconds(0.9);
    expect(stopped).toBe(false);
    await passSeconds(0.2);
    await stop;
    await passSeconds(100);
    expect(runs).toEqual([10]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('can be stopped before it starts', async () => {
    const { ticker, run, runs } = makeTicker();
    await ticker.stop();
    ticker.start(run);
    ticker.notify();
    await passSeconds(20);
    expect(runs).toEqual([]);
  });
});
