/**
 * Context index: 128-bit context keys to context ids.
 *
 *   keys    id ─▶ 4 × u32                      a column
 *   table   │ id + 1 │ 0 │ id + 1 │ …          open addressing, linear probing, at most half full
 *
 * Keys are keyed hashes already, so their bits are used as they are. Removing an entry moves back those
 * that probed past it, so there are no tombstones and the table does not wear out.
 */
import { assert } from '../../lib/assert.ts';
import { ColumnTable } from '../../lib/column-table.ts';

/** 128 bits as four unsigned 32-bit words. */
export type ContextKey = ArrayLike<number>;

const SMALLEST_CAPACITY = 1024;

export class ContextIndex {
  size = 0;
  /** Words of keys: four for each id. */
  private readonly keys = new ColumnTable({ words: Uint32Array });
  private table = new Int32Array(SMALLEST_CAPACITY);

  /** The id under `key`, or -1. */
  find(key: ContextKey): number {
    for (let at = this.home(hashOf(key, 0)); ; at = this.next(at)) {
      const id = (this.table[at] as number) - 1;
      if (id < 0 || this.hasKey(id, key)) return id;
    }
  }

  /** Puts `id` under `key`, which is not in the index. */
  add(key: ContextKey, id: number): void {
    if (++this.size * 2 > this.table.length) this.grow();
    this.keys.reserve(id * 4 + 3);
    for (let word = 0; word < 4; word++) this.keys.columns.words[id * 4 + word] = key[word] as number;
    this.insert(id);
  }

  remove(id: number): void {
    this.size--;
    let hole = this.homeOf(id);
    while (this.table[hole] !== id + 1) {
      assert(this.table[hole] !== 0, 'a context that is removed is in the index');
      hole = this.next(hole);
    }
    for (let at = this.next(hole); this.table[at] !== 0; at = this.next(at)) {
      const home = this.homeOf((this.table[at] as number) - 1);
      // The entry may move back when its home is not between the hole and where it is.
      if (this.distance(home, at) < this.distance(hole, at)) continue;
      this.table[hole] = this.table[at] as number;
      hole = at;
    }
    this.table[hole] = 0;
  }

  /** Gives back what ids from `end` on, all of them free, needed. */
  trim(end: number): void {
    this.keys.trim(end * 4);
    let capacity = SMALLEST_CAPACITY;
    while (capacity < this.size * 4) capacity *= 2;
    if (capacity * 2 <= this.table.length) this.resize(capacity);
  }

  private grow(): void {
    this.resize(this.table.length * 2);
  }

  private resize(capacity: number): void {
    const before = this.table;
    this.table = new Int32Array(capacity);
    for (const entry of before) if (entry !== 0) this.insert(entry - 1);
  }

  private insert(id: number): void {
    let at = this.homeOf(id);
    while (this.table[at] !== 0) at = this.next(at);
    this.table[at] = id + 1;
  }

  private hasKey(id: number, key: ContextKey): boolean {
    const keys = this.keys.columns.words;
    const at = id * 4;
    return (
      keys[at] === key[0] && keys[at + 1] === key[1] && keys[at + 2] === key[2] && keys[at + 3] === key[3]
    );
  }

  private homeOf(id: number): number {
    return this.home(hashOf(this.keys.columns.words, id * 4));
  }

  private home(hash: number): number {
    return hash & (this.table.length - 1);
  }

  private next(at: number): number {
    return (at + 1) & (this.table.length - 1);
  }

  private distance(from: number, to: number): number {
    return (to - from) & (this.table.length - 1);
  }
}

function hashOf(words: ArrayLike<number>, at: number): number {
  return (words[at + 1] as number) ^ (words[at + 2] as number) ^ (words[at + 3] as number);
}
