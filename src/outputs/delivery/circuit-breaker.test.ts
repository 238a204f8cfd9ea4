import { describe, expect, it } from 'vitest';
import { DEFAULT_BACKOFF } from './backoff.ts';
import { CircuitBreaker } from './circuit-breaker.ts';

/** A breaker after so many failures in a row, each tried as soon as allowed; and the time then. */
function failed(times: number, settings = DEFAULT_BACKOFF): { breaker: CircuitBreaker; now: number } {
  const breaker = new CircuitBreaker(settings);
  let now = 0;
  for (let i = 0; i < times; i++) {
    now = Math.max(now, breaker.retryAt);
    expect(breaker.request(now)).toBe(true);
    breaker.failure(now, 0);
  }
  return { breaker, now };
}

describe('a circuit breaker (docs/delivery.md)', () => {
  it('lets everything through while nothing fails', () => {
    const breaker = new CircuitBreaker(DEFAULT_BACKOFF);
    for (let i = 0; i < 5; i++) expect(breaker.request(i)).toBe(true);
    breaker.success(5, 0);
    expect(breaker.state).toBe('unblocked');
  });

  it('blocks at the first failure, and lets one request through after the deadline', () => {
    const { breaker } = failed(1);
    expect(breaker.retryAt).toBe(2000);
    expect(breaker.request(1999)).toBe(false);
    expect(breaker.wouldAllow(2000)).toBe('one');
    expect(breaker.request(2000)).toBe(true);
    expect(breaker.state).toBe('half-blocked');
    expect(breaker.request(2000)).toBe(false);
  });

  it('does not wait for the old time when the clock is set back', () => {
    const { breaker, now } = failed(3);
    expect(breaker.wouldAllow(now)).toBe('none');
    expect(breaker.wouldAllow(now - 3_600_000)).toBe('one');
  });

  it('ignores outcomes of requests that began before it was blocked', () => {
    const { breaker } = failed(1);
    breaker.success(100, 0);
    breaker.failure(100, 0);
    expect([breaker.state, breaker.errors, breaker.retryAt]).toEqual(['blocked', 1, 2000]);
  });

  it('takes back two errors a success, and is blocked with a new deadline while some are left', () => {
    const { breaker, now } = failed(3);
    const at = Math.max(now, breaker.retryAt);
    breaker.request(at);
    breaker.success(at, 0);
    expect([breaker.state, breaker.errors, breaker.retryAt - at]).toEqual(['blocked', 1, 2000]);
    breaker.request(at + 2000);
    breaker.success(at + 2000, 0);
    expect([breaker.state, breaker.errors]).toEqual(['unblocked', 0]);
  });

  it('takes back all of them when told so', () => {
    const { breaker } = failed(6, { ...DEFAULT_BACKOFF, recoveryReset: true });
    breaker.request(breaker.retryAt);
    breaker.success(breaker.retryAt, 0);
    expect(breaker.state).toBe('unblocked');
  });

  it('counts no more errors than change anything', () => {
    const { breaker, now } = failed(50);
    expect(breaker.errors).toBe(6);
    expect(breaker.retryAt - now).toBe(64_000);
  });

  it('waits as long as the receiver asks, when that is longer', () => {
    const breaker = new CircuitBreaker(DEFAULT_BACKOFF);
    breaker.failure(0, 0, 30_000);
    expect(breaker.retryAt).toBe(30_000);
    breaker.request(30_000);
    breaker.failure(30_000, 0, 1);
    expect(breaker.retryAt).toBe(34_000);
  });

  it('tries again at once when the one request was given up', () => {
    const { breaker } = failed(1);
    breaker.request(2000);
    breaker.giveUp();
    expect(breaker.wouldAllow(2000)).toBe('one');
  });
});
