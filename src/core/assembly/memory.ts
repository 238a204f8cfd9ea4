/**
 * Regions of the shard's memory: everything the core keeps lives in one of them.
 *
 *   │ static data │ regions, handed out upwards from __heap_base … │
 *
 * Sizes are powers of two. A freed region goes to the list of its size and is used again, so tables
 * that double leave nothing behind that a later table of that size would not take. Memory grows by
 * WebAssembly pages and is never returned to the system.
 *
 * Owned by the intake thread. The control thread only reads regions of sealed buckets.
 */

const PAGE_BITS: u32 = 16;
const SMALLEST_BITS: u32 = 6;
const LARGEST_BITS: u32 = 31;

let top: usize = 0;
/** First free region of each size, a linked list through the regions' first word. */
let freeLists: usize = 0;

/** Starts over: whatever an earlier instance left in the memory is cleared. */
export function initMemory(): void {
  memory.fill(__heap_base, 0, (<usize>memory.size() << PAGE_BITS) - __heap_base);
  freeLists = (__heap_base + 63) & ~63;
  top = freeLists + 32 * sizeof<usize>();
  top = (top + 63) & ~63;
}

/** Size a region for `bytes` really has: the next power of two. */
export function regionBytes(bytes: usize): usize {
  return (<usize>1) << bitsFor(bytes);
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
    memory.fill(free, 0, size);
    return free;
  }
  const end = <u64>top + <u64>size;
  const have = (<u64>memory.size()) << PAGE_BITS;
  if (end > have) {
    const pages = <i32>((end - have + 0xffff) >> PAGE_BITS);
    if (memory.grow(pages) < 0) return 0;
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
  store<usize>(list, region);
}

function bitsFor(bytes: usize): u32 {
  const least = (<usize>1) << SMALLEST_BITS;
  if (bytes <= least) return SMALLEST_BITS;
  return 32 - clz<u32>(<u32>(bytes - 1));
}
