/**
 * Hot path. Two buckets in turn: one open, one sealed or idle. The control thread reads the sealed one.
 *
 *   bucket │ cells:       slot ─▶ cell (core-border.ts), one for every slot of the shard: blocks of CELLS (blocks.ts)
 *          │ touched:     slots with a sample in this bucket, in order of the first: blocks of words
 *          │ arena:       values of histograms and bins of distributions, behind the cells
 *          │ keys:        elements of sets
 *          │ timestamped: samples with a time of their own, in order: blocks of RECORDS
 *
 * A cell belongs to a bucket when its stamp is the bucket's epoch; another stamp means "nothing yet". So a
 * new bucket clears nothing: it takes the next epoch.
 *
 * Limits  values, bins and elements have a budget (budget.ts) and timestamped records a limit, beyond which a sample is
 * dropped and counted; cells grow with the slots, and nobody gets a slot before both buckets have memory for its cell.
 * The control thread may be reading the idle one meanwhile: blocks are added and never moved. Every number of a cell
 * stays finite: a sample that would make a sum infinite, or a count larger than a sketch holds, is dropped and counted,
 * and the cell stays as it was.
 */

import {
  BLOCK_BYTES,
  CELL_BYTES,
  COUNT_KEY_TABLE_FULL_SAMPLES,
  COUNT_OUT_OF_RANGE_SAMPLES,
  COUNT_TIMESTAMPED_FULL_SAMPLES,
  COUNT_TIMESTAMPED_SAMPLES,
  KIND_ELEMENT,
  OBSERVATIONS_MAX,
  STAMPED_BYTES,
} from '../../model/core-border';
import { Arena, newArena, resetArena } from './arena';
import { addBlock, blockAt, blockCount, dropBlocks, LIST_BYTES, newBlocks, reserveWords, wordAt } from './blocks';
import { initBudget, resetBudget } from './budget';
import { Cell } from './cell';
import { count } from './counters';
import { isDebug } from './debug';
import { addSketchKey } from './key-list';
import { addKey, KEY_FULL, KeyTable, newKeyTable, resetKeyTable } from './key-table';
import { takeRegion } from './memory';
import { sketchKey } from './sketch-key';
import { addValue, initValueLists } from './value-list';

/** Cells and timestamped records in a block. */
const CELLS: u32 = BLOCK_BYTES / CELL_BYTES;
const RECORDS: u32 = BLOCK_BYTES / STAMPED_BYTES;

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
  /** Blocks of records that the last bucket needed. */
  timestampedBefore: u32;
  epoch: u32;
  keys: KeyTable;
  arena: Arena;
}

/** Where the Unix time of the packet being ingested stands, seconds as f64. Whoever ingests writes it there. */
export let clockCell: usize = 0;
/** The bucket that takes samples. */
export let open: Bucket = changetype<Bucket>(0);
let idle: Bucket = changetype<Bucket>(0);
/** Whether there was no memory for more cells in the open bucket: the next one tries again, not each new context. */
let isFull = false;
/** Whether weights stay as they are, and are not truncated as the Agent's are. */
let exactWeights = false;
let timestampedMax: u32 = 0;

export function initBuckets(keysMax: u32, valuesMax: u32, exact: bool, recordsMax: u32, keySeed: u64): void {
  initBudget(keysMax);
  initValueLists(valuesMax, exact, keySeed);
  exactWeights = exact;
  timestampedMax = recordsMax;
  clockCell = takeRegion(sizeof<f64>());
  open = newBucket(keysMax);
  idle = newBucket(keysMax);
  open.epoch = 1;
  resetKeyTable(open.keys, 1, open.keys);
}

function newBucket(keysMax: u32): Bucket {
  const bucket = changetype<Bucket>(takeRegion(offsetof<Bucket>() + LIST_BYTES));
  bucket.keys = newKeyTable(keysMax);
  bucket.arena = newArena();
  bucket.cells = cellsOf(bucket);
  bucket.touched = newBlocks();
  bucket.timestamped = newBlocks();
  growCells(bucket, 1);
  return bucket;
}

/** Makes room for `slots` slots in both buckets; false when memory is full. */
export function reserveCells(slots: u32): bool {
  if (slots <= open.cellCapacity && slots <= idle.cellCapacity) return true;
  if (isFull) return false;
  isFull = !growCells(open, slots) || !growCells(idle, slots);
  return !isFull;
}

