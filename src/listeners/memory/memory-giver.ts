/**
 * Gives memory of a shard that is free back to the system: WebAssembly memory never shrinks, but its pages need not
 * stay in memory when a burst of contexts is over.
 *
 *   regions free since the last bucket ─┐
 *   an empty backlog                   ─┴─madvise(MADV_DONTNEED)──▶ not resident, zero when they are used again
 *
 * Thread  the listener thread's own, once a bucket. 1 MiB takes about 0.1 ms.
 * Why     measured, not assumed: a page is written, given back and read at start. Where it does not read as zero, as
 *         memory that is shared between processes would not, nothing is ever given back.
 * Limits  Linux with system calls. The portable listener keeps what it had.
 */
import type { Libc } from '../system/libc.ts';

/** The core, as far as its free memory goes. */
export interface FreeMemory {
  readonly bytes: Buffer;
  takeRegion(bytes: number): number;
  releaseFree(release: (ptr: number, bytes: number) => void): number;
}

const PROBE_BYTES = 262_144;
/** Sizes of pages that systems have, and what the core's free memory is a multiple of: the first. */
const PAGE_SIZES = [4096, 16_384, 65_536] as const;

/** A function to call between two buckets; it returns the bytes that were given back. */
export function memoryGiver(
  core: FreeMemory,
  libc: Libc | undefined,
  backlog: () => { readonly ptr: number; readonly bytes: number } | undefined,
): () => number {
  if (libc === undefined) return () => 0;
  const pageBytes = pageSizeOf(core, libc);
  if (pageBytes === undefined) return () => 0;
  /** Makes memory zero, and gives the whole pages of it back; how many bytes that are. */
  const release = (ptr: number, bytes: number): number => {
    const { bytes: memory } = core;
    const end = ptr + bytes;
    const start = Math.ceil(ptr / pageBytes) * pageBytes;
    const stop = Math.max(start, Math.floor(end / pageBytes) * pageBytes);
    if (start >= end) {
      memory.fill(0, ptr, end);
      return 0;
    }
    memory.fill(0, ptr, start);
    memory.fill(0, stop, end);
    // Whatever the system says, the core counts on zeros.
    if (stop > start && libc.dropPages(libc.address(memory) + start, stop - start) < 0)
      memory.fill(0, start, stop);
    return stop - start;
  };
  return () => {
    const { ptr = 0, bytes = 0 } = backlog() ?? {};
    return (bytes > 0 ? release(ptr, bytes) : 0) + core.releaseFree(release);
  };
}

/** Size of the system's pages; undefined where a page that was given back does not read as zero. */
function pageSizeOf(core: FreeMemory, libc: Libc): number | undefined {
  const region = core.takeRegion(PROBE_BYTES);
  return PAGE_SIZES.find((pageBytes) => {
    // Not a multiple of the next size, which a system with larger pages refuses.
    const at = Math.ceil(region / (2 * pageBytes)) * 2 * pageBytes + pageBytes;
    const { bytes: memory } = core;
    memory[at] = 1;
    return libc.dropPages(libc.address(memory) + at, pageBytes) === 0 && memory[at] === 0;
  });
}
