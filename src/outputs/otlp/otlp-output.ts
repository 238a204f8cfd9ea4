/**
 * Output `otlp`: sums, gauges and exponential histograms as OTLP metrics, events as log records, to one receiver.
 *
 *   aggregate ─▶ points (delta-points.ts, cumulative-points.ts) ─▶ request, up to pointsMax or bytesMax ─▶ gzip ─▶ delivery
 *                                                        └─ points with times of their own: a request of their own
 *   service check ─▶ gauge `<name>.check_status`
 *   event ─▶ log record ─▶ a delivery of its own, so that a receiver without logs costs the metrics nothing
 *
 * Thread  the control thread; what it makes waits in the deliveries' queues.
 * Limits  one request of each kind is under construction; EVENTS_MAX events between two flushes make a request.
 */
import type { Context } from '../../model/context.ts';
import type { EventMessage, ServiceCheckMessage } from '../../model/message.ts';
import type { Aggregate } from '../../model/series.ts';
import type { ByteString } from '../../model/text.ts';
import { type Outcomes, outcomes, type Totals } from '../../telemetry/ledger/ledger.ts';
import type { OwnMetric } from '../../telemetry/metric.ts';
import type { CumulativeTable } from '../cumulative/cumulative-table.ts';
import { LastChecks } from '../last-checks.ts';
import type { OrderedDelivery } from '../ordered/ordered-delivery.ts';
import type { DeliveryReport, FlushInfo, Output } from '../output.ts';
import { ProtoWriter } from '../protobuf/proto-writer.ts';
import { hasKey, type TagPair, tagPairs } from '../tag-pairs.ts';
import { CumulativePoints } from './cumulative-points.ts';
import { DeltaPoints } from './delta-points.ts';
import { LogsRequest } from './logs-request.ts';
import { MetricsRequest, type Shape } from './metrics-request.ts';
import { type Compression, transactionOf } from './packed-request.ts';
import { type HistogramPoint, writeHistogram, writeNumber } from './point-message.ts';
import type { HistogramSettings, PointMaker, PointSink } from './point-sink.ts';
import { type Resource, type ResourceSettings, Resources } from './resources.ts';

/** Contexts are looked up once more when their series have ended. */
const FORGET_LATER_SECONDS = 60;
const EVENTS_MAX = 1000;
const CHECK_SUFFIX = '.check_status';
const HOST_ATTRIBUTE = 'host.name';

export interface OtlpSettings extends HistogramSettings {
  /** The server's own host name: that of data without one. */
  readonly hostname: ByteString;
  readonly resource: ResourceSettings;
  /** Gives each point its host as an attribute, too. */
  readonly hostAsAttribute: boolean;
  readonly compression: Compression;
  readonly pointsMax: number;
  readonly zeroSample: boolean;
  /** Version of whippet. */
  readonly version: string;
}

type Delivery = Pick<OrderedDelivery, 'submit' | 'status' | 'health' | 'totals' | 'metrics' | 'close'>;

export interface OtlpOptions {
  readonly name: string;
  readonly settings: OtlpSettings;
  /** The totals for cumulative temporality; without them it is delta. */
  readonly cumulative: CumulativeTable | undefined;
  readonly metrics: Delivery;
  /** Where events go; undefined when they go nowhere. */
  readonly logs: Delivery | undefined;
  /** The largest request to build, before compression. */
  readonly bytesMax: () => number;
  readonly lookup: (id: number) => Context | undefined;
  /** When the server started, ms since 1970. */
  readonly startedAt: number;
}

export class OtlpOutput implements Output, PointSink {
  readonly name: string;
  readonly retentionSeconds: number;
  readonly cumulative?: CumulativeTable;
  private readonly options: OtlpOptions;
  private readonly resources: Resources;
  private readonly maker: PointMaker;
  private readonly points: MetricsRequest;
  private readonly lates: MetricsRequest;
  private readonly records: LogsRequest;
  private readonly checks = new LastChecks();
  private accepted = 0;
  private filteredEvents = 0;
  private readonly rejected: Record<string, number> = {};

  constructor(options: OtlpOptions) {
    const { name, settings, cumulative, lookup, startedAt } = options;
    const { version, scale, bucketsMax, zeroSample } = settings;
    this.options = options;
    this.name = name;
    this.resources = new Resources(settings.resource);
    const temporality = cumulative === undefined ? 'delta' : 'cumulative';
    this.points = new MetricsRequest(temporality, version);
    this.lates = new MetricsRequest(temporality, version);
    this.records = new LogsRequest(version);
    const shared = { sink: this, startedAt, scale, bucketsMax };
    if (cumulative === undefined) {
      this.retentionSeconds = 0;
      this.maker = new DeltaPoints(shared);
    } else {
      this.cumulative = cumulative;
      this.retentionSeconds = cumulative.retentionSeconds + FORGET_LATER_SECONDS;
      this.maker = new CumulativePoints({ ...shared, table: cumulative, lookup, zeroSample });
    }
  }

  begin(flush: FlushInfo): void {
    this.maker.begin(Math.floor(flush.at * 1000));
  }

  write(part: readonly Aggregate[]): void {
    for (const aggregate of part) {
      const refusal = this.maker.write(aggregate);
      if (refusal === undefined) this.accepted++;
      else this.reject(refusal);
    }
  }

  end(flush: FlushInfo): void {
    this.maker.end(flush);
    const at = Math.floor(flush.at * 1000);
    for (const { name, hostname, tags, status } of this.checks.drain()) {
      point.length = 0;
      const attributes = tagPairs(tags);
      const resource = this.resourceOf(hostname, attributes);
      writeNumber(point, { startAt: 0, at }, attributes, status);
      this.add(this.points, resource, name + CHECK_SUFFIX, 'gauge');
    }
    this.send(this.points);
    this.send(this.lates);
    this.sendRecords();
  }

