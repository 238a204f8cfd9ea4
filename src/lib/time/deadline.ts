/**
 * A point in time by which something has to be over, for waits that must end.
 *
 * Owned by whoever makes it. Reads a monotonic clock, so that setting the system's clock changes nothing; tests hand in
 * a clock of their own.
 */
import type { Clock } from './clock.ts';

const monotonicClock: Clock = {
  now: () => performance.now(),
  after(delayMs, call) {
    const timer = setTimeout(call, delayMs);
    return () => clearTimeout(timer);
  },
};

export class Deadline {
  private readonly clock: Clock;
  private readonly at: number;

  /** `ms` from now. */
  constructor(ms: number, clock: Clock = monotonicClock) {
    this.clock = clock;
    this.at = clock.now() + ms;
  }

  get leftMs(): number {
    return Math.max(0, this.at - this.clock.now());
  }

  get isOver(): boolean {
    return this.leftMs === 0;
  }

  /** An earlier deadline: `ms` from now, and not after this one. */
  within(ms: number): Deadline {
    return new Deadline(Math.min(ms, this.leftMs), this.clock);
  }

  /**
   * Waits for the promise until the deadline; false when that was too early. What comes of the promise later is ignored,
   * an error too.
   */
  async race(promise: Promise<unknown>): Promise<boolean> {
    let cancel: () => void = () => undefined;
    const late = new Promise<false>((resolve) => {
      cancel = this.clock.after(this.leftMs, () => resolve(false));
    });
    const done = promise.then(() => true as const);
    done.catch(() => undefined);
    try {
      return await Promise.race([done, late]);
    } finally {
      cancel();
    }
  }
}
