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
 * resolve() is imported: the cold path in TypeScript. It does everything for the line it is given,
 * adding its samples through addSample() and, when the line may be cached, calling install().
 */
import {
  addTimestamped,
  addToCounter,
  addToDistribution,
  addToHistogram,
  addToSet,
  fetchCell,
  open,
  setGauge,
} from './bucket';
import { count } from './counters';
import { addToHash, hash, hashA, hashB, hashElement } from './hash';
import {
  COUNT_BYTES,
  COUNT_CUT_LINES,
  COUNT_FILTERED_LINES,
  COUNT_LINES,
  COUNT_LINE_HITS,
  COUNT_LINE_MISSES,
  COUNT_NON_FINITE_SAMPLES,
  COUNT_OUT_OF_RANGE_SAMPLES,
  COUNT_PACKETS,
  COUNT_SAMPLES,
  COUNT_TAG_SET_HITS,
  COUNT_TRUNCATED_PACKETS,
  COUNT_UNTERMINATED,
  MMSGHDR_BYTES,
  MMSGHDR_FLAGS,
  MMSGHDR_LENGTH,
  MSG_TRUNC,
  OP_COUNTER,
  OP_DISTRIBUTION,
  OP_DROP,
  OP_GAUGE,
  OP_HISTOGRAM,
  OP_SET,
  OP_TIMESTAMPED,
  PACKET_BYTES_MAX,
  WEIGHT_MAX,
} from '../../model/core-border';
import { KeptLine } from './kept-line';
import * as field from './line';
import { findEntry, LineEntry, slotNear } from './line-table';
import { takeRegion } from './memory';
import { parseNumber } from './number';
import { COLON, COMMA, CR, find, LF } from './scan';
import { cacheLine } from './shard';
import { noteBypass } from './slots';
import { lines, tagSets } from './tables';
import { distinct, hashTagSet, sumA, sumB } from './tag-set';

/** The cold path. Returns 1 when the thread should look at its socket before it goes on, else 0. */
// @ts-ignore: decorator
@external('env', 'resolve')
declare function resolve(line: usize, length: u32, origin: u32, tags: usize, tagsBytes: u32): u32;

/** Lines that were found free of tag order, by part of their hash: cached as written at second sight. */
const SIGHTS: u32 = 4096;
/** Lines beyond a limit, the same: as many as a flood brings in some seconds. */
const SPARING_SIGHTS: u32 = 65536;

/** Cached lines from which on it pays to read ahead: 1 MiB with their cells. In the cache it costs 6 ns. */
const READ_AHEAD_LINES: u32 = 6144;
/** Lines read ahead. */
const KEPT_MAX: u32 = 64;

/** Lines that are read and not applied yet, and behind them a word for what nobody reads. */
let kept: usize = 0;
/** Values of the line being applied; a packet of single digits holds at most half its bytes. */
let values: usize = 0;
let sights: usize = 0;
let sparingSights: usize = 0;
let yieldWanted = false;

/** Since the last batch, which cannot have 2^32 of anything. */
let lineHits: u32 = 0;
let tagSetHits: u32 = 0;
let misses: u32 = 0;
let samples: u32 = 0;
let filtered: u32 = 0;

/** What install() caches: hashes of the line given to resolve(), as written and free of order, if they may be. */
let linePending = false;
let setPending = false;
let pendingLineA: u64 = 0;
let pendingLineB: u64 = 0;
let pendingSetA: u64 = 0;
let pendingSetB: u64 = 0;

