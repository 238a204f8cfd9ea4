/** What the control thread does so that the intake threads and other programs fare well. Linux only. */
import { setPriority } from 'node:os';
import { loadLibc } from '../intake/libc.ts';

/** Nice value of the control thread. */
const CONTROL_NICENESS = 10;

/**
 * Lets the intake threads go first where processors are short: the kernel holds packets for a few
 * milliseconds, a flush can wait. On Linux a process id names the main thread alone, which is this one, and
 * the intake threads, started before, keep their priority.
 */
export function yieldToIntake(): void {
  if (process.platform !== 'linux') return;
  try {
    setPriority(process.pid, CONTROL_NICENESS);
  } catch {
    // Not allowed to become nicer: nothing is lost by it.
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
