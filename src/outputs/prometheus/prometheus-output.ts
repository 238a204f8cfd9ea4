/**
 * Output `prometheus`: what the aggregates of all flushes add up to, for a Prometheus server to scrape.
 *
 *   cumulative table ─▶ write(batch) ──▶ series table, quantile window ──page()──▶ text 0.0.4 or OpenMetrics 1.0, in chunks
 *   open buckets ─────▶ look(value) ───▶ open totals ──────────────────────┤
 *                                        catalogue: families, names ───────┘
 *
 *   counter                  counter: sum of its buckets; a bucket that is negative is rejected
 *   gauge, set               gauge: last value, distinct elements of the last bucket
 *   histogram, distribution  summary: cumulative sum and count, quantiles of the last one to two minutes; or a classic or
 *                            native histogram (exposure.ts)
 *   timestamped              a counter adds, a gauge is set
 *   event                    whippet_events_total by alert type
 *   service check            gauge `<name>_check_status`
 *
 * Values, and when a series ends, are those of the cumulative table (cumulative/cumulative-table.ts); a scrape adds what
 * counters, gauges, sums and counts have in open buckets (open-totals.ts). Quantiles and sets are those of closed ones.
 * Families, names and labels are made when a page is asked for (catalogue.ts).
 *
 * Owned by the control thread. Memory per series is there, in series-table.ts and in quantile-age.ts.
 */
import type { Log } from '../../lib/log.ts';
import type { Context } from '../../model/context.ts';
import type { EventAlertType, EventMessage, ServiceCheckMessage } from '../../model/message.ts';
import type { OpenValue } from '../../model/open-value.ts';
import type { Aggregate, AggregateData } from '../../model/series.ts';
import type { ByteString } from '../../model/text.ts';
import { type Outcomes, outcomes, totalOf } from '../../telemetry/ledger/ledger.ts';
import { type OwnMetric, ownMetric, ownMetricBy } from '../../telemetry/metric.ts';
import type { CumulativeTable } from '../cumulative/cumulative-table.ts';
import type { DeliveryReport, FlushInfo, Output } from '../output.ts';
import { Catalogue } from './catalogue.ts';
import { CheckTable } from './check-table.ts';
import { type Exposures, PLAIN, withoutBins } from './exposure.ts';
import { FamilyNames } from './family-names.ts';
import { FamilyTable } from './family-table.ts';
import { CONTENT_TYPES, negotiate } from './negotiate.ts';
import { OpenTotals } from './open-totals.ts';
import { renderOwnPage, renderPage } from './page.ts';
import { Problems, REJECTIONS } from './problems.ts';
import { QuantileWindow } from './quantile-window.ts';
import { SeriesTable } from './series-table.ts';

export interface PrometheusOptions {
  /** The server's own host name; a host label appears only where a context's host differs. */
  readonly hostname: ByteString;
  /** Totals of all series; whoever gives this output batches adds them here before (fan-out.ts). */
  readonly cumulative: CumulativeTable;
  /** Finds a context by its id. */
  lookup(id: number): Context | undefined;
  /** Metrics of other parts of the server, shown at the end of the page. */
  ownMetrics?(): Iterable<OwnMetric>;
  /** How metrics are shown; unchanged, as summaries, when not given. */
  readonly exposures?: Exposures;
  /** Whether clients that prefer OpenMetrics get it; they do when not given. */
  readonly openmetrics?: boolean;
  /** Whether native histograms are offered to those who ask for protobuf. */
  readonly protobuf?: boolean;
  /** Whether the server's own metrics stand at the end of the page; they do when not given. */
  readonly showsOwn?: boolean;
  /** Whether a context is shown; all are when not given. Batches have been filtered already, looks at open buckets have not. */
  isWanted?(context: Context): boolean;
  readonly log?: Log;
}

