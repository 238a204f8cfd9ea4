/**
 * Leaves a receiver that fails alone, and finds out carefully whether it works again (docs/delivery.md). One for
 * each endpoint and route.
 *
 *   unblocked ──failure──▶ blocked until a deadline ──one request after it──▶ half-blocked
 *       ▲                     ▲                                                  │
 *       │                     └──failure, or errors are left after a success─────┤
 *       └──success, and no errors are left───────────────────────────────────────┘
 *
 * A server that stops hurries: pauses end, later ones are a second at most, and one success opens the way again.
 *
 * Pure: time and chance are arguments.
 */
import { type BackoffSettings, backoffMs, errorsMax } from './backoff.ts';

/** Pauses of a server that stops, ms: the first, and the longest. */
const HURRIED_FIRST_MS = 100;
const HURRIED_MAX_MS = 1000;

export type BreakerState = 'unblocked' | 'blocked' | 'half-blocked';

export class CircuitBreaker {
  private readonly settings: BackoffSettings;
  private _state: BreakerState = 'unblocked';
  private _errors = 0;
  private since = 0;
  private until = 0;
  /** Failures since the server has begun to stop; undefined before that. */
  private hurriedErrors: number | undefined;

  constructor(settings: BackoffSettings) {
    this.settings = settings;
  }

  get state(): BreakerState {
    return this._state;
  }

  get errors(): number {
    return this._errors;
  }

  /** When a blocked receiver is tried again, ms; 0 when it is not blocked. */
  get retryAt(): number {
    return this._state === 'blocked' ? this.until : 0;
  }

  /** Whether a request would be allowed now: any, the one that finds out, or none. */
  wouldAllow(now: number): 'any' | 'one' | 'none' {
    if (this._state === 'unblocked') return 'any';
    // A clock that was set back would make the pause as much longer.
    const isOver = now >= this.until || now < this.since;
    return this._state === 'blocked' && isOver ? 'one' : 'none';
  }

  /** Asks to send. True allows one request, whose outcome has to be told. */
  request(now: number): boolean {
    const allowed = this.wouldAllow(now);
    if (allowed === 'one') this._state = 'half-blocked';
    return allowed !== 'none';
  }

  success(now: number, random: number): void {
    if (this._state !== 'half-blocked') return;
    const { recovery, recoveryReset } = this.settings;
    const isCured = recoveryReset || this.hurriedErrors !== undefined;
    this._errors = isCured ? 0 : Math.max(0, this._errors - recovery);
    if (this._errors === 0) this._state = 'unblocked';
    else this.block(now, random, 0);
  }

  /** `waitMs` is how long the receiver asked to be left alone. */
  failure(now: number, random: number, waitMs = 0): void {
    if (this._state === 'blocked') return;
    this._errors = Math.min(this._errors + 1, errorsMax(this.settings));
    this.block(now, random, waitMs);
  }

  /** The server stops: a pause ends now, and a request that is to find out is not waited for. */
  hurry(now: number): void {
    this.hurriedErrors ??= 0;
    if (this._state === 'unblocked') return;
    this._state = 'blocked';
    this.since = now;
    this.until = now;
  }

  /** The request that was to find out was given up before it had an outcome. */
  giveUp(): void {
    if (this._state === 'half-blocked') this._state = 'blocked';
  }

  private block(now: number, random: number, waitMs: number): void {
    this._state = 'blocked';
    this.since = now;
    if (this.hurriedErrors === undefined) {
      this.until = Math.round(now + Math.max(backoffMs(this._errors, this.settings, random), waitMs));
    } else {
      this.until = now + Math.min(HURRIED_FIRST_MS * 2 ** this.hurriedErrors++, HURRIED_MAX_MS);
    }
  }
}
