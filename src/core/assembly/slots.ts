/**
 * Slots: the shard's numbers for contexts, which of them are free, and when each was last used.
 *
 *   freeSlots   │ 7 │ 12 │ 3 │ …    a stack
 *   bypassed    │ epoch │ epoch │ …  by slot: the last use that left no stamp in a cell
 *
 * A slot is in use while a sample or a cached line may name it. Every sample stamps its cell; what does not,
 * a line that is cached before its first sample or a sample with a time of its own, is noted here.
 */
import { lastEpochOf, open, reserveCells } from './bucket';
import { isDebug } from './debug';
import { freeRegion, takeRegion } from './memory';

const SMALLEST: u32 = 1024;

/** Slots that were used once and are free again: a stack. */
let freeSlots: usize = 0;
let freeCount: u32 = 0;
let freeCapacity: u32 = 0;
/** One more than the highest slot that is in use or free. */
export let slotCount: u32 = 0;
/** One more than the highest slot noted since watchSlots(). */
let watchedCount: u32 = 0;
/** Epoch of the last use that bypassed the cells, by slot. */
let bypassed: usize = 0;
let bypassedCapacity: u32 = 0;

export function initSlots(): void {
  freeCapacity = SMALLEST;
  freeSlots = takeRegion(freeCapacity * sizeof<u32>());
  bypassedCapacity = SMALLEST;
  bypassed = takeRegion(bypassedCapacity * sizeof<u32>());
}

/** The slot that takeSlot() would take. */
export function nextSlot(): u32 {
  return freeCount > 0 ? load<u32>(freeSlots + (<usize>(freeCount - 1)) * sizeof<u32>()) : slotCount;
}

/** Makes room for the cell of `slot`; false when the memory is full. */
export function reserveSlot(slot: u32): bool {
  return reserveCells(slot + 1) && reserveBypassed(slot + 1);
}

/** Takes the slot that nextSlot() named, for which there is room. */
export function takeSlot(): void {
  noteBypass(nextSlot());
  watchSlot(nextSlot());
  if (freeCount > 0) freeCount--;
  else slotCount++;
}

/** Gives a slot back; false when the memory is full. */
export function giveSlotBack(slot: u32): bool {
  if (isDebug) assert(slot < slotCount, 'a slot that is given back was taken');
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

/** Where the `count` slots that were given back last stand. */
export function lastFreeSlots(count: u32): usize {
  if (isDebug) assert(count <= freeCount, 'no more slots are listed as freed than are free');
  return freeSlots + (<usize>(freeCount - count)) * sizeof<u32>();
}

/** Notes a use of the slot that does not touch its cell. */
// @ts-ignore: decorator
@inline
export function noteBypass(slot: u32): void {
  if (isDebug) assert(slot < bypassedCapacity, 'there is room to note the use of a slot');
  store<u32>(bypassed + (<usize>slot) * sizeof<u32>(), open.epoch);
}

/** Begins to find out the highest slot in use: watchSlot() is told of all there are, and of new ones by takeSlot(). */
export function watchSlots(): void {
  watchedCount = 0;
}

export function watchSlot(slot: u32): void {
  if (slot >= watchedCount) watchedCount = slot + 1;
}

/**
 * Gives up the numbers of free slots above the highest in use, so that cells can shrink after a burst of
 * contexts. Whoever was told of the freed slots has heard of them by now.
 */
export function trimSlots(): void {
  if (watchedCount >= slotCount) return;
  let kept: u32 = 0;
  for (let i: u32 = 0; i < freeCount; i++) {
    const slot = load<u32>(freeSlots + (<usize>i) * sizeof<u32>());
    if (slot >= watchedCount) continue;
    store<u32>(freeSlots + (<usize>kept) * sizeof<u32>(), slot);
    kept++;
  }
  freeCount = kept;
  slotCount = watchedCount;
}

/** Epoch of the last use of a slot. */
export function lastUseOf(slot: u32): u32 {
  return max(lastEpochOf(slot), load<u32>(bypassed + (<usize>slot) * sizeof<u32>()));
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
