/**
 * Leaves a receiver that fails alone, and finds out carefully whether it works again (spec output A.13). One for
 * each endpoint and route.
 *
 *   unblocked ──failure──▶ blocked until a deadline ──one request after it──▶ half-blocked
 *       ▲                     ▲                                                  │
 *       │                     └──failure, or errors are left after a success─────┤
 *       └──success, and no errors are left───────────────────────────────────────┘
 *
 * Pure: time and chance are arguments.
 */
import { type BackoffSettings, backoffMs, errorsMax } from './backoff.ts';

export type BreakerState = 'unblocked' | 'blocked' | 'half-blocked';

export class CircuitBreaker {
  readonly #settings: BackoffSettings;
  #state: BreakerState = 'unblocked';
  #errors = 0;
  #since = 0;
  #until = 0;

  constructor(settings: BackoffSettings) {
    this.#settings = settings;
  }

  get state(): BreakerState {
    return this.#state;
  }

  get errors(): number {
    return this.#errors;
  }

  /** When a blocked receiver is tried again, ms; 0 when it is not blocked. */
  get retryAt(): number {
    return this.#state === 'blocked' ? this.#until : 0;
  }

  /** Whether a request would be allowed now: any, the one that finds out, or none. */
  wouldAllow(now: number): 'any' | 'one' | 'none' {
    if (this.#state === 'unblocked') return 'any';
    // A clock that was set back would make the pause as much longer.
    const isOver = now >= this.#until || now < this.#since;
    return this.#state === 'blocked' && isOver ? 'one' : 'none';
  }

  /** Asks to send. True allows one request, whose outcome has to be told. */
  request(now: number): boolean {
    const allowed = this.wouldAllow(now);
    if (allowed === 'one') this.#state = 'half-blocked';
    return allowed !== 'none';
  }

  success(now: number, random: number): void {
    if (this.#state !== 'half-blocked') return;
    const { recovery, recoveryReset } = this.#settings;
    this.#errors = recoveryReset ? 0 : Math.max(0, this.#errors - recovery);
    if (this.#errors === 0) this.#state = 'unblocked';
    else this.#block(now, random, 0);
  }

  /** `waitMs` is how long the receiver asked to be left alone. */
  failure(now: number, random: number, waitMs = 0): void {
    if (this.#state === 'blocked') return;
    this.#errors = Math.min(this.#errors + 1, errorsMax(this.#settings));
    this.#block(now, random, waitMs);
  }

  /** The request that was to find out was given up before it had an outcome. */
  giveUp(): void {
    if (this.#state === 'half-blocked') this.#state = 'blocked';
  }

  #block(now: number, random: number, waitMs: number): void {
    this.#state = 'blocked';
    this.#since = now;
    this.#until = Math.round(now + Math.max(backoffMs(this.#errors, this.#settings, random), waitMs));
  }
}
