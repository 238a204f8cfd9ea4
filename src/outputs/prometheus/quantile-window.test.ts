import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { histogramOf, sketchOf } from '../../../test/support/decode/aggregates.ts';
import { BinList } from './bin-list.ts';
import { QuantileWindow } from './quantile-window.ts';

const START = 1_700_000_000;
const numbers = fc.array(fc.double({ min: -1e9, max: 1e9, noNaN: true }), { minLength: 1, maxLength: 40 });

describe('the window', () => {
  test('answers within 1 % of the exact value, whatever was added in how many buckets', () => {
    fc.assert(
      fc.property(
        fc.array(numbers, { minLength: 1, maxLength: 6 }),
        fc.constantFrom(0, 0.5, 0.9, 0.99, 1),
        (buckets, q) => {
          const window = new QuantileWindow();
          window.advance(START);
          // Other contexts beside it, so that runs move.
          buckets.forEach((values, i) => {
            window.addHistogram(0, histogramOf([i, i + 1, 1000 * i]));
            if (i % 2 === 0) window.addSketch(7, sketchOf(values));
            else window.addHistogram(7, histogramOf(values));
            window.advance(START + i * 10);
          });
          const sorted = buckets.flat().sort((a, b) => a - b);
          const exact = sorted[Math.round(q * (sorted.length - 1))] as number;
          // Values below 1e-9 share a bin with zero.
          expect(Math.abs(window.read([7]).quantile(q) - exact)).toBeLessThanOrEqual(
            0.01 * Math.abs(exact) + 1e-9,
          );
        },
      ),
      { numRuns: 200 },
    );
  });

  test('covers one to two minutes', () => {
    const window = new QuantileWindow();
    window.advance(START);
    window.addHistogram(1, histogramOf([5]));
    window.advance(START + 119);
    expect(window.read([1]).quantile(0.5)).toBe(5);
    window.advance(START + 120);
    expect(window.read([1]).quantile(0.5)).toBeNaN();
  });

  test('is empty after a long pause', () => {
    const window = new QuantileWindow();
    window.advance(START);
    window.addHistogram(1, histogramOf([5]));
    window.advance(START + 1e6);
    expect(window.read([1]).quantile(0.5)).toBeNaN();
    window.addHistogram(1, histogramOf([6]));
    window.advance(START + 1e6 + 59);
    expect(window.read([1]).quantile(0.5)).toBe(6);
  });

  test('a clock that was set back does not hold it open', () => {
    const window = new QuantileWindow();
    window.advance(START);
    window.addHistogram(1, histogramOf([5]));
    window.advance(START - 1e6);
    window.advance(START - 1e6 + 120);
    expect(window.read([1]).quantile(0.5)).toBeNaN();
  });

  test('forgets a context', () => {
    const window = new QuantileWindow();
    window.advance(START);
    window.addHistogram(1, histogramOf([5]));
    window.forget(1);
    window.addHistogram(1, histogramOf([6]));
    expect(window.read([1]).quantile(0)).toBe(6);
  });

  test('refuses what does not fit and keeps what it has', () => {
    const window = new QuantileWindow(16);
    window.advance(START);
    expect(window.addHistogram(1, histogramOf([1, 10, 100]))).toBe(true);
    expect(window.addHistogram(2, histogramOf(Array.from({ length: 13 }, (_, i) => 2 ** i)))).toBe(false);
    expect(window.read([2]).quantile(0.5)).toBeNaN();
    expect(window.read([1]).quantile(1)).toBe(100);
  });
});

describe('bins', () => {
  const listOf = (...pairs: [number, number][]): BinList => {
    const list = new BinList();
    for (const [key, count] of pairs) list.push(key, count);
    return list;
  };
  const pairsOf = (list: BinList) =>
    Array.from({ length: list.length }, (_, i) => [list.keys[i], list.counts[i]]);

  test('equal keys are added up and weights below one skipped', () => {
    expect(pairsOf(listOf([1, 2], [1, 3], [4, 0], [5, -1], [6, Number.NaN], [7, 1]))).toEqual([
      [1, 5],
      [7, 1],
    ]);
  });

  test('merging keeps keys ascending and counts whole', () => {
    const list = listOf([-3, 1], [2, 1], [9, 1]);
    list.merge(Int16Array.of(99, -5, 2, 10), Uint32Array.of(99, 4, 4, 4), 1, 3);
    expect(pairsOf(list)).toEqual([
      [-5, 4],
      [-3, 1],
      [2, 5],
      [9, 1],
      [10, 4],
    ]);
  });

  test('trimming collapses the lowest bins', () => {
    const list = listOf([1, 1], [2, 2], [3, 3], [4, 4]);
    list.trim(2);
    expect(pairsOf(list)).toEqual([
      [3, 6],
      [4, 4],
    ]);
  });
});
