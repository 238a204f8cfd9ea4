/**
 * Text index: from a text to its number, by the bytes that its pages hold.
 *
 *   upper 8 bits of the hash ─▶ part ─▶ │ number + 1 │ 0 │ number + 1 │ …     where the lower bits say, and on from there
 *
 * Memory  4 bytes an entry, two thirds of them used when a part grows by half. Parts grow one by one: one of PARTS takes less
 *         than a millisecond with a million texts, all at once a tenth of a second.
 * Why     a Map needs 28 to 56 bytes a text, a string for it, and fails with 16.7 million.
 */
import { randomInt } from 'node:crypto';
import { assert } from '../assert.ts';
import type { TextPages } from './text-pages.ts';

const PART_BITS = 8;
const PARTS = 1 << PART_BITS;
const PART_SHIFT = 32 - PART_BITS;
const PLACE_BITS = 32 - PART_BITS;
const PLACE_MASK = 2 ** PLACE_BITS - 1;
const SMALLEST_CAPACITY = 16;

/** Drawn once, so that no sender can choose texts whose hashes meet. */
const seed = randomInt(2 ** 32);

interface Part {
  entries: Uint32Array;
  size: number;
}

export class TextIndex {
  size = 0;
  private readonly pages: TextPages;
  private readonly positionOf: (number: number) => number;
  private readonly parts: readonly Part[] = Array.from({ length: PARTS }, () => ({
    entries: new Uint32Array(SMALLEST_CAPACITY),
    size: 0,
  }));

  /** `positionOf` says where the text of a number that is in the index is. */
  constructor(pages: TextPages, positionOf: (number: number) => number) {
    this.pages = pages;
    this.positionOf = positionOf;
  }

  get bytes(): number {
    return this.parts.reduce((sum, { entries }) => sum + entries.byteLength, 0);
  }

  /** The number of the text at [start, end) of `bytes`; undefined when it is not in the index. */
  find(bytes: Uint8Array, start: number, end: number): number | undefined {
    const hash = hashOfBytes(bytes, start, end);
    const { entries } = this.partOf(hash);
    for (let at = homeOf(hash, entries.length); ; at = at + 1 === entries.length ? 0 : at + 1) {
      const entry = entries[at] as number;
      if (entry === 0) return undefined;
      if (this.pages.isAt(this.positionOf(entry - 1), bytes, start, end)) return entry - 1;
    }
  }

  /** The number whose text is at `position`; undefined when it is none's. */
  findAt(position: number): number | undefined {
    const hash = this.hashAt(position);
    const { entries } = this.partOf(hash);
    for (let at = homeOf(hash, entries.length); ; at = at + 1 === entries.length ? 0 : at + 1) {
      const entry = entries[at] as number;
      if (entry === 0) return undefined;
      if (this.positionOf(entry - 1) === position) return entry - 1;
    }
  }

  /** Adds a number whose text is not in the index. */
  add(number: number): void {
    const hash = this.hashAt(this.positionOf(number));
    const part = this.partOf(hash);
    this.size++;
    if (++part.size * 3 > part.entries.length * 2) this.resize(part, Math.ceil(part.entries.length * 1.5));
    insert(part.entries, hash, number);
  }

  /** Removes a number, whose text is still where it was. */
  remove(number: number): void {
    const hash = this.hashAt(this.positionOf(number));
    const part = this.partOf(hash);
    const { entries } = part;
    const { length } = entries;
    let hole = homeOf(hash, length);
    while (entries[hole] !== number + 1) {
      assert(entries[hole] !== 0, 'a text that is removed is in the index');
      hole = (hole + 1) % length;
    }
    // What probed past it moves back, so that there are no tombstones.
    for (let at = (hole + 1) % length; entries[at] !== 0; at = (at + 1) % length) {
      const home = homeOf(this.hashAt(this.positionOf((entries[at] as number) - 1)), length);
      if ((at - home + length) % length < (at - hole + length) % length) continue;
      entries[hole] = entries[at] as number;
      hole = at;
    }
    entries[hole] = 0;
    this.size--;
    part.size--;
    if (entries.length > SMALLEST_CAPACITY && part.size * 8 < entries.length)
      this.resize(part, Math.ceil(length / 4));
  }

  private resize(part: Part, capacity: number): void {
    const before = part.entries;
    part.entries = new Uint32Array(Math.max(capacity, SMALLEST_CAPACITY));
    for (const entry of before)
      if (entry !== 0) insert(part.entries, this.hashAt(this.positionOf(entry - 1)), entry - 1);
  }

  private partOf(hash: number): Part {
    return this.parts[hash >>> PART_SHIFT] as Part;
  }

  private hashAt(position: number): number {
    return this.pages.read(position, hashOfBytes);
  }
}

function insert(entries: Uint32Array, hash: number, number: number): void {
  let at = homeOf(hash, entries.length);
  while (entries[at] !== 0) at = at + 1 === entries.length ? 0 : at + 1;
  entries[at] = number + 1;
}

/** The lower bits of a hash as a share of the part, whose length is no power of two. */
function homeOf(hash: number, length: number): number {
  return Math.floor(((hash & PLACE_MASK) * length) / 2 ** PLACE_BITS);
}

function hashOfBytes(bytes: Uint8Array, start: number, end: number): number {
  let hash = seed;
  for (let i = start; i < end; i++) hash = mix(hash, bytes[i] as number);
  return finish(hash);
}

/** Bob Jenkins' one-at-a-time hash, as V8 has for its own strings. */
function mix(hash: number, byte: number): number {
  const sum = (hash + byte) | 0;
  const shifted = (sum + (sum << 10)) | 0;
  return shifted ^ (shifted >>> 6);
}

function finish(hash: number): number {
  const sum = (hash + (hash << 3)) | 0;
  const shifted = sum ^ (sum >>> 11);
  return (shifted + (shifted << 15)) | 0;
}
