/**
 * Hot path. The values of a histogram in one bucket: as they came, in chunks, united when a chunk is full and it is worth
 * it.
 *
 *   chunk      │ next u32 │ pairs, size | kind u32 │ weight f64 │ pair │ pair │ … │ word │ word │ …
 *   pair       │ value f64 │ weight f64 │                           what was united
 *   word       │ value f64 │, of the current weight, or a NaN that says what the weight of the next words is:
 *              │ 0x7ff80001 │ weight u32 │      or     │ 0x7ff80002 │ 0 │ weight f64 │
 *
 * Chunks have 64, 128, 256, 512 and then always 1,024 bytes; the newest names the oldest, so they are read in the order of
 * arrival. `weight` is that of the words to come; a chunk begins with 1, so each can be read by itself. All but the newest
 * are full. Values are finite, so a NaN is free to be used.
 *
 * A chunk of 1,024 bytes has 16 bytes more of a head:   │ words before u32 │ threshold u32 │ pairs before u32 │ (spare) │
 *
 * Unite   when such a chunk is full, and as many words have come as there are pairs, at least `threshold`: equal values
 *         become one pair. When that saves little the list stays as it is, until it is twice as long.
 * Limits  more than limits.histogram_values different values become bins (bin-pages.ts): the control thread would
 *         make a sketch of them anyway. More than UNITED_MAX, where the limit is larger, go to the key table, as
 *         uniting so many would keep the thread from its socket.
 * Room    a conversion is made in full or not at all; without room for it the list goes on as it is, and without room for
 *         another chunk the sample is not added.
 */
import {
  AT_PAGES,
  AT_TABLE,
  CHUNK_HEAD,
  CHUNK_LONG,
  CHUNK_LONG_HEAD,
  CHUNK_META,
  CHUNK_PAIRS_SHIFT,
  CHUNK_SIZE_MASK,
  CHUNK_VALUES,
  CHUNK_WEIGHT,
  ESCAPE_F64,
  ESCAPE_U32,
  KIND_BIN,
  KIND_VALUE,
} from '../../model/core-border';
import { Arena, give, take } from './arena';
import { addBin, beginBins, isNarrow, NO_LIST } from './bin-pages';
import { Cell } from './cell';
import { addKey, addToKnownKey, KEY_FULL, KEY_NEW, KeyTable, reserveKeys } from './key-table';
import { freeRegion, takeRegion } from './memory';
import { sketchKey } from './sketch-key';

const SMALLEST: u32 = 64;
const LONG: u32 = CHUNK_LONG;
/** Offsets in the head of a long chunk. */
const WORDS_BEFORE: usize = 16;
const THRESHOLD: usize = 20;
const PAIRS_BEFORE: usize = 24;
const LONG_WORDS: u32 = (CHUNK_LONG - CHUNK_LONG_HEAD) / 8;
const LONG_PAIRS: u32 = LONG_WORDS / 2;
/** Words of the chunks before the first long one. */
const SHORT_WORDS: u32 = 6 + 14 + 30 + 62;
const THRESHOLD_MIN: u32 = 256;
/** Different values up to which lists are united: 0.2 ms. */
const UNITED_MAX: u32 = 8192;
const PAIR: usize = 16;

let valuesMax: u32 = 0;
let unitedMax: u32 = 0;
let exactWeights = false;
let secret: u64 = 1;

/** Pairs that are being united, and an index of them: open addressing, number of the pair plus 1. Taken when first used. */
let pairs: usize = 0;
let index: usize = 0;
/** Entries there is memory for, and one less than those in use: few for a short list, as they are cleared each time. */
let indexCapacity: u32 = 0;
let indexMask: u32 = 0;
/** How many pairs there are. */
let distinct: u32 = 0;

export function initValueLists(histogramValuesMax: u32, exact: bool, seed: u64): void {
  valuesMax = histogramValuesMax;
  unitedMax = min(histogramValuesMax, UNITED_MAX);
  exactWeights = exact;
  secret = seed | 1;
}

