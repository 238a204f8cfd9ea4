import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { linearAxis, logAxis, timeTicks } from './scale.ts';

describe('a linear axis', () => {
  it.each([
    [0, 15_600, true, [0, 4000, 8000, 12_000, 16_000]],
    [0, 0, true, [0, 1, 2, 3, 4]],
    [1400, 1482, false, [1400, 1425, 1450, 1475, 1500]],
    [-5, 5, false, [-5, -2.5, 0, 2.5, 5]],
  ])('over [%s, %s] has the ticks that people expect', (low, high, fromZero, ticks) => {
    expect(linearAxis(low, high, fromZero).ticks).toEqual(ticks);
  });

  it('holds all values and has few ticks', () => {
    const number = fc.double({ min: -1e12, max: 1e12, noNaN: true });
    fc.assert(
      fc.property(number, number, fc.boolean(), (a, b, fromZero) => {
        const [low, high] = [Math.min(a, b), Math.max(a, b)];
        const { min, max, ticks } = linearAxis(low, high, fromZero);
        const slack = Math.max(Math.abs(low), Math.abs(high)) * 1e-9;
        expect(min).toBeLessThanOrEqual(low + slack);
        expect(max).toBeGreaterThanOrEqual(high - slack);
        expect(min).toBeLessThan(max);
        expect(ticks.length).toBeLessThanOrEqual(8);
      }),
    );
  });
});

describe('a logarithmic axis', () => {
  it('has powers of ten, and what is between them where there are few', () => {
    expect(logAxis(1, 2000).ticks).toEqual([1, 10, 100, 1000]);
    expect(logAxis(12, 90).ticks).toEqual([10, 20, 50, 100]);
    expect(logAxis(5, 5).ticks).toEqual([5]);
  });

  it('holds all values and has few ticks', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 1e-9, max: 1e12, noNaN: true }),
        fc.double({ min: 1, max: 1e12, noNaN: true }),
        (low, factor) => {
          const { min, max, ticks } = logAxis(low, low * factor);
          expect(min).toBeLessThanOrEqual(low * (1 + 1e-8));
          expect(max).toBeGreaterThanOrEqual(low * factor);
          expect(ticks.length).toBeGreaterThan(0);
          expect(ticks.length).toBeLessThanOrEqual(9);
        },
      ),
    );
  });
});

it('a time axis has ticks at round times, about one in 110 pixels', () => {
  expect(timeTicks(1000, 1300, 600)).toEqual([1020, 1080, 1140, 1200, 1260]);
  expect(timeTicks(0, 7200, 300).length).toBeLessThanOrEqual(4);
});
