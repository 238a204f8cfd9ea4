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

/** What the core aligns to, and the smallest piece worth a system call. */
const PROBE_BYTES = 262_144;
const PAGE_BYTES = 65_536;

/** A function to call between two buckets; it returns the bytes that were given back. */
export function memoryGiver(
  core: FreeMemory,
  libc: Libc | undefined,
  backlog: () => { readonly ptr: number; readonly bytes: number } | undefined,
): () => number {
  if (libc === undefined || !worksFor(core, libc)) return () => 0;
  const release = (ptr: number, bytes: number): void => {
    const { bytes: memory } = core;
    // Whatever the system says, the core counts on zeros.
    if (libc.dropPages(libc.address(memory) + ptr, bytes) < 0) memory.fill(0, ptr, ptr + bytes);
  };
  return () => {
    const { ptr = 0, bytes = 0 } = backlog() ?? {};
    const start = Math.ceil(ptr / PAGE_BYTES) * PAGE_BYTES;
    const pages = Math.floor((ptr + bytes - start) / PAGE_BYTES) * PAGE_BYTES;
    if (pages > 0) release(start, pages);
    return Math.max(pages, 0) + core.releaseFree(release);
  };
}

function worksFor(core: FreeMemory, libc: Libc): boolean {
  const region = core.takeRegion(PROBE_BYTES);
  const at = Math.ceil(region / PAGE_BYTES) * PAGE_BYTES;
  const { bytes: memory } = core;
  memory[at] = 1;
  return libc.dropPages(libc.address(memory) + at, PAGE_BYTES) === 0 && memory[at] === 0;
}