/** Adds one value that counts `weight` times; false when there is no room. `slot` and `keys` are for the key table. */
export function addValue(arena: Arena, keys: KeyTable, slot: u32, cell: Cell, value: f64, weight: f64): bool {
  while (true) {
    if (cell.at == AT_PAGES) return addBin(arena, cell, sketchKey(value), weight);
    if (cell.at == AT_TABLE) return addToTable(keys, slot, cell, value, weight);
    const at = <usize>(cell.at & ~1);
    const list = cell.list;
    const end = list + sizeOf(list);
    if (list == 0 || at == end) {
      if (!makeRoom(arena, keys, slot, cell)) return false;
      continue;
    }
    if (load<f64>(list, CHUNK_WEIGHT) == weight) {
      store<f64>(at, value);
      cell.at = <u32>(at + 8) | <u32>(weight != 1);
      return true;
    }
    cell.at = <u32>writeWeight(list, at, end, weight) | <u32>(weight != 1);
  }
}

/** Says in the list that words of another weight follow. Returns where; in a full chunk the weight stays what it was. */
function writeWeight(list: usize, at: usize, end: usize, weight: f64): usize {
  if (weight <= <f64>u32.MAX_VALUE && weight == Math.floor(weight)) {
    store<u64>(at, ((<u64>ESCAPE_U32) << 32) | <u64>weight);
  } else if (at + 8 < end) {
    store<u64>(at, (<u64>ESCAPE_F64) << 32);
    store<f64>(at, weight, 8);
    at += 8;
  } else {
    // No room for both words: this one says nothing, and the next chunk begins anew.
    store<u64>(at, ((<u64>ESCAPE_U32) << 32) | 1);
    return end;
  }
  store<f64>(list, weight, CHUNK_WEIGHT);
  return at + 8;
}

/** Makes a place for the next word behind a full chunk, or bins of all, or a part of the key table. */
function makeRoom(arena: Arena, keys: KeyTable, slot: u32, cell: Cell): bool {
  const list = cell.list;
  const size = list == 0 ? SMALLEST / 2 : sizeOf(list);
  if (size < LONG / 2) return addChunk(arena, cell, size * 2, 0, 0, 0);
  if (size < LONG) return addChunk(arena, cell, LONG, SHORT_WORDS, THRESHOLD_MIN, 0);
  const own = pairsOf(list);
  const words = load<u32>(list, WORDS_BEFORE) + LONG_WORDS - 2 * own;
  const allPairs = load<u32>(list, PAIRS_BEFORE) + own;
  const threshold = load<u32>(list, THRESHOLD);
  if (words < threshold || words < allPairs) return addChunk(arena, cell, LONG, words, threshold, allPairs);
  if (unite(arena, keys, slot, cell, words + 2 * allPairs)) return true;
  return addChunk(arena, cell, LONG, words, words * 2, allPairs);
}

/** The last three are what the head of a long chunk says. */
function addChunk(arena: Arena, cell: Cell, size: u32, words: u32, threshold: u32, pairs: u32): bool {
  const chunk = take(arena, size);
  if (chunk == 0) return false;
  const list = cell.list;
  store<usize>(chunk, list == 0 ? chunk : load<usize>(list));
  if (list != 0) store<usize>(list, chunk);
  store<u32>(chunk, size | CHUNK_VALUES, CHUNK_META);
  store<f64>(chunk, 1, CHUNK_WEIGHT);
  if (size == LONG) {
    store<u32>(chunk, words, WORDS_BEFORE);
    store<u32>(chunk, threshold, THRESHOLD);
    store<u32>(chunk, pairs, PAIRS_BEFORE);
  }
  cell.list = chunk;
  cell.at = <u32>(chunk + headOf(size));
  return true;
}

