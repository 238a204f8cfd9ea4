/**
 * Hot path. Weights under (slot, key) in one bucket: elements of sets, and values of histograms that have very many
 * (value-list.ts).
 *
 *   entry, 24 bytes   │ slot u32 │ epoch << 2 | kind │ key u64 │ weight f64 │
 *
 * Open addressing with linear probing, at most three quarters full, grown by doubling. An entry of
 * another epoch is free, so a bucket starts empty without touching the memory. Where a key starts to
 * probe depends on a secret multiplier: keys are chosen by senders. It is the upper bits that say where, so
 * that a table grows from front to back (line-table.ts).
 *
 * Limits  `limit` entries, and the budget of the open bucket (budget.ts); addKey() returns KEY_FULL for a new key
 *         beyond them.
 */
import { BUDGET_UNIT_BYTES, KEY_BYTES } from '../../model/core-border';
import { canSpend, spend } from './budget';
import { freeRegion, takeRegion } from './memory';

const SMALLEST_CAPACITY: u32 = 4096;

@unmanaged
export class KeyEntry {
  slot: u32;
  meta: u32;
  key: u64;
  weight: f64;
}

@unmanaged
export class KeyTable {
  entries: usize;
  mask: u32;
  count: u32;
  limit: u32;
  epoch: u32;
}

let secret: u64 = 0;

/** Sets the secret all key tables share. */
export function initKeyTables(seed: u64): void {
  secret = seed | 1;
}

export function initKeyTable(table: KeyTable, limit: u32): void {
  table.limit = limit;
  table.mask = SMALLEST_CAPACITY - 1;
  table.entries = takeRegion((<usize>SMALLEST_CAPACITY) * KEY_BYTES);
}

/**
 * Starts an empty bucket, as large as the one before, `last`, had to be: growing an empty table moves no keys. A
 * table that was much too large for the last two gives memory back.
 */
export function resetKeyTable(table: KeyTable, epoch: u32, last: KeyTable): void {
  const capacity = table.mask + 1;
  const wanted = capacityAfter(last);
  if (wanted > capacity) resize(table, wanted);
  else if (capacity > SMALLEST_CAPACITY && max(table.count, last.count) * 8 < capacity) resize(table, capacity / 2);
  table.epoch = epoch;
  table.count = 0;
}

/** What holds a little more than `last` holds without growing on the way. */
function capacityAfter(last: KeyTable): u32 {
  const capacity = last.mask + 1;
  const isNearlyFull = <u64>last.count * 8 > <u64>capacity * 5;
  return isNearlyFull && last.count < last.limit ? capacity * 2 : capacity;
}

/** Gives an empty table another capacity; without memory it keeps what it has. */
function resize(table: KeyTable, capacity: u32): void {
  const entries = takeRegion(<usize>capacity * KEY_BYTES);
  if (entries == 0) return;
  freeRegion(table.entries, <usize>(table.mask + 1) * KEY_BYTES);
  table.entries = entries;
  table.mask = capacity - 1;
}

/** What addKey() found. */
export const KEY_FULL: u32 = 0;
export const KEY_KNOWN: u32 = 1;
export const KEY_NEW: u32 = 2;

/** Adds `weight` under (slot, kind, key). */
export function addKey(table: KeyTable, slot: u32, kind: u32, key: u64, weight: f64): u32 {
  const meta = (table.epoch << 2) | kind;
  const entry = probe(table.entries, table.mask, table.epoch, slot, meta, key);
  if (entry.meta == meta) {
    entry.weight += weight;
    return KEY_KNOWN;
  }
  if (table.count >= table.limit || !spend(BUDGET_UNIT_BYTES)) return KEY_FULL;
  entry.slot = slot;
  entry.meta = meta;
  entry.key = key;
  entry.weight = weight;
  table.count++;
  if (table.count * 4 > (table.mask + 1) * 3) grow(table);
  return KEY_NEW;
}

/** Makes sure that so many new keys can be added; false when they cannot. */
export function reserveKeys(table: KeyTable, keys: u32): bool {
  if (table.count + keys > table.limit || !canSpend(<u64>keys * BUDGET_UNIT_BYTES)) return false;
  while ((table.count + keys) * 4 > (table.mask + 1) * 3) {
    const mask = table.mask;
    grow(table);
    if (table.mask == mask) return false;
  }
  return true;
}

/** Adds `weight` if the key is there; KEY_FULL when it is not. */
export function addToKnownKey(table: KeyTable, slot: u32, kind: u32, key: u64, weight: f64): u32 {
  const meta = (table.epoch << 2) | kind;
  const entry = probe(table.entries, table.mask, table.epoch, slot, meta, key);
  if (entry.meta != meta) return KEY_FULL;
  entry.weight += weight;
  return KEY_KNOWN;
}

/** The entry of this key, or the free one where it belongs. */
// @ts-ignore: decorator
@inline
function probe(entries: usize, mask: u32, epoch: u32, slot: u32, meta: u32, key: u64): KeyEntry {
  let index = startIndex(slot, key, mask);
  while (true) {
    const entry = changetype<KeyEntry>(entries + (<usize>index) * KEY_BYTES);
    if (entry.meta >> 2 != epoch) return entry;
    if (entry.key == key && entry.slot == slot && entry.meta == meta) return entry;
    index = (index + 1) & mask;
  }
}

// @ts-ignore: decorator
@inline
function startIndex(slot: u32, key: u64, mask: u32): u32 {
  let x = (key + (<u64>slot) * 0x9e3779b97f4a7c15) * secret;
  x ^= x >> 32;
  return <u32>((x * secret) >> 32) >> clz(mask);
}

/** Doubles the table; without memory it stays as it is and gets fuller, up to the last free entry. */
function grow(table: KeyTable): void {
  const capacity = table.mask + 1;
  const fresh = takeRegion(<usize>capacity * 2 * KEY_BYTES);
  if (fresh == 0) {
    if (table.count + 1 >= capacity) table.limit = table.count;
    return;
  }
  const freshMask = capacity * 2 - 1;
  for (let index: u32 = 0; index < capacity; index++) {
    const entry = changetype<KeyEntry>(table.entries + (<usize>index) * KEY_BYTES);
    if (entry.meta >> 2 != table.epoch) continue;
    const to = probe(fresh, freshMask, table.epoch, entry.slot, entry.meta, entry.key);
    to.slot = entry.slot;
    to.meta = entry.meta;
    to.key = entry.key;
    to.weight = entry.weight;
  }
  freeRegion(table.entries, <usize>capacity * KEY_BYTES);
  table.entries = fresh;
  table.mask = freshMask;
}
