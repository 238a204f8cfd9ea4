import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TotalsRing } from './totals-ring.ts';

describe('TotalsRing', () => {
  test('what comes within a cell is added up, and other cells are not known', () => {
    const ring = new TotalsRing(1, 10, 2);
    ring.add(100.1, [3, 30]);
    ring.add(100.9, [2, 20]);
    expect(ring.column(0, 99, 3)).toEqual([null, 5, null]);
    expect(ring.column(1, 99, 3)).toEqual([null, 50, null]);
  });

  test('a reading that comes late is spread over the cells since the last one', () => {
    const ring = new TotalsRing(1, 10, 1);
    ring.add(100, [0]);
    ring.add(104, [8]);
    expect(ring.column(0, 100, 5)).toEqual([2, 2, 2, 2, null]);
  });

  test('after a long gap nothing is made up for the cells in between', () => {
    const ring = new TotalsRing(1, 300, 1);
    ring.add(100, [1]);
    ring.add(200, [50]);
    expect(ring.column(0, 199, 2)).toEqual([null, 50]);
  });

  test('old cells give way', () => {
    const ring = new TotalsRing(10, 3, 1);
    for (const at of [5, 15, 25, 35]) ring.add(at, [at]);
    expect(ring.at(0, 0)).toBeNull();
    expect(ring.at(0, 3)).not.toBeNull();
  });

  test('a clock that goes back leaves no cell ahead and nothing negative', () => {
    const ring = new TotalsRing(1, 10, 1);
    ring.add(100.5, [1]);
    ring.add(90.5, [2]);
    expect(ring.at(0, 100)).toBeNull();
    expect(ring.at(0, 90)).toBe(2);
    ring.add(91.5, [-4]);
    expect(ring.at(0, 91)).toBe(0);
  });

  test('nothing that is added within the spread gets lost', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.double({ min: 0.01, max: 14, noNaN: true }), fc.nat({ max: 1000 })), {
          maxLength: 15,
        }),
        (steps) => {
          const ring = new TotalsRing(1, 400, 1);
          let now = 1000;
          let sum = 0;
          ring.add(now, [0]);
          for (const [elapsed, amount] of steps) {
            now += elapsed;
            sum += amount;
            ring.add(now, [amount]);
          }
          const held = ring.column(0, 1000, 300).reduce<number>((total, value) => total + (value ?? 0), 0);
          expect(held).toBeCloseTo(sum, 6);
        },
      ),
    );
  });
});
