/**
 * Hot path. Weights under (slot, key) in one bucket: elements of sets, and values of histograms that have very many
 * (value-list.ts).
 *
 *   entry, 24 bytes   │ slot u32 │ epoch << 2 | kind │ key u64 │ weight f64 │
 *
 * Open addressing with linear probing in segments (segments.ts). An entry of another epoch is free, so a bucket starts
 * empty without touching the memory. Where a key starts to probe depends on a secret multiplier: keys are chosen by senders.
 *
 * Limits  `limit` entries, and the budget of the open bucket (budget.ts); addKey() returns KEY_FULL for a new key
 *         beyond them, and when there is no memory for another segment.
 */
import { BUDGET_UNIT_BYTES, KEY_BYTES } from '../../model/core-border';
import { FREED_AT_ONCE } from './blocks';
import { canSpend, spend } from './budget';
import {
  addEmptySegment,
  beginHalving,
  beginSplit,
  bitOfHalf,
  dropLastSegment,
  endHalving,
  endSplit,
  highHalf,
  isSmall,
  isTooFull,
  lowHalf,
  newSegments,
  positionsOf,
  roomOf,
  segmentOf,
  Segments,
  startIn,
  toSplit,
  wantsSplit,
} from './segments';

/** Segments that a table which opens is given at once: a seal must not take long. */
const ADDED_AT_ONCE: u32 = 8;

@unmanaged
export class KeyEntry {
  slot: u32;
  meta: u32;
  key: u64;
  weight: f64;
}

@unmanaged
export class KeyTable extends Segments {
  limit: u32;
  epoch: u32;
}

let secret: u64 = 0;

/** Sets the secret all key tables share. */
export function initKeyTables(seed: u64): void {
  secret = seed | 1;
}

export function newKeyTable(limit: u32): KeyTable {
  const table = changetype<KeyTable>(newSegments());
  table.limit = limit;
  return table;
}

/**
 * Starts an empty bucket, with as many segments as the one before, `last`, has, or nearly: growing an empty table moves
 * no keys. A table that was much too large for the last two gives memory back.
 */
export function resetKeyTable(table: KeyTable, epoch: u32, last: KeyTable): void {
  const most = max(table.count, last.count);
  table.epoch = epoch;
  table.count = 0;
  for (let added: u32 = 0; isSmaller(table, last) && added < ADDED_AT_ONCE; added++) {
    if (!growEmpty(table)) return;
  }
  for (let freed: u32 = 0; most * 8 < positionsOf(table) && freed < FREED_AT_ONCE; freed++) {
    if (table.segments > 1) dropLastSegment(table);
    else if (beginHalving(table)) endHalving(table);
    else return;
  }
}

function isSmaller(table: KeyTable, other: KeyTable): bool {
  return positionsOf(table) < positionsOf(other);
}

function growEmpty(table: KeyTable): bool {
  return isSmall(table) ? split(table) : addEmptySegment(table);
}

/** What addKey() found. */
export const KEY_FULL: u32 = 0;
export const KEY_KNOWN: u32 = 1;
export const KEY_NEW: u32 = 2;

/** Adds `weight` under (slot, kind, key). */
export function addKey(table: KeyTable, slot: u32, kind: u32, key: u64, weight: f64): u32 {
  const meta = (table.epoch << 2) | kind;
  const place = placeOf(slot, key);
  const entry = probe(segmentOf(table, place), startIn(table, place), table.indexMask, table.epoch, slot, meta, key);
  if (entry.meta == meta) {
    entry.weight += weight;
    return KEY_KNOWN;
  }
  if (table.count >= table.limit || isTooFull(table) || !spend(BUDGET_UNIT_BYTES)) return KEY_FULL;
  fill(entry, slot, meta, key, weight);
  table.count++;
  if (wantsSplit(table)) split(table);
  return KEY_NEW;
}

/** Makes sure that so many new keys can be added; false when they cannot. */
export function reserveKeys(table: KeyTable, keys: u32): bool {
  if (table.count + keys > table.limit || !canSpend(<u64>keys * BUDGET_UNIT_BYTES)) return false;
  while (table.count + keys > roomOf(table)) if (!split(table)) return false;
  return true;
}

/** Adds `weight` if the key is there; KEY_FULL when it is not. */
export function addToKnownKey(table: KeyTable, slot: u32, kind: u32, key: u64, weight: f64): u32 {
  const meta = (table.epoch << 2) | kind;
  const place = placeOf(slot, key);
  const entry = probe(segmentOf(table, place), startIn(table, place), table.indexMask, table.epoch, slot, meta, key);
  if (entry.meta != meta) return KEY_FULL;
  entry.weight += weight;
  return KEY_KNOWN;
}

/** The entry of this key, or the free one where it belongs. */
// @ts-ignore: decorator
@inline
function probe(segment: usize, start: u32, indexMask: u32, epoch: u32, slot: u32, meta: u32, key: u64): KeyEntry {
  let index = start;
  while (true) {
    const entry = entryIn(segment, index);
    if (entry.meta >> 2 != epoch) return entry;
    if (entry.key == key && entry.slot == slot && entry.meta == meta) return entry;
    index = (index + 1) & indexMask;
  }
}

// @ts-ignore: decorator
@inline
function placeOf(slot: u32, key: u64): u32 {
  let x = (key + (<u64>slot) * 0x9e3779b97f4a7c15) * secret;
  x ^= x >> 32;
  return <u32>((x * secret) >> 32);
}

/** Moves half of the keys of a segment into a new one; without memory the table gets fuller. */
function split(table: KeyTable): bool {
  const capacity = table.indexMask + 1;
  if (!beginSplit(table)) return false;
  const segment = toSplit(table);
  const bit = bitOfHalf(table);
  for (let index: u32 = 0; index < capacity; index++) {
    const entry = entryIn(segment, index);
    if (entry.meta >> 2 != table.epoch) continue;
    const place = placeOf(entry.slot, entry.key);
    const half = (place & bit) != 0 ? highHalf : lowHalf;
    const to = probe(half, startIn(table, place), table.indexMask, table.epoch, entry.slot, entry.meta, entry.key);
    fill(to, entry.slot, entry.meta, entry.key, entry.weight);
  }
  endSplit(table, capacity);
  return true;
}

// @ts-ignore: decorator
@inline
function fill(entry: KeyEntry, slot: u32, meta: u32, key: u64, weight: f64): void {
  entry.slot = slot;
  entry.meta = meta;
  entry.key = key;
  entry.weight = weight;
}

// @ts-ignore: decorator
@inline
function entryIn(segment: usize, index: u32): KeyEntry {
  return changetype<KeyEntry>(segment + (<usize>index) * KEY_BYTES);
}
