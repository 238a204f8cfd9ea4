/**
 * Hot path. Arena: the memory of one bucket for chunks, directories and pages (value-list.ts, key-list.ts, bin-pages.ts).
 *
 *   blocks   │ block │ block │ block in use ··at──▶ end │ spare block │ …      256 KiB each, regions of the shard
 *   free     by size, lists through the pieces' first word
 *
 * Pieces are powers of two from 64 bytes to 32 KiB, 64-byte aligned, and not cleared. What is given back is taken again by
 * the next piece of its size. A bucket that opens forgets all pieces and begins with its first block again, so it touches
 * memory that is in the cache, and nothing is cleared or walked.
 *
 * Limits  the budget of the open bucket (budget.ts), by bytes of pieces. Blocks that neither of the
 *         last two buckets of this arena needed go back to the shard, a few at a time.
 */
import { BLOCK_BYTES } from '../../model/core-border';
import { addBlock, blockAt, blockCount, dropBlocks, newBlocks } from './blocks';
import { canSpend, refund, spend } from './budget';
import { takeRegion } from './memory';

/** 64 bytes to 32 KiB. */
const SIZES: usize = 10;
const SMALLEST_BITS: usize = 6;

@unmanaged
export class Arena {
  at: usize;
  end: usize;
  /** blocks.ts */
  blocks: usize;
  /** How many of them are in use. */
  used: u32;
  /** The same for the bucket before. */
  usedBefore: u32;
  /** First free piece by size: SIZES words. */
  free: usize;
}

/** Undefined behaviour without memory: called once, at the start of the shard. */
export function newArena(): Arena {
  const arena = changetype<Arena>(takeRegion(offsetof<Arena>()));
  arena.free = takeRegion(SIZES * sizeof<usize>());
  arena.blocks = newBlocks();
  return arena;
}

/** Forgets all pieces, for a new bucket. */
export function resetArena(arena: Arena): void {
  memory.fill(arena.free, 0, SIZES * sizeof<usize>());
  dropBlocks(arena.blocks, max(arena.used, arena.usedBefore));
  arena.usedBefore = arena.used;
  arena.used = 0;
  arena.at = 0;
  arena.end = 0;
}

/** A piece of `size` bytes, a power of two, with whatever was in it; 0 when there is no room. */
export function take(arena: Arena, size: u32): usize {
  if (!spend(size)) return 0;
  const list = freeList(arena, size);
  const free = load<usize>(list);
  if (free != 0) {
    store<usize>(list, load<usize>(free));
    return free;
  }
  if (arena.at + size > arena.end && !nextBlock(arena)) {
    refund(size);
    return 0;
  }
  const at = arena.at;
  arena.at = at + size;
  return at;
}

/** Gives a piece back. */
export function give(arena: Arena, piece: usize, size: u32): void {
  refund(size);
  keepFree(arena, piece, size);
}

/**
 * Makes sure that `pieces` pieces of `size` bytes can be taken in a row, whatever else is full; false when they cannot,
 * and then nothing has changed. For pieces of one size only: others in between may use the room up.
 */
export function reserve(arena: Arena, size: u32, pieces: u32): bool {
  if (!canSpend(<u64>size * pieces)) return false;
  const blocks = blockCount(arena.blocks) - arena.used;
  let room = <u32>(arena.end - arena.at) / size + blocks * (BLOCK_BYTES / size);
  while (room < pieces) {
    if (!addBlock(arena.blocks)) return false;
    room += BLOCK_BYTES / size;
  }
  return true;
}

/** Goes on in the next block; what is left of this one is for smaller pieces. */
function nextBlock(arena: Arena): bool {
  if (arena.used == blockCount(arena.blocks) && !addBlock(arena.blocks)) return false;
  let rest = <u32>(arena.end - arena.at);
  while (rest != 0) {
    // Less than the largest piece is left, or it would have been taken from here.
    const size = <u32>1 << (31 - clz(rest));
    keepFree(arena, arena.end - rest, size);
    rest -= size;
  }
  arena.at = blockAt(arena.blocks, arena.used);
  arena.end = arena.at + BLOCK_BYTES;
  arena.used++;
  return true;
}

// @ts-ignore: decorator
@inline
function keepFree(arena: Arena, piece: usize, size: u32): void {
  const list = freeList(arena, size);
  store<usize>(piece, load<usize>(list));
  store<usize>(list, piece);
}

// @ts-ignore: decorator
@inline
function freeList(arena: Arena, size: u32): usize {
  return arena.free + (<usize>ctz(size) - SMALLEST_BITS) * sizeof<usize>();
}
