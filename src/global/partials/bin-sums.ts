/**
 * Bin sums: counts by sketch key, merged from encoded lists, never trimmed. Trimming comes after the last merge.
 *
 *   keys      Int32Array, ascending            encoded   n │ first key zigzag │ distances varint … │ counts (ByteWriter.weights)
 *   counts    Float64Array, side by side
 *
 * Almost every list that is merged has the keys of the lists before it. So what is known is added in place, and only keys
 * that are new move others.
 * Memory  12 bytes a bin, grown by half; at most 65,535 bins.
 */
import { KEY_INFINITE } from '../../aggregate/sketch/sketch-keys.ts';
import type { Weighted } from '../../model/partial-data.ts';
import type { ByteReader } from '../bytes/byte-reader.ts';
import type { ByteWriter } from '../bytes/byte-writer.ts';

const BINS_MAX = 2 * KEY_INFINITE + 1;

/** What is being merged; used by one merge at a time. */
const incomingKeys = new Int32Array(BINS_MAX);
const incomingCounts = new Float64Array(BINS_MAX);

export class BinSums {
  size = 0;
  private _keys = new Int32Array(0);
  private _counts = new Float64Array(0);

  get bytes(): number {
    return 12 * this._keys.length;
  }

  get keys(): Int32Array {
    return this._keys.subarray(0, this.size);
  }

  get counts(): Float64Array {
    return this._counts.subarray(0, this.size);
  }

  merge(reader: ByteReader): void {
    const incoming = readBins(reader);
    let at = 0;
    let missing = 0;
    for (let i = 0; i < incoming; i++) {
      const key = incomingKeys[i] as number;
      while (at < this.size && (this._keys[at] as number) < key) at++;
      if (at < this.size && this._keys[at] === key) {
        this._counts[at] = bounded((this._counts[at] as number) + (incomingCounts[i] as number));
      } else {
        // The missing ones move to the front, which is read already.
        incomingKeys[missing] = key;
        incomingCounts[missing++] = incomingCounts[i] as number;
      }
    }
    if (missing > 0) this.insert(missing);
  }

  /** Adds keys that ascend, each once. */
  addAll({ keys, weights }: Weighted): void {
    if (this.size > 0) {
      for (let i = 0; i < keys.length; i++) this.add(keys[i] as number, weights[i] as number);
      return;
    }
    let taken = 0;
    for (let i = 0; i < keys.length; i++) {
      if (!((weights[i] as number) > 0)) continue;
      incomingKeys[taken] = keys[i] as number;
      incomingCounts[taken++] = bounded(weights[i] as number);
    }
    this.insert(taken);
  }

  /** Adds to one key. */
  add(key: number, count: number): void {
    if (!(count > 0)) return;
    let low = 0;
    let high = this.size;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this._keys[middle] as number) < key) low = middle + 1;
      else high = middle;
    }
    if (low < this.size && this._keys[low] === key) {
      this._counts[low] = bounded((this._counts[low] as number) + count);
      return;
    }
    incomingKeys[0] = key;
    incomingCounts[0] = bounded(count);
    this.insert(1);
  }

  write(writer: ByteWriter): void {
    writeBins(writer, this._keys, this._counts, this.size);
  }

  /** Puts `missing` keys of the incoming ones, none of them here, in their places, from the end. */
  private insert(missing: number): void {
    const size = this.size + missing;
    if (size > this._keys.length) this.grow(size);
    let from = this.size - 1;
    let to = size - 1;
    for (let i = missing - 1; i >= 0; i--) {
      const key = incomingKeys[i] as number;
      for (; from >= 0 && (this._keys[from] as number) > key; from--, to--) {
        this._keys[to] = this._keys[from] as number;
        this._counts[to] = this._counts[from] as number;
      }
      this._keys[to] = key;
      this._counts[to--] = incomingCounts[i] as number;
    }
    this.size = size;
  }

  private grow(size: number): void {
    const capacity = Math.max(size, Math.ceil(this._keys.length * 1.5), 8);
    const keys = new Int32Array(capacity);
    const counts = new Float64Array(capacity);
    keys.set(this._keys);
    counts.set(this._counts);
    this._keys = keys;
    this._counts = counts;
  }
}

/** Writes `size` bins: keys that ascend, each once. */
export function writeBins(
  writer: ByteWriter,
  keys: ArrayLike<number>,
  counts: ArrayLike<number>,
  size: number,
): void {
  writer.varint(size);
  let before = 0;
  for (let i = 0; i < size; i++) {
    const key = keys[i] as number;
    if (i === 0) writer.zigzag(key);
    else writer.varint(key - before);
    before = key;
  }
  writer.weights(counts, size);
}

/** Reads a list into the incoming columns; how long it is. */
function readBins(reader: ByteReader): number {
  const size = reader.count(1);
  if (size > BINS_MAX) throw new RangeError('a sketch has more bins than there are keys');
  let key = 0;
  for (let i = 0; i < size; i++) {
    const distance = i === 0 ? reader.zigzag() : reader.varint();
    if (i > 0 && distance === 0) throw new RangeError('the keys of a sketch do not ascend');
    key += distance;
    if (key < -KEY_INFINITE || key > KEY_INFINITE) throw new RangeError('a key of a sketch is out of range');
    incomingKeys[i] = key;
  }
  reader.weights(incomingCounts, size);
  return size;
}

/** Counts stay finite, whatever sample rates say. */
function bounded(count: number): number {
  return Math.min(count, Number.MAX_SAFE_INTEGER);
}
