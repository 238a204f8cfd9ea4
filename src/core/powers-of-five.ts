/**
 * Powers of five as 128-bit fractions, for the core's exact decimal parsing (assembly/number.ts).
 *
 * Entry i belongs to 10^(min + i), whose power of two is left to the exponent: the value 5^p shifted so
 * that its top bit is bit 127. Positive powers are cut. Reciprocals are rounded up to 128 bits while a
 * product with them can be exactly half-way between two doubles, which takes 5^27 at most; smaller ones are
 * cut. So it is in Lemire, "Number Parsing at a Gigabyte per Second", 2021.
 */

/** The largest power of five below 2^63, whose reciprocal therefore may have to give an exact half. */
const EXACT_RECIPROCAL_POWER = 27;

const WORD = (1n << 64n) - 1n;

/** High and low 64-bit words of each power from `min` to `max`. */
export function powersOfFive(min: number, max: number): BigUint64Array {
  const words = new BigUint64Array(2 * (max - min + 1));
  for (let power = min; power <= max; power++) {
    const fraction = power < 0 ? reciprocalFraction(-power) : topBits(5n ** BigInt(power));
    words[2 * (power - min)] = fraction >> 64n;
    words[2 * (power - min) + 1] = fraction & WORD;
  }
  return words;
}

/** The 128 leading bits of `value`, cut or filled with zeros. */
function topBits(value: bigint): bigint {
  const shift = bitLength(value) - 128;
  return shift > 0 ? value >> BigInt(shift) : value << BigInt(-shift);
}

/** The 128 leading bits of 5^-power. */
function reciprocalFraction(power: number): bigint {
  const value = 5n ** BigInt(power);
  const bits = bitLength(value);
  if (power <= EXACT_RECIPROCAL_POWER) return (1n << BigInt(bits + 127)) / value + 1n;
  return topBits((1n << BigInt(2 * bits + 128)) / value + 1n);
}

function bitLength(value: bigint): number {
  return value.toString(2).length;
}
