/**
 * Output `prometheus`: what the aggregates of all flushes add up to, for a Prometheus server to scrape.
 *
 *   write(batch) ──▶ series table, quantile window ──page()──▶ text 0.0.4 or OpenMetrics 1.0, in chunks
 *
 *   counter                  counter: sum of its buckets; a bucket that is negative is rejected
 *   gauge, set               gauge: last value, distinct elements of the last bucket
 *   histogram, distribution  summary: cumulative sum and count, quantiles of the last one to two minutes
 *   timestamped              a counter adds, a gauge is set
 *   event                    whippet_events_total by alert type
 *   service check            gauge `<name>_check_status`
 *
 * Owned by the control thread. Memory per series is in series-table.ts and quantile-age.ts.
 * A series leaves the page `expirySeconds` after its last data, or when a metric rule says so; a counter then restarts from zero. Zero
 * fills are not data.
 */
import type { Context } from '../../model/context.ts';
import type { EventAlertType, EventMessage, ServiceCheckMessage } from '../../model/message.ts';
import type { Aggregate, AggregateData } from '../../model/series.ts';
import type { ByteString } from '../../model/text.ts';
import { type Fates, fates, totalOf } from '../../telemetry/ledger.ts';
import { type OwnMetric, ownMetric, ownMetricBy } from '../../telemetry/metric.ts';
import type { DeliveryReport, FlushInfo, Output } from '../output.ts';
import { CheckTable } from './check-table.ts';
import { CONTENT_TYPES, negotiate } from './negotiate.ts';
import { renderPage } from './page.ts';
import { Problems, REJECTIONS } from './problems.ts';
import { QuantileWindow } from './quantile-window.ts';
import { FLAG, SeriesTable } from './series-table.ts';

export interface PrometheusOptions {
  /** The server's own host name; a host label appears only where a context's host differs. */
  readonly hostname: ByteString;
  /** Seconds without data after which a series leaves the page; 0 keeps it as long as its context lives. */
  readonly expirySeconds: number;
  /** Where context `id` has an expiry of its own; undefined where it has none. */
  expirySecondsOf?(id: number): number | undefined;
  /** Finds a context by its id. */
  lookup(id: number): Context | undefined;
  /** Metrics of other parts of the server, shown at the end of the page. */
  ownMetrics?(): Iterable<OwnMetric>;
}

export interface Page {
  readonly contentType: string;
  /** The text in pieces; some may be empty. Whoever sends them lets the event loop run in between. */
  readonly chunks: Iterable<string>;
}

