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
 * Limits  the budget of the open bucket (budget.ts), by bytes of pieces; BLOCKS_MAX blocks. Blocks that neither of the
 *         last two buckets of this arena needed go back to the shard, a few at a time.
 */
import { canSpend, refund, spend } from './budget';
import { freeRegion, takeRegion } from './memory';

const BLOCK: u32 = 1 << 18;
/** Block addresses: enough for 2 GiB. */
const BLOCKS_MAX: u32 = 8192;
const SMALLEST_TABLE: u32 = 64;
/** 64 bytes to 32 KiB. */
const SIZES: usize = 10;
const SMALLEST_BITS: usize = 6;
/** Blocks given back at one seal: the thread is away from its socket meanwhile. */
const FREED_AT_ONCE: u32 = 16;

@unmanaged
export class Arena {
  at: usize;
  end: usize;
  /** Addresses of the blocks. */
  blocks: usize;
  tableCapacity: u32;
  /** How many there are, and how many of them are in use. */
  count: u32;
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
  arena.tableCapacity = SMALLEST_TABLE;
  arena.blocks = takeRegion(SMALLEST_TABLE * sizeof<usize>());
  return arena;
}

/** Forgets all pieces, for a new bucket. */
export function resetArena(arena: Arena): void {
  memory.fill(arena.free, 0, SIZES * sizeof<usize>());
  const keep = max(arena.used, arena.usedBefore);
  for (let freed: u32 = 0; arena.count > keep && freed < FREED_AT_ONCE; freed++) {
    arena.count--;
    freeRegion(blockAt(arena, arena.count), BLOCK);
  }
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
  const blocks = arena.count - arena.used;
  let room = <u32>(arena.end - arena.at) / size + blocks * (BLOCK / size);
  while (room < pieces) {
    if (!addBlock(arena)) return false;
    room += BLOCK / size;
  }
  return true;
}

/** Goes on in the next block; what is left of this one is for smaller pieces. */
function nextBlock(arena: Arena): bool {
  if (arena.used == arena.count && !addBlock(arena)) return false;
  let rest = <u32>(arena.end - arena.at);
  while (rest != 0) {
    // Less than the largest piece is left, or it would have been taken from here.
    const size = <u32>1 << (31 - clz(rest));
    keepFree(arena, arena.end - rest, size);
    rest -= size;
  }
  arena.at = blockAt(arena, arena.used);
  arena.end = arena.at + BLOCK;
  arena.used++;
  return true;
}

function addBlock(arena: Arena): bool {
  if (arena.count == BLOCKS_MAX || (arena.count == arena.tableCapacity && !growTable(arena))) return false;
  const block = takeRegion(BLOCK);
  if (block == 0) return false;
  store<usize>(arena.blocks + <usize>arena.count * sizeof<usize>(), block);
  arena.count++;
  return true;
}

function growTable(arena: Arena): bool {
  const bytes = <usize>arena.tableCapacity * sizeof<usize>();
  const larger = takeRegion(bytes * 2);
  if (larger == 0) return false;
  memory.copy(larger, arena.blocks, bytes);
  freeRegion(arena.blocks, bytes);
  arena.blocks = larger;
  arena.tableCapacity *= 2;
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

// @ts-ignore: decorator
@inline
function blockAt(arena: Arena, index: u32): usize {
  return load<usize>(arena.blocks + <usize>index * sizeof<usize>());
}