  event(event: EventMessage, receivedAt: number): void {
    if (this.options.logs === undefined) {
      this.filteredEvents++;
      return;
    }
    this.accepted++;
    const host = event.hostname;
    this.records.add(event, receivedAt, (attributes) => this.resources.of(this.hostOf(host), attributes));
    if (this.records.count >= EVENTS_MAX || this.records.byteLength >= this.options.bytesMax())
      this.sendRecords();
  }

  serviceCheck(check: ServiceCheckMessage): void {
    if (this.checks.set(check)) this.accepted++;
    else this.reject('check_limit');
  }

  forget(ids: readonly number[]): void {
    this.maker.forget(ids);
  }

  number(
    context: Context,
    shape: 'gauge' | 'sum',
    startAt: number,
    at: number,
    value: number | undefined,
  ): void {
    this.numberPoints(this.points, context, shape, startAt, at, value);
  }

  late(context: Context, shape: 'gauge' | 'sum', startAt: number, at: number, value: number): void {
    this.numberPoints(this.lates, context, shape, startAt, at, value);
  }

  histogram(
    { name, host, tags }: Context,
    startAt: number,
    at: number,
    of: HistogramPoint | undefined,
  ): void {
    point.length = 0;
    const attributes = tagPairs(tags);
    const resource = this.resourceOf(host, attributes);
    writeHistogram(point, { startAt, at }, attributes, of);
    this.add(this.points, resource, name, 'histogram');
  }

  outcomes(): Outcomes {
    return outcomes({
      accepted: { written: this.accepted },
      rejected: { ...this.rejected },
      filtered: { event: this.filteredEvents },
    });
  }

  totals(): readonly Totals[] {
    return this.deliveries.flatMap((delivery) => delivery.totals());
  }

  metrics(): readonly OwnMetric[] {
    return this.deliveries.flatMap((delivery) => delivery.metrics());
  }

  status(): readonly object[] {
    const temporality = this.cumulative === undefined ? 'delta' : 'cumulative';
    return this.deliveries.map(({ status }) => ({ ...status, temporality }));
  }

  health(): { readonly healthy: boolean; readonly detail?: string } {
    const all = this.deliveries.map((delivery) => delivery.health());
    return all.find(({ healthy }) => !healthy) ?? { healthy: true };
  }

  async close(deadlineMs: number): Promise<DeliveryReport> {
    // Events that came after the last flush.
    this.sendRecords();
    const reports = await Promise.all(this.deliveries.map((delivery) => delivery.close(deadlineMs)));
    const sum = (of: (report: DeliveryReport) => number | undefined): number =>
      reports.reduce((total, report) => total + (of(report) ?? 0), 0);
    const reasons = reports.flatMap(({ reason }) => reason ?? []);
    const kept = reports.flatMap(({ kept: places }) => places ?? []);
    return {
      undelivered: sum(({ undelivered }) => undelivered),
      lostAtStop: sum(({ lostAtStop }) => lostAtStop),
      keptOnDisk: sum(({ keptOnDisk }) => keptOnDisk),
      ...(reasons.length > 0 && { reason: reasons.join('; ') }),
      ...(kept.length > 0 && { kept }),
    };
  }

  private get deliveries(): Delivery[] {
    const { metrics, logs } = this.options;
    return logs === undefined ? [metrics] : [metrics, logs];
  }

  private numberPoints(
    request: MetricsRequest,
    { name, host, tags }: Context,
    shape: 'gauge' | 'sum',
    startAt: number,
    at: number,
    value: number | undefined,
  ): void {
    point.length = 0;
    const attributes = tagPairs(tags);
    const resource = this.resourceOf(host, attributes);
    writeNumber(point, { startAt, at }, attributes, value);
    this.add(request, resource, name, shape);
  }

  /** Takes the resource's own attributes out of the list, and adds the host to it where that is wanted. */
  private resourceOf(host: ByteString, attributes: TagPair[]): Resource {
    const own = this.hostOf(host);
    const resource = this.resources.of(own, attributes);
    if (this.options.settings.hostAsAttribute && own !== '' && !hasKey(attributes, HOST_ATTRIBUTE))
      attributes.push({ key: HOST_ATTRIBUTE, value: own });
    return resource;
  }

  private hostOf(host: ByteString): ByteString {
    return host === '' ? this.options.settings.hostname : host;
  }

  private add(request: MetricsRequest, resource: Resource, name: ByteString, shape: Shape): void {
    request.add(resource, name, shape, point);
    const { settings, bytesMax } = this.options;
    if (request.count >= settings.pointsMax || request.byteLength >= bytesMax()) this.send(request);
  }

  private send(request: MetricsRequest): void {
    if (request.count === 0) return;
    const { metrics, settings } = this.options;
    const built = request.finish();
    metrics.submit((createdAt) => transactionOf(built, 'metrics', settings.compression, createdAt));
  }

  private sendRecords(): void {
    const { logs, settings } = this.options;
    if (this.records.count === 0 || logs === undefined) return;
    const built = this.records.finish();
    logs.submit((createdAt) => transactionOf(built, 'logs', settings.compression, createdAt));
  }

  private reject(reason: string): void {
    this.rejected[reason] = (this.rejected[reason] ?? 0) + 1;
  }
}

/** Scratch: a data point. */
const point = new ProtoWriter(4096);
