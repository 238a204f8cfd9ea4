/**
 * Output `datadog`: turns every flush into payloads for the Datadog intake and hands them to a sink, which
 * delivers them.
 *
 *   aggregates ─┬─ series   ─┐
 *               └─ sketches  ├─▶ encode ─▶ pipeline: pack, compress ─▶ submit(payload)      one pipeline for each kind
 *   events ──────────────────┤
 *   service checks ──────────┘
 *
 * Thread   the control thread encodes, 500 aggregates at a time; compression is on the thread pool.
 * Limits   those of the pipelines (pipeline.ts) and of payloads (packer.ts).
 * Numbers  that are not finite have no meaning at the intake: such a series or sketch is dropped and counted.
 */

import type { Log } from '../../lib/log.ts';
import { Deadline } from '../../lib/time/deadline.ts';
import type { EventMessage, ServiceCheckMessage } from '../../model/message.ts';
import type { Aggregate } from '../../model/series.ts';
import type { Sketch } from '../../model/sketch.ts';
import { type ByteString, toText } from '../../model/text.ts';
import { outcomes, type Totals } from '../../telemetry/ledger/ledger.ts';
import type { OwnMetric } from '../../telemetry/metric.ts';
import type { DeliveryReport, Output } from '../output.ts';
import { addSeries } from './columns/series-rows.ts';
import { type Compressor, type CompressorKind, hasZstd, makeCompressor } from './compression.ts';
import type { ItemChunk } from './item-chunk.ts';
import { writeEvent, writeServiceCheck } from './message-json.ts';
import type { PayloadKind, PayloadSink } from './payload.ts';
import {
  checksFormat,
  eventsFormat,
  type PayloadFormat,
  type PayloadLimits,
  type SeriesFormat,
  seriesFormat,
  sketchesFormat,
} from './payload-format.ts';
import { type Chunk, columnPipeline, itemPipeline, type Pipeline } from './pipeline.ts';
import { writeSeriesV1, writeSeriesV2 } from './series-json.ts';
import { writeSeries, writeSketch } from './series-protobuf.ts';

/** While more than this waits for the packer, a flush waits a little. */
const BUSY_BYTES = 4 * 1024 * 1024;
/** Of the time of a stop, what packing may take at most; sending has the rest. */
const PACKING_SHARE = 0.6;

export interface PayloadSettings {
  /** Kinds that are sent. */
  readonly kinds: readonly PayloadKind[];
  readonly series: SeriesFormat;
  /** `auto` is zstd where the runtime has it, else zlib. */
  readonly compressor: CompressorKind | 'auto';
  readonly zstdLevel: number;
  readonly zlibLevel: number;
  /** Of series on the newer route. */
  readonly seriesLimits: PayloadLimits;
  /** Of everything else. */
  readonly limits: PayloadLimits;
}

export interface DatadogOptions {
  /** Of a further Datadog output; the first one is `datadog`. */
  readonly name?: string;
  /** The server's own host name. */
  readonly hostname: ByteString;
  readonly settings: PayloadSettings;
  readonly sink: PayloadSink;
  readonly log: Log;
  /** Bytes of each kind that may wait for the packer. */
  readonly queueBytesMax?: number;
}

export class DatadogOutput implements Output {
  readonly name: string;
  readonly retentionSeconds = 0;
  private readonly options: DatadogOptions;
  private readonly pipelines: readonly Pipeline[];
  private readonly series: SeriesPath | undefined;
  private readonly sketches: Pipeline<ItemChunk> | undefined;
  private readonly events: Pipeline<ItemChunk> | undefined;
  private readonly checks: Pipeline<ItemChunk> | undefined;
  private report: Promise<DeliveryReport> | undefined;

  constructor(options: DatadogOptions) {
    this.options = options;
    this.name = options.name ?? 'datadog';
    const { settings, hostname } = options;
    const compressor = chooseCompressor(settings, options.log);
    const { limits } = settings;
    const pipeline = (format: PayloadFormat): Pipeline<ItemChunk> | undefined =>
      settings.kinds.includes(format.kind)
        ? itemPipeline({ ...options, format, compressor, isGrouped: format.kind === 'events' })
        : undefined;
    this.series = settings.kinds.includes('series') ? seriesPath(options, compressor) : undefined;
    this.sketches = pipeline(sketchesFormat(limits));
    this.events = pipeline(eventsFormat(limits, toText(hostname)));
    this.checks = pipeline(checksFormat(limits));
    this.pipelines = [this.series?.pipeline, this.sketches, this.events, this.checks].filter(
      (each) => each !== undefined,
    );
  }

