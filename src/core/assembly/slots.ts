/**
 * Slots: the shard's numbers for contexts, which of them are free, and when each was last used.
 *
 *   freeSlots   │ 7 │ 12 │ 3 │ …    a stack
 *   bypassed    │ epoch │ epoch │ …  by slot: the last use that left no stamp in a cell
 *
 * A slot is in use while a sample or a cached line may name it. Every sample stamps its cell; what does not,
 * a line that is cached before its first sample or a sample with a time of its own, is noted here.
 */
import { newBlocks, reserveWords, wordAt } from './blocks';
import { lastEpochOf, open, reserveCells } from './bucket';
import { isDebug } from './debug';

/** Slots that were used once and are free again: a stack. */
let freeSlots: usize = 0;
let freeCount: u32 = 0;
/** One more than the highest slot that is in use or free. */
export let slotCount: u32 = 0;
/** One more than the highest slot noted since watchSlots(). */
let watchedCount: u32 = 0;
/** Epoch of the last use that bypassed the cells, by slot. */
let bypassed: usize = 0;

export function initSlots(): void {
  freeSlots = newBlocks();
  bypassed = newBlocks();
}

/** The slot that takeSlot() would take. */
export function nextSlot(): u32 {
  return freeCount > 0 ? load<u32>(wordAt(freeSlots, freeCount - 1)) : slotCount;
}

/** Makes room for the cell of `slot`; false when the memory is full. */
export function reserveSlot(slot: u32): bool {
  return reserveCells(slot + 1) && reserveWords(bypassed, slot + 1);
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
  if (!reserveWords(freeSlots, freeCount + 1)) return false;
  store<u32>(wordAt(freeSlots, freeCount), slot);
  freeCount++;
  return true;
}

/** Notes a use of the slot that does not touch its cell. */
// @ts-ignore: decorator
@inline
export function noteBypass(slot: u32): void {
  store<u32>(wordAt(bypassed, slot), open.epoch);
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
    const slot = load<u32>(wordAt(freeSlots, i));
    if (slot >= watchedCount) continue;
    store<u32>(wordAt(freeSlots, kept), slot);
    kept++;
  }
  freeCount = kept;
  slotCount = watchedCount;
}

/** Epoch of the last use of a slot. */
export function lastUseOf(slot: u32): u32 {
  return max(lastEpochOf(slot), load<u32>(wordAt(bypassed, slot)));
}