/** Makes pairs, bins or entries of the key table of a list of full chunks; false when it stays as it is. */
function unite(arena: Arena, keys: KeyTable, slot: u32, cell: Cell, words: u32): bool {
  if (!prepareScratch(words)) return false;
  const isWhole = eachValue(cell.list, GATHER, arena, keys, slot, cell);
  if (!isWhole) return valuesMax > UNITED_MAX ? makeTable(arena, keys, slot, cell, words) : makeBins(arena, cell, words);
  const list = cell.list;
  let longChunks: u32 = 0;
  let chunk = list;
  do {
    longChunks += <u32>(sizeOf(chunk) == LONG);
    chunk = load<usize>(chunk);
  } while (chunk != list);
  // Pairs of values that come once save nothing. And no more chunks than there are, so that they cannot be lacking.
  if (distinct * 8 > words * 3 || distinct > longChunks * LONG_PAIRS) return false;
  giveChunks(arena, list);
  cell.list = 0;
  for (let done: u32 = 0; done < distinct; ) {
    const part = min(distinct - done, LONG_PAIRS);
    addChunk(arena, cell, LONG, 0, THRESHOLD_MIN, done);
    const newest = cell.list;
    memory.copy(newest + CHUNK_LONG_HEAD, pairs + <usize>done * PAIR, <usize>part * PAIR);
    store<u32>(newest, LONG | CHUNK_VALUES | (part << CHUNK_PAIRS_SHIFT), CHUNK_META);
    cell.at = <u32>(newest + CHUNK_LONG_HEAD + <usize>part * PAIR);
    done += part;
  }
  return true;
}

function makeBins(arena: Arena, cell: Cell, words: u32): bool {
  const isWide = exactWeights || !isNarrow(cell.count);
  const list = beginBins(arena, cell, sketchKey(cell.min), sketchKey(cell.max), words, isWide);
  if (list == NO_LIST) return false;
  eachValue(list, BIN, arena, changetype<KeyTable>(0), 0, cell);
  giveChunks(arena, list);
  return true;
}

function makeTable(arena: Arena, keys: KeyTable, slot: u32, cell: Cell, words: u32): bool {
  if (!reserveKeys(keys, words)) return false;
  const list = cell.list;
  cell.at = AT_TABLE;
  cell.list = 0;
  eachValue(list, TABLE, arena, keys, slot, cell);
  giveChunks(arena, list);
  return true;
}

function addToTable(keys: KeyTable, slot: u32, cell: Cell, value: f64, weight: f64): bool {
  const bits = reinterpret<u64>(value);
  if (<u32>cell.list < valuesMax) {
    const found = addKey(keys, slot, KIND_VALUE, bits, weight);
    cell.list += <usize>(found == KEY_NEW);
    return found != KEY_FULL;
  }
  // The budget is for different values: one that is known stays exact, so that shards do not matter.
  if (addToKnownKey(keys, slot, KIND_VALUE, bits, weight) != KEY_FULL) return true;
  return addKey(keys, slot, KIND_BIN, <u64>(<i64>sketchKey(value)), weight) != KEY_FULL;
}

/** What eachValue() does with each value and its weight. */
const GATHER: u32 = 0;
const BIN: u32 = 1;
const TABLE: u32 = 2;

/** Walks a list of full chunks in the order of arrival; ends early, with false, when there are too many to gather. */
function eachValue(list: usize, todo: u32, arena: Arena, keys: KeyTable, slot: u32, cell: Cell): bool {
  let chunk = list;
  do {
    chunk = load<usize>(chunk);
    const size = sizeOf(chunk);
    const end = chunk + size;
    let at = chunk + headOf(size);
    for (const words = at + <usize>pairsOf(chunk) * PAIR; at < words; at += PAIR) {
      if (!doWith(todo, load<f64>(at), load<f64>(at, 8), arena, keys, slot, cell)) return false;
    }
    let weight: f64 = 1;
    for (; at < end; at += 8) {
      const word = load<u64>(at);
      const upper = <u32>(word >> 32);
      if (upper == <u32>ESCAPE_U32) {
        weight = <f64>(<u32>word);
      } else if (upper == <u32>ESCAPE_F64) {
        at += 8;
        weight = load<f64>(at);
      } else if (!doWith(todo, reinterpret<f64>(word), weight, arena, keys, slot, cell)) {
        return false;
      }
    }
  } while (chunk != list);
  return true;
}