function growCells(bucket: Bucket, slots: u32): bool {
  if (!reserveWords(bucket.touched, slots)) return false;
  while (bucket.cellCapacity < slots) {
    if (!addBlock(bucket.cells)) return false;
    bucket.cellCapacity += CELLS;
  }
  return true;
}

/** Gives back the cells of slots far beyond the `slots` in use, a few blocks at a time. */
function shrinkCells(bucket: Bucket, slots: u32): void {
  if (<u64>slots * 4 > bucket.cellCapacity) return;
  dropBlocks(bucket.cells, slots * 2 / CELLS + 1);
  bucket.cellCapacity = blockCount(bucket.cells) * CELLS;
}

/**
 * Swaps the buckets: what was open is sealed and returned, the other one opens empty for the bucket that
 * begins at `start`. The caller makes sure that the control thread is done with the other one. `slots` is how
 * many there are: cells that a burst of contexts needed are given back when they are gone.
 */
export function swapBuckets(start: f64, slots: u32): Bucket {
  const sealed = open;
  const next = idle;
  if (isDebug) assert(slots <= next.cellCapacity, 'every slot has a cell in the bucket that opens');
  shrinkCells(next, slots);
  const used = (next.timestampedCount + RECORDS - 1) / RECORDS;
  dropBlocks(next.timestamped, max(used, next.timestampedBefore));
  next.timestampedBefore = used;
  isFull = false;
  next.start = start;
  next.epoch = sealed.epoch + 1;
  next.touchedCount = 0;
  next.timestampedCount = 0;
  resetKeyTable(next.keys, next.epoch, sealed.keys);
  resetArena(next.arena);
  resetBudget();
  open = next;
  idle = sealed;
  return sealed;
}

/** Reads the cell of a slot, if there is one, into the cache; what is returned means nothing. */
// @ts-ignore: decorator
@inline
export function fetchCell(slot: u32): u32 {
  return cellAt(open, min(slot, open.cellCapacity - 1)).stamp;
}

/** Bucket number in which the slot last had a sample; 0 for never. */
export function lastEpochOf(slot: u32): u32 {
  const inOpen = slot < open.cellCapacity ? cellAt(open, slot).stamp : 0;
  const inIdle = slot < idle.cellCapacity ? cellAt(idle, slot).stamp : 0;
  return max(inOpen, inIdle);
}

/** The list of the cells' blocks: behind the bucket's fields, which saves a load. */
// @ts-ignore: decorator
@inline
function cellsOf(bucket: Bucket): usize {
  return changetype<usize>(bucket) + offsetof<Bucket>();
}

// @ts-ignore: decorator
@inline
function cellAt(bucket: Bucket, slot: u32): Cell {
  return changetype<Cell>(blockAt(cellsOf(bucket), slot / CELLS) + (<usize>(slot % CELLS)) * CELL_BYTES);
}

/** The slot's cell in the open bucket, emptied and listed when this is its first sample there. */
// @ts-ignore: decorator
@inline
function touch(slot: u32): Cell {
  const bucket = open;
  const cell = cellAt(bucket, slot);
  const epoch = bucket.epoch;
  if (cell.stamp != epoch) {
    clearCell(cell);
    cell.stamp = epoch;
    const count = bucket.touchedCount;
    store<u32>(wordAt(bucket.touched, count), slot);
    bucket.touchedCount = count + 1;
  }
  cell.samples++;
  cell.lastAt = load<f64>(clockCell);
  return cell;
}

/** With stores: memory.fill() is a call out of the module. */
// @ts-ignore: decorator
@inline
function clearCell(cell: Cell): void {
  const zero = i64x2.splat(0);
  const at = changetype<usize>(cell);
  v128.store(at, zero);
  v128.store(at, zero, 16);
  v128.store(at, zero, 32);
  v128.store(at, zero, 48);
}

// @ts-ignore: decorator
@inline
export function addToCounter(slot: u32, value: f64, weight: f64): void {
  const cell = touch(slot);
  const sum = cell.sum + value * weight;
  if (isFinite(sum)) cell.sum = sum;
  else dropSample(slot, cell, COUNT_OUT_OF_RANGE_SAMPLES);
}

// @ts-ignore: decorator
@inline
export function setGauge(slot: u32, value: f64): void {
  const cell = touch(slot);
  cell.sum = value;
}

/** The same for either, without a branch that depends on which: they come in no order. A gauge takes no weight. */
// @ts-ignore: decorator
@inline
export function addToCounterOrGauge(slot: u32, isGauge: bool, value: f64, weight: f64): void {
  const cell = touch(slot);
  // Of bits: for floats V8 makes a branch of it.
  const bits = select<u64>(reinterpret<u64>(value), reinterpret<u64>(cell.sum + value * weight), isGauge);
  const sum = reinterpret<f64>(bits);
  if (isFinite(sum)) cell.sum = sum;
  else dropSample(slot, cell, COUNT_OUT_OF_RANGE_SAMPLES);
}

