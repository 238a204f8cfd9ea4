/**
 * The phases of a stop and their one deadline: a phase that hangs costs its own data, and never the end of the process.
 *
 *   │ listeners drain │ last flush │ outputs deliver │ end
 *   0 ──── at most 60 % ────┤                        │
 *   0 ──────── at most 80 %, or all but a second ────┤       of stop_timeout_seconds
 *
 * Each phase begins when the one before has ended or has had its time, so a quick one leaves its time to the others.
 * What a phase did not get done is named in the log and in the report.
 */
import { Deadline } from '../lib/time/deadline.ts';
import type { Logger } from '../telemetry/logger.ts';

/** What is left for outputs, whatever the phases before need. */
const OUTPUTS_SHARE = 0.2;
const OUTPUTS_MS_MAX = 1000;
const DRAIN_SHARE = 0.6;
/** A stop without a deadline to speak of still drains and flushes what takes no time. */
const MS_MIN = 1000;

export class StopPhases {
  /** Phases that had not ended when their time was over. */
  readonly unfinished: string[] = [];
  private readonly deadline: Deadline;
  private readonly drained: Deadline;
  private readonly flushed: Deadline;
  private readonly timeoutMs: number;
  private readonly log: Logger;

  constructor(timeoutMs: number, log: Logger) {
    const wholeMs = Math.max(timeoutMs, MS_MIN);
    this.timeoutMs = timeoutMs;
    this.log = log;
    this.deadline = new Deadline(wholeMs);
    this.drained = new Deadline(wholeMs * DRAIN_SHARE);
    this.flushed = new Deadline(wholeMs - Math.min(wholeMs * OUTPUTS_SHARE, OUTPUTS_MS_MAX));
  }

  /** What is left for the outputs, ms. */
  get leftMs(): number {
    return Math.min(this.deadline.leftMs, this.timeoutMs);
  }

  /** Takes what clients have sent. */
  drain(name: string, work: Promise<unknown>): Promise<void> {
    return this.run(name, work, this.drained);
  }

  flush(name: string, work: Promise<unknown>): Promise<void> {
    return this.run(name, work, this.flushed);
  }

  close(name: string, work: Promise<unknown>): Promise<void> {
    return this.run(name, work, this.deadline);
  }

  private async run(name: string, work: Promise<unknown>, deadline: Deadline): Promise<void> {
    if (await deadline.race(work)) return;
    this.unfinished.push(name);
    this.log.error({ phase: name }, 'a phase of the shutdown timed out; continuing with the next one');
  }
}
