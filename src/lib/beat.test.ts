import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Beat } from './beat.ts';

const START = 1_700_000_003.5;

beforeEach(() => void vi.useFakeTimers({ now: START * 1000 }));
afterEach(() => void vi.useRealTimers());

function makeBeat({ graceMs = 500, runMs = 0 } = {}) {
  const runs: number[] = [];
  const state = { reached: Number.POSITIVE_INFINITY };
  const clock = (): number => Date.now() / 1000;
  const beat = new Beat({
    intervalSeconds: 10,
    graceMs,
    clock,
    reached: () => state.reached,
    run: async () => {
      runs.push(Math.round((clock() - 1_700_000_000) * 1000) / 1000);
      if (runMs > 0) await new Promise((resolve) => setTimeout(resolve, runMs));
    },
  });
  return { beat, runs, state };
}

const passSeconds = (seconds: number): Promise<unknown> => vi.advanceTimersByTimeAsync(seconds * 1000);

describe('a beat', () => {
  it('comes at every multiple of the interval', async () => {
    const { beat, runs } = makeBeat();
    beat.start();
    await passSeconds(30);
    expect(runs).toEqual([10, 20, 30]);
    await beat.stop();
  });

  it('waits until everyone has got there', async () => {
    const { beat, runs, state } = makeBeat();
    state.reached = 0;
    beat.start();
    await passSeconds(6.7);
    expect(runs).toEqual([]);
    beat.notify();
    expect(runs).toEqual([]);
    state.reached = 1_700_000_010;
    beat.notify();
    expect(runs).toEqual([10.2]);
    await beat.stop();
  });

  it('does not wait longer than the grace time', async () => {
    const { beat, runs, state } = makeBeat({ graceMs: 500 });
    state.reached = 0;
    beat.start();
    await passSeconds(7.5);
    expect(runs).toEqual([10.5]);
    await beat.stop();
  });

  it('does not come early for those who are ahead', async () => {
    const { beat, runs } = makeBeat();
    beat.start();
    await passSeconds(3);
    beat.notify();
    expect(runs).toEqual([]);
    await beat.stop();
  });

  it('never overlaps itself: one beat makes up for all that were missed', async () => {
    const { beat, runs } = makeBeat({ runMs: 25_000 });
    beat.start();
    await passSeconds(6.5 + 60);
    // The first run ends at 35, the second one, due at 40, at 65.
    expect(runs).toEqual([10, 40, 70]);
  });

  it('comes once for many notices', async () => {
    const { beat, runs } = makeBeat({ runMs: 100 });
    beat.start();
    await passSeconds(6.5);
    for (let i = 0; i < 5; i++) beat.notify();
    expect(runs).toEqual([10]);
    await passSeconds(1);
    await beat.stop();
  });

  it('stops after the run under way', async () => {
    const { beat, runs } = makeBeat({ runMs: 1000 });
    beat.start();
    await passSeconds(6.5);
    let stopped = false;
    const stop = beat.stop().then(() => {
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
    const { beat, runs } = makeBeat();
    await beat.stop();
    beat.start();
    beat.notify();
    await passSeconds(20);
    expect(runs).toEqual([]);
  });
});
