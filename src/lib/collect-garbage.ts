/**
 * Collects the garbage of the calling thread's heap, all of it, now: for a moment when there is nothing else to do and much has just
 * become garbage. V8 by itself collects when a heap has grown, and a server at rest grows no more.
 *
 * Why     Node.js offers it only where it was started with --expose-gc. V8 reads the flag whenever a context is made, so one
 *         that is made for it has the function, and is garbage itself afterwards.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

type Collect = (options?: { readonly type: 'minor' }) => void;

/** Stops the thread for 5 to 20 ms. */
export function collectGarbage(): void {
  collector()?.();
}

/**
 * Collects young objects alone, in about 1 ms. Where little was allocated in the last five seconds, V8 then gives back the room for
 * young objects that it has not needed.
 */
export function collectYoung(): void {
  collector()?.({ type: 'minor' });
}

function collector(): Collect | undefined {
  setFlagsFromString('--expose-gc');
  // Not turned off again: another thread may be doing the same.
  return runInNewContext('globalThis.gc') as Collect | undefined;
}
