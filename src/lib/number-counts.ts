/**
 * Number counts: how often there is each of many numbers, outside JavaScript's heap.
 *
 *   number ─▶ hash ─▶ │ number, count │ number, 0 (free) │ number, count │ …     open addressing, linear probing
 *
 * Memory  8 bytes an entry, two thirds of them used when the table grows by half; it shrinks when most of it is free.
 * Limits  numbers from 0 to 2^32; a count of 0 is none.
 * Why     a Map takes 30 bytes a number, all of them copied in the heap whenever it doubles.
 */
import { assert } from './assert.ts';

const SMALLEST_CAPACITY = 16;
const GOLDEN = 0x9e3779b1;

export class NumberCounts {
  /** Numbers with a count. */
  size = 0;
  private numbers = new Uint32Array(SMALLEST_CAPACITY);
  /** 0 for a free entry. */
  private counts = new Uint32Array(SMALLEST_CAPACITY);

  get(number: number): number {
    return this.counts[this.find(number)] as number;
  }

  /** One more of `number`. */
  add(number: number): void {
    let at = this.find(number);
    if (this.counts[at] === 0) {
      if (++this.size * 3 > this.counts.length * 2) {
        this.resize(Math.ceil(this.counts.length * 1.5));
        at = this.find(number);
      }
      this.numbers[at] = number;
    }
    (this.counts[at] as number)++;
  }

  /** One less of `number`; how many are left. */
  remove(number: number): number {
    const at = this.find(number);
    const left = (this.counts[at] as number) - 1;
    assert(left >= 0, 'a number that is removed was counted');
    this.counts[at] = left;
    if (left === 0) this.close(at);
    return left;
  }

  *entries(): Generator<readonly [number: number, count: number]> {
    const { numbers, counts } = this;
    for (let at = 0; at < counts.length; at++)
      if (counts[at] !== 0) yield [numbers[at] as number, counts[at] as number];
  }

  /** Where a number is, or may be put. */
  private find(number: number): number {
    const { numbers, counts } = this;
    let at = homeOf(number, counts.length);
    while (counts[at] !== 0 && numbers[at] !== number) at = at + 1 === counts.length ? 0 : at + 1;
    return at;
  }

  /** The entry at `hole` has become free: what probed past it moves back, so that there are no tombstones. */
  private close(hole: number): void {
    const { numbers, counts } = this;
    const { length } = counts;
    this.size--;
    let free = hole;
    for (let at = (hole + 1) % length; counts[at] !== 0; at = (at + 1) % length) {
      const probed = (at - homeOf(numbers[at] as number, length) + length) % length;
      if (probed < (at - free + length) % length) continue;
      numbers[free] = numbers[at] as number;
      counts[free] = counts[at] as number;
      counts[at] = 0;
      free = at;
    }
    if (length > SMALLEST_CAPACITY && this.size * 6 < length)
      this.resize(Math.max(SMALLEST_CAPACITY, Math.ceil(length / 3)));
  }

  private resize(capacity: number): void {
    const { numbers, counts } = this;
    this.numbers = new Uint32Array(capacity);
    this.counts = new Uint32Array(capacity);
    for (let from = 0; from < counts.length; from++) {
      if (counts[from] === 0) continue;
      const at = this.find(numbers[from] as number);
      this.numbers[at] = numbers[from] as number;
      this.counts[at] = counts[from] as number;
    }
  }
}

/** Numbers that follow each other are spread over the table. */
function homeOf(number: number, capacity: number): number {
  return Math.floor(((Math.imul(number, GOLDEN) >>> 0) * capacity) / 2 ** 32);
}
