/**
 * Numbers as the wire writes them (docs/protocol.md#numbers).
 *
 *   float  values and sample rates: the grammar of Go's ParseFloat, 64 bits
 *   int    timestamps and event lengths: signed decimal, 64-bit range
 *   uint   cgroup inodes: unsigned decimal, 64-bit range
 *
 *   -12.5e3     [sign] digits [. digits] [e exponent]     5. and .5 are fine, . is not
 *   1_000       _ only between two digits
 *   0x1.8p-3    hex digits, then p and a power of two, which is required
 *   +Infinity   inf or infinity in any case; nan takes no sign
 *
 * Number() accepts more than this in some places (blanks, 0x10, empty text) and less in others
 * (underscores, hex fractions), so the grammar is checked here, and Number(), which rounds
 * correctly, only converts text that has passed.
 */

import type { ByteString } from '../model/text.ts';
import { parseHexFloat } from './hex-float.ts';

const PLUS = 0x2b;
const MINUS = 0x2d;
const DOT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const UNDERSCORE = 0x5f;
const LOWER_CASE = 0x20;
const LOWER_E = 0x65;
const LOWER_X = 0x78;

const INT64_MAX = '9223372036854775807';
const INT64_MIN_MAGNITUDE = '9223372036854775808';
const UINT64_MAX = '18446744073709551615';

/** Reads a float; undefined when the text is not one or its value exceeds the range of a double. */
export function parseFloat64(text: ByteString): number | undefined {
  const first = text.charCodeAt(0);
  const start = first === PLUS || first === MINUS ? 1 : 0;
  const lead = text.charCodeAt(start);
  if (!isDigit(lead) && lead !== DOT) return parseSpecial(text);
  if (lead === ZERO && (text.charCodeAt(start + 1) | LOWER_CASE) === LOWER_X) {
    const magnitude = parseHexFloat(text, start + 2);
    return magnitude === undefined ? undefined : first === MINUS ? -magnitude : magnitude;
  }
  return parseDecimal(text, start);
}

/** Reads a signed integer; beyond 2^53 the nearest double, undefined outside the 64-bit range. */
export function parseInt64(text: ByteString): number | undefined {
  const first = text.charCodeAt(0);
  const start = first === PLUS || first === MINUS ? 1 : 0;
  const digits = significantDigits(text, start);
  if (digits === undefined) return undefined;
  const limit = first === MINUS ? INT64_MIN_MAGNITUDE : INT64_MAX;
  if (exceeds(digits, limit)) return undefined;
  // Adding 0 turns -0 into 0: an integer has no signed zero.
  return (first === MINUS ? -Number(digits) : Number(digits)) + 0;
}

/**
 * Reads an unsigned integer without sign. When it is not `ok` the value is the one that stands in for it:
 * 0 for bad text, the maximum for a number out of range.
 */
export function parseUint64(text: ByteString): { value: bigint; ok: boolean } {
  const digits = significantDigits(text, 0);
  if (digits === undefined) return { value: 0n, ok: false };
  if (exceeds(digits, UINT64_MAX)) return { value: BigInt(UINT64_MAX), ok: false };
  return { value: BigInt(digits), ok: true };
}

function parseDecimal(text: ByteString, start: number): number | undefined {
  let digits = 0;
  let underscores = 0;
  let dotSeen = false;
  let i = start;
  for (; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (isDigit(c)) digits++;
    else if (c === UNDERSCORE) underscores++;
    else if (c === DOT && !dotSeen) dotSeen = true;
    else break;
  }
  if (digits === 0) return undefined;
  if (i < text.length) {
    if ((text.charCodeAt(i) | LOWER_CASE) !== LOWER_E) return undefined;
    const exponent = exponentStart(text, i + 1);
    if (exponent < 0) return undefined;
    for (i = exponent; i < text.length; i++) {
      const c = text.charCodeAt(i);
      if (c === UNDERSCORE) underscores++;
      else if (!isDigit(c)) return undefined;
    }
  }
  if (underscores > 0 && !underscoresSeparateDigits(text)) return undefined;
  const value = Number(underscores > 0 ? text.replaceAll('_', '') : text);
  return Number.isFinite(value) ? value : undefined;
}

function parseSpecial(text: ByteString): number | undefined {
  // The longest spelling is "+infinity"; the check spares long garbage the conversion.
  if (text.length > 9) return undefined;
  switch (text.toLowerCase()) {
    case 'nan':
      return Number.NaN;
    case 'inf':
    case '+inf':
    case 'infinity':
    case '+infinity':
      return Number.POSITIVE_INFINITY;
    case '-inf':
    case '-infinity':
      return Number.NEGATIVE_INFINITY;
    default:
      return undefined;
  }
}

/** Returns where the exponent's digits start, after an optional sign; -1 when the first is not a digit. */
function exponentStart(text: ByteString, at: number): number {
  const c = text.charCodeAt(at);
  const start = c === PLUS || c === MINUS ? at + 1 : at;
  return isDigit(text.charCodeAt(start)) ? start : -1;
}

function underscoresSeparateDigits(text: ByteString): boolean {
  for (let i = text.indexOf('_'); i >= 0; i = text.indexOf('_', i + 1)) {
    if (!isDigit(text.charCodeAt(i - 1)) || !isDigit(text.charCodeAt(i + 1))) return false;
  }
  return true;
}

/** Returns the digits from `start` on without leading zeros; undefined when any other byte is there, or nothing. */
function significantDigits(text: ByteString, start: number): ByteString | undefined {
  if (start === text.length) return undefined;
  let zeros = start;
  for (let i = start; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (!isDigit(c)) return undefined;
    if (c === ZERO && zeros === i && i < text.length - 1) zeros++;
  }
  return text.slice(zeros);
}

/** Compares two runs of digits without leading zeros: by length, then as text. */
function exceeds(digits: ByteString, limit: ByteString): boolean {
  return digits.length > limit.length || (digits.length === limit.length && digits > limit);
}

function isDigit(code: number): boolean {
  return code >= ZERO && code <= NINE;
}
