/**
 * Hot path. Packets to samples.
 *
 *   packet ─▶ lines ─▶ readLine ─▶ hash ─▶ lines?  ─hit──────────────────────▶ apply values
 *                         │                  └miss─▶ tagSets? ─hit───────────▶ apply values
 *                         └─ not a line it knows ─▶ resolve() ◀──────miss──┘
 *
 * With a table of lines larger than the cache, lines are read and hashed up to KEPT_MAX at a time, then their entries and
 * cells are touched, and then they are applied in order: the processor waits for many of them at once.
 *
 * Where most lines have their tags in an order of their own, tagSets are asked first.
 *
 * resolve() is imported: the cold path in TypeScript. It does everything for the line it is given,
 * adding its samples through addSample() and, when the line may be cached, calling install().
 */
import { fetchCell } from './bucket';
import { count } from './counters';
import { hashA, hashB } from './hash';
import {
  COUNT_BYTES,
  COUNT_CUT_LINES,
  COUNT_LINES,
  COUNT_LINE_HITS,
  COUNT_LINE_MISSES,
  COUNT_PACKETS,
  COUNT_TAG_SET_HITS,
  COUNT_TRUNCATED_PACKETS,
  COUNT_UNTERMINATED,
  MMSGHDR_BYTES,
  MMSGHDR_FLAGS,
  MMSGHDR_LENGTH,
  MSG_TRUNC,
} from '../../model/core-border';
import { KeptLine } from './kept-line';
import * as field from './line';
import { hashLine, hashLineFreeOfOrder } from './line-hash';
import { findEntry, slotNear } from './line-table';
import { takeRegion } from './memory';
import { applyLine, initSamples, publishSamples } from './samples';
import { CR, find, LF } from './scan';
import { initSights, isSecondSparing, secondSight } from './second-sight';
import { cacheLine } from './shard';
import { lines, tagSets } from './tables';

/** The cold path. Returns 1 when the thread should look at its socket before it goes on, else 0. */
// @ts-ignore: decorator
@external('env', 'resolve')
declare function resolve(line: usize, length: u32, origin: u32, tags: usize, tagsBytes: u32): u32;

/** Cached lines from which on it pays to read ahead: 1 MiB with their cells. In the cache it costs 6 ns. */
const READ_AHEAD_LINES: u32 = 6144;
/** Lines read ahead. */
const KEPT_MAX: u32 = 64;

/** From three lines in four on it pays to look for tags first, if they are no accident. */
const SHUFFLED_SHARE: i32 = 3;
const SHUFFLED_MIN: i32 = 64;
const SHUFFLED_MAX: i32 = 256;
/** One of so many batches is looked up as it is written first all the same, to show whether it still does not pay. */
const BATCHES_BETWEEN: u32 = 16;

/** Lines that are read and not applied yet, and behind them a word for what nobody reads. */
let kept: usize = 0;
let yieldWanted = false;

/** Lines lately known by their tags alone, less SHUFFLED_SHARE for each that was known as it is written; and batches so far. */
let shuffled: i32 = 0;
let batches: u32 = 0;
/** Whether lines of this batch are looked up by their tags first. */
let setsFirst = false;

/** Since the last batch, which cannot have 2^32 of anything. */
let lineHits: u32 = 0;
let tagSetHits: u32 = 0;
let misses: u32 = 0;

/** What install() caches: hashes of the line given to resolve(), as written and free of order, if they may be. */
let linePending = false;
let setPending = false;
let pendingLineA: u64 = 0;
let pendingLineB: u64 = 0;
let pendingSetA: u64 = 0;
let pendingSetB: u64 = 0;

export function initIngest(): void {
  kept = takeRegion((KEPT_MAX + 1) * offsetof<KeptLine>());
  initSights();
  initSamples();
}

/**
 * Ingests messages [first, messages) of a recvmmsg() batch. `headers` is the array of
 * struct mmsghdr; message i has its bytes at `slots + i * slotBytes` and, when `origins` is not 0, its
 * origin number there. Returns the index of the first message that was not ingested: less than `messages`
 * when the cold path asked to look at the socket first.
 */
