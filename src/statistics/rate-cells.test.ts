import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CellPool, RateCells } from './rate-cells.ts';

const LONG_AGO = Number.NEGATIVE_INFINITY;

describe('RateCells', () => {
  test('a closed bucket of 10 s gives its rate, and shares of it over longer times', () => {
    const cells = new RateCells();
    cells.add(1000, 1010, 120);
    expect(cells.rates(1010, LONG_AGO)).toEqual({ s10: 12, s60: 2, s600: 0.2 });
  });

  test('a server that has run for 20 seconds averages over these', () => {
    const cells = new RateCells();
    cells.add(1000, 1010, 120);
    cells.add(1010, 1020, 120);
    expect(cells.rates(1020, 1000)).toEqual({ s10: 12, s60: 12, s600: 12 });
  });

  test('parts of a bucket that is open count up to where they are covered', () => {
    const cells = new RateCells();
    cells.add(1000, 1010, 100);
    cells.add(1010, 1014, 40);
    expect(cells.rate(1014, 10)).toBeCloseTo(10, 5);
  });

  test('a bucket of a minute is spread over its cells', () => {
    const cells = new RateCells();
    cells.add(960, 1020, 600);
    expect(cells.spark(1020, 6)).toEqual([100, 100, 100, 100, 100, 100]);
    expect(cells.rate(1020, 10)).toBe(10);
  });

  test('after ten idle minutes the rates are 0', () => {
    const cells = new RateCells();
    cells.add(1000, 1010, 120);
    expect(cells.rates(1620, LONG_AGO)).toEqual({ s10: 0, s60: 0, s600: 0 });
  });

  test('a clock that goes back gives no negative rate and counts on', () => {
    const cells = new RateCells();
    cells.add(100_000, 100_010, 50);
    cells.add(1000, 1010, 70);
    expect(cells.rate(1010, 10)).toBe(7);
  });

  test('the sum of everything equals what was added, while it is kept', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(fc.integer({ min: 0, max: 500 }), fc.integer({ min: 1, max: 60 }), fc.nat({ max: 1e6 })),
        ),
        (adds) => {
          const cells = new RateCells();
          const ordered = [...adds].sort((a, b) => a[0] - b[0]);
          let total = 0;
          for (const [start, width, count] of ordered) {
            cells.add(start, start + width, count);
            total += count;
          }
          expect(cells.sum(0, 600)).toBeCloseTo(total, -Math.log10(Math.max(1, total)) + 3);
        },
      ),
    );
  });
});

test('cells of one pool do not touch each other, and a place that is used again begins empty', () => {
  const pool = new CellPool(2);
  const all = [1, 2, 3, 4, 5].map((count) => {
    const cells = new RateCells(pool);
    cells.add(1000, 1010, count);
    // Far ahead, which empties all of its cells.
    if (count % 2 === 0) cells.add(100_000, 100_010, count);
    return cells;
  });
  expect(all.map((cells) => cells.sum(1000, 1010))).toEqual([1, 0, 3, 0, 5]);
  all[2]?.release();
  expect(new RateCells(pool).sum(0, 1e6)).toBe(0);
  const again = new RateCells(pool);
  again.add(1000, 1010, 7);
  expect(all.map((cells) => cells.sum(1000, 1010)).filter((_, i) => i !== 2)).toEqual([1, 0, 0, 5]);
});
