/**
 * Collects the garbage of the calling thread's heap, all of it, now: for a moment when there is nothing else to do and much has just
 * become garbage. V8 by itself collects when a heap has grown, and a server at rest grows no more.
 *
 * Why     Node.js offers it only where it was started with --expose-gc. V8 reads the flag whenever a context is made, so one
 *         that is made for it has the function, and is garbage itself afterwards.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Stops the thread for 5 to 20 ms. */
export function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  // Not turned off again: another thread may be doing the same.
  const collect = runInNewContext('globalThis.gc') as (() => void) | undefined;
  collect?.();
}
