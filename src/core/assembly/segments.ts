/**
 * Hot path. A hash table in segments of 256 KiB, which grows and shrinks by one of them at a time (linear hashing):
 * line-table.ts and key-table.ts say what an entry is.
 *
 * A small table is one segment that is doubled, from SMALLEST entries to PER_SEGMENT: what is in the cache should be dense.
 *
 *   lower bits of a hash ─▶ directory │ 0 │ 1 │ 2 │ 3 │ 4 │ 5 │ 2 │ 3 │     6 segments: 2 and 3 are not split yet
 *   upper bits ─▶ where to probe in the segment     └▶ │ entry │ entry │ … PER_SEGMENT
 *
 * Segments are split in order, the first when all are eleven sixteenths full, the last when they are three quarters
 * full. A split takes two new segments, as entries must not leave holes where others have probed. It moves at most
 * 8,192 entries, some 0.1 ms; doubling a table of 250,000 took up to 20 ms, in which a socket's buffer overflows.
 *
 * Limits  without memory for another segment a table takes roomOf() entries: those that are not split yet are seven
 *         eighths full then. A segment cannot become full before: hashes are spread evenly, by a key nobody knows, and the
 *         difference would have to be twelve standard deviations.
 */
import { SEGMENT_BITS, SEGMENT_ENTRIES, BLOCK_BYTES } from '../../model/core-border';
import { BLOCKS_MAX } from './blocks';
import { freeRegion, takeRegion } from './memory';

/** Entries in a segment. */
export const PER_SEGMENT: u32 = <u32>SEGMENT_ENTRIES;

const SMALLEST: u32 = 1024;
/** What a segment grows by before the next is split. */
const SIXTEENTH: u32 = PER_SEGMENT / 16;

/** Where the directory is in a table: behind its fields, so that finding an entry takes no load more than with one segment. */
const DIRECTORY: usize = 64;

@unmanaged
export class Segments {
  /** Addresses of the segments by the lower bits of a hash; `mask` + 1 of them count. For who reads sealed buckets. */
  directory: usize;
  mask: u32;
  segments: u32;
  /** By how many entries sooner it grows: tables that grow together should not do it at the same line. */
  early: u32;
  /** How a hash says where to probe in its segment. */
  indexShift: u32;
  indexMask: u32;
  /** Entries in all segments. */
  count: u32;
}

/** What beginSplit() took: for the entries that stay, and for those that move. */
export let lowHalf: usize = 0;
export let highHalf: usize = 0;

/** Memory for a table and one empty segment. Undefined behaviour without memory: called at the start of the shard. */
export function newSegments(): usize {
  const at = takeRegion(DIRECTORY + <usize>BLOCKS_MAX * sizeof<usize>());
  const table = changetype<Segments>(at);
  table.directory = at + DIRECTORY;
  table.segments = 1;
  setCapacity(table, SMALLEST);
  setSegment(table, 0, takeRegion(bytesOf(SMALLEST)));
  return at;
}

// @ts-ignore: decorator
@inline
export function segmentAt(table: Segments, index: u32): usize {
  return load<usize>(changetype<usize>(table) + (<usize>index) * sizeof<usize>(), DIRECTORY);
}

/** The segment of a hash. */
// @ts-ignore: decorator
@inline
export function segmentOf(table: Segments, hash: u32): usize {
  return segmentAt(table, hash & table.mask);
}

/** Where a hash starts to probe in its segment. */
// @ts-ignore: decorator
@inline
export function startIn(table: Segments, hash: u32): u32 {
  return hash >> table.indexShift;
}

// @ts-ignore: decorator
@inline
export function nextIn(table: Segments, index: u32): u32 {
  return (index + 1) & table.indexMask;
}

/** Positions of entries in all segments, one after the other. */
export function positionsOf(table: Segments): u32 {
  return table.segments * (table.indexMask + 1);
}

/** Whether it is time to split a segment. */
// @ts-ignore: decorator
@inline
export function wantsSplit(table: Segments): bool {
  const count = table.count + table.early;
  if (isSmall(table)) return count * 4 > positionsOf(table) * 3;
  const first = firstOfRound(table);
  return count > first * 11 * SIXTEENTH + (table.segments - first) * SIXTEENTH;
}

/** Entries that the table takes as it is: as many as leave an eighth of the segments free that are not split in this round. */
export function roomOf(table: Segments): u32 {
  const capacity = table.indexMask + 1;
  return firstOfRound(table) * (capacity - (capacity >> 3));
}