  isBusy(): boolean {
    return this.pipelines.some((pipeline) => pipeline.queuedBytes > BUSY_BYTES);
  }

  write(batch: readonly Aggregate[]): void {
    for (const aggregate of batch) {
      if (aggregate.data.kind === 'distribution') this.writeSketch(aggregate, aggregate.data.sketch);
      else this.series?.write(aggregate);
    }
  }

  end(): void {
    for (const pipeline of this.pipelines) pipeline.flush();
  }

  event(event: EventMessage, receivedAt: number): void {
    const chunk = this.events?.room(1, event.title);
    if (chunk === undefined) return;
    writeEvent(event, receivedAt, this.options.hostname, chunk);
    this.events?.wrote();
  }

  serviceCheck(check: ServiceCheckMessage, receivedAt: number): void {
    const chunk = this.checks?.room(1, check.name);
    if (chunk === undefined) return;
    writeServiceCheck(check, receivedAt, this.options.hostname, chunk);
    this.checks?.wrote();
  }

  close(deadlineMs: number): Promise<DeliveryReport> {
    this.report ??= this.closeOnce(deadlineMs);
    return this.report;
  }

  status(): readonly object[] {
    return this.options.sink.status?.() ?? [];
  }

  health(): { readonly healthy: boolean; readonly detail?: string } {
    return this.options.sink.health?.() ?? { healthy: true };
  }

  /** Series, sketches, events and checks, one entry for each kind; then payloads, one for each endpoint. */
  totals(): Totals[] {
    const items = this.pipelines.map(({ kind, taken, packed, held, dropped }): Totals => {
      const numbers = { accepted: { packed }, dropped: Object.fromEntries(dropped), held: { packer: held } };
      const name = this.isFurther ? `${kind} ${this.name}` : kind;
      return { stage: 'datadog', name, unit: 'items', received: taken, ...outcomes(numbers) };
    });
    return [...items, ...(this.options.sink.totals?.() ?? [])];
  }

  metrics(): OwnMetric[] {
    const metric = (
      type: OwnMetric['type'],
      name: string,
      help: string,
      value: (pipeline: Pipeline) => number,
    ): OwnMetric => ({
      type,
      name,
      help,
      samples: this.pipelines.map((pipeline) => ({
        labels: this.labelsOf(pipeline),
        value: value(pipeline),
      })),
    });
    return [
      metric(
        'counter',
        'whippet_datadog_items_taken_total',
        'Series, sketches, events and service checks given to the Datadog output.',
        (pipeline) => pipeline.taken,
      ),
      metric(
        'counter',
        'whippet_datadog_items_packed_total',
        'Series, sketches, events and service checks put into payloads.',
        (pipeline) => pipeline.packed,
      ),
      this.droppedMetric(),
      metric(
        'gauge',
        'whippet_datadog_items_held',
        'Series, sketches, events and service checks on their way into a payload.',
        (pipeline) => pipeline.held,
      ),
      metric(
        'counter',
        'whippet_datadog_payloads_built_total',
        'Payloads made.',
        (pipeline) => pipeline.payloads,
      ),
      metric(
        'counter',
        'whippet_datadog_payload_bytes_built_total',
        'Bytes of payloads made, compressed.',
        (pipeline) => pipeline.payloadBytes,
      ),
      ...this.options.sink.metrics(),
    ];
  }

  private droppedMetric(): OwnMetric {
    return {
      type: 'counter',
      name: 'whippet_datadog_items_dropped_total',
      help: 'Series, sketches, events and service checks that the Datadog output dropped.',
      samples: this.pipelines.flatMap((pipeline) =>
        [...pipeline.dropped].map(([reason, value]) => ({
          labels: { ...this.labelsOf(pipeline), reason },
          value,
        })),
      ),
    };
  }

