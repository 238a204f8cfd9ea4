/**
 * The tables of a shard and the life of what is in them.
 *
 *   lines      line as written            ─▶ operation, slot
 *   tagSets    line free of tag order     ─▶ operation, slot
 *   contexts   context as resolved        ─▶ slot
 *
 * A slot is the shard's number for a context. It is taken when the resolver first names the context and
 * freed when neither a cached line nor a sample has referred to it for `idleBuckets` buckets; as that is
 * at least two, a sealed bucket never holds a slot that was freed or given to another context since.
 *
 * Time is counted in buckets: the epoch of the open bucket.
 */
import { Bucket, lastEpochOf, open, reserveCells, swapBuckets } from './bucket';
import { count, setCount } from './counters';
import {
  COUNT_CACHED_LINES,
  COUNT_CONTEXT_SLOTS,
  COUNT_EVICTED_LINES,
  COUNT_LINE_TABLE_FULL,
  COUNT_MEMORY_FULL,
  OP_COUNTER,
  OP_DROP,
  OP_NONE,
} from './layout';
import { clearTable, entryAt, findEntry, insertEntry, LineTable, newLineTable, sweepTable } from './line-table';
import { freeRegion, takeRegion } from './memory';

export const NO_SLOT: u32 = 0xffffffff;

export let lines: LineTable = changetype<LineTable>(0);
export let tagSets: LineTable = changetype<LineTable>(0);
let contexts: LineTable = changetype<LineTable>(0);
let idleBuckets: u32 = 2;

/** Slots that were used once and are free again: a stack. */
let freeSlots: usize = 0;
let freeCount: u32 = 0;
let freeCapacity: u32 = 0;
/** Slots ever used. */
let slotCount: u32 = 0;
/** Epoch of the last sample that bypassed the cells, by slot. */
let bypassed: usize = 0;
let bypassedCapacity: u32 = 0;
/** Slots freed by the last sweep: the top of the stack of free slots. */
let freedCount: u32 = 0;

export function initShard(linesMax: u32, contextsMax: u32, idle: u32): void {
  lines = newLineTable(linesMax, 12);
  tagSets = newLineTable(linesMax, 10);
  contexts = newLineTable(contextsMax, 9);
  idleBuckets = max<u32>(idle, 2);
  freeCapacity = 1024;
  freeSlots = takeRegion(freeCapacity * sizeof<u32>());
  bypassedCapacity = 1024;
  bypassed = takeRegion(bypassedCapacity * sizeof<u32>());
}

/** Slot of a context by its hash, or NO_SLOT. */
export function findContext(a: u64, b: u64): u32 {
  const entry = findEntry(contexts, a, b);
  return entry == null ? NO_SLOT : entry.slot;
}

/** Gives a new context a slot; NO_SLOT when the limit or the memory is reached. */
export function addContext(a: u64, b: u64): u32 {
  const slot = freeCount > 0 ? load<u32>(freeSlots + (<usize>(freeCount - 1)) * sizeof<u32>()) : slotCount;
  if (contexts.count >= contexts.limit) return NO_SLOT;
  if (!reserveCells(slot + 1) || !reserveBypassed(slot + 1)) {
    count(COUNT_MEMORY_FULL, 1);
    return NO_SLOT;
  }
  if (insertEntry(contexts, a, b, slot, OP_COUNTER, open.epoch) == null) return NO_SLOT;
  if (freeCount > 0) freeCount--;
  else slotCount++;
  store<u32>(bypassed + (<usize>slot) * sizeof<u32>(), open.epoch);
  setCount(COUNT_CONTEXT_SLOTS, contexts.count);
  return slot;
}

/** Caches what a line does; over the limit the line stays on the cold path. */
export function cacheLine(table: LineTable, a: u64, b: u64, slot: u32, op: u32, copySlot: u32): void {
  const known = findEntry(table, a, b);
  const entry = known != null ? known : insertEntry(table, a, b, slot, op, open.epoch);
  if (entry == null) {
    count(COUNT_LINE_TABLE_FULL, 1);
    return;
  }
  entry.slot = slot;
  entry.op = op;
  entry.copySlot = copySlot;
  entry.seen = open.epoch;
  setCount(COUNT_CACHED_LINES, lines.count + tagSets.count);
}

/** Notes that a sample referred to the slot without touching its cell. */
// @ts-ignore: decorator
@inline
export function noteBypass(slot: u32): void {
  store<u32>(bypassed + (<usize>slot) * sizeof<u32>(), open.epoch);
}

/** Forgets every cached line, as after a change of configuration; contexts and buckets stay. */
export function forgetLines(): void {
  clearTable(lines);
  clearTable(tagSets);
  setCount(COUNT_CACHED_LINES, 0);
}

/** Forgets the cached lines of the `length` slots whose numbers are at `slots`, so that they are resolved anew. */
export function forgetLinesOf(slots: usize, length: u32): void {
  const marks = takeRegion(max<u32>(slotCount, 1));
  if (marks == 0) {
    forgetLines();
    return;
  }
  for (let i: u32 = 0; i < length; i++) {
    const slot = load<u32>(slots + (<usize>i) * sizeof<u32>());
    if (slot < slotCount) store<u8>(marks + slot, 1);
  }
  forgetMarked(lines, marks);
  forgetMarked(tagSets, marks);
  freeRegion(marks, max<u32>(slotCount, 1));
  setCount(COUNT_CACHED_LINES, lines.count + tagSets.count);
}

