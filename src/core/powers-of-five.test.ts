import { describe, expect, it } from 'vitest';
import { powersOfFive } from './powers-of-five.ts';

const MIN = -64;
const MAX = 64;
const words = powersOfFive(MIN, MAX);
const fractionOf = (power: number): bigint =>
  ((words[2 * (power - MIN)] as bigint) << 64n) | (words[2 * (power - MIN) + 1] as bigint);

describe('powers of five', () => {
  it('are 128-bit fractions with their top bit set', () => {
    for (let power = MIN; power <= MAX; power++) expect(fractionOf(power) >> 127n).toBe(1n);
  });

  it('are exact as long as they fit', () => {
    expect(fractionOf(0)).toBe(1n << 127n);
    expect(fractionOf(1)).toBe(5n << 125n);
    expect(fractionOf(2)).toBe(25n << 123n);
    expect(fractionOf(55)).toBe(5n ** 55n);
  });

  it('are cut when they are longer', () => {
    for (let power = 56; power <= MAX; power++) {
      const exact = 5n ** BigInt(power);
      const cut = BigInt(exact.toString(2).length - 128);
      expect(fractionOf(power)).toBe(exact >> cut);
    }
  });

  it('are rounded up when they are reciprocals of powers a half can come from, and cut below', () => {
    for (let power = MIN; power < 0; power++) {
      const divisor = 5n ** BigInt(-power);
      // 2^k / 5^-power has 128 bits for this k.
      const k = BigInt(127 + divisor.toString(2).length);
      const scaled = 1n << k;
      const floor = scaled / divisor;
      expect(floor.toString(2)).toHaveLength(128);
      expect(fractionOf(power)).toBe(power >= -27 ? floor + 1n : floor);
    }
  });
});
