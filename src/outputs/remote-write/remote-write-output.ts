/**
 * Output `remote_write`: running totals, gauges and native histograms as Prometheus remote write, to one receiver.
 *
 *   part of a batch ─▶ one series each ─▶ request, up to seriesMax series or bytesMax ─▶ Snappy ─▶ ordered delivery
 *                                          samples │ histograms │ late samples: a request each, so that what a receiver
 *                                                  │            │ does not take costs the others nothing
 *
 *   counter                  total since its start; its first point comes with a zero at the start
 *   gauge, set               the value, in buckets with data
 *   histogram, distribution  native histogram since its start, or quantiles of the bucket with _sum and _count
 *   timestamped              a gauge at its own time; a counter joins the total
 *   service check            gauge `<name>_check_status`
 *   a series that ends       a stale marker
 *
 * The time of a point is the end of its bucket, or of the flush where that comes first: a bucket that is flushed before its
 * end, at a stop for example, never has a point later than what follows. Times of a series only rise.
 *
 * Thread  the control thread; what it makes waits in the delivery's queue.
 */
import type { Log } from '../../lib/log.ts';
import type { Context } from '../../model/context.ts';
import type { EventMessage, ServiceCheckMessage } from '../../model/message.ts';
import type { Aggregate } from '../../model/series.ts';
import { toText } from '../../model/text.ts';
import { type Outcomes, outcomes, type Totals } from '../../telemetry/ledger/ledger.ts';
import type { OwnMetric } from '../../telemetry/metric.ts';
import type { CumulativeTable } from '../cumulative/cumulative-table.ts';
import { atSchema, fromBins, withBucketsAtMost } from '../native-histogram/exponential-histogram.ts';
import { LOSSLESS_SCHEMA } from '../native-histogram/key-index.ts';
import { bucketsInSpans } from '../native-histogram/spans.ts';
import type { OrderedDelivery } from '../ordered/ordered-delivery.ts';
import type { DeliveryReport, FlushInfo, Output } from '../output.ts';
import { ConflictLog } from '../prometheus/family-names.ts';
import { CheckSamples } from './check-samples.ts';
import { LateSamples } from './late-samples.ts';
import { transactionOf } from './packed-request.ts';
import { RequestBuilder, type WriteVersion } from './request-builder.ts';
import { type LabelSettings, SeriesLabels } from './series-labels.ts';
import { SERIES, SeriesRegistry } from './series-registry.ts';
import type { MetricType, WritePoint } from './write-series.ts';

/** Contexts are looked up once more when their series have ended. */
const FORGET_LATER_SECONDS = 60;
const QUANTILES = [0.5, 0.9, 0.95, 0.99] as const;

export interface RemoteWriteSettings {
  readonly labels: LabelSettings;
  readonly seriesMax: number;
  /** Of a request before compression. */
  readonly bytesMax: number;
  /** The first write of a total has a zero at its start. */
  readonly zeroSample: boolean;
  /** An orderly stop ends all series. */
  readonly staleOnStop: boolean;
  readonly distributions: 'native' | 'summary';
  /** The schema of native histograms, -4 to 6. */
  readonly schema: number;
  /** 0 is no limit. */
  readonly bucketsMax: number;
}

export interface RemoteWriteOptions {
  readonly name: string;
  readonly settings: RemoteWriteSettings;
  readonly cumulative: CumulativeTable;
  readonly delivery: Pick<OrderedDelivery, 'submit' | 'status' | 'health' | 'totals' | 'metrics' | 'close'>;
  /** The version that the receiver is known or hoped to speak. */
  readonly version: () => WriteVersion;
  readonly lookup: (id: number) => Context | undefined;
  /** The unit of a context's values; empty when it is not known. */
  readonly unitOf: (context: Context) => string;
  /** When the server started, ms since 1970: no total began before. */
  readonly startedAt: number;
  readonly log?: Log;
}

export class RemoteWriteOutput implements Output {
  readonly name: string;
  readonly retentionSeconds: number;
  readonly cumulative: CumulativeTable;
  private readonly options: RemoteWriteOptions;
  private readonly labels: SeriesLabels;
  private readonly registry: SeriesRegistry;
  private readonly samples: RequestBuilder;
  private readonly histograms: RequestBuilder;
  private readonly lates: RequestBuilder;
  private readonly late = new LateSamples();
  private readonly checks = new CheckSamples();
  /** Counters of this flush that timestamped samples have added to. */
  private readonly dirty = new Map<number, Context>();
  private flushAt = 0;
  private lastStaleAt = 0;
  private accepted = 0;
  private filtered = { event: 0, relabel: 0 };
  private readonly rejected: Record<string, number> = {};

