/**
 * Text index: from a text to its number, by the bytes that its pages hold.
 *
 *   upper 8 bits of the hash ─▶ part ─▶ │ number + 1 │ 0 │ number + 1 │ …     where the lower bits say, and on from there
 *
 * Memory  4 bytes an entry, two thirds of them used when a part grows by half. Parts grow one by one: one of PARTS takes less
 *         than a millisecond with a million texts, all at once a tenth of a second.
 * Why     a Map needs 28 to 56 bytes a text, a string for it, and fails with 16.7 million.
 */
import { assert } from '../assert.ts';
import { hashBytes } from './bytes-by-words.ts';
import type { TextPages } from './text-pages.ts';

const PART_BITS = 8;
const PARTS = 1 << PART_BITS;
const PART_SHIFT = 32 - PART_BITS;
const PLACE_BITS = 32 - PART_BITS;
const PLACE_MASK = 2 ** PLACE_BITS - 1;
const SMALLEST_CAPACITY = 16;

interface Part {
  entries: Uint32Array;
  size: number;
}

export class TextIndex {
  size = 0;
  /** Or the compiler might leave out reads that nobody needs. */
  lastRead = 0;
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

  /** The number of the text at [start, end) of `view`, whose hash is hashBytes(); undefined when it is not in the index. */
  find(hash: number, view: DataView, start: number, end: number): number | undefined {
    const { entries } = this.partOf(hash);
    for (let at = homeOf(hash, entries.length); ; at = at + 1 === entries.length ? 0 : at + 1) {
      const entry = entries[at] as number;
      if (entry === 0) return undefined;
      if (this.pages.isAt(this.positionOf(entry - 1), view, start, end)) return entry - 1;
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

  /** Reads what find() reads first for the first `count` hashes, so that the processor waits for all of it at once. */
  touch(hashes: Int32Array, count: number): void {
    let read = 0;
    for (let i = 0; i < count; i++) {
      const hash = hashes[i] as number;
      const { entries } = this.partOf(hash);
      const entry = entries[homeOf(hash, entries.length)] as number;
      if (entry !== 0) read += this.pages.firstByteAt(this.positionOf(entry - 1));
    }
    this.lastRead = read;
  }

  /** Adds a number whose text, with this hash, is not in the index. */
  add(number: number, hash: number): void {
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
    return this.pages.read(position, hashBytes);
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
