/**
 * Slows the intake down while memory is short (docs/behaviour/listeners.md#rate-limiter).
 *
 *   before every receive: pauseMs() ─▶ 0       receive
 *                                   └▶ n > 0   pause for n ms, then ask again
 *
 *   memory used / limit   0 ──────────── low ──────────────── high ──────────────▶ 1
 *                             receive        1 ms a check, or      no receive until
 *                                            memory given back     it has fallen
 *
 * Memory is looked at in a share of the receives only, which grows while it is short and shrinks while it is
 * not. The pause is the caller's to spend: a thread that blocks sleeps on its control word and works on its backlog,
 * an event loop sets a timer. So nothing is busy and a stop is heard.
 *
 * Thread   one for each listener thread. Reads no clock.
 * Failure  memory that cannot be read slows nothing; it is counted.
 */
import type { ShardCounters } from '../../telemetry/counters/shard-counters.ts';

/** Pause above the low limit, ms: the Agent's. */
const LOW_PAUSE_MS = 1;
/** Time between two looks above the high limit, ms. The Agent does not pause there but collects garbage all the time. */
const HIGH_PAUSE_MS = 10;

/** What the last look found, as the counter `limiterLevel` tells it. */
const LEVELS = { none: 0, low: 1, high: 2 } as const;

/** How the share of receives that do something moves between two bounds. */
export interface GeometricRange {
  readonly min: number;
  readonly max: number;
  readonly factor: number;
}

export interface RateLimits {
  readonly low_soft_limit: number;
  readonly high_soft_limit: number;
  /** How often memory is looked at. */
  readonly rate_check: GeometricRange;
  /** How often memory is given back, of the times it is found above the low limit. */
  readonly soft_limit_freeos_check: GeometricRange;
}

export interface RateLimiterOptions {
  readonly limits: RateLimits;
  /** Used memory over the limit; NaN when it cannot be told. */
  readonly ratio: () => number;
  /** Gives memory back to the system, as far as that can be done from this thread. */
  readonly reclaim: () => void;
  readonly counters: ShardCounters;
}

export class RateLimiter {
  private readonly options: RateLimiterOptions;
  private readonly checks: GeometricLimiter;
  private readonly reclaims: GeometricLimiter;
  private previous = 0;
  /** Above the high limit: every question is a check until memory has fallen. */
  private held = false;
  /** The pause of this check has been asked for; the next answer is to receive. */
  private paused = false;

  constructor(options: RateLimiterOptions) {
    this.options = options;
    this.checks = new GeometricLimiter(options.limits.rate_check);
    this.reclaims = new GeometricLimiter(options.limits.soft_limit_freeos_check);
    const ratio = options.ratio();
    if (!Number.isNaN(ratio)) options.counters.set('limiterMemoryRatio', ratio);
  }

  /** Hot path. 0: receive now. More: pause for so many milliseconds and ask again. */
  pauseMs(): number {
    if (this.paused) return this.resume();
    const { counters } = this.options;
    if (this.held) return this.look();
    if (this.checks.keep()) {
      counters.add('limiterChecks');
      return this.look();
    }
    counters.add('limiterSkips');
    return 0;
  }

  /** Looks at memory; the pause it asks for. */
  private look(): number {
    const { limits, counters } = this.options;
    const ratio = this.options.ratio();
    if (Number.isNaN(ratio)) {
      counters.add('limiterReadErrors');
      return this.resume();
    }
    counters.set('limiterMemoryRatio', ratio);
    if (ratio > limits.high_soft_limit) return this.holdBack();
    const rises = ratio > this.previous;
    this.previous = ratio;
    if (ratio > limits.low_soft_limit) return this.slowDown(rises);
    this.checks.decrease();
    counters.set('limiterLevel', LEVELS.none);
    return this.resume();
  }

  private holdBack(): number {
    this.checks.increase();
    this.held = true;
    const { counters, reclaim } = this.options;
    counters.add('limiterHigh');
    counters.set('limiterLevel', LEVELS.high);
    reclaim();
    return this.pause(HIGH_PAUSE_MS);
  }

  private slowDown(rises: boolean): number {
    const { counters, reclaim } = this.options;
    counters.add('limiterLow');
    counters.set('limiterLevel', LEVELS.low);
    const givesBack = this.reclaims.keep();
    if (rises) this.reclaims.increase();
    else this.reclaims.decrease();
    this.checks.increase();
    this.held = false;
    if (givesBack) {
      counters.add('limiterReclaims');
      reclaim();
      return this.resume();
    }
    this.paused = true;
    return this.pause(LOW_PAUSE_MS);
  }

  private pause(ms: number): number {
    const { counters } = this.options;
    counters.set('limiterPauseMs', ms);
    counters.add('limiterPauses');
    counters.add('limiterPausedMs', ms);
    return ms;
  }

  private resume(): number {
    this.held = false;
    this.paused = false;
    this.options.counters.set('limiterPauseMs', 0);
    return 0;
  }
}

/** Says yes to a share of the questions, evenly; the share moves geometrically between two bounds. */
export class GeometricLimiter {
  private readonly range: GeometricRange;
  private rate: number;
  private tick = 0;

  constructor(range: GeometricRange) {
    this.range = range;
    this.rate = range.min;
  }

  keep(): boolean {
    this.tick++;
    if (this.rate * this.tick < 1) return false;
    this.tick = 0;
    return true;
  }

  increase(): void {
    this.rate = this.clamp(this.rate * this.range.factor);
  }

  decrease(): void {
    this.rate = this.clamp(this.rate / this.range.factor);
  }

  private clamp(rate: number): number {
    return Math.min(Math.max(rate, this.range.min), this.range.max);
  }
}
