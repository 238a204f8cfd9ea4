/**
 * An output whose receiver takes lines of text: Graphite, InfluxDB.
 *
 *   aggregate ─▶ plain values (flat-values.ts) ─▶ lines ─▶ request, up to LINES_MAX or BYTES_MAX ─▶ ordered delivery
 *   service check ─▶ `<name>.check_status`
 *
 * The time of a line is the end of its bucket, or of the flush where that comes first, so that what a stop flushes early is
 * not overwritten by the rest of that bucket; samples with times of their own keep them.
 *
 * Thread  the control thread; what it makes waits in the delivery's queue.
 */
import { gzipSync } from 'node:zlib';
import type { Context } from '../../model/context.ts';
import type { ServiceCheckMessage } from '../../model/message.ts';
import type { Aggregate } from '../../model/series.ts';
import type { ByteString } from '../../model/text.ts';
import { type Outcomes, outcomes, type Totals } from '../../telemetry/ledger/ledger.ts';
import type { OwnMetric } from '../../telemetry/metric.ts';
import { LastChecks } from '../last-checks.ts';
import type { OrderedDelivery } from '../ordered/ordered-delivery.ts';
import type { DeliveryReport, FlushInfo, Output } from '../output.ts';
import type { Transaction } from '../retry-queue/transaction.ts';
import { type CounterForm, type FlatValue, flatValues } from './flat-values.ts';

const LINES_MAX = 5000;
const BYTES_MAX = 512 * 1024;
/** Repeated names are nearly all there is to gain; the fastest level finds them. */
const GZIP_LEVEL = 1;
const CHECK_SUFFIX = '.check_status';

/** What the lines are about. */
export type Subject = Pick<Context, 'name' | 'tags' | 'host'>;

export interface LineFormat {
  /** Lines for the values of one subject at `at`, ms since 1970; each ends with its line feed. */
  lines(subject: Subject, values: readonly FlatValue[], at: number): string[];
}

export interface LineOutputOptions {
  readonly name: string;
  /** Kind of its transactions, in the ledger. */
  readonly kind: string;
  readonly format: LineFormat;
  readonly counters: CounterForm;
  readonly compression: 'gzip' | 'none';
  /** The server's own host name: that of data without one. */
  readonly hostname: ByteString;
  readonly delivery: Pick<OrderedDelivery, 'submit' | 'status' | 'health' | 'totals' | 'metrics' | 'close'>;
}

export class LineOutput implements Output {
  readonly name: string;
  readonly retentionSeconds = 0;
  private readonly options: LineOutputOptions;
  private readonly checks = new LastChecks();
  private lines: string[] = [];
  private bytes = 0;
  private flushAt = 0;
  private readonly accepted = { written: 0, nothing_to_write: 0 };
  private readonly rejected = { non_finite: 0, check_limit: 0 };
  private filteredEvents = 0;

  constructor(options: LineOutputOptions) {
    this.options = options;
    this.name = options.name;
  }

  begin(flush: FlushInfo): void {
    this.flushAt = Math.floor(flush.at * 1000);
  }

  write(batch: readonly Aggregate[]): void {
    for (const aggregate of batch) this.writeAggregate(aggregate);
  }

  end(): void {
    for (const { name, hostname: host, tags, status } of this.checks.drain())
      this.add({ name: name + CHECK_SUFFIX, host, tags }, [{ suffix: '', value: status }], this.flushAt);
    this.send();
  }

  event(): void {
    this.filteredEvents++;
  }

  serviceCheck(check: ServiceCheckMessage): void {
    if (this.checks.set(check)) this.accepted.written++;
    else this.rejected.check_limit++;
  }

  outcomes(): Outcomes {
    return outcomes({
      accepted: { ...this.accepted },
      rejected: { ...this.rejected },
      filtered: { event: this.filteredEvents },
    });
  }

  totals(): readonly Totals[] {
    return this.options.delivery.totals();
  }

  metrics(): readonly OwnMetric[] {
    return this.options.delivery.metrics();
  }

  status(): readonly object[] {
    return [this.options.delivery.status];
  }

  health(): { readonly healthy: boolean; readonly detail?: string } {
    return this.options.delivery.health();
  }

  close(deadlineMs: number): Promise<DeliveryReport> {
    return this.options.delivery.close(deadlineMs);
  }

  private writeAggregate(aggregate: Aggregate): void {
    const { context, data, timestamp, interval } = aggregate;
    const values = flatValues(aggregate, this.options.counters);
    if (values.length === 0) {
      this.accepted.nothing_to_write++;
      return;
    }
    if (!values.every(({ value }) => Number.isFinite(value))) {
      this.rejected.non_finite++;
      return;
    }
    const endAt = data.kind === 'timestamped' ? timestamp * 1000 : (timestamp + interval) * 1000;
    this.add(context, values, Math.min(endAt, data.kind === 'timestamped' ? endAt : this.flushAt));
    this.accepted.written++;
  }

  private add(subject: Subject, values: readonly FlatValue[], at: number): void {
    const { format, hostname } = this.options;
    const { name, tags, host } = subject;
    for (const line of format.lines({ name, tags, host: host === '' ? hostname : host }, values, at)) {
      this.lines.push(line);
      this.bytes += line.length;
      if (this.lines.length >= LINES_MAX || this.bytes >= BYTES_MAX) this.send();
    }
  }

  private send(): void {
    if (this.lines.length === 0) return;
    const lines = this.lines;
    this.lines = [];
    this.bytes = 0;
    const { delivery, kind, compression } = this.options;
    delivery.submit((createdAt) => linesTransaction(lines, kind, compression, createdAt));
  }
}

/** Lines as a transaction. */
export function linesTransaction(
  lines: readonly string[],
  kind: string,
  compression: 'gzip' | 'none',
  createdAt: number,
): Transaction {
  const text = Buffer.from(lines.join(''));
  return {
    kind,
    route: '/',
    destination: '',
    priority: 'normal',
    createdAt,
    headers: compression === 'gzip' ? { 'content-encoding': 'gzip' } : {},
    body: compression === 'gzip' ? gzipSync(text, { level: GZIP_LEVEL }) : text,
    itemCount: lines.length,
    pointCount: lines.length,
    errors: 0,
  };
}
