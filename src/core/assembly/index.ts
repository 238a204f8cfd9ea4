/**
 * What the core offers to TypeScript (core/core.ts is the typed bridge). One instance is one shard, used
 * by one thread; its memory is shared with the control thread, which reads sealed buckets and counters.
 */
import { Bucket, clockCell, initBuckets, open } from './bucket';
import { Cell } from './cell';
import { initCounters } from './counters';
import { addToHash, hash, hashA, hashB, initHash, useHashKey } from './hash';
import { initIngest } from './ingest';
import { initKeyTables, KeyEntry, KeyTable } from './key-table';
import * as layout from '../../model/core-border';
import { initLines } from './line';
import { LineEntry } from './line-table';
import { initMemory, takeRegion } from './memory';
import { initNumbers } from './number';
import { COMMA, find, initScan, LF, replaceBytes } from './scan';
import { addContext, findContext, initShard, NO_SLOT } from './shard';
import { noteBypass } from './slots';
import { distinct, hashTagSet, initTagSets, keepFirsts, seenAgain, sumA, sumB } from './tag-set';

export { hashKeyBytes, takeElementKey, useElementKey } from './hash';
export { countMessages, ingest, ingestBatch, install } from './ingest';
export { addElement, addSample } from './samples';
export { ageRegions, beginRelease, releasableBytes, takeReleasable, takeRegion } from './memory';
export { forgetLines, forgetLinesOf, sealBucket } from './shard';
export { freedSlots, isSweeping, sweepStep } from './sweep';

/** The size of the blocks that sealed buckets are in, for benches that read the buckets of other builds. */
export const blockBytes: u32 = <u32>layout.BLOCK_BYTES;

/** First call. Returns where hashKeyBytes() random bytes go. */
export function initialize(): usize {
  checkLayout();
  initMemory();
  return initHash();
}

/** Second call, once the key is written. Returns where the powers of five go. */
export function configure(
  linesMax: u32,
  contextsMax: u32,
  keysMax: u32,
  histogramValuesMax: u32,
  exactWeights: bool,
  timestampedMax: u32,
  idleBuckets: u32,
  timestamps: bool,
  clientFields: bool,
  keySeed: u64,
  start: f64,
): usize {
  useHashKey();
  initTagSets();
  initKeyTables(keySeed);
  initBuckets(keysMax, histogramValuesMax, exactWeights, timestampedMax, keySeed);
  open.start = start;
  initShard(linesMax, contextsMax, idleBuckets);
  initScan();
  initLines(timestamps, clientFields);
  initIngest();
  foundContext = takeRegion(FOUND_CONTEXT_BYTES);
  return initNumbers();
}

/** Takes the counters' region. */
export function counters(): usize {
  return initCounters();
}

/** Where the caller writes the Unix time of a packet, seconds as f64, before it is ingested. */
export function clock(): usize {
  return clockCell;
}

/** Start of the open bucket, Unix seconds. */
export function openStart(): f64 {
  return open.start;
}

/** Whether the open bucket has nothing in it. */
export function openIsEmpty(): bool {
  return open.touchedCount == 0 && open.timestampedCount == 0;
}

/** What contextSlot() found last: the two halves of the key, u64 each, and how many tags were there before, u32. */
let foundContext: usize = 0;
const FOUND_CONTEXT_BYTES: u32 = 2 * sizeof<u64>() + sizeof<u32>();

/** Where contextSlot() writes the key of what it finds. */
export function contextKey(): usize {
  return foundContext;
}

/**
 * Finds or makes the slot of the context whose text is at `ptr`: name LF host LF tags joined by LF, with
 * `head` the length of the first two and `length` of it all. The first `written` bytes of the tags may be joined by
 * commas, as on the wire; they become LF. Tags that are not `ordered` are a set: those that come again do not count.
 * Bit 31 of the answer is set when the slot is new; NO_SLOT when there is none; TOO_MANY_TAGS for a larger set than
 * is hashed. `variant` tells apart contexts of the same text (type, ordered tags). Without `mayAdd` only a known one
 * is found.
 */
