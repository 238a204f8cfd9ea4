/** Runs steps of work that nothing waits behind, the event loop having its turn in between. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Steps } from '../lib/time/steps.ts';

/** How long steps run before the event loop has its turn, ms. Several may run in one turn. */
const SLICE_MS = 2;

export async function runInSlices<Result>(steps: Steps<Result>): Promise<Result> {
  let sliceEnd = performance.now() + SLICE_MS;
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    if (performance.now() < sliceEnd) continue;
    await nextTurn();
    sliceEnd = performance.now() + SLICE_MS;
  }
}
