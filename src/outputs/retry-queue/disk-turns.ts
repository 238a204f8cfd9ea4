/**
 * One operation on the disk after the other, and what is known of the disk by that.
 *
 *   run(operation) ─▶ after those before it ─▶ true: the disk works      false: it failed; the log hears of the first failure
 *                                                                        and of the next success
 *
 * After a failure nothing is worth a try for PAUSE_MS.
 */

import type { Log } from '../../lib/log.ts';
import type { Clock } from '../../lib/time/clock.ts';

const PAUSE_MS = 10_000;

export class DiskTurns {
  private readonly folder: string;
  private readonly clock: Clock;
  private readonly log: Log;
  private last: Promise<unknown> = Promise.resolve();
  private triedAt = Number.NEGATIVE_INFINITY;
  /** Why the disk cannot be used now. */
  failing: string | undefined;
  /** Operations that failed. */
  failures = 0;

  constructor(folder: string, clock: Clock, log: Log) {
    this.folder = folder;
    this.clock = clock;
    this.log = log;
  }

  /** Whether a try is worth it: the disk works, or the pause after a failure is over, or the clock was set. */
  get isReady(): boolean {
    return this.failing === undefined || Math.abs(this.clock.now() - this.triedAt) >= PAUSE_MS;
  }

  /** Runs one operation after those before it; false when it failed. Never rejects. */
  run(operate: () => Promise<void>): Promise<boolean> {
    const result = this.last.then(async () => {
      this.triedAt = this.clock.now();
      try {
        await operate();
        this.report(undefined);
        return true;
      } catch (error) {
        this.report(error as Error);
        return false;
      }
    });
    this.last = result;
    return result;
  }

  /** Resolves when everything asked so far is done. */
  async settled(): Promise<void> {
    await this.last;
  }

  report(error: Error | undefined): void {
    const before = this.failing;
    this.failing = error?.message;
    if (error !== undefined) this.failures++;
    if (error !== undefined && before === undefined) {
      this.log.error(
        { folder: this.folder, err: error },
        'cannot use the retry files; keeping as much as fits in memory',
      );
    } else if (error === undefined && before !== undefined) {
      this.log.info({ folder: this.folder }, 'the retry files are usable again');
    }
  }
}