  constructor(options: RemoteWriteOptions) {
    this.options = options;
    this.name = options.name;
    this.cumulative = options.cumulative;
    this.retentionSeconds = options.cumulative.retentionSeconds + FORGET_LATER_SECONDS;
    this.labels = new SeriesLabels(options.settings.labels);
    const conflicts = new ConflictLog(options.name, options.log);
    this.registry = new SeriesRegistry((conflict) => conflicts.tell(conflict));
    const version = options.version();
    this.samples = new RequestBuilder(version);
    this.histograms = new RequestBuilder(version);
    this.lates = new RequestBuilder(version);
  }

  begin(flush: FlushInfo): void {
    this.flushAt = Math.floor(flush.at * 1000);
  }

  write(part: readonly Aggregate[]): void {
    for (const aggregate of part) this.writeAggregate(aggregate);
  }

  end(flush: FlushInfo): void {
    this.writeDirty(flush);
    this.late.drain((context, points) => this.writeLate(context, points));
    this.checks.drain(this.labels, (labels, family, value) =>
      this.add(this.samples, labels, family, 'gauge', 0, [{ kind: 'sample', at: this.flushAt, value }]),
    );
    for (const id of this.cumulative.expired) this.endSeries(id, flush);
    if (flush.final && this.options.settings.staleOnStop)
      for (const id of this.registry.ids()) this.endSeries(id, flush);
    for (const builder of [this.samples, this.histograms, this.lates]) this.send(builder);
  }

  event(_: EventMessage): void {
    this.filtered.event++;
  }

  serviceCheck(check: ServiceCheckMessage): void {
    if (this.checks.set(check)) this.accepted++;
    else this.reject('check_limit');
  }

  forget(ids: readonly number[]): void {
    for (const id of ids) {
      // Its text is gone already; it has been told of as expired, long before.
      this.registry.release(id);
      this.dirty.delete(id);
      this.late.forget(id);
    }
    this.registry.trim();
  }

  outcomes(): Outcomes {
    return outcomes({
      accepted: { written: this.accepted },
      rejected: { ...this.rejected },
      filtered: { ...this.filtered },
    });
  }

  totals(): readonly Totals[] {
    return this.options.delivery.totals();
  }

  metrics(): readonly OwnMetric[] {
    return this.options.delivery.metrics();
  }

  status(): readonly object[] {
    return [{ ...this.options.delivery.status, series: this.registry.size, version: this.options.version() }];
  }

  health(): { readonly healthy: boolean; readonly detail?: string } {
    return this.options.delivery.health();
  }

  close(deadlineMs: number): Promise<DeliveryReport> {
    return this.options.delivery.close(deadlineMs);
  }

  private writeAggregate(aggregate: Aggregate): void {
    const { context, data, timestamp, interval } = aggregate;
    // The zero of an idle counter whose series has ended.
    if (data.kind !== 'timestamped' && !this.cumulative.has(context.id)) {
      const why = this.cumulative.refusalOf(aggregate);
      if (why === undefined) this.accepted++;
      else this.reject(why);
      return;
    }
    const refusal = this.cumulative.refusalOf(aggregate);
    if (refusal !== undefined) {
      this.reject(refusal);
      // A total that met its limit is still a total.
      if (refusal !== 'cut') return;
    }
    const state = this.admit(context);
    if (state !== SERIES.lives) {
      if (state === SERIES.duplicate && refusal === undefined) this.reject('duplicate_series');
      if (state === SERIES.dropped && refusal === undefined) this.filtered.relabel++;
      return;
    }
    if (refusal === undefined) this.accepted++;
    if (data.kind === 'timestamped') {
      if (context.type === 'counter') this.dirty.set(context.id, context);
      else this.late.add(context, timestamp * 1000, data.value);
      return;
    }
    this.dirty.delete(context.id);
    this.writeTotals(context, (timestamp + interval) * 1000, aggregate);
  }

  private reject(reason: string): void {
    this.rejected[reason] = (this.rejected[reason] ?? 0) + 1;
  }

