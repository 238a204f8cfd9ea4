/**
 * Key log: the keys that shards deliver for one type in one bucket, appended as they come and put in
 * order once, at the flush.
 *
 *   append      row │ key │ weight      12 or 20 bytes a key, in order of arrival
 *   group       keys and weights side by side by row; row r has [startOf(r), startOf(r + 1))
 *
 * A key is a number: a value, a sketch bin, or 53 bits of an element's hash. Sets have no weights.
 *
 * Why     an object or an array for every context would cost more than the keys themselves; most
 *         contexts have a handful. Shards limit their keys, so the log is limited with them.
 */
import type { Steps } from '../lib/steps.ts';
import { reserve } from './columns.ts';
import { mergeEqualPairs, sortPairs } from './sort-pairs.ts';

/** Keys of one step of group(). */
const STEP_KEYS = 4096;

export class KeyLog {
  size = 0;
  readonly #weighted: boolean;
  #rows = new Uint32Array(0);
  #keys = new Float64Array(0);
  #weights = new Float64Array(0);
  #starts = new Uint32Array(0);

  constructor(options: { weighted: boolean }) {
    this.#weighted = options.weighted;
  }

  append(row: number, key: number, weight: number): void {
    const index = this.size++;
    this.#rows = reserve(this.#rows, index);
    this.#keys = reserve(this.#keys, index);
    this.#rows[index] = row;
    this.#keys[index] = key;
    if (!this.#weighted) return;
    this.#weights = reserve(this.#weights, index);
    this.#weights[index] = weight;
  }

  /** Brings the keys of each of the `rowCount` rows together: a counting sort. No append after it. */
  *group(rowCount: number): Steps {
    const rows = this.#rows;
    const starts = new Uint32Array(rowCount + 1);
    for (let i = 0; i < this.size; i++) {
      (starts[rows[i] as number] as number)++;
      if (i % STEP_KEYS === 0) yield;
    }
    let start = 0;
    for (let row = 0; row <= rowCount; row++) {
      const count = starts[row] as number;
      starts[row] = start;
      start += count;
    }
    const keys = new Float64Array(this.size);
    const weights = new Float64Array(this.#weighted ? this.size : 0);
    for (let i = 0; i < this.size; i++) {
      const at = starts[rows[i] as number] as number;
      starts[rows[i] as number] = at + 1;
      keys[at] = this.#keys[i] as number;
      if (this.#weighted) weights[at] = this.#weights[i] as number;
      if (i % STEP_KEYS === 0) yield;
    }
    // Each start has moved to the end of its row, which is the start of the next.
    starts.copyWithin(1, 0, rowCount);
    starts[0] = 0;
    this.#starts = starts;
    this.#keys = keys;
    this.#weights = weights;
    this.#rows = new Uint32Array(0);
  }

  countOf(row: number): number {
    return (this.#starts[row + 1] as number) - (this.#starts[row] as number);
  }

  /** Different keys of a row. Changes the order of its keys. */
  countDistinct(row: number): number {
    const keys = this.#keys.subarray(this.#starts[row], this.#starts[row + 1]).sort();
    let distinct = 0;
    for (let i = 0; i < keys.length; i++) if (i === 0 || keys[i] !== keys[i - 1]) distinct++;
    return distinct;
  }

  /** The keys of a row, ascending, each once, with their weights added up. Call it once a row. */
  weightsOf(row: number): { keys: Float64Array; weights: Float64Array } {
    const start = this.#starts[row] as number;
    const end = this.#starts[row + 1] as number;
    sortPairs(this.#keys, this.#weights, start, end);
    const mergedEnd = mergeEqualPairs(this.#keys, this.#weights, start, end);
    return { keys: this.#keys.subarray(start, mergedEnd), weights: this.#weights.subarray(start, mergedEnd) };
  }
}
