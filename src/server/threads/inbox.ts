/**
 * Inbox: what the control thread does with the listener threads' messages, one job after the other.
 *
 *   message ─▶ job ─▶ │ contexts │ merge │ passed │ contexts │ … ─▶ a slice of work a turn of the event loop
 *   flush   ─▶ job ──────────────────────────────────────────┘
 *
 * A job may be many steps (lib/steps.ts); between two of them everything else goes on, but no other job. So a
 * flush finds no bucket half merged, and what a thread said before counts before what it said after.
 *
 * Memory  the jobs that wait; what a bucket brings of them is limited by the shard's limits.
 * Why     merging 100,000 contexts takes a quarter of a second, in which nobody would hear from HTTP, outputs
 *         and timers.
 */

import { setImmediate as nextTurn } from 'node:timers/promises';
import { assert } from '../../lib/assert.ts';
import type { Steps } from '../../lib/time/steps.ts';

/**
 * How long jobs run before the event loop has its turn, ms. A request takes several turns, and in each of them a flush
 * and a look through the contexts may run as well.
 */
const SLICE_MS = 2;

/** Work of one piece, or the steps of it. */
export type Job<Result> = () => Steps<Result> | Result;

export class Inbox {
  private readonly waiting: Steps[] = [];
  private working = false;

  /** Has the job done when those before it are. A job that throws has a bug: it ends the process. */
  add(job: Job<void>): void {
    this.waiting.push(stepsOf(job));
    if (!this.working) void this.work();
  }

  /** The same; resolves with what comes of it. */
  run<Result>(job: () => Steps<Result>): Promise<Result> {
    return new Promise((resolve) => {
      this.add(function* () {
        resolve(yield* job());
      });
    });
  }

  private async work(): Promise<void> {
    this.working = true;
    while (this.waiting.length > 0) {
      await nextTurn();
      const taken = this.workUntil(performance.now() + SLICE_MS);
      this.waiting.splice(0, taken);
    }
    this.working = false;
  }

  /** Works for a slice; how many jobs it ended. */
  private workUntil(sliceEnd: number): number {
    let ended = 0;
    while (ended < this.waiting.length) {
      const job = this.waiting[ended];
      assert(job !== undefined, 'no job leaves the inbox before it has ended');
      if (job.next().done === true) ended++;
      if (performance.now() >= sliceEnd) break;
    }
    return ended;
  }
}

/** The job begins with the first step. */
function* stepsOf(job: Job<void>): Steps {
  const steps = job();
  if (steps !== undefined) yield* steps;
}