export function ingestBatch(
  headers: usize,
  slots: usize,
  slotBytes: u32,
  origins: usize,
  first: u32,
  messages: u32,
  eolRequired: bool,
): u32 {
  beginBatch();
  let index = first;
  while (index < messages && !yieldWanted) {
    const header = headers + (<usize>index) * MMSGHDR_BYTES;
    const length = load<u32>(header, MMSGHDR_LENGTH);
    const truncated = (load<u32>(header, MMSGHDR_FLAGS) & MSG_TRUNC) != 0;
    const origin = origins == 0 ? 0 : load<u32>(origins + (<usize>index) * sizeof<u32>());
    ingestPacket(slots + (<usize>index) * slotBytes, length, origin, eolRequired, truncated);
    index++;
  }
  publishCounts();
  return index;
}

/** Ingests one packet of `length` bytes. Returns 1 when the cold path asked to look at the socket. */
export function ingest(ptr: usize, length: u32, origin: u32, eolRequired: bool, truncated: bool): u32 {
  beginBatch();
  ingestPacket(ptr, length, origin, eolRequired, truncated);
  publishCounts();
  return yieldWanted ? 1 : 0;
}

function ingestPacket(ptr: usize, length: u32, origin: u32, eolRequired: bool, truncated: bool): void {
  count(COUNT_PACKETS, 1);
  count(COUNT_BYTES, length);
  let end = ptr + length;
  if (truncated) count(COUNT_TRUNCATED_PACKETS, 1);
  if ((eolRequired || truncated) && length > 0 && load<u8>(end - 1) != LF) {
    // What stands behind the last LF is not a whole line: dropped, the lines before it are fine.
    end = lastLineEnd(ptr, end);
    count(truncated ? COUNT_CUT_LINES : COUNT_UNTERMINATED, 1);
  }
  if (lines.count > READ_AHEAD_LINES && !field.readClientFields) {
    ingestReadAhead(ptr, end, origin);
    return;
  }
  if (setsFirst) {
    ingestBySets(ptr, end, origin);
    return;
  }
  while (ptr < end) {
    if (load<u8>(ptr) == LF) {
      ptr++;
      continue;
    }
    const isRead = field.readLine(ptr, end);
    const hot = isRead && applyKnownLine(ptr, origin);
    const stop = field.lineStop;
    if (!hot) resolveLine(ptr, stop, origin, isRead);
    ptr = stop + 1;
  }
}

/** The same for lines whose tags come in ever new order: looking for them as they are written would be in vain. */
function ingestBySets(ptr: usize, end: usize, origin: u32): void {
  while (ptr < end) {
    if (load<u8>(ptr) == LF) {
      ptr++;
      continue;
    }
    const isRead = field.readLine(ptr, end);
    const hot = isRead && (applyBySetAlone(ptr, origin) || applyKnownLine(ptr, origin));
    const stop = field.lineStop;
    if (!hot) resolveLine(ptr, stop, origin, isRead);
    ptr = stop + 1;
  }
}

/** Ingests the lines of a packet as ingestPacket() does, in the same order, but reads them ahead. */
function ingestReadAhead(ptr: usize, end: usize, origin: u32): void {
  let count: u32 = 0;
  while (ptr < end) {
    if (load<u8>(ptr) == LF) {
      ptr++;
      continue;
    }
    const line = ptr;
    const isKnown = field.readLine(line, end);
    const stop = field.lineStop;
    ptr = stop + 1;
    if (isKnown) {
      hashLine(line, origin);
      const one = keptAt(count);
      field.keepLine(one, line);
      one.hashA = hashA;
      one.hashB = hashB;
      if (++count < KEPT_MAX) continue;
    }
    applyKept(count, origin);
    count = 0;
    if (!isKnown) resolveLine(line, stop, origin, false);
  }
  applyKept(count, origin);
}

/** Applies the first `count` kept lines. What they find is looked up anew: lines before them may move the tables. */
function applyKept(count: u32, origin: u32): void {
  for (let i: u32 = 0; i < count; i++) keptAt(i).slot = slotNear(lines, keptAt(i).hashA);
  let sum: u32 = 0;
  for (let i: u32 = 0; i < count; i++) sum += fetchCell(keptAt(i).slot);
  // Written, or the compiler might leave the reads out.
  keptAt(KEPT_MAX).slot = sum;
  for (let i: u32 = 0; i < count; i++) {
    const one = keptAt(i);
    field.recallLine(one);
    if (!applyHashedLine(one.line, origin, one.hashA, one.hashB)) resolveLine(one.line, one.lineStop, origin, true);
  }
}

// @ts-ignore: decorator
@inline
function keptAt(index: u32): KeptLine {
  return changetype<KeptLine>(kept + <usize>index * offsetof<KeptLine>());
}

