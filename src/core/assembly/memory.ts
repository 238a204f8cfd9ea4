/**
 * Regions of the shard's memory: everything the core keeps lives in one of them.
 *
 *   │ static data │ regions, handed out upwards from __heap_base … │
 *
 * Sizes are powers of two. A freed region goes to the list of its size and is used again, so tables
 * that double leave nothing behind that a later table of that size would not take. Memory grows by
 * WebAssembly pages and never shrinks, but the pages of a freed region can be given back to the system:
 * takeReleasable() names them, and from then on they count as zero.
 *
 *   free region   │ next free u32 │ state u32 │ …      in the list of its size
 *
 * Owned by the listener thread. The control thread only reads regions of sealed buckets.
 */

const PAGE_BITS: u32 = 16;
const SMALLEST_BITS: u32 = 6;
const LARGEST_BITS: u32 = 31;
/** Free regions from 256 KiB on are worth a system call. */
const RELEASABLE_BITS: u32 = 18;
/** The smallest pages of a system; whoever gives memory back to one with larger ones clears what is left of them. */
const SYSTEM_PAGE: usize = 4096;

/** Pages by which the memory grows at least: other threads are told each time. Nothing is used before it is touched. */
const GROWN_AT_ONCE: i32 = 32;

/** Offset in a free region, and what stands there. */
const STATE: usize = 4;
const FRESH: u32 = 0;
const AGED: u32 = 1;
const RELEASED: u32 = 2;

let top: usize = 0;
/** First free region of each size, a linked list through the regions' first word. */
let freeLists: usize = 0;
/** Length of what takeReleasable() named last, and where it goes on. */
let releasable: usize = 0;
let releaseBits: u32 = RELEASABLE_BITS;
let releaseNext: usize = 0;

/** Starts over: whatever an earlier instance left in the memory is cleared. */
export function initMemory(): void {
  memory.fill(__heap_base, 0, (<usize>memory.size() << PAGE_BITS) - __heap_base);
  freeLists = (__heap_base + 63) & ~63;
  top = freeLists + 32 * sizeof<usize>();
  top = (top + 63) & ~63;
}

/** A zeroed region of at least `bytes`, 64-byte aligned; 0 when the memory's maximum is reached. */
export function takeRegion(bytes: usize): usize {
  const bits = bitsFor(bytes);
  if (bits > LARGEST_BITS) return 0;
  const size = (<usize>1) << bits;
  const list = freeLists + bits * sizeof<usize>();
  const free = load<usize>(list);
  if (free != 0) {
    store<usize>(list, load<usize>(free));
    clear(free, size, load<u32>(free, STATE) == RELEASED);
    return free;
  }
  const end = <u64>top + <u64>size;
  const have = (<u64>memory.size()) << PAGE_BITS;
  if (end > have) {
    const pages = <i32>((end - have + 0xffff) >> PAGE_BITS);
    if (memory.grow(max(pages, GROWN_AT_ONCE)) < 0 && memory.grow(pages) < 0) return 0;
  }
  const region = top;
  top += size;
  return region;
}

/** Gives a region back; `bytes` is what it was taken with. */
export function freeRegion(region: usize, bytes: usize): void {
  if (region == 0) return;
  const list = freeLists + bitsFor(bytes) * sizeof<usize>();
  store<usize>(region, load<usize>(list));
  store<u32>(region, FRESH, STATE);
  store<usize>(list, region);
}

/** Begins to name regions that have been free since the last ageRegions(). */
export function beginRelease(): void {
  releaseBits = RELEASABLE_BITS;
  releaseNext = firstFree(releaseBits);
}

/**
 * Where the pages of the next of them are; 0 when there is none. The caller makes all of releasableBytes() from there on
 * zero, by giving them back to the system, and takes and frees nothing meanwhile.
 */
export function takeReleasable(): usize {
  while (true) {
    while (releaseNext != 0) {
      const region = releaseNext;
      releaseNext = load<usize>(region);
      if (load<u32>(region, STATE) != AGED) continue;
      store<u32>(region, RELEASED, STATE);
      const start = pagesStart(region);
      releasable = pagesStop(region, (<usize>1) << releaseBits) - start;
      return start;
    }
    if (releaseBits == LARGEST_BITS) return 0;
    releaseBits++;
    releaseNext = firstFree(releaseBits);
  }
}

/** Regions that are free now may be released the next time; those that are used again soon are not worth it. */
export function ageRegions(): void {
  for (let bits = RELEASABLE_BITS; bits <= LARGEST_BITS; bits++) {
    let region = load<usize>(freeLists + bits * sizeof<usize>());
    while (region != 0) {
      if (load<u32>(region, STATE) == FRESH) store<u32>(region, AGED, STATE);
      region = load<usize>(region);
    }
  }
}

function firstFree(bits: u32): usize {
  return load<usize>(freeLists + bits * sizeof<usize>());
}

export function releasableBytes(): usize {
  return releasable;
}

/** Clears a region that was free: of one whose pages were given back only what is before and behind them. */
function clear(region: usize, size: usize, released: bool): void {
  if (!released) {
    memory.fill(region, 0, size);
    return;
  }
  const start = pagesStart(region);
  const stop = pagesStop(region, size);
  memory.fill(region, 0, start - region);
  memory.fill(stop, 0, region + size - stop);
}

/** The whole pages of a region, without the words at its beginning that lists are made of. */
function pagesStart(region: usize): usize {
  return (region + 2 * sizeof<u32>() + SYSTEM_PAGE - 1) & ~(SYSTEM_PAGE - 1);
}

function pagesStop(region: usize, size: usize): usize {
  return (region + size) & ~(SYSTEM_PAGE - 1);
}

function bitsFor(bytes: usize): u32 {
  const least = (<usize>1) << SMALLEST_BITS;
  if (bytes <= least) return SMALLEST_BITS;
  return 32 - clz<u32>(<u32>(bytes - 1));
}