export interface Page {
  readonly contentType: string;
  /** The text, or bytes of protobuf, in pieces; some may be empty. Whoever sends them lets the event loop run in between. */
  readonly chunks: Iterable<string | Uint8Array>;
}

export class PrometheusOutput implements Output {
  readonly name = 'prometheus';
  readonly retentionSeconds: number;
  readonly cumulative: CumulativeTable;
  private readonly options: PrometheusOptions;
  private readonly problems = new Problems();
  private readonly names: FamilyNames;
  private readonly table: SeriesTable;
  private readonly catalogue: Catalogue;
  private readonly window = new QuantileWindow();
  private readonly checks: CheckTable;
  private readonly events = new Map<EventAlertType, number>([
    ['error', 0],
    ['info', 0],
    ['success', 0],
    ['warning', 0],
  ]);
  private readonly open: OpenTotals;
  /** Series that a look at open buckets began; the next flush says whether they are series. */
  private readonly provisional = new Set<number>();
  private expired = 0;
  /** Aggregates, events and checks. */
  private given = 0;

  constructor(options: PrometheusOptions) {
    this.options = options;
    this.open = new OpenTotals(options.cumulative);
    const families = new FamilyTable();
    this.names = new FamilyNames(families, this.problems, options.log);
    this.table = new SeriesTable(families, this.names);
    this.catalogue = new Catalogue(this.table, this.names, (id) => options.lookup(id));
    this.checks = new CheckTable(this.problems, this.names);
    this.cumulative = options.cumulative;
    this.retentionSeconds = options.cumulative.retentionSeconds;
  }

  begin(flush: FlushInfo): void {
    this.window.advance(flush.at);
    this.catalogue.beginFlush();
  }

  write(batch: readonly Aggregate[]): void {
    for (const aggregate of batch) {
      const { context, data, timestamp, interval } = aggregate;
      this.open.settle(context.id, timestamp, interval);
      const refusal = this.cumulative.refusalOf(aggregate);
      if (refusal !== undefined) this.problems.reject(refusal === 'cut' ? 'non_finite' : refusal);
      if (this.cumulative.has(context.id)) this.admit(context);
      const isObserved = refusal === undefined || refusal === 'cut';
      if (isObserved && this.isQuantiled(context.id) && !this.addToWindow(context.id, data))
        this.problems.reject('window_full');
      this.given++;
    }
  }

  end(flush: FlushInfo): void {
    // One interval later, because results of the fleet come in flushes of their own.
    this.open.close(flush.at - flush.interval);
    for (const id of this.cumulative.expired) this.remove(id);
    for (const id of this.provisional) {
      const isSeries = this.cumulative.has(id);
      if (!isSeries && !this.open.has(id)) this.remove(id);
      if (isSeries || !this.table.has(id)) this.provisional.delete(id);
    }
    this.checks.expire(flush.at - this.retentionSeconds);
    this.catalogue.endFlush();
  }

  event(event: EventMessage): void {
    this.given++;
    this.events.set(event.alertType, (this.events.get(event.alertType) ?? 0) + 1);
  }

  serviceCheck(check: ServiceCheckMessage, receivedAt: number): void {
    this.checks.set(check, this.hostLabel(check.hostname), receivedAt);
    this.given++;
  }

  forget(contextIds: readonly number[]): void {
    // A context may go a few seconds before its series would.
    for (const id of contextIds) {
      this.remove(id);
      this.provisional.delete(id);
    }
    this.table.trim();
    this.open.trim(this.table.idEnd);
  }

  /**
   * Shows what an open bucket holds, on top of what was flushed; false when there is no room. Not while a flush is under
   * way: what that has taken and not yet written would be missing.
   */
  look(value: OpenValue): boolean {
    const { id } = value;
    const context = this.options.lookup(id);
    if (context === undefined) return false;
    if (this.options.isWanted?.(context) === false) return true;
    // A histogram is shown with all of its bins, or as of the last bucket.
    const { data } = value;
    if (data.kind === 'observed' && data.bins === undefined && this.needsBins(id)) return false;
    if (!this.open.take(value)) return false;
    if (this.table.has(id)) return true;
    this.admit(context);
    this.provisional.add(id);
    return true;
  }

