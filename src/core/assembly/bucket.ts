/**
 * Hot path. Two buckets in turn: one open, one sealed or idle. The control thread reads the sealed one.
 *
 *   bucket │ cells:       slot ─▶ cell (layout.ts), one for every slot of the shard
 *          │ touched:     slots with a sample in this bucket, in order of the first
 *          │ keys:        weights under (slot, key)
 *          │ timestamped: samples with a time of their own, in order
 *
 * A cell belongs to a bucket when its stamp is the bucket's epoch; another stamp means "nothing yet". So a
 * new bucket clears nothing: it takes the next epoch.
 *
 * Limits  keys and timestamped records have limits of their own, beyond which a sample is dropped and
 * counted; cells grow with the slots.
 */

import { count } from './counters';
import { addKey, addToKnownKey, initKeyTable, KEY_FULL, KEY_NEW, KeyTable, resetKeyTable } from './key-table';
import {
  CELL_BYTES,
  COUNT_KEY_TABLE_FULL_SAMPLES,
  COUNT_TIMESTAMPED_FULL_SAMPLES,
  COUNT_TIMESTAMPED_SAMPLES,
  KIND_BIN,
  KIND_ELEMENT,
  KIND_VALUE,
  STAMPED_BYTES,
} from './layout';
import { freeRegion, takeRegion } from './memory';
import { sketchKey } from './sketch-key';

const SMALLEST_SLOTS: u32 = 1024;
const SMALLEST_STAMPED: u32 = 256;

@unmanaged
export class Cell {
  sum: f64;
  weightedSum: f64;
  min: f64;
  max: f64;
  count: f64;
  lastAt: f64;
  stamp: u32;
  keys: u32;
  /** 1 once min and max mean something. */
  summarized: u32;
  /** Samples of any type, whatever their rate. */
  samples: u32;
}

/** The control thread reads these fields by offset: core/sealed-memory.ts. */
@unmanaged
export class Bucket {
  start: f64;
  cells: usize;
  cellCapacity: u32;
  touched: usize;
  touchedCount: u32;
  timestamped: usize;
  timestampedCount: u32;
  timestampedCapacity: u32;
  epoch: u32;
  keys: KeyTable;
}

/** Where the Unix time of the packet being ingested stands, seconds as f64. Whoever ingests writes it there. */
export let clockCell: usize = 0;
/** The bucket that takes samples. */
export let open: Bucket = changetype<Bucket>(0);
let idle: Bucket = changetype<Bucket>(0);
let histogramValuesMax: u32 = 0;
let timestampedMax: u32 = 0;

export function initBuckets(keysMax: u32, valuesMax: u32, recordsMax: u32): void {
  histogramValuesMax = valuesMax;
  timestampedMax = recordsMax;
  clockCell = takeRegion(sizeof<f64>());
  open = newBucket(keysMax);
  idle = newBucket(keysMax);
  open.epoch = 1;
  resetKeyTable(open.keys, 1, open.keys);
}

function newBucket(keysMax: u32): Bucket {
  const bucket = changetype<Bucket>(takeRegion(offsetof<Bucket>()));
  bucket.keys = changetype<KeyTable>(takeRegion(offsetof<KeyTable>()));
  initKeyTable(bucket.keys, keysMax);
  growCells(bucket, SMALLEST_SLOTS);
  bucket.timestampedCapacity = SMALLEST_STAMPED;
  bucket.timestamped = takeRegion(SMALLEST_STAMPED * STAMPED_BYTES);
  return bucket;
}

/** Makes room for `slots` slots in the open bucket; false when memory is full. */
export function reserveCells(slots: u32): bool {
  return slots <= open.cellCapacity || growCells(open, slots);
}