export function contextSlot(
  ptr: usize,
  head: u32,
  length: u32,
  variant: u32,
  ordered: bool,
  mayAdd: bool,
  written: u32,
): u32 {
  let a: u64 = 0;
  let b: u64 = 0;
  const tags = ptr + head;
  let free = !ordered && length > head;
  let repeated: u32 = 0;
  replaceBytes(COMMA, LF, tags, tags + written);
  if (free) {
    if (!hashTagSet(tags, ptr + length, LF)) return <u32>layout.TOO_MANY_TAGS;
    repeated = seenAgain;
    a = sumA;
    b = sumB;
    // One tag that is empty is no set, however often it was written: nothing stands behind the head.
    if (distinct == 1 && load<u8>(tags) == LF) {
      free = false;
      length = head;
      a = b = 0;
    }
  }
  store<u32>(foundContext, repeated, 16);
  const lengths = (<u64>head) | ((<u64>(free ? 0 : length)) << 32);
  hash(ptr, free ? head : length, 0, 0, lengths, (<u64>variant) | ((<u64>ordered) << 32));
  addToHash(a, b);
  store<u64>(foundContext, hashA);
  store<u64>(foundContext, hashB, 8);
  const known = findContext(hashA, hashB);
  if (known != NO_SLOT) {
    // A line that is never cached keeps its context as one that is.
    noteBypass(known);
    return known;
  }
  if (!mayAdd) return NO_SLOT;
  const added = addContext(hashA, hashB);
  return added == NO_SLOT ? NO_SLOT : added | 0x80000000;
}

/** Leaves each tag of a text at its first place alone; the length of what is left. At most as many as contextSlot() takes. */
export function dropRepeatedTags(ptr: usize, head: u32, length: u32): u32 {
  return <u32>(keepFirsts(ptr + head, ptr + length, LF) - ptr);
}

/**
 * Whether an item of [ptr, stop), joined by commas, begins with one of the `count` texts at `beginnings`
 * (BEGINNING_BYTES).
 */
export function anyItemBeginsWith(ptr: usize, stop: usize, beginnings: usize, count: u32): bool {
  while (true) {
    for (let i: u32 = 0; i < count; i++) {
      const beginning = beginnings + <usize>i * layout.BEGINNING_BYTES;
      // Most items begin with another byte. It may lie behind the last item, in what is never read otherwise.
      if (load<u8>(ptr) != load<u8>(beginning, 1)) continue;
      const length = <usize>load<u8>(beginning);
      if (ptr + length <= stop && memory.compare(ptr, beginning + 1, length) == 0) return true;
    }
    const comma = find(COMMA, ptr, stop);
    if (comma >= stop) return false;
    ptr = comma + 1;
  }
}

export function copyBytes(from: usize, to: usize, length: u32): void {
  memory.copy(to, from, length);
}

/** The structs here and the offsets in model/core-border.ts are written twice; they must agree. */
function checkLayout(): void {
  assert(offsetof<Cell>() == layout.CELL_BYTES);
  assert(
    offsetof<Cell>('sum') == layout.CELL_SUM && offsetof<Cell>('weightedSum') == layout.CELL_WEIGHTED_SUM,
  );
  assert(offsetof<Cell>('min') == layout.CELL_MIN && offsetof<Cell>('max') == layout.CELL_MAX);
  assert(offsetof<Cell>('count') == layout.CELL_COUNT && offsetof<Cell>('lastAt') == layout.CELL_LAST_AT);
  assert(offsetof<Cell>('at') == layout.CELL_AT && offsetof<Cell>('list') == layout.CELL_LIST);
  assert(offsetof<Cell>('samples') == layout.CELL_SAMPLES);
  assert(offsetof<KeyEntry>() == layout.KEY_BYTES && offsetof<KeyEntry>('weight') == layout.KEY_WEIGHT);
  assert(
    offsetof<KeyTable>('directory') == layout.KEY_TABLE_DIRECTORY &&
      offsetof<KeyTable>('segments') == layout.KEY_TABLE_SEGMENTS &&
      offsetof<KeyTable>('indexMask') == layout.KEY_TABLE_INDEX_MASK,
  );
  assert(layout.SEGMENT_ENTRIES == 1 << layout.SEGMENT_BITS && layout.SEGMENT_ENTRIES * offsetof<LineEntry>() == layout.BLOCK_BYTES);
  assert(offsetof<KeyTable>('epoch') == layout.KEY_TABLE_EPOCH);
  assert(
    offsetof<Bucket>('cells') == layout.BUCKET_CELLS && offsetof<Bucket>('touched') == layout.BUCKET_TOUCHED,
  );
  assert(offsetof<Bucket>('touchedCount') == layout.BUCKET_TOUCHED_COUNT);
  assert(offsetof<Bucket>('timestamped') == layout.BUCKET_TIMESTAMPED);
  assert(offsetof<Bucket>('timestampedCount') == layout.BUCKET_TIMESTAMPED_COUNT);
  assert(offsetof<Bucket>('keys') == layout.BUCKET_KEYS && offsetof<Bucket>() == layout.BUCKET_BYTES);
}
