import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Rows } from './rows.ts';

test('rows are numbered in the order their contexts came, whatever their ids', () => {
  const id = fc.oneof(fc.nat(40), fc.nat(2000), fc.nat(100_000));
  fc.assert(
    fc.property(fc.array(id, { maxLength: 400 }), (ids) => {
      const rows = new Rows();
      const plain = new Map<number, number>();
      for (const id of ids) {
        expect(rows.find(id)).toBe(plain.get(id) ?? -1);
        if (!plain.has(id)) plain.set(id, plain.size);
        expect(rows.take(id)).toBe(plain.get(id));
      }
      expect(rows.size).toBe(plain.size);
      for (const [id, row] of plain) {
        expect(rows.find(id)).toBe(row);
        expect(rows.idAt(row)).toBe(id);
      }
    }),
    { numRuns: 300 },
  );
});

test('rows of many contexts are found after some of high ids', () => {
  const rows = new Rows();
  for (let i = 0; i < 10; i++) rows.take(90_000 + i);
  for (let id = 0; id < 50_000; id++) rows.take(id);
  expect(rows.size).toBe(50_010);
  expect(rows.find(90_003)).toBe(3);
  expect(rows.find(49_999)).toBe(50_009);
  expect(rows.find(60_000)).toBe(-1);
});
