/**
 * Bytes, four at a time: a hash, a comparison, a copy and a search, for texts that are looked up by the million.
 *
 *   env:production     words  env: prod ucti tion      the last one may overlap the one before it
 *
 * A DataView reads a word at any place, in the order of its bytes wherever it runs.
 */
import { randomInt } from 'node:crypto';
import { finishHash } from './text-hash.ts';

const WORD_BYTES = 4;
const ONES = 0x01010101;
const HIGH_BITS = 0x80808080;

/** Drawn once, so that no sender can choose texts whose hashes meet. */
const seed = randomInt(2 ** 32);
const firstOdd = randomInt(2 ** 32) | 1;
const secondOdd = randomInt(2 ** 32) | 1;
const thirdOdd = randomInt(2 ** 32) | 1;

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** A 32-bit hash of the bytes at [start, end): the rounds of MurmurHash3 with numbers that nobody knows. */
export function hashBytes(view: DataView, start: number, end: number): number {
  let hash = seed ^ (end - start);
  const last = end - WORD_BYTES;
  if (last < start) return finishHash(mix(hash, shortWord(view, start, end)));
  for (let at = start; at < last; at += WORD_BYTES) hash = mix(hash, view.getInt32(at, true));
  return finishHash(mix(hash, view.getInt32(last, true)));
}

/** Whether `length` bytes of two views are the same. */
export function equalBytes(
  view: DataView,
  start: number,
  other: DataView,
  otherStart: number,
  length: number,
): boolean {
  const last = length - WORD_BYTES;
  if (last < 0)
    return shortWord(view, start, start + length) === shortWord(other, otherStart, otherStart + length);
  for (let at = 0; at < last; at += WORD_BYTES)
    if (view.getInt32(start + at, true) !== other.getInt32(otherStart + at, true)) return false;
  return view.getInt32(start + last, true) === other.getInt32(otherStart + last, true);
}

/** Copies `length` bytes from `start` of `from` on to `at` of `to`. */
export function copyBytes(to: DataView, at: number, from: DataView, start: number, length: number): void {
  const last = length - WORD_BYTES;
  let i = 0;
  for (; i <= last; i += WORD_BYTES) to.setInt32(at + i, from.getInt32(start + i, true), true);
  for (; i < length; i++) to.setUint8(at + i, from.getUint8(start + i));
}

/** Where the first `byte` in [start, end) is, or `end`. */
export function findByte(view: DataView, byte: number, start: number, end: number): number {
  const wanted = Math.imul(byte, ONES);
  const last = end - WORD_BYTES;
  let at = start;
  for (; at <= last; at += WORD_BYTES) {
    const rest = view.getInt32(at, true) ^ wanted;
    // The lowest bit is that of the first byte of zero; those above it may say so in error.
    const zeros = (rest - ONES) & ~rest & HIGH_BITS;
    if (zeros !== 0) return at + ((31 - Math.clz32(zeros & -zeros)) >> 3);
  }
  while (at < end && view.getUint8(at) !== byte) at++;
  return at;
}

/** Fewer than four bytes as a number; which of them there are, their count says. */
function shortWord(view: DataView, start: number, end: number): number {
  let word = 0;
  for (let at = start; at < end; at++) word = (word << 8) | view.getUint8(at);
  return word;
}

function mix(hash: number, word: number): number {
  const first = Math.imul(word, firstOdd);
  const mixed = hash ^ Math.imul((first << 15) | (first >>> 17), secondOdd);
  return (Math.imul((mixed << 13) | (mixed >>> 19), thirdOdd) + seed) | 0;
}
