/**
 * Hot path. Finding bytes, 16 at a time.
 *
 * Every function returns the first position in [ptr, end) that holds one of the bytes, or `end`. All read
 * up to 63 bytes beyond `end` (PACKET_PADDING_BYTES), whatever they find there does not count.
 */
import { LF as LINE_FEED } from '../../model/core-border';
import { takeRegion } from './memory';

export const LF: u8 = <u8>LINE_FEED;
export const CR: u8 = 0x0d;
export const COMMA: u8 = 0x2c;
export const COLON: u8 = 0x3a;
export const PIPE: u8 = 0x7c;

/**
 * Sixteen pipes and sixteen LF, in memory: V8 makes a constant vector anew wherever it is used, in every turn of a loop,
 * with three instructions.
 */
let sixteens: usize = 0;
const LINE_FEEDS: usize = 16;

export function initScan(): void {
  sixteens = takeRegion(32);
  v128.store(sixteens, i8x16.splat(PIPE));
  v128.store(sixteens, i8x16.splat(LF), LINE_FEEDS);
}

/** End of a field: a pipe or LF. Most fields are short, so the first 16 bytes are looked at where it is called. */
// @ts-ignore: decorator
@inline
export function fieldEnd(ptr: usize, end: usize): usize {
  const bits = i8x16.bitmask(isFieldEnd(v128.load(ptr)));
  return bits != 0 ? min(ptr + ctz(bits), end) : longFieldEnd(ptr + 16, end);
}

/** Not where it is called. */
function longFieldEnd(ptr: usize, end: usize): usize {
  return tagsEnd(ptr, end);
}

/** The same for a field of tags, which is long: 64 bytes a turn. */
// @ts-ignore: decorator
@inline
export function tagsEnd(ptr: usize, end: usize): usize {
  const pipe = v128.load(sixteens);
  const lf = v128.load(sixteens, LINE_FEEDS);
  while (ptr < end) {
    const c0 = v128.load(ptr);
    const c1 = v128.load(ptr, 16);
    const c2 = v128.load(ptr, 32);
    const c3 = v128.load(ptr, 48);
    const e0 = v128.or(i8x16.eq(c0, pipe), i8x16.eq(c0, lf));
    const e1 = v128.or(i8x16.eq(c1, pipe), i8x16.eq(c1, lf));
    const e2 = v128.or(i8x16.eq(c2, pipe), i8x16.eq(c2, lf));
    const e3 = v128.or(i8x16.eq(c3, pipe), i8x16.eq(c3, lf));
    if (v128.any_true(v128.or(v128.or(e0, e1), v128.or(e2, e3)))) {
      return min(ptr + <usize>ctz(bitsOf(e0, e1, e2, e3)), end);
    }
    ptr += 64;
  }
  return end;
}

/** Which of 16 bytes are this one. */
// @ts-ignore: decorator
@inline
export function isByte(byte: u8, chunk: v128): v128 {
  return i8x16.eq(chunk, i8x16.splat(byte));
}

/** Which of 16 bytes end a field. */
// @ts-ignore: decorator
@inline
export function isFieldEnd(chunk: v128): v128 {
  return v128.or(isByte(PIPE, chunk), isByte(LF, chunk));
}

/** One bit for each of 64 bytes that were compared, the first the lowest. */
// @ts-ignore: decorator
@inline
export function bitsOf(e0: v128, e1: v128, e2: v128, e3: v128): u64 {
  const low = <u64>(<u32>i8x16.bitmask(e0) | ((<u32>i8x16.bitmask(e1)) << 16));
  const high = <u64>(<u32>i8x16.bitmask(e2) | ((<u32>i8x16.bitmask(e3)) << 16));
  return low | (high << 32);
}

/** End of a name: a colon, pipe or LF. */
export function nameEnd(ptr: usize, end: usize): usize {
  const colon = i8x16.splat(COLON);
  const pipe = i8x16.splat(PIPE);
  const lf = i8x16.splat(LF);
  while (ptr < end) {
    const chunk = v128.load(ptr);
    const found = v128.or(v128.or(i8x16.eq(chunk, colon), i8x16.eq(chunk, pipe)), i8x16.eq(chunk, lf));
    const bits = i8x16.bitmask(found);
    if (bits != 0) return min(ptr + ctz(bits), end);
    ptr += 16;
  }
  return end;
}

/** The next `byte`. */
export function find(byte: u8, ptr: usize, end: usize): usize {
  const wanted = i8x16.splat(byte);
  while (ptr < end) {
    const bits = i8x16.bitmask(i8x16.eq(v128.load(ptr), wanted));
    if (bits != 0) return min(ptr + ctz(bits), end);
    ptr += 16;
  }
  return end;
}

/** Makes each `from` in [ptr, end) a `to`. */
export function replaceBytes(from: u8, to: u8, ptr: usize, end: usize): void {
  const wanted = i8x16.splat(from);
  const change = i8x16.splat(from ^ to);
  while (ptr + 16 <= end) {
    const chunk = v128.load(ptr);
    v128.store(ptr, v128.xor(chunk, v128.and(i8x16.eq(chunk, wanted), change)));
    ptr += 16;
  }
  for (; ptr < end; ptr++) if (load<u8>(ptr) == from) store<u8>(ptr, to);
}
