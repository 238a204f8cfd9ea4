/**
 * The life of what is in the tables of a shard (tables.ts).
 *
 * A slot is the shard's number for a context. It is taken when the resolver first names the context and
 * freed (sweep.ts) when neither a cached line nor a sample has referred to it for `idleBuckets` buckets; as
 * that is at least two, a sealed bucket never holds a slot that was freed or given to another context since.
 *
 * Time is counted in buckets: the epoch of the open bucket.
 */
import * as border from '../../model/core-border';
import { Bucket, open, swapBuckets } from './bucket';
import { count, setCount } from './counters';
import { isDebug } from './debug';
import {
  COUNT_CACHED_LINES,
  COUNT_CONTEXT_SLOTS,
  COUNT_LINE_TABLE_FULL,
  COUNT_MEMORY_FULL,
  OP_COUNTER,
  OP_DROP,
  OP_NONE,
} from '../../model/core-border';
import {
  clearTable,
  entryAt,
  findEntry,
  insertEntry,
  LineEntry,
  LineTable,
  removeEntry,
} from './line-table';
import { freeRegion, takeRegion } from './memory';
import { initSlots, nextSlot, noteBypass, reserveSlot, slotCount, takeSlot } from './slots';
import { positionsOf } from './segments';
import { beginSweep, initSweep, rewindSweep, trimSweptSlots } from './sweep';
import { contexts, initTables, lines, publishTableCounts, tagSets } from './tables';

export const NO_SLOT: u32 = <u32>border.NO_SLOT;

let idleBuckets: u32 = 2;
/** First epochs of the last `idleBuckets` buckets, by number of the bucket modulo their count. */
let firstEpochs: usize = 0;
let bucketNumber: u32 = 0;

export function initShard(linesMax: u32, contextsMax: u32, idle: u32): void {
  initTables(linesMax, contextsMax);
  idleBuckets = max<u32>(idle, 2);
  firstEpochs = takeRegion(<usize>idleBuckets * sizeof<u32>());
  store<u32>(firstEpochs, 1);
  initSlots();
  initSweep();
}

/** Slot of a context by its hash, or NO_SLOT. */
export function findContext(a: u64, b: u64): u32 {
  const entry = findEntry(contexts, a, b);
  return entry == null ? NO_SLOT : entry.slot;
}

/** Gives a new context a slot; NO_SLOT when the limit or the memory is reached. */
export function addContext(a: u64, b: u64): u32 {
  if (contexts.count >= contexts.limit) return NO_SLOT;
  const slot = nextSlot();
  if (!reserveSlot(slot)) {
    count(COUNT_MEMORY_FULL, 1);
    return NO_SLOT;
  }
  if (insertEntry(contexts, a, b, slot, OP_COUNTER, open.epoch) == null) return NO_SLOT;
  takeSlot();
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
  if (isDebug) {
    assert(op == OP_DROP || slot < slotCount, 'a cached line names a slot that is taken');
    assert(copySlot == 0 || copySlot - 1 < slotCount, 'a cached line names a copy that is taken');
  }
  entry.slot = slot;
  entry.op = op;
  entry.copySlot = copySlot;
  entry.seen = open.epoch;
  // A line that is known keeps its slots (sweep.ts), whether or not it adds anything.
  if (op != OP_DROP) noteBypass(slot);
  if (copySlot != 0) noteBypass(copySlot - 1);
  setCount(COUNT_CACHED_LINES, lines.count + tagSets.count);
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
  // Entries that were still to be swept may have moved to where the sweep has been.
  rewindSweep();
  publishTableCounts();
}

function forgetMarked(table: LineTable, marks: usize): void {
  let position: u32 = 0;
  while (position < positionsOf(table)) {
    // Where an entry is removed another may take its place.
    if (isMarked(entryAt(table, position), marks)) removeEntry(table, position);
    else position++;
  }
}

function isMarked(entry: LineEntry, marks: usize): bool {
  if (entry.op == OP_NONE || entry.op == OP_DROP) return false;
  return load<u8>(marks + entry.slot) != 0 || (entry.copySlot != 0 && load<u8>(marks + entry.copySlot - 1) != 0);
}

/**
 * Seals the open bucket, opens the one at `start` (Unix seconds) and begins to let go of what has been idle. With the
 * start of the open one it seals a part of it: a bucket in many parts makes nothing idle sooner.
 */
export function sealBucket(start: f64): Bucket {
  trimSweptSlots();
  const isPart = start == open.start;
  const sealed = swapBuckets(start, slotCount);
  if (isPart) return sealed;
  bucketNumber++;
  const place = firstEpochs + (<usize>(bucketNumber % idleBuckets)) * sizeof<u32>();
  if (bucketNumber >= idleBuckets) beginSweep(load<u32>(place));
  store<u32>(place, open.epoch);
  return sealed;
}