function forgetMarked(table: LineTable, marks: usize): void {
  for (let index: u32 = 0; index <= table.mask; index++) {
    const entry = entryAt(table, index);
    if (entry.op == OP_NONE || entry.op == OP_DROP) continue;
    const isMarked =
      load<u8>(marks + entry.slot) != 0 || (entry.copySlot != 0 && load<u8>(marks + entry.copySlot - 1) != 0);
    if (isMarked) entry.seen = 0;
  }
  sweepTable(table, 1);
}

/**
 * Gives up the numbers of free slots above the highest in use, so that cells can shrink after a burst of
 * contexts. Whoever was told of the freed slots has heard of them by now.
 */
function trimSlots(): void {
  let used: u32 = 0;
  for (let index: u32 = 0; index <= contexts.mask; index++) {
    const entry = entryAt(contexts, index);
    if (entry.op != OP_NONE && entry.slot >= used) used = entry.slot + 1;
  }
  if (used == slotCount) return;
  let kept: u32 = 0;
  for (let i: u32 = 0; i < freeCount; i++) {
    const slot = load<u32>(freeSlots + (<usize>i) * sizeof<u32>());
    if (slot >= used) continue;
    store<u32>(freeSlots + (<usize>kept) * sizeof<u32>(), slot);
    kept++;
  }
  freeCount = kept;
  slotCount = used;
}

/** Seals the open bucket, opens the one at `start` (Unix seconds) and lets go of what has been idle. */
export function sealBucket(start: f64): Bucket {
  if (freedCount != 0) trimSlots();
  const sealed = swapBuckets(start, slotCount);
  freedCount = 0;
  if (open.epoch > idleBuckets) sweep(open.epoch - idleBuckets);
  return sealed;
}

/** Number of slots the last sealBucket() freed; lastFreedSlots() is where their numbers are. */
export function freedSlotCount(): u32 {
  return freedCount;
}

export function freedSlots(): usize {
  return freeSlots + (<usize>(freeCount - freedCount)) * sizeof<u32>();
}

function sweep(oldest: u32): void {
  const evicted = sweepTable(lines, oldest) + sweepTable(tagSets, oldest);
  count(COUNT_EVICTED_LINES, evicted);
  const marks = takeRegion(max<u32>(slotCount, 1));
  if (marks == 0) return;
  markSlots(lines, marks);
  markSlots(tagSets, marks);
  const before = freeCount;
  for (let index: u32 = 0; index <= contexts.mask; index++) {
    const entry = entryAt(contexts, index);
    if (entry.op == OP_NONE) continue;
    const slot = entry.slot;
    const last = max(lastEpochOf(slot), load<u32>(bypassed + (<usize>slot) * sizeof<u32>()));
    if (load<u8>(marks + slot) != 0 || last >= oldest || !pushFreeSlot(slot)) entry.seen = open.epoch;
    else entry.seen = 0;
  }
  freedCount = freeCount - before;
  freeRegion(marks, max<u32>(slotCount, 1));
  if (freedCount != 0 && sweepTable(contexts, 1) == 0) {
    // No memory to rebuild the table: the slots stay taken.
    freeCount = before;
    freedCount = 0;
  }
  setCount(COUNT_CONTEXT_SLOTS, contexts.count);
  setCount(COUNT_CACHED_LINES, lines.count + tagSets.count);
}

/** Marks the slots that cached lines refer to. */
function markSlots(table: LineTable, marks: usize): void {
  for (let index: u32 = 0; index <= table.mask; index++) {
    const entry = entryAt(table, index);
    if (entry.op == OP_NONE || entry.op == OP_DROP) continue;
    store<u8>(marks + entry.slot, 1);
    if (entry.copySlot != 0) store<u8>(marks + entry.copySlot - 1, 1);
  }
}

function pushFreeSlot(slot: u32): bool {
  if (freeCount == freeCapacity) {
    const larger = takeRegion(<usize>freeCapacity * 2 * sizeof<u32>());
    if (larger == 0) return false;
    memory.copy(larger, freeSlots, <usize>freeCapacity * sizeof<u32>());
    freeRegion(freeSlots, <usize>freeCapacity * sizeof<u32>());
    freeSlots = larger;
    freeCapacity *= 2;
  }
  store<u32>(freeSlots + (<usize>freeCount) * sizeof<u32>(), slot);
  freeCount++;
  return true;
}

function reserveBypassed(slots: u32): bool {
  if (slots <= bypassedCapacity) return true;
  const larger = takeRegion(<usize>bypassedCapacity * 2 * sizeof<u32>());
  if (larger == 0) return false;
  memory.copy(larger, bypassed, <usize>bypassedCapacity * sizeof<u32>());
  freeRegion(bypassed, <usize>bypassedCapacity * sizeof<u32>());
  bypassed = larger;
  bypassedCapacity *= 2;
  return true;
}
