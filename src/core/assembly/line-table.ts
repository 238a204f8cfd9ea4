/**
 * Hot path. From the 128-bit hash of a line to what its samples do.
 *
 * One struct serves three tables: lines as written, lines free of tag order, and contexts.
 *
 *   entry, 32 bytes   │ hashA u64 │ hashB u64 │ slot u32 │ seen u32 │ op u32 │ copySlot u32 │
 *
 * Open addressing with linear probing in segments (segments.ts). An entry with op 0 is free. Two entries share a cache
 * line, so a probe usually costs one.
 *
 * Limits  `limit` entries; insertEntry() returns null beyond it and the line stays on the cold path, counted.
 */
import { OP_NONE, SEGMENT_BITS } from '../../model/core-border';
import {
  beginHalving,
  beginSplit,
  bitOfHalf,
  dropLastSegment,
  endHalving,
  endSplit,
  highHalf,
  isTooFull,
  lowHalf,
  newSegments,
  nextIn,
  parentOfLast,
  PER_SEGMENT,
  positionsOf,
  segmentAt,
  segmentOf,
  Segments,
  startIn,
  toSplit,
  wantsSplit,
} from './segments';

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
export class LineTable extends Segments {
  limit: u32;
}

/** One that grows `early` entries sooner than others. */
export function newLineTable(limit: u32, early: u32): LineTable {
  const table = changetype<LineTable>(newSegments());
  table.limit = limit;
  table.early = early;
  return table;
}

/** The entry at a position in [0, positionsOf(table)). */
// @ts-ignore: decorator
@inline
export function entryAt(table: LineTable, position: u32): LineEntry {
  return entryIn(segmentAt(table, position >> SEGMENT_BITS), position & (PER_SEGMENT - 1));
}

/** The entry with this hash, or null. */
// @ts-ignore: decorator
@inline
export function findEntry(table: LineTable, a: u64, b: u64): LineEntry | null {
  const place = placeOf(a);
  const segment = segmentOf(table, place);
  let index = startIn(table, place);
  while (true) {
    const entry = entryIn(segment, index);
    if (entry.hashA == a && entry.hashB == b) return entry;
    if (entry.op == OP_NONE) return null;
    index = nextIn(table, index);
  }
}

/** Slot of the entry where a hash starts to probe: most often its own. Reads the entry into the cache. */
// @ts-ignore: decorator
@inline
export function slotNear(table: LineTable, a: u64): u32 {
  const place = placeOf(a);
  return entryIn(segmentOf(table, place), startIn(table, place)).slot;
}

/** A new entry for a hash that is not in the table, or null when the table is at its limit. Entries may move. */
export function insertEntry(table: LineTable, a: u64, b: u64, slot: u32, op: u32, seen: u32): LineEntry | null {
  if (table.count >= table.limit) return null;
  if (wantsSplit(table) && !split(table) && isTooFull(table)) return null;
  const place = placeOf(a);
  const entry = freeEntry(table, segmentOf(table, place), startIn(table, place));
  entry.hashA = a;
  entry.hashB = b;
  entry.slot = slot;
  entry.op = op;
  entry.seen = seen;
  entry.copySlot = 0;
  table.count++;
  return entry;
}

/** Frees the entry at `position`; entries that probed past it move back, so that there are no tombstones. */
export function removeEntry(table: LineTable, position: u32): void {
  const segment = segmentAt(table, position >> SEGMENT_BITS);
  let hole = position & (PER_SEGMENT - 1);
  for (let at = nextIn(table, hole); entryIn(segment, at).op != OP_NONE; at = nextIn(table, at)) {
    const home = startIn(table, placeOf(entryIn(segment, at).hashA));
    // The entry may move back when its home is not between the hole and where it is.
    if (((at - home) & table.indexMask) < ((at - hole) & table.indexMask)) continue;
    copyEntry(entryIn(segment, hole), entryIn(segment, at));
    hole = at;
  }
  memory.fill(changetype<usize>(entryIn(segment, hole)), 0, offsetof<LineEntry>());
  table.count--;
}

/** Gives a segment back, or half of the only one, when the table is much too large for what it holds; whether it did. */
export function shrinkTable(table: LineTable): bool {
  if (<u64>table.count * 8 >= positionsOf(table)) return false;
  if (table.segments == 1) {
    if (!beginHalving(table)) return false;
    moveEntries(table, segmentAt(table, 0), (table.indexMask + 1) * 2, lowHalf, lowHalf);
    endHalving(table);
    return true;
  }
  const parent = segmentAt(table, parentOfLast(table));
  const last = segmentAt(table, table.segments - 1);
  if (takenIn(parent) + takenIn(last) > PER_SEGMENT / 2) return false;
  moveEntries(table, last, PER_SEGMENT, parent, parent);
  dropLastSegment(table);
  return true;
}

/** Forgets everything and returns the memory. */
export function clearTable(table: LineTable): void {
  while (table.segments > 1) dropLastSegment(table);
  memory.fill(segmentAt(table, 0), 0, (table.indexMask + 1) * offsetof<LineEntry>());
  table.count = 0;
}

/** Moves half of the entries of a segment into a new one; false when there is no memory for it. */
function split(table: LineTable): bool {
  const capacity = table.indexMask + 1;
  if (!beginSplit(table)) return false;
  moveEntries(table, toSplit(table), capacity, lowHalf, highHalf);
  endSplit(table, capacity);
  return true;
}

/** Copies the entries of a segment of some capacity to the two that take its place. */
function moveEntries(table: LineTable, segment: usize, capacity: u32, low: usize, high: usize): void {
  const bit = bitOfHalf(table);
  for (let index: u32 = 0; index < capacity; index++) {
    const entry = entryIn(segment, index);
    if (entry.op == OP_NONE) continue;
    const place = placeOf(entry.hashA);
    copyEntry(freeEntry(table, (place & bit) != 0 ? high : low, startIn(table, place)), entry);
  }
}

function takenIn(segment: usize): u32 {
  let taken: u32 = 0;
  for (let index: u32 = 0; index < PER_SEGMENT; index++) if (entryIn(segment, index).op != OP_NONE) taken++;
  return taken;
}

function freeEntry(table: LineTable, segment: usize, start: u32): LineEntry {
  let index = start;
  while (entryIn(segment, index).op != OP_NONE) index = nextIn(table, index);
  return entryIn(segment, index);
}

// @ts-ignore: decorator
@inline
function copyEntry(to: LineEntry, from: LineEntry): void {
  const source = changetype<usize>(from);
  const target = changetype<usize>(to);
  v128.store(target, v128.load(source));
  v128.store(target, v128.load(source, 16), 16);
}

// @ts-ignore: decorator
@inline
function entryIn(segment: usize, index: u32): LineEntry {
  return changetype<LineEntry>(segment + (<usize>index) * offsetof<LineEntry>());
}

/** Segment and place in it of a hash: the upper bits after a multiplication that carries all others there. */
// @ts-ignore: decorator
@inline
function placeOf(a: u64): u32 {
  return <u32>((a * 0x9e3779b97f4a7c15) >> 32);
}
