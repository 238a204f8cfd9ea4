/**
 * Hot path. Keyed 128-bit hashes of byte ranges.
 *
 * Two passes of NH (Black et al., "UMAC: Fast and Secure Message Authentication", 1999): a message is
 * read as 32-bit words m, a secret key k is added to each, and the products of pairs are summed modulo
 * 2^64. Two messages that differ collide with probability 2^-32 a pass whoever chose them, as long as
 * the key is secret; the second pass uses the same key shifted by 16 bytes (Toeplitz), which makes 2^-64.
 * The key is drawn at start, so nobody can construct two lines that share a context.
 *
 *   message   │ 32 bytes │ 32 bytes │ …           the i-th word of the first 16 bytes is paired with
 *   key       │ k + 0    │ k + 32   │ …           the i-th of the second: no shuffles
 *
 * A message is one or two ranges, each padded with zeros to 32 bytes (64 in hashParts()), and two words that say how long the
 * ranges are and whatever else tells messages apart. The words are multiplied by secret odd numbers and
 * added: messages that differ in one word alone never collide.
 *
 * The sums are not spread evenly over their bits: tables multiply before they take an index, and sums that
 * are added up (tag-set.ts) are mixed first.
 */
import { HASH_KEY_BYTES, HASHED_BYTES_MAX } from '../../model/core-border';
import { takeRegion } from './memory';

const WORDS_AT: usize = HASHED_BYTES_MAX + 2048;

/** First 64 bytes all ones, then 64 zeros: a mask for the last part of a range. */
let maskTable: usize = 0;
let key: usize = 0;
let oddA: u64 = 1;
let oddB: u64 = 1;
let oddC: u64 = 1;
let oddD: u64 = 1;

/** Key of the elements of sets, when a fleet shares one; 0 when it is that of lines. */
let elementKey: usize = 0;
let elementA: u64 = 1;
let elementB: u64 = 1;
let elementC: u64 = 1;
let elementD: u64 = 1;

/** Result of the last hash. */
export let hashA: u64 = 0;
export let hashB: u64 = 0;

/** Takes the regions; returns where the caller writes `hashKeyBytes()` random bytes. */
export function initHash(): usize {
  maskTable = takeRegion(128);
  memory.fill(maskTable, 0xff, 64);
  key = takeRegion(HASH_KEY_BYTES);
  return key;
}

export function hashKeyBytes(): usize {
  return HASH_KEY_BYTES;
}

/** Once the key is written. */
export function useHashKey(): void {
  oddA = load<u64>(key + WORDS_AT) | 1;
  oddB = load<u64>(key + WORDS_AT, 8) | 1;
  oddC = load<u64>(key + WORDS_AT, 16) | 1;
  oddD = load<u64>(key + WORDS_AT, 24) | 1;
}

/** Takes the region of a key for elements alone; returns where the caller writes `hashKeyBytes()` bytes. */
export function takeElementKey(): usize {
  return takeRegion(HASH_KEY_BYTES);
}

/** Once that key is written, before the first element. */
export function useElementKey(written: usize): void {
  elementKey = written;
  elementA = load<u64>(written + WORDS_AT) | 1;
  elementB = load<u64>(written + WORDS_AT, 8) | 1;
  elementC = load<u64>(written + WORDS_AT, 16) | 1;
  elementD = load<u64>(written + WORDS_AT, 24) | 1;
}

/** Hashes the element of a set and a word. With a fleet's key the same element is the same on every server. */
export function hashElement(ptr: usize, length: usize, word: u64): void {
  if (elementKey == 0) {
    hash(ptr, length, 0, 0, length, word);
    return;
  }
  const lineKey = key;
  const a = oddA;
  const b = oddB;
  const c = oddC;
  const d = oddD;
  key = elementKey;
  oddA = elementA;
  oddB = elementB;
  oddC = elementC;
  oddD = elementD;
  hash(ptr, length, 0, 0, length, word);
  key = lineKey;
  oddA = a;
  oddB = b;
  oddC = c;
  oddD = d;
}