  /** Makes the context a series if it is none; its state. */
  private admit(context: Context): number {
    const before = this.registry.stateOf(context.id);
    if (before !== SERIES.none) return before;
    return this.registry.admit(
      context,
      this.typeOf(context),
      this.labels.nameOf(context.name),
      (name) => this.labels.of(context, name),
      (other) => this.labelsOf(other),
    );
  }

  private labelsOf(id: number): string[] | undefined {
    const context = this.options.lookup(id);
    return context && this.labels.of(context, this.registry.nameOf(id));
  }

  private typeOf({ type }: Context): MetricType {
    if (type === 'counter') return 'counter';
    if (type === 'gauge' || type === 'set') return 'gauge';
    return this.options.settings.distributions === 'native' ? 'histogram' : 'summary';
  }

  /** When a total began: not before the server, and after the end of a series of that name. */
  private startOf(id: number): number {
    const start = (this.cumulative.startAt[id] as number) * 1000;
    return Math.max(start, this.options.startedAt);
  }

  /**
   * A total that begins is zero first: `increase()` cannot see the value a counter is born with. The time of that zero, 0
   * for none.
   */
  private zeroOf(id: number, type: MetricType, startAt: number, at: number): number {
    const isFirst = this.registry.lastAt(id) === 0;
    if (!isFirst || type === 'gauge' || !this.options.settings.zeroSample) return 0;
    const zeroAt = startAt > this.lastStaleAt ? startAt : this.lastStaleAt + 1;
    return zeroAt < at ? zeroAt : 0;
  }

  /** The time of a point of a bucket that ends at `endAt`. */
  private timeOf(id: number, endAt: number): number {
    return Math.max(Math.min(endAt, this.flushAt), this.registry.lastAt(id) + 1);
  }

  private writeTotals(context: Context, endAt: number, aggregate: Aggregate | undefined): void {
    const { id } = context;
    const type = this.typeOf(context);
    const at = this.timeOf(id, endAt);
    const family = this.registry.nameOf(id);
    const startAt = type === 'gauge' ? 0 : this.startOf(id);
    const zeroAt = this.zeroOf(id, type, startAt, at);
    this.registry.setLastAt(id, at);
    if (type === 'histogram') this.writeHistogram(context, family, startAt, zeroAt, at);
    else if (type === 'summary') this.writeSummary(context, family, startAt, zeroAt, at, aggregate);
    else {
      const points = pointsOf(zeroAt, at, this.cumulative.value[id] as number);
      this.addSample(context, family, family, type, startAt, points);
    }
  }

  private writeHistogram(
    context: Context,
    family: string,
    startAt: number,
    zeroAt: number,
    at: number,
  ): void {
    const { id } = context;
    const { keys, counts, length } = this.cumulative.binsOf(id);
    const { schema, bucketsMax } = this.options.settings;
    const whole = fromBins(
      { keys: keys.subarray(0, length), counts: counts.subarray(0, length) },
      LOSSLESS_SCHEMA,
    );
    const histogram = withBucketsAtMost(atSchema(whole, schema), bucketsMax, bucketsInSpans);
    const sum = this.cumulative.value[id] as number;
    const points: WritePoint[] = [{ kind: 'histogram', at, sum, histogram }];
    if (zeroAt > 0) {
      const none = { ...histogram, count: 0, zeroCount: 0, positive: NO_BUCKETS, negative: NO_BUCKETS };
      points.unshift({ kind: 'histogram', at: zeroAt, sum: 0, histogram: none });
    }
    const labels = this.labels.of(context, family);
    if (labels !== undefined)
      this.add(this.histograms, labels, family, 'histogram', startAt, points, context);
  }

  private writeSummary(
    context: Context,
    family: string,
    startAt: number,
    zeroAt: number,
    at: number,
    aggregate: Aggregate | undefined,
  ): void {
    const { id } = context;
    const total = (suffix: string, value: number): void =>
      this.addSample(context, family + suffix, family, 'summary', startAt, pointsOf(zeroAt, at, value));
    total('_sum', this.cumulative.value[id] as number);
    total('_count', this.cumulative.count[id] as number);
    const data = aggregate?.data;
    if (data?.kind !== 'histogram' && data?.kind !== 'distribution') return;
    const of = data.kind === 'histogram' ? data.histogram : data.sketch;
    for (const quantile of QUANTILES) {
      const value = of.count === 0 ? undefined : of.quantile(quantile);
      if (value === undefined) continue;
      const labels = this.labels.of(context, family, { name: 'quantile', value: String(quantile) });
      if (labels !== undefined)
        this.add(this.samples, labels, family, 'summary', 0, [{ kind: 'sample', at, value }], context);
    }
  }

