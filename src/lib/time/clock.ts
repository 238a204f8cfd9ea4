/**
 * Time as an argument: what a part may know of it. Tests and simulations hand in a clock of their own, on
 * which a day passes in a moment (test/support/virtual-clock.ts).
 */

export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Calls once, after at least `delayMs`; the result takes it back. */
  after(delayMs: number, call: () => void): () => void;
}

/** The longest delay a timer of Node can have; a longer one would fire at once. */
const DELAY_MAX_MS = 2_147_483_647;

export const systemClock: Clock = {
  now: () => Date.now(),
  after(delayMs, call) {
    const timer = setTimeout(call, Math.min(Math.max(delayMs, 0), DELAY_MAX_MS));
    return () => clearTimeout(timer);
  },
};
