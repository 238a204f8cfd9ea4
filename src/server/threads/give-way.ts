/** What the control thread does so that the listener threads and other programs fare well. Linux only. */
import { setPriority } from 'node:os';
import { loadLibc } from '../../listeners/system/libc.ts';

/** Nice value of the control thread. */
const CONTROL_NICENESS = 10;
/** Where glibc begins; it raises this to the largest block that was freed, up to 32 MiB. */
const LARGE_BLOCK_BYTES = 128 * 1024;

/**
 * Lets the listener threads go first where processors are short: the kernel holds packets for a few
 * milliseconds, a flush can wait. On Linux a process id names the main thread alone, which is this one, and
 * the listener threads, started before, keep their priority.
 */
export function yieldToListeners(): void {
  if (process.platform !== 'linux') return;
  try {
    setPriority(process.pid, CONTROL_NICENESS);
  } catch {
    // Not allowed to become nicer: nothing is lost by it.
  }
}

/**
 * Takes that back at a stop, when no listener thread is left that could need the time. Only a privileged process may; for
 * others nothing changes.
 */
export function hurry(): void {
  if (process.platform !== 'linux') return;
  try {
    setPriority(process.pid, 0);
  } catch {
    // Not allowed.
  }
}

/**
 * What a flush and the messages before it used is freed in many pieces, which the C library keeps. Between two
 * flushes there is time to ask for it.
 */
export function giveMemoryBack(): void {
  try {
    loadLibc().trimHeap();
  } catch {
    // No system calls here: the memory stays with the process.
  }
}

/**
 * Keeps large blocks, such as columns, apart from the pool of small ones for the life of the process: in the pool, one small block
 * behind a large one that is freed keeps its memory.
 */
export function keepLargeBlocksApart(): void {
  try {
    loadLibc().mapBlocksFrom(LARGE_BLOCK_BYTES);
  } catch {
    // No system calls here.
  }
}