/** Whether nothing may be added, as there is no memory for more segments. */
// @ts-ignore: decorator
@inline
export function isTooFull(table: Segments): bool {
  return table.count >= roomOf(table);
}

/** Takes memory to split the segment toSplit(), or to double a small one; false when there is none. */
export function beginSplit(table: Segments): bool {
  if (isSmall(table)) {
    const capacity = (table.indexMask + 1) * 2;
    lowHalf = takeRegion(bytesOf(capacity));
    highHalf = lowHalf;
    if (lowHalf == 0) return false;
    setCapacity(table, capacity);
    return true;
  }
  if (table.segments == BLOCKS_MAX) return false;
  lowHalf = takeRegion(BLOCK_BYTES);
  highHalf = lowHalf == 0 ? 0 : takeRegion(BLOCK_BYTES);
  if (highHalf != 0) return true;
  freeRegion(lowHalf, BLOCK_BYTES);
  return false;
}

/** The segment that is split next. */
export function toSplit(table: Segments): usize {
  return segmentAt(table, table.segments - firstOfRound(table));
}

/** The bit of a hash that says whether an entry of toSplit() goes to the upper half. */
export function bitOfHalf(table: Segments): u32 {
  return firstOfRound(table);
}

/** Puts the halves, which have the entries by now, in the place of toSplit(), which had `capacity` entries. */
export function endSplit(table: Segments, capacity: u32): void {
  freeRegion(toSplit(table), bytesOf(capacity));
  if (highHalf == lowHalf) {
    setSegment(table, 0, lowHalf);
    return;
  }
  const parent = table.segments - firstOfRound(table);
  widen(table);
  setSegment(table, parent, lowHalf);
  setSegment(table, table.segments, highHalf);
  table.segments++;
}

/** Takes memory to halve the only segment, which is sparse, into lowHalf; false when it is as small as it gets. */
export function beginHalving(table: Segments): bool {
  const capacity = (table.indexMask + 1) / 2;
  if (capacity < SMALLEST) return false;
  lowHalf = takeRegion(bytesOf(capacity));
  if (lowHalf == 0) return false;
  setCapacity(table, capacity);
  return true;
}

/** Puts lowHalf, which has the entries by now, in the place of the only segment, which had twice the capacity. */
export function endHalving(table: Segments): void {
  freeRegion(segmentAt(table, 0), bytesOf((table.indexMask + 1) * 2));
  setSegment(table, 0, lowHalf);
}

/** Adds a segment to a table without entries, which is not small; false when there is no memory. */
export function addEmptySegment(table: Segments): bool {
  if (table.segments == BLOCKS_MAX) return false;
  const segment = takeRegion(BLOCK_BYTES);
  if (segment == 0) return false;
  widen(table);
  setSegment(table, table.segments, segment);
  table.segments++;
  return true;
}

/** The segment that the last one was split from. */
export function parentOfLast(table: Segments): u32 {
  return table.segments - 1 - ((table.mask + 1) >> 1);
}

/** Gives the last segment back, which has no entry any more, or none that counts; not the only one. */
export function dropLastSegment(table: Segments): void {
  const parent = segmentAt(table, parentOfLast(table));
  table.segments--;
  freeRegion(segmentAt(table, table.segments), BLOCK_BYTES);
  setSegment(table, table.segments, parent);
  if (table.segments <= (table.mask + 1) >> 1) table.mask >>= 1;
}

/** Whether the table is one segment that is not full size. */
// @ts-ignore: decorator
@inline
export function isSmall(table: Segments): bool {
  return table.indexMask != PER_SEGMENT - 1;
}

function setCapacity(table: Segments, capacity: u32): void {
  table.indexMask = capacity - 1;
  table.indexShift = clz(capacity - 1);
}

function bytesOf(capacity: u32): usize {
  return (<usize>capacity) * (BLOCK_BYTES / PER_SEGMENT);
}

/** How many segments there were when the first of them was split. */
// @ts-ignore: decorator
@inline
function firstOfRound(table: Segments): u32 {
  const places = table.mask + 1;
  return table.segments == places ? places : places >> 1;
}

/** Makes a place for one more segment in the directory. */
function widen(table: Segments): void {
  const places = table.mask + 1;
  if (table.segments != places) return;
  const bytes = (<usize>places) * sizeof<usize>();
  memory.copy(table.directory + bytes, table.directory, bytes);
  table.mask = places * 2 - 1;
}

// @ts-ignore: decorator
@inline
function setSegment(table: Segments, index: u32, segment: usize): void {
  store<usize>(changetype<usize>(table) + (<usize>index) * sizeof<usize>(), segment, DIRECTORY);
}
