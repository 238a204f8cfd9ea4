/**
 * A beat: calls something shortly after every multiple of an interval, once others have got there too.
 *
 *   clock   ──┬────────────┬────────────┬──
 *           due          due          due
 *   reached ────▶ run ───────▶ run ───────▶ run      not before `reached()` is at least the due time,
 *                                                    unless that takes longer than the grace time
 *
 * Beats never overlap: while a run lasts, the next due time passes, and one run makes up for all.
 */

export interface BeatOptions {
  readonly intervalSeconds: number;
  /** How long to wait for `reached`, ms. */
  readonly graceMs: number;
  /** Unix seconds with fraction. */
  readonly clock: () => number;
  /** Up to which Unix second everyone has got. */
  readonly reached: () => number;
  /** The beat; never rejects. */
  readonly run: () => Promise<void>;
}

export class Beat {
  private readonly options: BeatOptions;
  private timer: NodeJS.Timeout | undefined;
  /** The due time that is waited for; undefined between two beats. */
  private due: number | undefined;
  private running: Promise<void> | undefined;
  private stopped = false;

  constructor(options: BeatOptions) {
    this.options = options;
  }

  start(): void {
    this.waitForDue();
  }

  /** Someone has got further. */
  notify(): void {
    if (this.due !== undefined && this.options.reached() >= this.due) this.run();
  }

  /** Runs something else that must not overlap with a beat: after the one that runs, before the next. */
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
      this.goOn();
    }
  }

  /** Resolves when no beat runs and none will. */
  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    this.due = undefined;
    await this.running;
  }

  /** What came due while something else ran is waited for anew. */
  private goOn(): void {
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
    if (this.stopped || this.running !== undefined) return;
    this.due = undefined;
    clearTimeout(this.timer);
    this.running = this.options.run().finally(() => {
      this.running = undefined;
      this.waitForDue();
    });
  }
}
