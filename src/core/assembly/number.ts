/**
 * Hot path. Decimal numbers as clients write them: up to 19 significant digits and powers of ten from
 * -64 to 64, exact to the last bit. Everything else the grammar allows (hex floats, underscores, inf,
 * nan, longer or larger numbers) and everything it does not is the cold path's: parseNumber() says NaN.
 *
 *   -12.5e3
 *   ^           sign
 *    ^^ ^       digits, gathered into a 64-bit mantissa
 *        ^^     exponent; minus the digits behind the point it is the power of ten
 *
 * A mantissa below 2^53 with a power within 22 needs one exact operation (Clinger 1990); the rest is
 * Lemire, "Number Parsing at a Gigabyte per Second", 2021, with a table of 128-bit powers of five.
 */
import { takeRegion } from './memory';

export const POWER_MIN: i32 = -64;
export const POWER_MAX: i32 = 64;
const EXACT_POWER_MAX: i32 = 22;
const EXACT_MANTISSA: u64 = 1 << 53;
const DIGITS_MAX: i32 = 19;

/** The same byte eight times. */
const ONES: u64 = 0x0101010101010101;
const TOPS: u64 = 0x8080808080808080;
const POINTS: u64 = 0x2e2e2e2e2e2e2e2e;
const ZEROS: u64 = 0x3030303030303030;
const THREES: u64 = 0x3333333333333333;
const SIXES: u64 = 0x0606060606060606;
const UPPERS: u64 = 0xf0f0f0f0f0f0f0f0;
const PAIRS: u64 = 0x000000ff000000ff;

/** Exact powers of ten, 10^0 to 10^22. */
let tens: usize = 0;
/** Powers of five as 128-bit fractions, high word first; the caller of initNumbers() fills it. */
let fives: usize = 0;

/** Takes the tables; returns where the caller writes 2 * (POWER_MAX - POWER_MIN + 1) words of powers of five. */
export function initNumbers(): usize {
  tens = takeRegion((EXACT_POWER_MAX + 1) * sizeof<f64>());
  let power: f64 = 1;
  for (let i = 0; i <= EXACT_POWER_MAX; i++) {
    store<f64>(tens + i * sizeof<f64>(), power);
    power *= 10;
  }
  fives = takeRegion((POWER_MAX - POWER_MIN + 1) * 16);
  return fives;
}

/** The number that all of [ptr, end) says; NaN when that is the cold path's work. Reads 8 bytes at least. */
// @ts-ignore: decorator
@inline
export function parseNumber(ptr: usize, end: usize): f64 {
  const short = parseShort(ptr, end);
  return isNaN(short) ? parseLong(ptr, end) : short;
}

/**
 * The same for 1 to 8 characters, digits and at most one point, in one word and without a branch that depends on them;
 * NaN for anything else. Less than 10^8 divided by at most 10^7 is exact (Clinger, above).
 *
 *   12.5        first character in the lowest byte
 *   0000012.5   moved up, zeros below
 *   00000125    the digits below the point move into its place; one digit was behind it
 *
 * The eight digits become a number by three multiplications, two, four and eight digits at a time.
 */
// @ts-ignore: decorator
@inline
function parseShort(ptr: usize, end: usize): f64 {
  const length = <u64>(end - ptr);
  if (length - 1 > 7) return NaN;
  let word = load<u64>(ptr) << (64 - 8 * length);
  // Shifts are modulo 64, so eight characters need no zeros.
  word |= select<u64>(ZEROS >> (8 * length), 0, length < 8);
  const x = word ^ POINTS;
  // The lowest bit set is that of the first point; bits above it may be wrong.
  const points = (x - ONES) & ~x & TOPS;
  const hasPoint = points != 0 && length > 1;
  const first = points & (0 - points);
  const below = (first >> 7) - 1;
  word = select<u64>(((word & below) << 8) | (word & ~(first | (first - 1))) | 0x30, word, hasPoint);
  const behind = select<u64>(7 - (ctz(points) >> 3), 0, hasPoint);
  if (((word & UPPERS) | (((word + SIXES) & UPPERS) >> 4)) != THREES) return NaN;
  word -= ZEROS;
  word = word * 10 + (word >> 8);
  word = ((word & PAIRS) * 0x000f424000000064 + ((word >> 16) & PAIRS) * 0x0000271000000001) >> 32;
  return <f64>(<u32>word) / load<f64>(tens + <usize>behind * sizeof<f64>());
}

