/**
 * How a collector gets on: its status, its last problem with the remedy, what it has counted, and one line in the log for
 * each change between running and failing.
 */
import type { CollectorLog, CollectorState, CollectorStatus } from './collector.ts';
import type { CollectorName } from './entity.ts';

export interface ProgressOptions {
  readonly name: CollectorName;
  readonly log: CollectorLog;
  /** Milliseconds of a clock that never goes back. */
  readonly clock: () => number;
  /** What the log says when it begins to work, and when it stops. */
  readonly works: string;
  readonly stopped: string;
}

export class Progress {
  readonly counts: Record<string, number> = {};
  private readonly options: ProgressOptions;
  private status: CollectorStatus = 'starting';
  private problem = { detail: '', remedy: '' };
  private answeredAt: number | undefined;
  private _failures = 0;

  constructor(options: ProgressOptions) {
    this.options = options;
  }

  /** Failures since the last success. */
  get failures(): number {
    return this._failures;
  }

  get isFailing(): boolean {
    return this.status === 'failing';
  }

  add(what: string, by = 1): void {
    this.counts[what] = (this.counts[what] ?? 0) + by;
  }

  succeed(fields: object): void {
    const isNews = this.status !== 'running';
    this.status = 'running';
    this._failures = 0;
    this.answeredAt = this.options.clock();
    if (isNews) this.options.log.info({ collector: this.options.name, ...fields }, this.options.works);
  }

  /** More of an answer that goes on, as that of a watch. */
  hear(): void {
    this.answeredAt = this.options.clock();
  }

  fail(counter: string, problem: string, remedy: string): void {
    this.add(counter);
    const isNews = this.status !== 'failing';
    this.status = 'failing';
    this.problem = { detail: problem, remedy };
    this._failures++;
    const fields = { collector: this.options.name, problem, remedy };
    if (isNews) this.options.log.warn(fields, this.options.stopped);
  }

  /** `reads` says what it reads, and `remedy` what would have it find more; both count while it works. */
  state(reads: string, entities: number, more: Record<string, number>, remedy = ''): CollectorState {
    return {
      ...{ name: this.options.name, status: this.status, entities },
      detail: this.isFailing ? this.problem.detail : reads,
      remedy: this.isFailing ? this.problem.remedy : remedy,
      ...(this.answeredAt !== undefined && {
        answeredSecondsAgo: Math.round((this.options.clock() - this.answeredAt) / 1000),
      }),
      counts: { ...this.counts, ...more },
    };
  }
}