/**
 * Hashes [first, first + firstLength), [second, second + secondLength) and two words into hashA and hashB, and returns
 * hashA: a table needs it first, and a global that was just written is slow to read.
 * Reads up to 31 bytes beyond a range.
 */
export function hash(
  first: usize,
  firstLength: usize,
  second: usize,
  secondLength: usize,
  wordA: u64,
  wordB: u64,
): u64 {
  let a = i64x2.splat(0);
  let b = i64x2.splat(0);
  let k = key;
  let ptr = first;
  let length = firstLength;
  let last = secondLength == 0;
  while (true) {
    const whole = ptr + (length & ~31);
    while (ptr < whole) {
      const low = v128.load(ptr);
      const high = v128.load(ptr, 16);
      const k1 = v128.load(k, 16);
      const x = i32x4.add(low, v128.load(k));
      const y = i32x4.add(high, k1);
      const z = i32x4.add(low, k1);
      const w = i32x4.add(high, v128.load(k, 32));
      a = i64x2.add(a, products(x, y));
      b = i64x2.add(b, products(z, w));
      ptr += 32;
      k += 32;
    }
    const rest = length & 31;
    if (rest != 0) {
      const mask = maskTable + 64 - rest;
      const low = v128.and(v128.load(ptr), v128.load(mask));
      const high = v128.and(v128.load(ptr, 16), v128.load(mask, 16));
      const k1 = v128.load(k, 16);
      const x = i32x4.add(low, v128.load(k));
      const y = i32x4.add(high, k1);
      const z = i32x4.add(low, k1);
      const w = i32x4.add(high, v128.load(k, 32));
      a = i64x2.add(a, products(x, y));
      b = i64x2.add(b, products(z, w));
      k += 32;
    }
    if (last) break;
    last = true;
    ptr = second;
    length = secondLength;
  }
  const result = <u64>i64x2.extract_lane(a, 0) + <u64>i64x2.extract_lane(a, 1) + wordA * oddA + wordB * oddB;
  hashA = result;
  hashB = <u64>i64x2.extract_lane(b, 0) + <u64>i64x2.extract_lane(b, 1) + wordA * oddC + wordB * oddD;
  return result;
}

/**
 * The same with ranges that are padded to 64 bytes: other hashes, in which most names and tags need fewer branches that a
 * processor cannot foresee. Reads up to 64 bytes beyond a range.
 */
// @ts-ignore: decorator
@inline
export function hashParts(
  first: usize,
  firstLength: usize,
  second: usize,
  secondLength: usize,
  wordA: u64,
  wordB: u64,
): u64 {
  let a = i64x2.splat(0);
  let b = i64x2.splat(0);
  let k = key;
  let ptr = first;
  let left = firstLength;
  let last = secondLength == 0;
  while (true) {
    while (left > 64) {
      const c0 = v128.load(ptr);
      const c1 = v128.load(ptr, 16);
      const c2 = v128.load(ptr, 32);
      const c3 = v128.load(ptr, 48);
      const k1 = v128.load(k, 16);
      const k2 = v128.load(k, 32);
      const k3 = v128.load(k, 48);
      a = i64x2.add(a, products(i32x4.add(c0, v128.load(k)), i32x4.add(c1, k1)));
      b = i64x2.add(b, products(i32x4.add(c0, k1), i32x4.add(c1, k2)));
      a = i64x2.add(a, products(i32x4.add(c2, k2), i32x4.add(c3, k3)));
      b = i64x2.add(b, products(i32x4.add(c2, k3), i32x4.add(c3, v128.load(k, 64))));
      ptr += 64;
      k += 64;
      left -= 64;
    }
    const mask = maskTable + 64 - left;
    const c0 = v128.and(v128.load(ptr), v128.load(mask));
    const c1 = v128.and(v128.load(ptr, 16), v128.load(mask, 16));
    const c2 = v128.and(v128.load(ptr, 32), v128.load(mask, 32));
    const c3 = v128.and(v128.load(ptr, 48), v128.load(mask, 48));
    const k1 = v128.load(k, 16);
    const k2 = v128.load(k, 32);
    const k3 = v128.load(k, 48);
    a = i64x2.add(a, products(i32x4.add(c0, v128.load(k)), i32x4.add(c1, k1)));
    b = i64x2.add(b, products(i32x4.add(c0, k1), i32x4.add(c1, k2)));
    a = i64x2.add(a, products(i32x4.add(c2, k2), i32x4.add(c3, k3)));
    b = i64x2.add(b, products(i32x4.add(c2, k3), i32x4.add(c3, v128.load(k, 64))));
    if (last) break;
    k += 64;
    last = true;
    ptr = second;
    left = secondLength;
  }
  const result = <u64>i64x2.extract_lane(a, 0) + <u64>i64x2.extract_lane(a, 1) + wordA * oddA + wordB * oddB;
  hashA = result;
  hashB = <u64>i64x2.extract_lane(b, 0) + <u64>i64x2.extract_lane(b, 1) + wordA * oddC + wordB * oddD;
  return result;
}