function growCells(bucket: Bucket, slots: u32): bool {
  let capacity = max(bucket.cellCapacity, SMALLEST_SLOTS);
  while (capacity < slots) capacity *= 2;
  const cells = takeRegion(<usize>capacity * CELL_BYTES);
  const touched = takeRegion(<usize>capacity * sizeof<u32>());
  if (cells == 0 || touched == 0) return false;
  const before = bucket.cellCapacity;
  if (before != 0) {
    memory.copy(cells, bucket.cells, <usize>before * CELL_BYTES);
    memory.copy(touched, bucket.touched, <usize>before * sizeof<u32>());
    freeRegion(bucket.cells, <usize>before * CELL_BYTES);
    freeRegion(bucket.touched, <usize>before * sizeof<u32>());
  }
  bucket.cells = cells;
  bucket.touched = touched;
  bucket.cellCapacity = capacity;
  return true;
}

/** Gives back the cells of slots far beyond the `slots` in use; without memory for fewer all of them stay. */
function shrinkCells(bucket: Bucket, slots: u32): void {
  let capacity = SMALLEST_SLOTS;
  while (capacity < slots) capacity *= 2;
  const before = bucket.cellCapacity;
  if (capacity >= before) return;
  const cells = takeRegion(<usize>capacity * CELL_BYTES);
  const touched = takeRegion(<usize>capacity * sizeof<u32>());
  if (cells == 0 || touched == 0) {
    freeRegion(cells, <usize>capacity * CELL_BYTES);
    freeRegion(touched, <usize>capacity * sizeof<u32>());
    return;
  }
  // The stamps say when a slot was last seen; the list of touched ones is empty.
  memory.copy(cells, bucket.cells, <usize>capacity * CELL_BYTES);
  freeRegion(bucket.cells, <usize>before * CELL_BYTES);
  freeRegion(bucket.touched, <usize>before * sizeof<u32>());
  bucket.cells = cells;
  bucket.touched = touched;
  bucket.cellCapacity = capacity;
}

/**
 * Swaps the buckets: what was open is sealed and returned, the other one opens empty for the bucket that
 * begins at `start`. The caller makes sure that the control thread is done with the other one. `slots` is how
 * many there are: cells that a burst of contexts needed are given back when they are gone.
 */
export function swapBuckets(start: f64, slots: u32): Bucket {
  const sealed = open;
  const next = idle;
  if (next.cellCapacity < sealed.cellCapacity) growCells(next, sealed.cellCapacity);
  else if (next.cellCapacity > SMALLEST_SLOTS && <u64>slots * 4 <= next.cellCapacity) shrinkCells(next, slots * 2);
  next.start = start;
  next.epoch = sealed.epoch + 1;
  next.touchedCount = 0;
  next.timestampedCount = 0;
  resetKeyTable(next.keys, next.epoch, sealed.keys);
  open = next;
  idle = sealed;
  return sealed;
}

/** Bucket number in which the slot last had a sample; 0 for never. */
export function lastEpochOf(slot: u32): u32 {
  const inOpen = slot < open.cellCapacity ? cellAt(open, slot).stamp : 0;
  const inIdle = slot < idle.cellCapacity ? cellAt(idle, slot).stamp : 0;
  return max(inOpen, inIdle);
}

// @ts-ignore: decorator
@inline
function cellAt(bucket: Bucket, slot: u32): Cell {
  return changetype<Cell>(bucket.cells + (<usize>slot) * CELL_BYTES);
}

/** The slot's cell in the open bucket, emptied and listed when this is its first sample there. */
// @ts-ignore: decorator
@inline
function touch(slot: u32): Cell {
  const cell = cellAt(open, slot);
  if (cell.stamp != open.epoch) {
    memory.fill(changetype<usize>(cell), 0, CELL_BYTES);
    cell.stamp = open.epoch;
    store<u32>(open.touched + (<usize>open.touchedCount) * sizeof<u32>(), slot);
    open.touchedCount++;
  }
  cell.samples++;
  cell.lastAt = load<f64>(clockCell);
  return cell;
}

// @ts-ignore: decorator
@inline
export function addToCounter(slot: u32, value: f64, weight: f64): void {
  const cell = touch(slot);
  cell.sum += value * weight;
}

