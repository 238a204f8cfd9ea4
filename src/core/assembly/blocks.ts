/**
 * Hot path. Lists of blocks of 256 KiB: the memory of what grows with contexts and samples, and moves nothing when it grows.
 *
 *   list    │ count u32 │ address │ address │ address │ …       BLOCKS_MAX addresses
 *                            └──▶ │ item │ item │ item │ …     a power of two of items
 *
 * The list itself never moves, so the control thread may read the blocks of a sealed bucket while others are added.
 *
 * Limits  BLOCKS_MAX blocks, which is all the memory there can be.
 * Why     A column in one piece is copied when it grows. At 250,000 contexts that takes longer than a socket's buffer holds.
 */
import { BLOCK_BYTES } from '../../model/core-border';
import { freeRegion, takeRegion } from './memory';

/** Enough for 2 GiB. */
export const BLOCKS_MAX: u32 = 8192;
/** Blocks given back at one seal, some 0.1 ms: the thread is away from its socket meanwhile. */
export const FREED_AT_ONCE: u32 = 256;

/** Where the addresses begin. */
const ADDRESSES: usize = 4;
/** What a list takes, for who has one behind its own fields. */
export const LIST_BYTES: usize = ADDRESSES + <usize>BLOCKS_MAX * sizeof<usize>();

/** An empty list. Undefined behaviour without memory: called at the start of the shard. */
export function newBlocks(): usize {
  return takeRegion(LIST_BYTES);
}

// @ts-ignore: decorator
@inline
export function blockCount(blocks: usize): u32 {
  return load<u32>(blocks);
}

// @ts-ignore: decorator
@inline
export function blockAt(blocks: usize, index: u32): usize {
  return load<usize>(blocks + (<usize>index) * sizeof<usize>(), ADDRESSES);
}

/** Adds a block, zeroed; false when the memory is full. */
export function addBlock(blocks: usize): bool {
  const count = blockCount(blocks);
  if (count == BLOCKS_MAX) return false;
  const block = takeRegion(BLOCK_BYTES);
  if (block == 0) return false;
  store<usize>(blocks + (<usize>count) * sizeof<usize>(), block, ADDRESSES);
  store<u32>(blocks, count + 1);
  return true;
}

/** Gives back blocks beyond the first `keep`, a few at a time. */
export function dropBlocks(blocks: usize, keep: u32): void {
  for (let freed: u32 = 0; blockCount(blocks) > keep && freed < FREED_AT_ONCE; freed++) {
    const last = blockCount(blocks) - 1;
    store<u32>(blocks, last);
    freeRegion(blockAt(blocks, last), BLOCK_BYTES);
  }
}

/** Blocks of words: one a slot, or a list of slots. */
const WORDS_BITS: u32 = 16;
const WORDS: u32 = 1 << WORDS_BITS;

/** Where word `index` of a column of 32-bit words is. */
// @ts-ignore: decorator
@inline
export function wordAt(blocks: usize, index: u32): usize {
  return blockAt(blocks, index >> WORDS_BITS) + (<usize>(index & (WORDS - 1))) * sizeof<u32>();
}

/** Makes room for `words` words; false when the memory is full. */
export function reserveWords(blocks: usize, words: u32): bool {
  while (blockCount(blocks) << WORDS_BITS < words) if (!addBlock(blocks)) return false;
  return true;
}