function parseLong(ptr: usize, end: usize): f64 {
  if (ptr >= end) return NaN;
  let byte = <u32>load<u8>(ptr);
  const negative = byte == 0x2d;
  if (negative || byte == 0x2b) ptr++;

  let mantissa: u64 = 0;
  let digits = 0;
  let power: i32 = 0;
  let any = false;
  while (ptr < end) {
    const digit = <u32>load<u8>(ptr) - 0x30;
    if (digit > 9) break;
    mantissa = mantissa * 10 + digit;
    // Leading zeros are no digits. The mantissa does not tell: that of 2^64 is 0 again.
    digits += <i32>((<u32>digits | digit) != 0);
    any = true;
    ptr++;
  }
  if (ptr < end && load<u8>(ptr) == 0x2e) {
    ptr++;
    const fraction = ptr;
    while (ptr < end) {
      const digit = <u32>load<u8>(ptr) - 0x30;
      if (digit > 9) break;
      mantissa = mantissa * 10 + digit;
      digits += <i32>((<u32>digits | digit) != 0);
      ptr++;
    }
    power = -(<i32>(ptr - fraction));
    any = any || ptr > fraction;
  }
  if (!any || digits > DIGITS_MAX) return NaN;
  if (ptr < end) {
    byte = <u32>load<u8>(ptr) | 0x20;
    if (byte != 0x65) return NaN;
    ptr++;
    if (ptr >= end) return NaN;
    const sign = load<u8>(ptr);
    if (sign == 0x2d || sign == 0x2b) ptr++;
    if (ptr >= end || end - ptr > 4) return NaN;
    let exponent: i32 = 0;
    while (ptr < end) {
      const digit = <u32>load<u8>(ptr) - 0x30;
      if (digit > 9) return NaN;
      exponent = exponent * 10 + digit;
      ptr++;
    }
    power += sign == 0x2d ? -exponent : exponent;
  }

  let value: f64;
  if (mantissa == 0) {
    value = 0;
  } else if (mantissa <= EXACT_MANTISSA && power >= -EXACT_POWER_MAX && power <= EXACT_POWER_MAX) {
    value = <f64>mantissa;
    if (power < 0) value /= load<f64>(tens - power * sizeof<f64>());
    else if (power > 0) value *= load<f64>(tens + power * sizeof<f64>());
  } else {
    if (power < POWER_MIN || power > POWER_MAX) return NaN;
    value = nearestDouble(mantissa, power);
  }
  return negative ? -value : value;
}

/** The positive integer of at most 15 digits that all of [ptr, end) says; NaN when that is the cold path's work. */
export function parseInteger(ptr: usize, end: usize): f64 {
  if (ptr >= end || end - ptr > 15) return NaN;
  let value: u64 = 0;
  while (ptr < end) {
    const digit = <u32>load<u8>(ptr) - 0x30;
    if (digit > 9) return NaN;
    value = value * 10 + digit;
    ptr++;
  }
  return value == 0 ? NaN : <f64>value;
}

/** The double nearest to mantissa * 10^power, mantissa not 0; powers in the table never leave the normal range. */
function nearestDouble(mantissa: u64, power: i32): f64 {
  const shift = <i32>clz(mantissa);
  const w = mantissa << shift;
  const entry = fives + (power - POWER_MIN) * 16;
  const five = load<u64>(entry);
  let high = multiplyHigh(w, five);
  let low = w * five;
  if ((high & 0x1ff) == 0x1ff) {
    const more = multiplyHigh(w, load<u64>(entry, 8));
    low += more;
    if (more > low) high++;
  }
  const upper = <i32>(high >> 63);
  let bits = high >> (upper + 9);
  let exponent = ((217706 * power) >> 16) + 63 + upper - shift + 1023;
  // Exactly half-way between two doubles: to the even one.
  if (low <= 1 && power >= -4 && power <= 23 && (bits & 3) == 1 && bits << (upper + 9) == high) bits &= ~(<u64>1);
  bits = (bits + (bits & 1)) >> 1;
  if (bits >= (<u64>2) << 52) {
    bits = (<u64>1) << 52;
    exponent++;
  }
  return reinterpret<f64>((bits & ~((<u64>1) << 52)) | ((<u64>exponent) << 52));
}

/** High 64 bits of a * b. */
// @ts-ignore: decorator
@inline
function multiplyHigh(a: u64, b: u64): u64 {
  const aLow = a & 0xffffffff;
  const aHigh = a >> 32;
  const bLow = b & 0xffffffff;
  const bHigh = b >> 32;
  const middle = aHigh * bLow + ((aLow * bLow) >> 32);
  const cross = aLow * bHigh + (middle & 0xffffffff);
  return aHigh * bHigh + (middle >> 32) + (cross >> 32);
}