// @ts-ignore: decorator
@inline
export function setGauge(slot: u32, value: f64): void {
  const cell = touch(slot);
  cell.sum = value;
}

/** Adds one value to a distribution; `weight` is 1/rate with rates outside (0, 1] taken as 1. */
export function addToDistribution(slot: u32, value: f64, weight: f64): void {
  const cell = touch(slot);
  const bin = <u64>(<i64>sketchKey(value));
  summarize(cell, value, weight, addKey(open.keys, slot, KIND_BIN, bin, Math.trunc(weight)));
}

/** Adds one value to a histogram; `weight` is 1/rate with rate 0 taken as 1. */
export function addToHistogram(slot: u32, value: f64, weight: f64): void {
  const cell = touch(slot);
  const whole = Math.trunc(weight);
  let found: u32;
  if (cell.keys < histogramValuesMax) {
    found = addKey(open.keys, slot, KIND_VALUE, reinterpret<u64>(value + 0.0), whole);
    if (found == KEY_NEW) cell.keys++;
  } else {
    // The budget is for different values: one that is known stays exact, so that shards do not matter.
    found = addToKnownKey(open.keys, slot, KIND_VALUE, reinterpret<u64>(value + 0.0), whole);
    if (found == KEY_FULL) found = addKey(open.keys, slot, KIND_BIN, <u64>(<i64>sketchKey(value)), whole);
  }
  summarize(cell, value, weight, found);
}

/** Adds one element, given by its hash, to a set. */
export function addToSet(slot: u32, element: u64): void {
  const cell = touch(slot);
  if (addKey(open.keys, slot, KIND_ELEMENT, element, 1) == KEY_FULL) dropSample(cell);
}

/** Keeps a sample with a time of its own as it is; `weight` is for copies of histograms, which are aggregated. */
export function addTimestamped(slot: u32, timestamp: f64, value: f64, weight: f64): void {
  if (open.timestampedCount == open.timestampedCapacity && !growTimestamped()) {
    count(COUNT_TIMESTAMPED_FULL_SAMPLES, 1);
    return;
  }
  const record = open.timestamped + (<usize>open.timestampedCount) * STAMPED_BYTES;
  store<u32>(record, slot);
  store<f64>(record, timestamp, 8);
  store<f64>(record, value, 16);
  store<f64>(record, weight, 24);
  open.timestampedCount++;
  count(COUNT_TIMESTAMPED_SAMPLES, 1);
}

/** Counts a sample whose key found no room; it is none of the cell's. */
function dropSample(cell: Cell): void {
  cell.samples--;
  count(COUNT_KEY_TABLE_FULL_SAMPLES, 1);
}

/** A value whose key found no room is left out of the summary too, so that bins and count agree. */
// @ts-ignore: decorator
@inline
function summarize(cell: Cell, value: f64, weight: f64, found: u32): void {
  // Minus zero becomes zero: which of the two comes first must not matter.
  value += 0.0;
  if (found == KEY_FULL) {
    dropSample(cell);
    return;
  }
  const whole = Math.trunc(weight);
  if (cell.summarized == 0) {
    cell.summarized = 1;
    cell.min = value;
    cell.max = value;
  } else {
    if (value < cell.min) cell.min = value;
    if (value > cell.max) cell.max = value;
  }
  cell.sum += value * weight;
  cell.weightedSum += value * whole;
  cell.count += whole;
}

function growTimestamped(): bool {
  const capacity = open.timestampedCapacity * 2;
  if (capacity > timestampedMax) return false;
  const fresh = takeRegion(<usize>capacity * STAMPED_BYTES);
  if (fresh == 0) return false;
  memory.copy(fresh, open.timestamped, <usize>open.timestampedCount * STAMPED_BYTES);
  freeRegion(open.timestamped, <usize>open.timestampedCapacity * STAMPED_BYTES);
  open.timestamped = fresh;
  open.timestampedCapacity = capacity;
  return true;
}
