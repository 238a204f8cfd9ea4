/**
 * Text index: from a text to its number, by the bytes that its pages hold.
 *
 *   upper 8 bits of the hash ─▶ part ─▶ │ number + 1 │ 0 │ number + 1 │ …     where the lower bits say, and on from there
 *
 * Memory  4 bytes an entry, at most two thirds of them used. Parts grow one by one: doubling one of PARTS takes less than
 *         a millisecond with a million texts, all at once a tenth of a second.
 * Why     a Map needs 28 to 56 bytes a text, a string for it, and fails with 16.7 million.
 */
import { randomInt } from 'node:crypto';
import { assert } from '../assert.ts';
import type { TextPages } from './text-pages.ts';

const PART_BITS = 8;
const PARTS = 1 << PART_BITS;
const PART_SHIFT = 32 - PART_BITS;
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
    const mask = entries.length - 1;
    for (let at = hash & mask; ; at = (at + 1) & mask) {
      const entry = entries[at] as number;
      if (entry === 0) return undefined;
      if (this.pages.isAt(this.positionOf(entry - 1), bytes, start, end)) return entry - 1;
    }
  }

  /** The number whose text is at `position`; undefined when it is none's. */
  findAt(position: number): number | undefined {
    const hash = this.hashAt(position);
    const { entries } = this.partOf(hash);
    const mask = entries.length - 1;
    for (let at = hash & mask; ; at = (at + 1) & mask) {
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
    if (++part.size * 3 > part.entries.length * 2) this.resize(part, part.entries.length * 2);
    insert(part.entries, hash, number);
  }

  /** Removes a number, whose text is still where it was. */
  remove(number: number): void {
    const hash = this.hashAt(this.positionOf(number));
    const part = this.partOf(hash);
    const { entries } = part;
    const mask = entries.length - 1;
    let hole = hash & mask;
    while (entries[hole] !== number + 1) {
      assert(entries[hole] !== 0, 'a text that is removed is in the index');
      hole = (hole + 1) & mask;
    }
    // What probed past it moves back, so that there are no tombstones.
    for (let at = (hole + 1) & mask; entries[at] !== 0; at = (at + 1) & mask) {
      const home = this.hashAt(this.positionOf((entries[at] as number) - 1)) & mask;
      if (((at - home) & mask) < ((at - hole) & mask)) continue;
      entries[hole] = entries[at] as number;
      hole = at;
    }
    entries[hole] = 0;
    this.size--;
    part.size--;
    if (entries.length > SMALLEST_CAPACITY && part.size * 8 < entries.length)
      this.resize(part, entries.length / 4);
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
  const mask = entries.length - 1;
  let at = hash & mask;
  while (entries[at] !== 0) at = (at + 1) & mask;
  entries[at] = number + 1;
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
