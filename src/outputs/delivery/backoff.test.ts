import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { backoffMs, DEFAULT_BACKOFF, errorsMax, validBackoff } from './backoff.ts';

describe('backoffMs', () => {
  it.each([
    [1, 2, 4],
    [2, 4, 8],
    [3, 8, 16],
    [4, 16, 32],
    [5, 32, 64],
  ])('waits after %d errors from %d to %d seconds', (errors, from, to) => {
    expect(backoffMs(errors, DEFAULT_BACKOFF, 0)).toBe(from * 1000);
    expect(backoffMs(errors, DEFAULT_BACKOFF, 0.5)).toBe(((from + to) / 2) * 1000);
    expect(backoffMs(errors, DEFAULT_BACKOFF, 0.999999)).toBeLessThan(to * 1000);
  });

  it('waits exactly the longest time from then on', () => {
    expect(errorsMax(DEFAULT_BACKOFF)).toBe(6);
    expect(backoffMs(6, DEFAULT_BACKOFF, 0)).toBe(64_000);
    expect(backoffMs(600, DEFAULT_BACKOFF, 0.5)).toBe(64_000);
  });

  it('stays between nothing and the longest time, whatever the settings', () => {
    const positive = fc.double({ min: 0.001, max: 1000, noNaN: true });
    fc.assert(
      fc.property(
        positive,
        positive,
        fc.nat(100),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (baseSeconds, maxSeconds, errors, random) => {
          const ms = backoffMs(errors, { ...DEFAULT_BACKOFF, baseSeconds, maxSeconds }, random);
          return ms > 0 && ms <= maxSeconds * 1000 + 1e-6;
        },
      ),
    );
  });
});

describe('validBackoff', () => {
  it('replaces what makes no sense by the defaults, and says so', () => {
    const replaced: string[] = [];
    const settings = { baseSeconds: 0, maxSeconds: -1, factor: 1.9, recovery: 0, recoveryReset: true };
    expect(validBackoff(settings, (name, by) => replaced.push(`${name} ${by}`))).toEqual({
      ...DEFAULT_BACKOFF,
      recoveryReset: true,
    });
    expect(replaced).toEqual(['baseSeconds 2', 'maxSeconds 64', 'factor 2', 'recovery 2']);
  });

  it('keeps what makes sense', () => {
    const settings = { baseSeconds: 0.5, maxSeconds: 10, factor: 4, recovery: 1, recoveryReset: false };
    expect(validBackoff(settings)).toEqual(settings);
  });
});
