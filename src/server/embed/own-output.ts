/**
 * Outputs of a program that embeds the server: functions that are given what a flush made, as plain data.
 *
 *   write(batch) … end() ─▶ one flush as FlushedSeries ─▶ queue, FLUSHES_MAX ─▶ the program's write(), one at a time
 *
 * Limits  FLUSHES_MAX flushes wait for a write that is slow; the next one is dropped as a whole and counted (`queue_full`).
 *         A write that rejects counts as `failed`, is logged, and the next one is tried.
 */
import type { Log } from '../../lib/log.ts';
import type { EventMessage, ServiceCheckMessage } from '../../model/message.ts';
import type { Aggregate } from '../../model/series.ts';
import {
  type Flush,
  type FlushedEvent,
  type FlushedSeries,
  type FlushedServiceCheck,
  type FlushWriter,
  flushedCheck,
  flushedEvent,
  flushedSeries,
} from '../../outputs/flushed.ts';
import type { DeliveryReport, FlushInfo, Output } from '../../outputs/output.ts';
import { type Outcomes, outcomes } from '../../telemetry/ledger/ledger.ts';

const FLUSHES_MAX = 8;

/** What a program gives to startServer() to receive flushes. */
export interface OwnOutput extends FlushWriter {
  /** Short and stable: names the output in the ledger and the log. */
  readonly name: string;
}

export class OwnOutputAdapter implements Output {
  readonly name: string;
  readonly retentionSeconds = 0;
  private readonly own: OwnOutput;
  private readonly log: Log;
  private readonly onEnd: () => void;
  private series: FlushedSeries[] = [];
  private events: FlushedEvent[] = [];
  private checks: FlushedServiceCheck[] = [];
  /** Aggregates, events and checks of the open flush. */
  private items = 0;
  private queued = 0;
  private work: Promise<void> = Promise.resolve();
  private readonly counts = { written: 0, held: 0, failed: 0, queueFull: 0 };

  /** `onEnd` is called at the end of every flush, once it is queued. */
  constructor(own: OwnOutput, log: Log, onEnd: () => void = () => undefined) {
    this.name = own.name;
    this.own = own;
    this.log = log;
    this.onEnd = onEnd;
  }

  write(batch: readonly Aggregate[]): void {
    this.items += batch.length;
    this.counts.held += batch.length;
    for (const aggregate of batch) this.series.push(...flushedSeries(aggregate));
  }

  event(event: EventMessage, receivedAt: number): void {
    this.items++;
    this.counts.held++;
    this.events.push(flushedEvent(event, receivedAt));
  }

  serviceCheck(check: ServiceCheckMessage, receivedAt: number): void {
    this.items++;
    this.counts.held++;
    this.checks.push(flushedCheck(check, receivedAt));
  }

  end({ at, final }: FlushInfo): void {
    const items = this.items;
    const flush: Flush = {
      ...{ series: this.series, events: this.events, serviceChecks: this.checks },
      ...{ at, final },
    };
    this.items = 0;
    this.series = [];
    this.events = [];
    this.checks = [];
    if (this.queued >= FLUSHES_MAX) {
      this.counts.held -= items;
      this.counts.queueFull += items;
      this.log.error(
        { output: this.name, dropped: items },
        'an output supplied by the program is too slow; dropped a flush',
      );
    } else {
      this.queued++;
      this.work = this.work.then(() => this.hand(flush, items));
    }
    this.onEnd();
  }

  outcomes(): Outcomes {
    const { written, held, failed, queueFull } = this.counts;
    return outcomes({
      accepted: { written },
      dropped: { failed, queue_full: queueFull },
      held: { queue: held },
    });
  }

  async close(deadlineMs: number): Promise<DeliveryReport> {
    const start = performance.now();
    const left = (): number => Math.max(deadlineMs - (performance.now() - start), 0);
    const finish = async (): Promise<void> => {
      await this.work;
      await this.own.close?.(left());
    };
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, deadlineMs);
    });
    await Promise.race([finish().catch((error: unknown) => this.logFailure(error)), late]);
    clearTimeout(timer);
    const { held } = this.counts;
    if (held === 0) return { undelivered: 0 };
    return {
      undelivered: held,
      lostAtStop: held,
      reason: `the output ${this.name} did not take ${held} aggregates, events and checks in time`,
    };
  }

  private async hand(flush: Flush, items: number): Promise<void> {
    try {
      await this.own.write(flush);
      this.counts.written += items;
    } catch (error) {
      this.counts.failed += items;
      this.logFailure(error, items);
    } finally {
      this.counts.held -= items;
      this.queued--;
    }
  }

  private logFailure(error: unknown, dropped = 0): void {
    this.log.error({ output: this.name, dropped, err: error }, 'an output supplied by the program failed');
  }
}
