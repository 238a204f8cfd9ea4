/**
 * Hexadecimal floats (docs/protocol.md#numbers): rare on the wire, and JavaScript cannot convert them.
 *
 *   0x1.8p-3      (1 + 8/16) * 2^-3 = 0.1875
 *     ^^^ ^^
 *     │   └ decimal power of two, required
 *     └ hex digits, at most one dot, _ after 0x and between digits
 *
 * The digits become one integer m and the number m * 2^e, which is then rounded once, to nearest and
 * ties to even. Subnormals keep fewer bits; rounding them in one step avoids rounding twice.
 */
import type { ByteString } from '../model/text.ts';

const MANTISSA_BITS = 53;
/** Powers of two of the highest and the lowest bit a double can have. */
const MAX_BIT_EXPONENT = 1023;
const MIN_BIT_EXPONENT = -1074;

/** Digits after `0x`: the first group may start with _, as the prefix counts as a digit. */
const HEX_FLOAT = /^((?:_?[0-9a-f])*)(?:\.([0-9a-f](?:_?[0-9a-f])*)?)?p([+-]?[0-9](?:_?[0-9])*)$/i;

/**
 * Reads the magnitude of a hex float whose digits start at `start`, after the prefix; undefined when it is
 * malformed or exceeds the range of a double. Too small a number is 0.
 */
export function parseHexFloat(text: ByteString, start: number): number | undefined {
  const parts = HEX_FLOAT.exec(text.slice(start));
  if (parts === null) return undefined;
  const whole = withoutUnderscores(parts[1]);
  const fraction = withoutUnderscores(parts[2]);
  const power = Number(withoutUnderscores(parts[3]));
  if (whole === '' && fraction === '') return undefined;
  return nearestDouble(BigInt(`0x${whole}${fraction}`), power - 4 * fraction.length);
}

/** Returns the double nearest to mantissa * 2^exponent, undefined when that is beyond the largest one. */
function nearestDouble(mantissa: bigint, exponent: number): number | undefined {
  if (mantissa === 0n) return 0;
  const bits = mantissa.toString(2).length;
  const leadingExponent = exponent + bits - 1;
  if (leadingExponent > MAX_BIT_EXPONENT) return undefined;

  // A normal double keeps 53 bits; a subnormal only those down to the lowest bit there is.
  const kept = Math.min(MANTISSA_BITS, leadingExponent - MIN_BIT_EXPONENT + 1);
  if (kept < 0) return 0;
  const dropped = bits - kept;
  const rounded = dropped > 0 ? shiftRightToNearestEven(mantissa, BigInt(dropped)) : mantissa;
  const value = Number(rounded) * 2 ** (exponent + Math.max(dropped, 0));
  return Number.isFinite(value) ? value : undefined;
}

function shiftRightToNearestEven(value: bigint, bits: bigint): bigint {
  const quotient = value >> bits;
  const remainder = value - (quotient << bits);
  const half = 1n << (bits - 1n);
  const up = remainder > half || (remainder === half && (quotient & 1n) === 1n);
  return up ? quotient + 1n : quotient;
}

function withoutUnderscores(text: string | undefined): string {
  return text === undefined ? '' : text.replaceAll('_', '');
}
