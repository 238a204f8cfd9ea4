import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { GAMMA, keyOf, MAGNITUDE_MIN, roundHalfEven, valueOfKey } from './sketch-keys.ts';

describe('keyOf', () => {
  const hasKey = (value: number, key: number) =>
    test(`${value} has key ${key}`, () => expect(keyOf(value)).toBe(key));
  hasKey(0, 0);
  hasKey(1e-12, 0);
  hasKey(MAGNITUDE_MIN, 1);
  hasKey(1, 1338);
  hasKey(-1, -1338);
  hasKey(4e211, 32764);
  hasKey(5e211, 32767);
  hasKey(-1.7e308, -32767);
  hasKey(Number.POSITIVE_INFINITY, 32767);

  test('orders keys as their values', () => {
    const value = fc.double({ noNaN: true });
    fc.assert(fc.property(value, value, (a, b) => a > b || keyOf(a) <= keyOf(b)));
  });

  test('keeps the worst relative error at 1 - 1/sqrt(gamma)', () => {
    const value = fc.double({ min: 1e-9, max: 4e211, noNaN: true });
    fc.assert(
      fc.property(value, (v) => {
        expect(Math.abs(valueOfKey(keyOf(v)) - v) / v).toBeLessThanOrEqual(Math.sqrt(GAMMA) - 1 + 1e-9);
      }),
    );
  });
});

describe('valueOfKey', () => {
  test('is the value whose key it is, for every finite key', () => {
    for (let key = -32766; key <= 32766; key++) expect(keyOf(valueOfKey(key)) + 0).toBe(key);
  });
  test('is infinite for the keys of what is too large', () => {
    expect(valueOfKey(32767)).toBe(Number.POSITIVE_INFINITY);
    expect(valueOfKey(-32767)).toBe(Number.NEGATIVE_INFINITY);
  });
});

describe('roundHalfEven', () => {
  const rounds = (x: number, want: number) =>
    test(`${x} rounds to ${want}`, () => expect(roundHalfEven(x) + 0).toBe(want));
  rounds(0.5, 0);
  rounds(1.5, 2);
  rounds(2.5, 2);
  rounds(-0.5, 0);
  rounds(-1.5, -2);
  rounds(-2.5, -2);
  rounds(2.4999, 2);
  rounds(2.5001, 3);
});
