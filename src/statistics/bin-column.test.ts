import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BinColumn } from './bin-column.ts';

const magnitude = fc.double({ min: 1e-6, max: 1e9, noNaN: true });
const value = fc.oneof(
  magnitude,
  magnitude.map((v) => -v),
  fc.constant(0),
);

test('an empty column has no quantile', () => {
  expect(new BinColumn().quantile(0.5)).toBeNull();
  expect(new BinColumn().range).toBeUndefined();
});

test('every quantile is within 1.6 % of the value at its rank', () => {
  fc.assert(
    fc.property(
      fc.array(value, { minLength: 1, maxLength: 200 }),
      fc.constantFrom(0, 0.5, 0.95, 0.99, 1),
      (values, q) => {
        const column = new BinColumn();
        for (const one of values) column.addValue(one, 1);
        const sorted = [...values].sort((a, b) => a - b);
        const real = sorted[Math.floor(q * (sorted.length - 1))] as number;
        const answered = column.quantile(q) as number;
        expect(Math.abs(answered - real)).toBeLessThanOrEqual(Math.abs(real) * 0.0165 + 1e-9);
      },
    ),
  );
});

test('the weight of everything is kept, whatever the range of values', () => {
  const column = new BinColumn();
  for (const [one, weight] of [
    [1e-300, 1],
    [1e300, 2],
    [-1e300, 3],
    [0, 4],
    [5, 0.5],
  ] as const)
    column.addValue(one, weight);
  const [low, high] = column.range as readonly [number, number];
  let sum = 0;
  for (let bin = low; bin <= high; bin++) sum += column.at(bin);
  expect(sum).toBe(10.5);
  expect(column.total).toBe(10.5);
});

test('a column that was cleared is empty and can be filled again', () => {
  const column = new BinColumn();
  column.addValue(10, 5);
  column.clear();
  expect(column.quantile(0.5)).toBeNull();
  column.addValue(100, 1);
  expect(column.quantile(0.5)).toBeCloseTo(100, -1);
});