/** How many messages a packet holds: lines that are neither empty nor one CR, as ingestPacket() finds them. */
export function countMessages(ptr: usize, length: u32): u32 {
  const end = ptr + length;
  let messages: u32 = 0;
  while (ptr < end) {
    const stop = find(LF, ptr, end);
    if (stop - ptr > 1 || (stop > ptr && load<u8>(ptr) != CR)) messages++;
    ptr = stop + 1;
  }
  return messages;
}

/** Position behind the last LF in [ptr, end), or `ptr`. */
function lastLineEnd(ptr: usize, end: usize): usize {
  while (end > ptr && load<u8>(end - 1) != LF) end--;
  return end;
}

/** Applies the line that was just read if its meaning is cached; false leaves it to the cold path. */
function applyKnownLine(line: usize, origin: u32): bool {
  const a = hashLine(line, origin);
  return applyHashedLine(line, origin, a, hashB);
}

/** The same for a line with these hashes. */
// @ts-ignore: decorator
@inline
function applyHashedLine(line: usize, origin: u32, a: u64, b: u64): bool {
  const entry = findEntry(lines, a, b);
  if (entry == null) return applyByTagSet(line, origin, a, b);
  if (!applyLine(entry)) return false;
  lineHits++;
  return true;
}

/** The same for a line that is not cached as it is written. */
function applyByTagSet(line: usize, origin: u32, a: u64, b: u64): bool {
  linePending = true;
  pendingLineA = a;
  pendingLineB = b;
  if (!hashLineFreeOfOrder(line, origin)) return false;
  const entry = findEntry(tagSets, hashA, hashB);
  if (entry == null) {
    setPending = true;
    pendingSetA = hashA;
    pendingSetB = hashB;
    return false;
  }
  if (!applyLine(entry)) return false;
  tagSetHits++;
  if (secondSight(pendingLineA)) cacheLine(lines, pendingLineA, pendingLineB, entry.slot, entry.op, entry.copySlot);
  linePending = false;
  return true;
}

/** Applies the line that was just read if it is known by its tags; false when not, or when a value is not for the hot path. */
function applyBySetAlone(line: usize, origin: u32): bool {
  if (!hashLineFreeOfOrder(line, origin)) return false;
  const entry = findEntry(tagSets, hashA, hashB);
  if (entry == null || !applyLine(entry)) return false;
  tagSetHits++;
  return true;
}

/** Hands [line, stop) to the cold path, with or without leave to cache it. `isRead` says that the fields are of this line. */
function resolveLine(line: usize, stop: usize, origin: u32, isRead: bool): void {
  let length = stop - line;
  if (length > 0 && load<u8>(stop - 1) == CR) length--;
  // A line of one CR is an empty line.
  if (length > 0) {
    misses++;
    const tagsBytes = isRead ? <u32>(field.tagsStop - field.tagsStart) : 0;
    if (resolve(line, <u32>length, origin, field.tagsStart, tagsBytes) != 0) yieldWanted = true;
  }
  linePending = false;
  setPending = false;
}

/**
 * Caches what the line given to resolve() does; nothing when the line must not be cached. `sparing` caches it
 * when it comes for the second time: of lines beyond a limit most never do.
 */
export function install(slot: u32, op: u32, copySlot: u32, orderFree: bool, sparing: bool): void {
  if (sparing && !isSecondSparing(orderFree && setPending ? pendingSetA : pendingLineA)) return;
  if (linePending) cacheLine(lines, pendingLineA, pendingLineB, slot, op, copySlot);
  if (orderFree && setPending) cacheLine(tagSets, pendingSetA, pendingSetB, slot, op, copySlot);
}

function beginBatch(): void {
  yieldWanted = false;
  batches++;
  setsFirst = shuffled >= SHUFFLED_MIN && batches % BATCHES_BETWEEN != 0;
}

function publishCounts(): void {
  if (!setsFirst) {
    const now = shuffled + <i32>tagSetHits - <i32>lineHits * SHUFFLED_SHARE;
    shuffled = max(0, min(now, SHUFFLED_MAX));
  }
  count(COUNT_LINES, lineHits + tagSetHits + misses);
  count(COUNT_LINE_HITS, lineHits);
  count(COUNT_TAG_SET_HITS, tagSetHits);
  count(COUNT_LINE_MISSES, misses);
  lineHits = tagSetHits = misses = 0;
  publishSamples();
}