  /** Whether what is shown of context `id` is made of its bins. */
  needsBins(id: number): boolean {
    return this.cumulative.hasBins(id);
  }

  /** Nothing waits to be delivered: a scrape reads what is there. */
  async close(): Promise<DeliveryReport> {
    return { undelivered: 0 };
  }

  /** The page for a client that sent this `Accept` header. */
  page(accept: string | undefined): Page {
    const { openmetrics = true, protobuf = false, showsOwn = true } = this.options;
    const format = negotiate(accept, { openmetrics, protobuf });
    const allOwn = () => [...(this.options.ownMetrics?.() ?? []), ...this.ownMetrics()];
    const source = {
      catchUp: () => {
        this.names.reserve(allOwn());
        return this.catalogue.catchUp();
      },
      families: () => this.names.displayed(format),
      totals: this.open,
      table: this.table,
      window: this.window,
      problems: this.problems,
      lookup: (id: number) => this.options.lookup(id),
      hostLabel: (host: ByteString) => this.hostLabel(host),
      ownMetrics: showsOwn ? allOwn : () => [],
    };
    return { contentType: CONTENT_TYPES[format], chunks: renderPage(source, format) };
  }

  /** A page of the server's own metrics alone. */
  ownPage(accept: string | undefined): Page {
    const { openmetrics = true, protobuf = false } = this.options;
    const format = negotiate(accept, { openmetrics, protobuf });
    const metrics = [...(this.options.ownMetrics?.() ?? []), ...this.ownMetrics()];
    return { contentType: CONTENT_TYPES[format], chunks: [renderOwnPage(metrics, format)] };
  }

  outcomes(): Outcomes {
    const reasons = REJECTIONS.filter((reason) => reason !== 'window_full');
    const rejected = Object.fromEntries(reasons.map((reason) => [reason, this.problems.rejected(reason)]));
    return outcomes({ accepted: { shown: this.given - totalOf(rejected) }, rejected });
  }

  /** This output's own metrics; the page adds them by itself. */
  ownMetrics(): OwnMetric[] {
    return [
      ownMetricBy(
        'counter',
        'whippet_events_total',
        'Events received, by alert type.',
        'alert_type',
        this.events,
      ),
      ownMetric('gauge', 'whippet_prometheus_series', 'Series on this page.', this.table.size),
      ownMetric(
        'counter',
        'whippet_prometheus_series_expired_total',
        'Series that left this page because no data came.',
        this.expired,
      ),
      ...this.problems.ownMetrics(),
    ];
  }

  private admit(context: Context): void {
    if (this.table.has(context.id)) return;
    const asked = this.options.exposures?.of(context) ?? PLAIN;
    // What bins are kept was decided when the total began; a reload may have changed it since.
    const exposure = this.cumulative.hasBins(context.id) ? asked : withoutBins(asked);
    this.table.admit(context.id, exposure);
  }

  /** Whether quantiles of the last minutes may be shown for it. */
  private isQuantiled(id: number): boolean {
    return !this.table.has(id) || this.table.exposureOf(id).buckets === undefined;
  }

  private remove(id: number): void {
    this.window.forget(id);
    this.open.forget(id);
    if (!this.table.has(id)) return;
    this.table.remove(id);
    this.expired++;
  }

  /** False when there is no room. */
  private addToWindow(id: number, data: AggregateData): boolean {
    if (data.kind === 'histogram') return this.window.addHistogram(id, data.histogram);
    return data.kind === 'distribution' ? this.window.addSketch(id, data.sketch) : true;
  }

  private hostLabel(host: ByteString): ByteString {
    return host === this.options.hostname ? '' : host;
  }
}
