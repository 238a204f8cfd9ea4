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
import { ColumnTable } from '../lib/column-table.ts';
import type { Steps } from '../lib/time/steps.ts';
import type { NumberBatch } from '../model/number-batch.ts';
import { mergeEqualPairs, sortPairs } from './sketch/sort-pairs.ts';

/** Keys of one step of group(). */
const STEP_KEYS = 4096;

export class KeyLog {
  size = 0;
  private readonly weighted: boolean;
  /** In order of arrival, until group(). */
  private readonly appended = new ColumnTable({ rows: Uint32Array, keys: Float64Array });
  /** The same, in a log with weights. */
  private readonly appendedWeights = new ColumnTable({ weights: Float64Array });
  /** Side by side by row, after group(). */
  private keys = new Float64Array(0);
  private weights = new Float64Array(0);
  private starts = new Uint32Array(0);
  /** Where the merged keys of a row end, plus 1; 0 before they are merged. */
  private mergedEnds = new Uint32Array(0);

  constructor(options: { weighted: boolean }) {
    this.weighted = options.weighted;
  }

  /** The same keys in memory of their own, which can be grouped while this one goes on. */
  copy(): KeyLog {
    const copy = new KeyLog({ weighted: this.weighted });
    const { size } = this;
    copy.size = size;
    if (size === 0) return copy;
    copy.appended.reserve(size - 1);
    copy.appended.columns.rows.set(this.appended.columns.rows.subarray(0, size));
    copy.appended.columns.keys.set(this.appended.columns.keys.subarray(0, size));
    if (!this.weighted) return copy;
    copy.appendedWeights.reserve(size - 1);
    copy.appendedWeights.columns.weights.set(this.appendedWeights.columns.weights.subarray(0, size));
    return copy;
  }

  append(row: number, key: number, weight: number): void {
    const index = this.size++;
    this.appended.reserve(index);
    const { rows, keys } = this.appended.columns;
    rows[index] = row;
    keys[index] = key;
    if (!this.weighted) return;
    this.appendedWeights.reserve(index);
    this.appendedWeights.columns.weights[index] = weight;
  }

  /** Appends all numbers of a batch to one row. For a log with weights. */
  appendBatch(row: number, { keys, weights, size }: NumberBatch): void {
    if (size === 0) return;
    const start = this.size;
    this.size += size;
    this.appended.reserve(this.size - 1);
    this.appendedWeights.reserve(this.size - 1);
    const to = this.appended.columns;
    const toWeights = this.appendedWeights.columns.weights;
    for (let i = 0; i < size; i++) {
      to.rows[start + i] = row;
      to.keys[start + i] = keys[i] as number;
      toWeights[start + i] = weights[i] as number;
    }
  }

  /** Brings the keys of each of the `rowCount` rows together: a counting sort. No append after it. */
  *group(rowCount: number): Steps {
    const { rows, keys: appendedKeys } = this.appended.columns;
    const { weights: appendedWeights } = this.appendedWeights.columns;
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
    const weights = new Float64Array(this.weighted ? this.size : 0);
    for (let i = 0; i < this.size; i++) {
      const at = starts[rows[i] as number] as number;
      starts[rows[i] as number] = at + 1;
      keys[at] = appendedKeys[i] as number;
      if (this.weighted) weights[at] = appendedWeights[i] as number;
      if (i % STEP_KEYS === 0) yield;
    }
    // Each start has moved to the end of its row, which is the start of the next.
    starts.copyWithin(1, 0, rowCount);
    starts[0] = 0;
    this.starts = starts;
    this.mergedEnds = new Uint32Array(this.weighted ? rowCount : 0);
    this.keys = keys;
    this.weights = weights;
    this.appended.clear();
    this.appendedWeights.clear();
  }

  countOf(row: number): number {
    return (this.starts[row + 1] as number) - (this.starts[row] as number);
  }

  /** Different keys of a row. Changes the order of its keys. */
  countDistinct(row: number): number {
    const keys = this.keys.subarray(this.starts[row], this.starts[row + 1]).sort();
    let distinct = 0;
    for (let i = 0; i < keys.length; i++) if (i === 0 || keys[i] !== keys[i - 1]) distinct++;
    return distinct;
  }

  /** The keys of a row as they came. */
  keysOf(row: number): Float64Array {
    return this.keys.subarray(this.starts[row], this.starts[row + 1]);
  }

  /** The keys of a row, ascending, each once, with their weights added up. */
  weightsOf(row: number): { keys: Float64Array; weights: Float64Array } {
    const start = this.starts[row] as number;
    const end = this.starts[row + 1] as number;
    let mergedEnd = (this.mergedEnds[row] as number) - 1;
    if (mergedEnd < 0) {
      sortPairs(this.keys, this.weights, start, end);
      mergedEnd = mergeEqualPairs(this.keys, this.weights, start, end);
      this.mergedEnds[row] = mergedEnd + 1;
    }
    return { keys: this.keys.subarray(start, mergedEnd), weights: this.weights.subarray(start, mergedEnd) };
  }
}
