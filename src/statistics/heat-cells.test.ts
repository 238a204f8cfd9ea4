import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BinColumn } from './bin-column.ts';
import { HeatCells } from './heat-cells.ts';

test('a value lies between the bounds of its row, in the cell it came in', () => {
  const heat = new HeatCells(10);
  const column = new BinColumn();
  column.addValue(100, 5);
  heat.put(100, column);
  const map = heat.map(99, 3);
  expect(map?.cells[0]).toBeNull();
  expect(map?.cells[2]).toBeNull();
  const row = (map?.cells[1] as readonly number[]).findIndex((count) => count > 0);
  expect(map?.cells[1]?.[row]).toBe(5);
  expect(map?.bounds[row]).toBeLessThanOrEqual(100);
  expect(map?.bounds[row + 1]).toBeGreaterThan(100);
});

test('nothing there is no map, and old cells give way', () => {
  const heat = new HeatCells(2);
  expect(heat.map(0, 2)).toBeNull();
  const column = new BinColumn();
  column.addValue(1, 1);
  for (const cell of [0, 1, 2]) heat.put(cell, column);
  expect(heat.map(0, 1)).toBeNull();
  expect(heat.map(1, 2)?.cells.every((cell) => cell !== null)).toBe(true);
});

test('bounds ascend and counts are kept within 9 %, whatever the range of values', () => {
  const value = fc.oneof(
    fc.double({ min: -1e12, max: 1e12, noNaN: true }),
    fc.double({ min: 1, max: 1000, noNaN: true }),
  );
  fc.assert(
    fc.property(
      fc.array(fc.array(value, { minLength: 1, maxLength: 40 }), { minLength: 1, maxLength: 5 }),
      (cells) => {
        const heat = new HeatCells(10);
        cells.forEach((values, i) => {
          const column = new BinColumn();
          for (const one of values) column.addValue(one, 10);
          heat.put(i, column);
        });
        const map = heat.map(0, cells.length);
        const bounds = map?.bounds ?? [];
        for (let i = 1; i < bounds.length; i++)
          expect(bounds[i]).toBeGreaterThanOrEqual(bounds[i - 1] as number);
        expect(bounds.length).toBeLessThanOrEqual(49);
        cells.forEach((values, i) => {
          const sum = (map?.cells[i] ?? []).reduce((total, count) => total + count, 0);
          expect(Math.abs(sum - values.length * 10)).toBeLessThanOrEqual(values.length * 10 * 0.1 + 1);
        });
      },
    ),
  );
});