  /** Counters that only timestamped samples have added to. */
  private writeDirty(flush: FlushInfo): void {
    for (const context of this.dirty.values()) this.writeTotals(context, flush.at * 1000, undefined);
    this.dirty.clear();
  }

  private writeLate(
    context: Context,
    points: readonly { readonly at: number; readonly value: number }[],
  ): void {
    const { id } = context;
    const family = this.registry.nameOf(id);
    const lastAt = this.registry.lastAt(id);
    const samples = points.map(({ at, value }): WritePoint => ({ kind: 'sample', at, value }));
    const inOrder = samples.filter(({ at }) => at > lastAt);
    const late = samples.filter(({ at }) => at <= lastAt);
    if (inOrder.length > 0) {
      this.registry.setLastAt(id, inOrder.at(-1)?.at ?? lastAt);
      this.addSample(context, family, family, 'gauge', 0, inOrder);
    }
    // A store may refuse these: they come alone, so that the others are not refused with them.
    const labels = late.length > 0 ? this.labels.of(context, family) : undefined;
    if (labels !== undefined) this.add(this.lates, labels, family, 'gauge', 0, late, context);
  }

  /** The series has ended: its last point says so. */
  private endSeries(id: number, flush: FlushInfo): void {
    const context = this.registry.stateOf(id) === SERIES.lives ? this.options.lookup(id) : undefined;
    if (context !== undefined) {
      const bucketEnd = Math.floor(flush.at / flush.interval) * flush.interval * 1000;
      const at = Math.max(this.registry.lastAt(id) + 1, bucketEnd);
      this.writeStale(context, at);
      this.lastStaleAt = Math.max(this.lastStaleAt, at);
    }
    this.registry.release(id);
  }

  private writeStale(context: Context, at: number): void {
    const family = this.registry.nameOf(context.id);
    const type = this.typeOf(context);
    if (type === 'histogram') {
      const labels = this.labels.of(context, family);
      if (labels !== undefined)
        this.add(this.histograms, labels, family, type, 0, [{ kind: 'stale histogram', at }], context);
      return;
    }
    const stale: WritePoint[] = [{ kind: 'stale', at }];
    if (type !== 'summary') {
      this.addSample(context, family, family, type, 0, stale);
      return;
    }
    for (const suffix of ['_sum', '_count']) this.addSample(context, family + suffix, family, type, 0, stale);
    for (const quantile of QUANTILES) {
      const labels = this.labels.of(context, family, { name: 'quantile', value: String(quantile) });
      if (labels !== undefined) this.add(this.samples, labels, family, type, 0, stale, context);
    }
  }

  private addSample(
    context: Context,
    name: string,
    family: string,
    type: MetricType,
    startAt: number,
    points: readonly WritePoint[],
  ): void {
    const labels = this.labels.of(context, name);
    if (labels !== undefined) this.add(this.samples, labels, family, type, startAt, points, context);
  }

  private add(
    builder: RequestBuilder,
    labels: readonly string[],
    family: string,
    type: MetricType,
    startAt: number,
    points: readonly WritePoint[],
    context?: Context,
  ): void {
    const help = `DogStatsD ${context === undefined ? family : toText(context.name)}`;
    const unit = context === undefined ? '' : this.options.unitOf(context);
    builder.add({ labels, family: { name: family, type, help, unit }, startAt, points });
    const { seriesMax, bytesMax } = this.options.settings;
    if (builder.seriesCount >= seriesMax || builder.byteLength >= bytesMax) this.send(builder);
  }

  private send(builder: RequestBuilder): void {
    if (builder.seriesCount === 0) return;
    const request = builder.finish(this.options.version());
    this.options.delivery.submit((createdAt) => transactionOf(request, createdAt));
  }
}

const NO_BUCKETS = { indexes: [], counts: [] };

function pointsOf(zeroAt: number, at: number, value: number): WritePoint[] {
  const point: WritePoint = { kind: 'sample', at, value };
  return zeroAt > 0 ? [{ kind: 'sample', at: zeroAt, value: 0 }, point] : [point];
}