// @ts-ignore: decorator
@inline
function doWith(todo: u32, value: f64, weight: f64, arena: Arena, keys: KeyTable, slot: u32, cell: Cell): bool {
  if (todo == GATHER) return gather(value, weight);
  if (todo == BIN) addBin(arena, cell, sketchKey(value), weight);
  else addToTable(keys, slot, cell, value, weight);
  return true;
}

/** Adds to the pairs; false when there are more than may be united. */
// @ts-ignore: decorator
@inline
function gather(value: f64, weight: f64): bool {
  const bits = reinterpret<u64>(value);
  const mask = indexMask;
  // Values are chosen by senders, so where one is looked for depends on a secret.
  let x = bits * secret;
  x ^= x >> 32;
  let i = <u32>((x * secret) >> 32) >> clz(mask);
  while (true) {
    const number = load<u32>(index + (<usize>i) * sizeof<u32>());
    if (number == 0) break;
    const pair = pairs + <usize>(number - 1) * PAIR;
    if (load<u64>(pair) == bits) {
      store<f64>(pair, load<f64>(pair, 8) + weight, 8);
      return true;
    }
    i = (i + 1) & mask;
  }
  if (distinct > unitedMax) return false;
  const pair = pairs + <usize>distinct * PAIR;
  store<u64>(pair, bits);
  store<f64>(pair, weight, 8);
  distinct++;
  store<u32>(index + (<usize>i) * sizeof<u32>(), distinct);
  return distinct <= unitedMax;
}

/** Makes the scratch ready for a list of so many words, larger when needed; false without memory for that. */
function prepareScratch(words: u32): bool {
  distinct = 0;
  let capacity = THRESHOLD_MIN;
  while (capacity < min(words, unitedMax + 1) * 2) capacity *= 2;
  indexMask = capacity - 1;
  if (capacity <= indexCapacity) {
    memory.fill(index, 0, <usize>capacity * sizeof<u32>());
    return true;
  }
  const freshPairs = takeRegion(<usize>(capacity / 2) * PAIR);
  const freshIndex = takeRegion(<usize>capacity * sizeof<u32>());
  if (freshPairs == 0 || freshIndex == 0) {
    freeRegion(freshPairs, <usize>(capacity / 2) * PAIR);
    freeRegion(freshIndex, <usize>capacity * sizeof<u32>());
    return false;
  }
  freeRegion(pairs, <usize>(indexCapacity / 2) * PAIR);
  freeRegion(index, <usize>indexCapacity * sizeof<u32>());
  pairs = freshPairs;
  index = freshIndex;
  indexCapacity = capacity;
  return true;
}

function giveChunks(arena: Arena, list: usize): void {
  let chunk = load<usize>(list);
  while (true) {
    const next = load<usize>(chunk);
    give(arena, chunk, sizeOf(chunk));
    if (chunk == list) return;
    chunk = next;
  }
}

// @ts-ignore: decorator
@inline
function sizeOf(chunk: usize): u32 {
  return load<u32>(chunk, CHUNK_META) & CHUNK_SIZE_MASK;
}

// @ts-ignore: decorator
@inline
function pairsOf(chunk: usize): u32 {
  return load<u32>(chunk, CHUNK_META) >> CHUNK_PAIRS_SHIFT;
}

// @ts-ignore: decorator
@inline
function headOf(size: u32): usize {
  return size == LONG ? CHUNK_LONG_HEAD : CHUNK_HEAD;
}
