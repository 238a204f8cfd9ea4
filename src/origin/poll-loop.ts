/**
 * Asks again and again: every pollMs while that works, after a growing pause when it does not, and sooner when somebody
 * looks for something that is not known.
 *
 *   ask ─good─▶ pollMs ─▶ ask          find() ends the pause, but there are FIND_MS between two questions
 *       └bad──▶ retryMs · 2^n, RETRY_MAX_MS at most
 */
import { setTimeout as wait } from 'node:timers/promises';

const FIND_MS = 1000;
const RETRY_MS = 1000;
const RETRY_MAX_MS = 30_000;

export interface PollOptions {
  /** Whether it went well; it never rejects. */
  readonly ask: () => Promise<boolean>;
  readonly pollMs: number;
  readonly retryMs?: number;
  /** Milliseconds of a clock that never goes back. */
  readonly clock: () => number;
}

export class PollLoop {
  private readonly options: PollOptions;
  private readonly ending = new AbortController();
  private askedAt = Number.NEGATIVE_INFINITY;
  private failures = 0;
  private run: Promise<void> | undefined;
  /** Ends the pause before the next question. */
  private wake: (() => void) | undefined;
  /** Who waits for an answer to a question that is asked after they came. */
  private finders: (() => void)[] = [];

  constructor(options: PollOptions) {
    this.options = options;
  }

  /** Aborted when everything stops. */
  get signal(): AbortSignal {
    return this.ending.signal;
  }

  start(): void {
    this.run ??= this.runAll();
  }

  async stop(): Promise<void> {
    this.ending.abort();
    this.wake?.();
    await this.run;
    for (const done of this.finders.splice(0)) done();
  }

  /** Asks soon. Resolves when that has been answered, and at once while answers fail. */
  find(): Promise<void> {
    if (this.signal.aborted || this.failures > 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.finders.push(resolve);
      this.wake?.();
    });
  }

  private async runAll(): Promise<void> {
    while (!this.signal.aborted) {
      const finders = this.finders.splice(0);
      this.askedAt = this.options.clock();
      const isGood = await this.options.ask();
      this.failures = isGood ? 0 : this.failures + 1;
      for (const done of finders) done();
      if (this.signal.aborted) return;
      await this.pause(isGood);
    }
  }

  private async pause(isGood: boolean): Promise<void> {
    const { pollMs, retryMs = RETRY_MS, clock } = this.options;
    const retry = Math.min(retryMs * 2 ** Math.min(this.failures - 1, 10), RETRY_MAX_MS);
    const pause = new AbortController();
    this.wake = () => pause.abort();
    const signal = AbortSignal.any([pause.signal, this.signal]);
    if (this.finders.length === 0)
      await wait(isGood ? pollMs : retry, undefined, { signal }).catch(() => undefined);
    this.wake = undefined;
    const left = Math.min(FIND_MS, pollMs) - (clock() - this.askedAt);
    if (left > 0) await wait(left, undefined, { signal: this.signal }).catch(() => undefined);
  }
}