  private get isFurther(): boolean {
    return this.options.name !== undefined;
  }

  /** The label `output` tells further outputs from the first. */
  private labelsOf({ kind }: Pipeline): Record<string, string> {
    return this.isFurther ? { kind, output: this.name } : { kind };
  }

  private writeSketch(aggregate: Aggregate, sketch: Sketch): void {
    const pipeline = this.sketches;
    const { context, series } = aggregate;
    // A distribution whose name is filtered has no series, and an empty sketch says nothing.
    if (pipeline === undefined || series.length === 0 || sketch.count === 0) return;
    const { min, max, avg, sum } = sketch;
    if (![min, max, avg, sum].every(Number.isFinite)) {
      pipeline.refuse('non_finite', context.name);
      return;
    }
    const chunk = pipeline.room(1, context.name);
    if (chunk === undefined) return;
    writeSketch(aggregate, sketch, chunk);
    pipeline.wrote();
  }

  private async closeOnce(deadlineMs: number): Promise<DeliveryReport> {
    const deadline = new Deadline(deadlineMs);
    this.end();
    const packed = Promise.all(this.pipelines.map((pipeline) => pipeline.whenIdle()));
    await deadline.within(deadlineMs * PACKING_SHARE).race(packed);
    const sent = await this.options.sink.close(deadline.leftMs);
    const held = this.pipelines.reduce((sum, pipeline) => sum + pipeline.held, 0);
    const dropped = this.pipelines.reduce((sum, pipeline) => sum + pipeline.droppedItems, 0);
    return joinReports(dropped, held, sent);
  }
}

/** The pipeline of series and what writes into it. */
interface SeriesPath {
  readonly pipeline: Pipeline;
  write(aggregate: Aggregate): void;
}

type WriteSeries<C> = (aggregate: Aggregate, chunk: C, accepts: (value: number) => boolean) => void;

function seriesPath(options: DatadogOptions, compressor: Compressor): SeriesPath {
  const { series, limits, seriesLimits } = options.settings;
  const format = seriesFormat(series, series === 'v1-json' ? limits : seriesLimits);
  const made = { ...options, format, compressor };
  if (series === 'v3-columns') return pathInto(columnPipeline(made), addSeries);
  const write = { 'v2-protobuf': writeSeries, 'v2-json': writeSeriesV2, 'v1-json': writeSeriesV1 }[series];
  return pathInto(itemPipeline(made), write);
}

function pathInto<C extends Chunk>(pipeline: Pipeline<C>, write: WriteSeries<C>): SeriesPath {
  return {
    pipeline: pipeline as Pipeline<Chunk>,
    write: (aggregate) => {
      const { context, series } = aggregate;
      if (series.length === 0) return;
      const chunk = pipeline.room(series.length, context.name);
      if (chunk === undefined) return;
      write(aggregate, chunk, (value) => {
        if (Number.isFinite(value)) return true;
        pipeline.refuse('non_finite', context.name);
        return false;
      });
      pipeline.wrote();
    },
  };
}

/** Falls back from zstd where the runtime has none; warns when it was asked for by name. */
function chooseCompressor(settings: PayloadSettings, log: Log): Compressor {
  const { compressor: asked, zstdLevel, zlibLevel } = settings;
  const isMissing = (asked === 'zstd' || asked === 'auto') && !hasZstd();
  if (isMissing && asked === 'zstd')
    log.warn(
      { serializer_compressor_kind: asked, node: process.version },
      'this Node.js has no zstd (22.15 has), so Datadog payloads are compressed with zlib',
    );
  const wanted = asked === 'auto' ? 'zstd' : asked;
  return makeCompressor(isMissing ? 'zlib' : wanted, { zstd: zstdLevel, zlib: zlibLevel });
}

function joinReports(dropped: number, held: number, sent: DeliveryReport): DeliveryReport {
  const lost = dropped + held;
  if (lost === 0) return sent;
  const reason = `${lost} series, sketches, events and service checks did not get into a Datadog payload`;
  return {
    ...sent,
    undelivered: lost + sent.undelivered,
    lostAtStop: held + (sent.lostAtStop ?? 0),
    reason: sent.reason === undefined ? reason : `${reason}; ${sent.reason}`,
  };
}
