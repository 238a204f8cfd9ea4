/**
 * A ticker: calls something shortly after every multiple of an interval, once others have got there too.
 *
 *   clock   ──┬────────────┬────────────┬──
 *           due          due          due
 *   reached ────▶ run ───────▶ run ───────▶ run      not before `reached()` is at least the due time,
 *                                                    unless that takes longer than the grace time
 *
 * Tickers never overlap: while a run lasts, the next due time passes, and one run makes up for all.
 */

export interface TickerOptions {
  readonly intervalSeconds: number;
  /** How long to wait for `reached`, ms. */
  readonly graceMs: number;
  /** Unix seconds with fraction. */
  readonly clock: () => number;
  /** Up to which Unix second everyone has got. */
  readonly reached: () => number;
}

export class Ticker {
  private readonly options: TickerOptions;
  /** What it calls; none before it is started. */
  private work: (() => Promise<void>) | undefined;
  private timer: NodeJS.Timeout | undefined;
  /** The due time that is waited for; undefined between two ticks. */
  private due: number | undefined;
  private running: Promise<void> | undefined;
  private stopped = false;

  constructor(options: TickerOptions) {
    this.options = options;
  }

  /** Calls `work` from now on; it never rejects. */
  start(work: () => Promise<void>): void {
    this.work = work;
    this.waitForDue();
  }

  /** Someone has got further. */
  notify(): void {
    if (this.due !== undefined && this.options.reached() >= this.due) this.run();
  }

  /** Runs something else that must not overlap with a run: after the one under way, before the next; also before start(). */
  async between<Result>(work: () => Promise<Result>): Promise<Result> {
    while (this.running !== undefined) await this.running;
    const result = work();
    this.running = result.then(
      () => undefined,
      () => undefined,
    );
    try {
      return await result;
    } finally {
      this.running = undefined;
      this.resume();
    }
  }

  /** Resolves when nothing runs and nothing will. */
  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    this.due = undefined;
    await this.running;
  }

  /** What came due while something else ran is waited for anew. */
  private resume(): void {
    if (this.stopped || this.due === undefined) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.run(), this.options.graceMs);
    this.notify();
  }

  private waitForDue(): void {
    if (this.stopped) return;
    const { intervalSeconds, clock, graceMs } = this.options;
    const now = clock();
    const due = (Math.floor(now / intervalSeconds) + 1) * intervalSeconds;
    this.timer = setTimeout(
      () => {
        // Timers may fire a little early; the due time decides.
        this.due = due;
        this.timer = setTimeout(() => this.run(), graceMs);
        this.notify();
      },
      Math.max((due - now) * 1000, 0),
    );
  }

  private run(): void {
    if (this.stopped || this.running !== undefined || this.work === undefined) return;
    this.due = undefined;
    clearTimeout(this.timer);
    this.running = this.work().finally(() => {
      this.running = undefined;
      this.waitForDue();
    });
  }
}
