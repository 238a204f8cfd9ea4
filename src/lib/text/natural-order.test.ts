import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareNatural } from './natural-order.ts';

const text = fc.string({ unit: fc.constantFrom('a', 'b', '0', '1', '2', '9', '.', '-'), maxLength: 8 });

test('numbers within names are compared as numbers', () => {
  const names = ['a10', 'a2', 'b1', 'a', 'a1.20', 'a1.3', 'a007', 'a7', 'a99999999999999999999'];
  expect(names.sort(compareNatural)).toEqual([
    'a',
    'a1.3',
    'a1.20',
    'a2',
    'a007',
    'a7',
    'a10',
    'a99999999999999999999',
    'b1',
  ]);
});

test('it is an order: 0 only for equal texts, and the same from both sides', () => {
  fc.assert(
    fc.property(text, text, text, (a, b, c) => {
      expect(Math.sign(compareNatural(a, b))).toBe(-Math.sign(compareNatural(b, a)) || 0);
      expect(compareNatural(a, b) === 0).toBe(a === b);
      if (compareNatural(a, b) < 0 && compareNatural(b, c) < 0) expect(compareNatural(a, c)).toBeLessThan(0);
    }),
  );
});