export function initIngest(): void {
  values = takeRegion(((PACKET_BYTES_MAX + 1) / 2) * sizeof<f64>());
  kept = takeRegion((KEPT_MAX + 1) * offsetof<KeptLine>());
  sights = takeRegion(SIGHTS * sizeof<u32>());
  sparingSights = takeRegion(SPARING_SIGHTS * sizeof<u32>());
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
  yieldWanted = false;
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
  yieldWanted = false;
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
// @ts-ignore: decorator
@inline
function applyKnownLine(line: usize, origin: u32): bool {
  const a = hashLine(line, origin);
  return applyHashedLine(line, origin, a, hashB);
}

/** The same for a line with these hashes. */
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

/** Hash of what identifies the line, as written. */
// @ts-ignore: decorator
@inline
function hashLine(line: usize, origin: u32): u64 {
  const sender = field.readClientFields ? hashClientFields(origin) : origin;
  const tags = field.tagsStop - field.tagsStart;
  return hash(line, field.nameStop - line, field.tagsStart, tags, identity(line, tags), sender);
}

/** The same free of the tags' order; false when the line has fewer than two tags, too many, or a timestamp. */
function hashLineFreeOfOrder(line: usize, origin: u32): bool {
  if (field.timestamp != 0) return false;
  if (find(COMMA, field.tagsStart, field.tagsStop) >= field.tagsStop) return false;
  if (!hashTagSet(field.tagsStart, field.tagsStop, COMMA)) return false;
  const sender = field.readClientFields ? hashClientFields(origin) : origin;
  hash(line, field.nameStop - line, 0, 0, identity(line, distinct), sender);
  addToHash(sumA, sumB);
  return true;
}

/** Who sent the line: the origin of the packet and what the line says itself. */
function hashClientFields(origin: u32): u64 {
  const local = field.localStop - field.localStart;
  const external = field.externalStop - field.externalStart;
  const cardinality = field.cardinalityStop - field.cardinalityStart;
  hash(field.cardinalityStart, cardinality, 0, 0, cardinality, origin);
  const part = hashA + hashB;
  hash(field.localStart, local, field.externalStart, external, local | ((<u64>external) << 32), part);
  return hashA + hashB;
}

/** Type, whether there is a timestamp, and the lengths of what was absorbed, in one word. */
// @ts-ignore: decorator
@inline
function identity(line: usize, tags: usize): u64 {
  return (
    <u64>(field.nameStop - line) |
    ((<u64>tags) << 24) |
    ((<u64>field.type) << 48) |
    ((<u64>(field.timestamp != 0)) << 56)
  );
}

function secondSight(hash: u64): bool {
  const at = sights + (<usize>((hash >> 20) & (SIGHTS - 1))) * sizeof<u32>();
  const part = <u32>(hash >> 32);
  if (load<u32>(at) == part) return true;
  store<u32>(at, part);
  return false;
}

/** The same for lines that are cached sparingly, which come by the million. */
function isSecondSparing(hash: u64): bool {
  const at = sparingSights + (<usize>((hash >> 16) & (SPARING_SIGHTS - 1))) * sizeof<u32>();
  const part = <u32>(hash >> 32);
  if (load<u32>(at) == part) return true;
  store<u32>(at, part);
  return false;
}

/** Adds the samples of the line that was just read; false when a value is not for the hot path. */
function applyLine(entry: LineEntry): bool {
  const op = entry.op;
  if (op == OP_SET) {
    addToSet(entry.slot, elementHash(field.valuesStart, field.valuesStop - field.valuesStart));
    samples++;
  } else if (op == OP_DROP && field.type == field.TYPE_SET) {
    // Any text is an element: there is nothing to validate before it is dropped.
    filtered++;
  } else {
    // Most lines have one value; several are no number, as a colon is no digit.
    const value = parseNumber(field.valuesStart, field.valuesStop);
    if (isNaN(value)) {
      if (!applyValues(entry)) return false;
    } else if (op == OP_DROP) {
      filtered++;
    } else {
      applyValue(entry.slot, op, value, weightOf(op, field.rate), field.timestamp);
      samples++;
      if (entry.copySlot != 0) applyCopy(entry.copySlot, value);
    }
  }
  entry.seen = open.epoch;
  return true;
}

/** Adds several values; false, and none is added, when one is not for the hot path. */
function applyValues(entry: LineEntry): bool {
  const op = entry.op;
  const found = readValues();
  if (found == 0) return false;
  if (op == OP_DROP) {
    filtered++;
    return true;
  }
  const weight = weightOf(op, field.rate);
  for (let i: u32 = 0; i < found; i++) {
    const value = load<f64>(values + (<usize>i) * sizeof<f64>());
    applyValue(entry.slot, op, value, weight, field.timestamp);
    if (entry.copySlot != 0) applyCopy(entry.copySlot, value);
  }
  samples += found;
  return true;
}

/** Adds the value of a histogram to the distribution it is copied to. */
function applyCopy(copySlot: u32, value: f64): void {
  applyValue(copySlot - 1, OP_DISTRIBUTION, value, weightOf(OP_DISTRIBUTION, field.rate), field.timestamp);
  samples++;
}

/**
 * How many events a sample stands for. What a sample rate means is decided here alone (docs/protocol.md, sample rates).
 *
 *   no positive number (0, -1, nan, inf)   1, whatever the type
 *   above 1                                1; a counter takes it as it is, and counts less than one event
 *   else                                   1/rate; above WEIGHT_MAX the sample is refused
 */
// @ts-ignore: decorator
@inline
function weightOf(op: u32, rate: f64): f64 {
  if (rate == 1 || !(rate > 0 && rate < Infinity)) return 1;
  return rate > 1 && op != OP_COUNTER ? 1 : 1 / rate;
}

// @ts-ignore: decorator
@inline
function applyValue(slot: u32, op: u32, value: f64, weight: f64, timestamp: f64): void {
  if (op == OP_GAUGE) {
    setGauge(slot, value);
  } else if (op == OP_TIMESTAMPED) {
    keepTimestamped(slot, timestamp, value, 1);
  } else if (weight > <f64>WEIGHT_MAX) {
    count(COUNT_OUT_OF_RANGE_SAMPLES, 1);
  } else if (op == OP_COUNTER) {
    addToCounter(slot, value, weight);
  } else if (op == OP_DISTRIBUTION) {
    if (timestamp == 0) addToDistribution(slot, value, weight);
    else if (isFinite(value * weight)) keepTimestamped(slot, timestamp, value, weight);
    else count(COUNT_OUT_OF_RANGE_SAMPLES, 1);
  } else if (op == OP_HISTOGRAM) {
    addToHistogram(slot, value, weight);
  }
}

/**
 * A gauge or counter that is passed through, or the copy of a histogram: it belongs to the bucket of its timestamp
 * (docs/behaviour/aggregation.md#copies-of-histograms), which only the control thread has.
 */
function keepTimestamped(slot: u32, timestamp: f64, value: f64, weight: f64): void {
  addTimestamped(slot, timestamp, value, weight);
  noteBypass(slot);
}

/** Parses the packed values into `values`; their number, or 0 when one is not for the hot path. */
function readValues(): u32 {
  let found: u32 = 0;
  let start = field.valuesStart;
  const end = field.valuesStop;
  while (start < end) {
    const stop = find(COLON, start, end);
    if (stop > start) {
      const value = parseNumber(start, stop);
      if (isNaN(value)) return 0;
      store<f64>(values + (<usize>found) * sizeof<f64>(), value);
      found++;
    }
    start = stop + 1;
  }
  return found;
}

/** Adds one sample the cold path parsed. A value that is not finite is dropped, as the sampler does. */
export function addSample(slot: u32, op: u32, value: f64, rate: f64, timestamp: f64): void {
  if (!isFinite(value)) {
    count(COUNT_NON_FINITE_SAMPLES, 1);
    return;
  }
  count(COUNT_SAMPLES, 1);
  applyValue(slot, op, value, weightOf(op, rate), timestamp);
}

/** Adds one element of a set the cold path parsed. */
export function addElement(slot: u32, element: usize, length: u32): void {
  count(COUNT_SAMPLES, 1);
  addToSet(slot, elementHash(element, length));
}

/** 64 bits of a keyed hash of a set's element. */
function elementHash(ptr: usize, length: usize): u64 {
  hashElement(ptr, length, OP_SET);
  return rotl<u64>(hashA, 32) + hashB;
}

function publishCounts(): void {
  count(COUNT_LINES, lineHits + tagSetHits + misses);
  count(COUNT_LINE_HITS, lineHits);
  count(COUNT_TAG_SET_HITS, tagSetHits);
  count(COUNT_LINE_MISSES, misses);
  count(COUNT_SAMPLES, samples);
  count(COUNT_FILTERED_LINES, filtered);
  lineHits = tagSetHits = misses = samples = filtered = 0;
}