// @ts-ignore: decorator
@inline
function products(x: v128, y: v128): v128 {
  return i64x2.add(i64x2.extmul_low_i32x4_u(x, y), i64x2.extmul_high_i32x4_u(x, y));
}

/**
 * Hashes what stands in [ptr, stop) up to the first `separator` as hash(ptr, length, 0, 0, length, word) does, and
 * returns where it ends: one pass that finds and hashes, for lists of short texts, in which two passes cost twice the
 * mispredicted ends. Reads up to 32 bytes beyond `stop`.
 */
// @ts-ignore: decorator
@inline
export function hashUntil(separator: u8, ptr: usize, stop: usize, word: u64): usize {
  const wanted = i8x16.splat(separator);
  const start = ptr;
  let a = i64x2.splat(0);
  let b = i64x2.splat(0);
  let k = key;
  while (true) {
    let low = v128.load(ptr);
    let high = v128.load(ptr, 16);
    const found = <u32>i8x16.bitmask(i8x16.eq(low, wanted)) | ((<u32>i8x16.bitmask(i8x16.eq(high, wanted))) << 16);
    // 32 when there is no separator.
    const length = min<usize>(<usize>ctz(found), stop - ptr);
    if (length < 32) {
      ptr += length;
      if (length == 0) break;
      const mask = maskTable + 64 - length;
      low = v128.and(low, v128.load(mask));
      high = v128.and(high, v128.load(mask, 16));
    }
    const k1 = v128.load(k, 16);
    const x = i32x4.add(low, v128.load(k));
    const y = i32x4.add(high, k1);
    const z = i32x4.add(low, k1);
    const w = i32x4.add(high, v128.load(k, 32));
    a = i64x2.add(a, products(x, y));
    b = i64x2.add(b, products(z, w));
    if (length < 32) break;
    ptr += 32;
    k += 32;
  }
  const length = <u64>(ptr - start);
  hashA = <u64>i64x2.extract_lane(a, 0) + <u64>i64x2.extract_lane(a, 1) + length * oddA + word * oddB;
  hashB = <u64>i64x2.extract_lane(b, 0) + <u64>i64x2.extract_lane(b, 1) + length * oddC + word * oddD;
  return ptr;
}

/** Adds to the result, for hashes that are combined from several. */
// @ts-ignore: decorator
@inline
export function addToHash(a: u64, b: u64): void {
  hashA += a;
  hashB += b;
}

/** Spreads every bit of `x` over all others (the finalizer of splitmix64); reversible, so it loses nothing. */
// @ts-ignore: decorator
@inline
export function mix(x: u64): u64 {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}
