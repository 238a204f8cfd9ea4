/**
 * Hot path. From the 128-bit hash of a line to what its samples do.
 *
 * One struct serves three tables: lines as written, lines free of tag order, and contexts.
 *
 *   entry, 32 bytes   │ hashA u64 │ hashB u64 │ slot u32 │ seen u32 │ op u32 │ copySlot u32 │
 *
 * Open addressing with linear probing, a power of two of entries, doubled when it is `fill` sixteenths full
 * and rebuilt smaller when it has become sparse. An entry with op 0 is free. Two entries share a
 * cache line, so a probe usually costs one. The three tables grow together with the contexts; each has a
 * fill of its own, so that they do not double, and hold the thread up, at the same line.
 *
 * Limits  `limit` entries; insert() returns 0 beyond it and the line stays on the cold path, counted.
 */
import { OP_NONE } from '../../model/core-border';
import { freeRegion, takeRegion } from './memory';

const SMALLEST_CAPACITY: u32 = 1024;

@unmanaged
export class LineEntry {
  hashA: u64;
  hashB: u64;
  slot: u32;
  /** Bucket number of the last hit. */
  seen: u32;
  op: u32;
  /** Slot of the distribution a histogram is copied to, plus 1; 0 for none. */
  copySlot: u32;
}

@unmanaged
export class LineTable {
  entries: usize;
  mask: u32;
  count: u32;
  limit: u32;
  /** How full it gets before it doubles, sixteenths. */
  fill: u32;
}

export function newLineTable(limit: u32, fill: u32): LineTable {
  const table = changetype<LineTable>(takeRegion(offsetof<LineTable>()));
  table.limit = limit;
  table.fill = fill;
  table.mask = SMALLEST_CAPACITY - 1;
  table.entries = takeRegion(SMALLEST_CAPACITY * offsetof<LineEntry>());
  return table;
}

// @ts-ignore: decorator
@inline
export function entryAt(table: LineTable, index: u32): LineEntry {
  return changetype<LineEntry>(table.entries + (<usize>index) * offsetof<LineEntry>());
}

/** The entry with this hash, or null. */
// @ts-ignore: decorator
@inline
export function findEntry(table: LineTable, a: u64, b: u64): LineEntry | null {
  let index = startIndex(a, table.mask);
  while (true) {
    const entry = entryAt(table, index);
    if (entry.hashA == a && entry.hashB == b) return entry;
    if (entry.op == OP_NONE) return null;
    index = (index + 1) & table.mask;
  }
}

/** Slot of the entry where a hash starts to probe: most often its own. Reads the entry into the cache. */
// @ts-ignore: decorator
@inline
export function slotNear(table: LineTable, a: u64): u32 {
  return entryAt(table, startIndex(a, table.mask)).slot;
}

/** A new entry for a hash that is not in the table, or null when the table is at its limit. */
export function insertEntry(table: LineTable, a: u64, b: u64, slot: u32, op: u32, seen: u32): LineEntry | null {
  if (table.count >= table.limit) return null;
  if ((<u64>table.count + 1) * 16 > (<u64>table.mask + 1) * table.fill && !rebuild(table, (table.mask + 1) * 2, 0)) return null;
  const entry = freeEntry(table.entries, table.mask, a);
  entry.hashA = a;
  entry.hashB = b;
  entry.slot = slot;
  entry.op = op;
  entry.seen = seen;
  entry.copySlot = 0;
  table.count++;
  return entry;
}

/** Frees the entry at `index`; entries that probed past it move back, so that there are no tombstones. */
export function removeEntry(table: LineTable, index: u32): void {
  const mask = table.mask;
  let hole = index;
  for (let at = (hole + 1) & mask; entryAt(table, at).op != OP_NONE; at = (at + 1) & mask) {
    const home = startIndex(entryAt(table, at).hashA, mask);
    // The entry may move back when its home is not between the hole and where it is.
    if (((at - home) & mask) < ((at - hole) & mask)) continue;
    memory.copy(changetype<usize>(entryAt(table, hole)), changetype<usize>(entryAt(table, at)), offsetof<LineEntry>());
    hole = at;
  }
  memory.fill(changetype<usize>(entryAt(table, hole)), 0, offsetof<LineEntry>());
  table.count--;
}

/** Gives memory back when the table is much too large for what it holds. */
export function shrinkTable(table: LineTable): void {
  const capacity = table.mask + 1;
  if (capacity > SMALLEST_CAPACITY && <u64>table.count * 8 < capacity) rebuild(table, capacityFor(table.count), 0);
}

/** Forgets everything and returns the memory; without memory for a smaller table it keeps this one. */
export function clearTable(table: LineTable): void {
  if (rebuild(table, SMALLEST_CAPACITY, u32.MAX_VALUE)) return;
  memory.fill(table.entries, 0, (<usize>(table.mask + 1)) * offsetof<LineEntry>());
  table.count = 0;
}

/** Power of two that holds `count` entries at most half full, so that a rebuilt table has room to grow. */
function capacityFor(count: u32): u32 {
  let capacity = SMALLEST_CAPACITY;
  while (capacity < count * 2) capacity *= 2;
  return capacity;
}

/** Moves the entries seen since `oldest` into a table of `capacity`; false when there is no memory for it. */
function rebuild(table: LineTable, capacity: u32, oldest: u32): bool {
  const fresh = takeRegion((<usize>capacity) * offsetof<LineEntry>());
  if (fresh == 0) return false;
  const freshMask = capacity - 1;
  let count: u32 = 0;
  for (let index: u32 = 0; index <= table.mask; index++) {
    const entry = entryAt(table, index);
    if (entry.op == OP_NONE || entry.seen < oldest) continue;
    const from = changetype<usize>(entry);
    const to = changetype<usize>(freeEntry(fresh, freshMask, entry.hashA));
    v128.store(to, v128.load(from));
    v128.store(to, v128.load(from, 16), 16);
    count++;
  }
  freeRegion(table.entries, (<usize>(table.mask + 1)) * offsetof<LineEntry>());
  table.entries = fresh;
  table.mask = freshMask;
  table.count = count;
  return true;
}

function freeEntry(entries: usize, mask: u32, a: u64): LineEntry {
  let index = startIndex(a, mask);
  while (true) {
    const entry = changetype<LineEntry>(entries + (<usize>index) * offsetof<LineEntry>());
    if (entry.op == OP_NONE) return entry;
    index = (index + 1) & mask;
  }
}

/**
 * Where a hash starts to probe: the upper bits after a multiplication that carries all others there. Upper
 * bits, because then a table is rebuilt from front to back into one from front to back: doubling 50,000
 * entries takes 0.4 ms instead of 5, and a thread that is late at its socket loses packets.
 */
// @ts-ignore: decorator
@inline
function startIndex(a: u64, mask: u32): u32 {
  return <u32>((a * 0x9e3779b97f4a7c15) >> 32) >> clz(mask);
}