/** Adds one value to a distribution; `weight` is 1/rate, at least 1. */
export function addToDistribution(slot: u32, value: f64, weight: f64): void {
  const cell = touch(slot);
  const whole = wholeOf(weight);
  if (!fits(cell, value, weight, whole)) {
    dropSample(slot, cell, COUNT_OUT_OF_RANGE_SAMPLES);
    return;
  }
  const key = sketchKey(value);
  const at = cell.at;
  if (whole == 1 && (at & 1) == 0 && (at & 63) != 0) {
    store<i16>(at, <i16>key);
    cell.at = at + 2;
  } else if (!addSketchKey(open.arena, cell, key, whole)) {
    dropSample(slot, cell, COUNT_KEY_TABLE_FULL_SAMPLES);
    return;
  }
  summarize(cell, value, weight, whole);
}

/** Adds one value to a histogram; `weight` is 1/rate, at least 1. */
export function addToHistogram(slot: u32, value: f64, weight: f64): void {
  const cell = touch(slot);
  const whole = wholeOf(weight);
  if (!fits(cell, value, weight, whole)) {
    dropSample(slot, cell, COUNT_OUT_OF_RANGE_SAMPLES);
    return;
  }
  const at = cell.at;
  // Minus zero becomes zero: they are one value.
  if (whole == 1 && (at & 7) == 0 && (at & 63) != 0) {
    store<f64>(at, value + 0.0);
    cell.at = at + 8;
  } else if (!addValue(open.arena, open.keys, slot, cell, value + 0.0, whole)) {
    dropSample(slot, cell, COUNT_KEY_TABLE_FULL_SAMPLES);
    return;
  }
  summarize(cell, value, weight, whole);
}

/** How many observations a sample counts as: the Agent truncates, so that 16 samples at 16/300 are 288. */
// @ts-ignore: decorator
@inline
function wholeOf(weight: f64): f64 {
  return exactWeights ? weight : Math.trunc(weight);
}

/** Whether the cell stays finite, and its count what a sketch can hold, with this sample. */
// @ts-ignore: decorator
@inline
function fits(cell: Cell, value: f64, weight: f64, whole: f64): bool {
  return (
    isFinite(cell.sum + value * weight) &&
    isFinite(cell.weightedSum + value * whole) &&
    cell.count + whole <= <f64>OBSERVATIONS_MAX
  );
}

/** Adds one element, given by its hash, to a set. */
export function addToSet(slot: u32, element: u64): void {
  const cell = touch(slot);
  if (addKey(open.keys, slot, KIND_ELEMENT, element, 1) == KEY_FULL)
    dropSample(slot, cell, COUNT_KEY_TABLE_FULL_SAMPLES);
}

/** Keeps a sample with a time of its own as it is; `weight` is for copies of histograms, which are aggregated. */
export function addTimestamped(slot: u32, timestamp: f64, value: f64, weight: f64): void {
  const at = open.timestampedCount;
  if (at >= timestampedMax || (at == blockCount(open.timestamped) * RECORDS && !addBlock(open.timestamped))) {
    count(COUNT_TIMESTAMPED_FULL_SAMPLES, 1);
    return;
  }
  const record = blockAt(open.timestamped, at / RECORDS) + (<usize>(at % RECORDS)) * STAMPED_BYTES;
  store<u32>(record, slot);
  store<f64>(record, timestamp, 8);
  store<f64>(record, value, 16);
  store<f64>(record, weight, 24);
  open.timestampedCount++;
  count(COUNT_TIMESTAMPED_SAMPLES, 1);
}

/** Counts a sample that is none of the cell's. A cell that has no other is given up: what was dropped leaves no trace. */
function dropSample(slot: u32, cell: Cell, reason: i32): void {
  count(reason, 1);
  cell.samples--;
  if (cell.samples != 0) return;
  if (load<u32>(wordAt(open.touched, open.touchedCount - 1)) != slot) return;
  open.touchedCount--;
  cell.stamp = open.epoch - 1;
}

// @ts-ignore: decorator
@inline
function summarize(cell: Cell, value: f64, weight: f64, whole: f64): void {
  // Minus zero becomes zero: which of the two comes first must not matter.
  value += 0.0;
  if (cell.samples == 1) {
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