export class PrometheusOutput implements Output {
  readonly name = 'prometheus';
  readonly retentionSeconds: number;
  readonly #options: PrometheusOptions;
  readonly #problems = new Problems();
  readonly #table = new SeriesTable();
  readonly #window = new QuantileWindow();
  readonly #checks = new CheckTable(this.#problems);
  readonly #events = new Map<EventAlertType, number>([
    ['error', 0],
    ['info', 0],
    ['success', 0],
    ['warning', 0],
  ]);
  /** Time of the flush under way or of the last one, Unix seconds. */
  #now = 0;
  #expired = 0;
  /** Aggregates, events and checks. */
  #given = 0;

  constructor(options: PrometheusOptions) {
    this.#options = options;
    this.retentionSeconds = options.expirySeconds === 0 ? Number.POSITIVE_INFINITY : options.expirySeconds;
  }

  begin(flush: FlushInfo): void {
    this.#now = flush.at;
    this.#window.advance(flush.at);
  }

  write(batch: readonly Aggregate[]): void {
    for (const { context, data } of batch) {
      this.#apply(context, data);
      this.#given++;
    }
  }

  end(flush: FlushInfo): void {
    const { familyOf, dataAt } = this.#table;
    for (let id = 0; id < familyOf.length; id++) {
      if (familyOf[id] === 0) continue;
      const expirySeconds = this.#options.expirySecondsOf?.(id) ?? this.retentionSeconds;
      if ((dataAt[id] as number) >= Math.floor(flush.at - expirySeconds)) continue;
      this.#table.remove(id);
      this.#table.setFlag(id, FLAG.expired);
      this.#window.forget(id);
      this.#expired++;
    }
    this.#checks.expire(flush.at - this.retentionSeconds);
  }

  event(event: EventMessage): void {
    this.#given++;
    this.#events.set(event.alertType, (this.#events.get(event.alertType) ?? 0) + 1);
  }

  serviceCheck(check: ServiceCheckMessage, receivedAt: number): void {
    this.#checks.set(check, this.#hostLabel(check.hostname), receivedAt);
    this.#given++;
  }

  forget(contextIds: readonly number[]): void {
    for (const id of contextIds) {
      // A context may go a few seconds before its series would.
      if (this.#table.has(id)) this.#expired++;
      this.#table.forget(id);
      this.#window.forget(id);
    }
    this.#table.trim();
  }

  /** Nothing waits to be delivered: a scrape reads what is there. */
  async close(): Promise<DeliveryReport> {
    return { undelivered: 0 };
  }

  /** The page for a client that sent this `Accept` header. */
  page(accept: string | undefined): Page {
    const format = negotiate(accept);
    const source = {
      table: this.#table,
      window: this.#window,
      checks: this.#checks,
      problems: this.#problems,
      lookup: (id: number) => this.#options.lookup(id),
      hostLabel: (host: ByteString) => this.#hostLabel(host),
      ownMetrics: () => [...(this.#options.ownMetrics?.() ?? []), ...this.ownMetrics()],
    };
    return { contentType: CONTENT_TYPES[format], chunks: renderPage(source, format) };
  }

  fates(): Fates {
    const reasons = REJECTIONS.filter((reason) => reason !== 'window_full');
    const rejected = Object.fromEntries(reasons.map((reason) => [reason, this.#problems.rejected(reason)]));
    return fates({ accepted: { shown: this.#given - totalOf(rejected) }, rejected });
  }

  /** This output's own metrics; the page adds them by itself. */
  ownMetrics(): OwnMetric[] {
    return [
      ownMetricBy(
        'counter',
        'whippet_events_total',
        'Events received, by alert type.',
        'alert_type',
        this.#events,
      ),
      ownMetric('gauge', 'whippet_prometheus_series', 'Series on this page.', this.#table.size),
      ownMetric(
        'counter',
        'whippet_prometheus_series_expired_total',
        'Series that left this page because no data came.',
        this.#expired,
      ),
      ...this.#problems.ownMetrics(),
    ];
  }

  #apply(context: Context, data: AggregateData): void {
    switch (data.kind) {
      case 'counter':
        // A zero may be a fill. It shows a series that was never seen, and keeps none alive.
        if (data.sum !== 0) this.#count(context, data.sum);
        else if (!this.#table.has(context.id) && !this.#table.hasFlag(context.id, FLAG.expired)) {
          this.#count(context, 0);
        }
        break;
      case 'gauge':
        this.#set(context, data.value);
        break;
      case 'set':
        this.#set(context, data.distinct);
        break;
      case 'histogram': {
        const { histogram } = data;
        if (!this.#observe(context, histogram.sum, histogram.count, histogram.min)) break;
        if (!this.#window.addHistogram(context.id, histogram)) this.#problems.reject('window_full');
        break;
      }
      case 'distribution': {
        const { sketch } = data;
        if (!this.#observe(context, sketch.sum, sketch.count, sketch.min)) break;
        if (!this.#window.addSketch(context.id, sketch)) this.#problems.reject('window_full');
        break;
      }
      case 'timestamped':
        if (context.type === 'counter') this.#count(context, data.value);
        else if (context.type === 'gauge') this.#set(context, data.value);
        else this.#problems.reject('unsupported');
        break;
    }
  }

  #count(context: Context, increment: number): void {
    const total = this.#valueOf(context.id) + increment;
    if (increment < 0) this.#problems.reject('negative_increment');
    else if (!Number.isFinite(total)) this.#problems.reject('non_finite');
    else this.#set(context, total);
  }

  #set(context: Context, value: number): void {
    this.#table.admit(context, this.#hostLabel(context.host), this.#problems);
    this.#table.value[context.id] = value;
    this.#table.dataAt[context.id] = Math.floor(this.#now);
  }

  /** Adds a bucket to a summary; false when it was rejected. */
  #observe(context: Context, sum: number, count: number, min: number): boolean {
    const { id } = context;
    const totalSum = this.#valueOf(id) + sum;
    const totalCount = (this.#table.has(id) ? (this.#table.count[id] as number) : 0) + Math.trunc(count);
    if (count < 0) this.#problems.reject('negative_increment');
    else if (!Number.isFinite(totalSum) || !Number.isFinite(totalCount)) this.#problems.reject('non_finite');
    else {
      this.#set(context, totalSum);
      this.#table.count[id] = totalCount;
      if (min < 0 || sum < 0) this.#table.setFlag(id, FLAG.negative);
      return true;
    }
    return false;
  }

  #valueOf(id: number): number {
    return this.#table.has(id) ? (this.#table.value[id] as number) : 0;
  }

  #hostLabel(host: ByteString): ByteString {
    return host === this.#options.hostname ? '' : host;
  }
}
