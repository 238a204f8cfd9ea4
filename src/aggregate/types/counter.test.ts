import { expect, test } from 'vitest';
import { FakeBucket } from '../../../test/support/fakes/fake-bucket.ts';
import { CounterCells } from './counter.ts';

test('counters of several parts add up and leave as a rate per second', () => {
  const cells = new CounterCells(10);
  for (const value of [1, 2.5, -4]) {
    const part = new FakeBucket(1000);
    part.add({ slot: 3, type: 'counter', value, rate: 0.5, at: 1001 });
    cells.merge(70, part, 3);
  }
  expect(cells.rows.size).toBe(1);
  expect(cells.rows.idAt(0)).toBe(70);
  expect(cells.outcomeAt(0)).toEqual({
    data: { kind: 'counter', sum: -1 },
    series: [{ suffix: '', type: 'rate', value: -0.1 }],
  });
});

test('sums of parts that are too large together stay at the largest double, and say so', () => {
  const cells = new CounterCells(1);
  const merged = [1e308, 1e308, -1e308].map((value) => {
    const part = new FakeBucket(1000);
    part.add({ slot: 0, type: 'counter', value, at: 1001 });
    return cells.merge(0, part, 0);
  });
  expect(merged).toEqual([true, false, true]);
  expect(cells.outcomeAt(0).series[0]?.value).toBe(Number.MAX_VALUE - 1e308);
});
