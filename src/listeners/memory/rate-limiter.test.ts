import { describe, expect, it } from 'vitest';
import { ControlWord, makeControlBuffer } from '../../telemetry/counters/control-word.ts';
import { GeometricLimiter, RateLimiter, type RateLimits } from './rate-limiter.ts';

/** As docs/behaviour/listeners.md#rate-limiter says: memory is looked at before every receive. */
const LIMITS: RateLimits = {
  low_soft_limit: 0.6,
  high_soft_limit: 0.8,
  rate_check: { min: 1, max: 1, factor: 2 },
  soft_limit_freeos_check: { min: 0.01, max: 0.1, factor: 1.5 },
};

/** A limiter that finds one ratio after the other; the last one stays. */
function limiter(ratios: readonly number[], limits: Partial<RateLimits> = {}) {
  const { counters } = new ControlWord(makeControlBuffer());
  // The one at the start comes first.
  const left = [0, ...ratios];
  let reclaimed = 0;
  const made = new RateLimiter({
    limits: { ...LIMITS, ...limits },
    ratio: () => (left.length > 1 ? left.shift() : left[0]) as number,
    reclaim: () => {
      reclaimed++;
    },
    counters,
  });
  return {
    limiter: made,
    counters,
    reclaimed: () => reclaimed,
    /** Pauses before the next receive is allowed. */
    receive: () => {
      const pauses: number[] = [];
      for (let ms = made.pauseMs(); ms > 0; ms = made.pauseMs()) pauses.push(ms);
      return pauses;
    },
  };
}

describe('the geometric limiter', () => {
  it('says yes to every fourth question at a rate of a quarter', () => {
    const limiter = new GeometricLimiter({ min: 0.25, max: 1, factor: 2 });
    expect(Array.from({ length: 8 }, () => limiter.keep())).toEqual([
      false,
      false,
      false,
      true,
      false,
      false,
      false,
      true,
    ]);
  });

  it('moves by its factor and stays within its bounds', () => {
    const limiter = new GeometricLimiter({ min: 0.25, max: 1, factor: 2 });
    const yesOf = (questions: number): number =>
      Array.from({ length: questions }, () => limiter.keep()).filter((yes) => yes).length;
    limiter.decrease();
    expect(yesOf(16)).toBe(4);
    limiter.increase();
    expect(yesOf(16)).toBe(8);
    limiter.increase();
    limiter.increase();
    expect(yesOf(16)).toBe(16);
    limiter.decrease();
    expect(yesOf(16)).toBe(8);
  });

  it("begins at its least rate, which is the Agent's 1 in 100", () => {
    const limiter = new GeometricLimiter({ min: 0.01, max: 1, factor: 2 });
    expect(Array.from({ length: 200 }, () => limiter.keep()).flatMap((yes, i) => (yes ? [i] : []))).toEqual([
      99, 199,
    ]);
  });
});

describe('the rate limiter', () => {
  it('lets receive below the low limit', () => {
    const { receive, counters, reclaimed } = limiter([0.5]);
    expect(receive()).toEqual([]);
    expect(counters.get('limiterChecks')).toBe(1);
    expect(counters.get('limiterLow')).toBe(0);
    expect(counters.get('limiterHigh')).toBe(0);
    expect(counters.get('limiterMemoryRatio')).toBe(0.5);
    expect(reclaimed()).toBe(0);
  });

  it('pauses a millisecond above the low limit, then lets receive', () => {
    const { receive, limiter: made, counters } = limiter([0.7]);
    expect(made.pauseMs()).toBe(1);
    expect(counters.get('limiterLevel')).toBe(1);
    expect(counters.get('limiterPauseMs')).toBe(1);
    expect(made.pauseMs()).toBe(0);
    expect(counters.get('limiterPauseMs')).toBe(0);
    expect(counters.get('limiterLow')).toBe(1);
    expect(counters.get('limiterChecks')).toBe(1);
    expect(receive()).toEqual([1]);
    expect(counters.get('limiterChecks')).toBe(2);
  });

  it('lets nothing be received above the high limit until memory has fallen', () => {
    const { receive, counters, reclaimed } = limiter([0.7, 0.9, 0.9, 0.9, 0.7, 0.5]);
    receive();
    expect(receive()).toEqual([10, 10, 10, 1]);
    // The figures of the spec: high 3, low 2, one look that was counted as such.
    expect(counters.get('limiterHigh')).toBe(3);
    expect(counters.get('limiterLow')).toBe(2);
    expect(counters.get('limiterChecks')).toBe(2);
    expect(reclaimed()).toBe(3);
    expect(counters.get('limiterPauses')).toBe(5);
    expect(counters.get('limiterPausedMs')).toBe(32);
    expect(receive()).toEqual([]);
    expect(counters.get('limiterLevel')).toBe(0);
  });

  it('takes the limits themselves for below', () => {
    expect(limiter([0.6]).receive()).toEqual([]);
    expect(limiter([0.8]).receive()).toEqual([1]);
  });

  it('looks more often while memory is short and less often afterwards', () => {
    const rate_check = { min: 0.25, max: 1, factor: 2 };
    const { receive, counters } = limiter([0.7, 0.7, 0.7, 0.5, 0.5, 0.5], { rate_check });
    const receives = Array.from({ length: 20 }, () => receive().length);
    // Looked at 4th, then after 2, 1, 1 (falling), 2, 4, 4 …
    expect(receives.flatMap((pauses, i) => (pauses > 0 ? [i + 1] : []))).toEqual([4, 6, 7]);
    expect(counters.get('limiterChecks')).toBe(7);
    expect(counters.get('limiterSkips')).toBe(13);
  });

  it('gives memory back instead of pausing, at its own rate', () => {
    const soft_limit_freeos_check = { min: 0.5, max: 0.5, factor: 1.5 };
    const { receive, counters, reclaimed } = limiter([0.7], { soft_limit_freeos_check });
    expect(Array.from({ length: 6 }, () => receive())).toEqual([[1], [], [1], [], [1], []]);
    expect(reclaimed()).toBe(3);
    expect(counters.get('limiterReclaims')).toBe(3);
    expect(counters.get('limiterLow')).toBe(6);
  });

  it('gives memory back more often while use rises', () => {
    const soft_limit_freeos_check = { min: 0.01, max: 1, factor: 10 };
    const rising = Array.from({ length: 20 }, (_, i) => 0.61 + i / 1000);
    const { receive, reclaimed } = limiter(rising, { soft_limit_freeos_check });
    for (let i = 0; i < 20; i++) receive();
    expect(reclaimed()).toBeGreaterThan(15);
    const falling = limiter([...rising].reverse(), { soft_limit_freeos_check });
    for (let i = 0; i < 20; i++) falling.receive();
    expect(falling.reclaimed()).toBeLessThan(3);
  });

  it('slows nothing when memory cannot be measured, also in the middle of a hold', () => {
    const { receive, counters } = limiter([Number.NaN, 0.9, Number.NaN]);
    expect(receive()).toEqual([]);
    expect(receive()).toEqual([10]);
    expect(counters.get('limiterReadErrors')).toBe(2);
    expect(counters.get('limiterMemoryRatio')).toBe(0.9);
    expect(counters.get('limiterPauseMs')).toBe(0);
  });
});
