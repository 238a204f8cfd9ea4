/**
 * Output `datadog`: turns every flush into payloads for the Datadog intake and hands them to a sink, which
 * delivers them.
 *
 *   aggregates ─┬─ series   ─┐
 *               └─ sketches  ├─▶ encode ─▶ lane: pack, compress ─▶ submit(payload)      one lane for each kind
 *   events ──────────────────┤
 *   service checks ──────────┘
 *
 * Thread   the control thread encodes, 500 aggregates at a time; compression is on the thread pool.
 * Limits   those of the lanes (lane.ts) and of payloads (packer.ts).
 * Numbers  that are not finite have no meaning at the intake: such a series or sketch is dropped and counted.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../../lib/log.ts';
import type { EventMessage, ServiceCheckMessage } from '../../model/message.ts';
import type { Aggregate } from '../../model/series.ts';
import type { Sketch } from '../../model/sketch.ts';
import { type ByteString, toText } from '../../model/text.ts';
import { type Account, fates } from '../../telemetry/ledger.ts';
import { type OwnMetric, ownMetricBy } from '../../telemetry/metric.ts';
import type { DeliveryReport, Output } from '../output.ts';
import { type Compressor, type CompressorKind, hasZstd, makeCompressor } from './compression.ts';
import { Lane } from './lane.ts';
import { writeEvent, writeServiceCheck } from './message-json.ts';
import type { PayloadKind, PayloadSink } from './payload.ts';
import {
  checksFormat,
  eventsFormat,
  type PayloadFormat,
  type PayloadLimits,
  seriesFormat,
  sketchesFormat,
} from './payload-format.ts';
import { writeSeriesV1, writeSeriesV2 } from './series-json.ts';
import { writeSeries, writeSketch } from './series-protobuf.ts';

/** While more than this waits for the packer, a flush waits a little. */
const BUSY_BYTES = 4 * 1024 * 1024;

export interface PayloadSettings {
  /** Kinds that are sent. */
  readonly kinds: readonly PayloadKind[];
  readonly series: 'v2-protobuf' | 'v2-json' | 'v1-json';
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
  /** The server's own host name. */
  readonly hostname: ByteString;
  readonly settings: PayloadSettings;
  readonly sink: PayloadSink;
  readonly log: Log;
  /** Bytes of each kind that may wait for the packer. */
  readonly queueBytesMax?: number;
}

export class DatadogOutput implements Output {
  readonly name = 'datadog';
  readonly retentionSeconds = 0;
  readonly #options: DatadogOptions;
  readonly #lanes: readonly Lane[];
  readonly #series: Lane | undefined;
  readonly #sketches: Lane | undefined;
  readonly #events: Lane | undefined;
  readonly #checks: Lane | undefined;
  readonly #writeSeries: typeof writeSeries;
  #report: Promise<DeliveryReport> | undefined;

  constructor(options: DatadogOptions) {
    this.#options = options;
    const { settings, hostname } = options;
    const compressor = chooseCompressor(settings, options.log);
    const { series, limits } = settings;
    const lane = (format: PayloadFormat): Lane | undefined =>
      settings.kinds.includes(format.kind)
        ? new Lane({ ...options, format, compressor, isGrouped: format.kind === 'events' })
        : undefined;
    this.#series = lane(seriesFormat(series, series === 'v1-json' ? limits : settings.seriesLimits));
    this.#sketches = lane(sketchesFormat(limits));
    this.#events = lane(eventsFormat(limits, toText(hostname)));
    this.#checks = lane(checksFormat(limits));
    this.#lanes = [this.#series, this.#sketches, this.#events, this.#checks].filter(
      (each) => each !== undefined,
    );
    this.#writeSeries = { 'v2-protobuf': writeSeries, 'v2-json': writeSeriesV2, 'v1-json': writeSeriesV1 }[
      series
    ];
  }

  isBusy(): boolean {
    return this.#lanes.some((lane) => lane.queuedBytes > BUSY_BYTES);
  }

  write(batch: readonly Aggregate[]): void {
    for (const aggregate of batch) {
      if (aggregate.data.kind === 'distribution') this.#writeSketch(aggregate, aggregate.data.sketch);
      else this.#writeSeriesOf(aggregate);
    }
  }

  end(): void {
    for (const lane of this.#lanes) lane.flush();
  }

  event(event: EventMessage, receivedAt: number): void {
    const chunk = this.#events?.room(1, event.title);
    if (chunk === undefined) return;
    writeEvent(event, receivedAt, this.#options.hostname, chunk);
    this.#events?.wrote();
  }

  serviceCheck(check: ServiceCheckMessage, receivedAt: number): void {
    const chunk = this.#checks?.room(1, check.name);
    if (chunk === undefined) return;
    writeServiceCheck(check, receivedAt, this.#options.hostname, chunk);
    this.#checks?.wrote();
  }

  close(deadlineMs: number): Promise<DeliveryReport> {
    this.#report ??= this.#close(deadlineMs);
    return this.#report;
  }

  status(): readonly object[] {
    return this.#options.sink.status?.() ?? [];
  }

  health(): { readonly healthy: boolean; readonly detail?: string } {
    return this.#options.sink.health?.() ?? { healthy: true };
  }

  /** Series, sketches, events and checks, one account for each kind; then payloads, one for each endpoint. */
  accounts(): Account[] {
    const items = this.#lanes.map(({ kind, taken, packed, held, dropped }): Account => {
      const numbers = { accepted: { packed }, dropped: Object.fromEntries(dropped), held: { packer: held } };
      return { stage: 'datadog', name: kind, unit: 'items', received: taken, ...fates(numbers) };
    });
    return [...items, ...(this.#options.sink.accounts?.() ?? [])];
  }

  metrics(): OwnMetric[] {
    const each = (value: (lane: Lane) => number): [string, number][] =>
      this.#lanes.map((lane) => [lane.kind, value(lane)]);
    const metric = (type: OwnMetric['type'], name: string, help: string, value: (lane: Lane) => number) =>
      ownMetricBy(type, name, help, 'kind', each(value));
    return [
      metric(
        'counter',
        'whippet_datadog_items_taken_total',
        'Series, sketches, events and service checks given to the Datadog output.',
        (lane) => lane.taken,
      ),
      metric(
        'counter',
        'whippet_datadog_items_packed_total',
        'Series, sketches, events and service checks put into payloads.',
        (lane) => lane.packed,
      ),
      this.#droppedMetric(),
      metric(
        'gauge',
        'whippet_datadog_items_held',
        'Series, sketches, events and service checks on their way into a payload.',
        (lane) => lane.held,
      ),
      metric('counter', 'whippet_datadog_payloads_built_total', 'Payloads made.', (lane) => lane.payloads),
      metric(
        'counter',
        'whippet_datadog_payload_bytes_built_total',
        'Bytes of payloads made, compressed.',
        (lane) => lane.payloadBytes,
      ),
      ...this.#options.sink.metrics(),
    ];
  }

  #droppedMetric(): OwnMetric {
    return {
      type: 'counter',
      name: 'whippet_datadog_items_dropped_total',
      help: 'Series, sketches, events and service checks that the Datadog output dropped.',
      samples: this.#lanes.flatMap(({ kind, dropped }) =>
        [...dropped].map(([reason, value]) => ({ labels: { kind, reason }, value })),
      ),
    };
  }

  #writeSeriesOf(aggregate: Aggregate): void {
    const lane = this.#series;
    const { context, series } = aggregate;
    if (lane === undefined || series.length === 0) return;
    const chunk = lane.room(series.length, context.name);
    if (chunk === undefined) return;
    this.#writeSeries(aggregate, chunk, (value) => {
      if (Number.isFinite(value)) return true;
      lane.refuse('non_finite', context.name);
      return false;
    });
    lane.wrote();
  }

  #writeSketch(aggregate: Aggregate, sketch: Sketch): void {
    const lane = this.#sketches;
    const { context, series } = aggregate;
    // A distribution whose name is filtered has no series, and an empty sketch says nothing.
    if (lane === undefined || series.length === 0 || sketch.count === 0) return;
    const { min, max, avg, sum } = sketch;
    if (![min, max, avg, sum].every(Number.isFinite)) {
      lane.refuse('non_finite', context.name);
      return;
    }
    const chunk = lane.room(1, context.name);
    if (chunk === undefined) return;
    writeSketch(aggregate, sketch, chunk);
    lane.wrote();
  }

  async #close(deadlineMs: number): Promise<DeliveryReport> {
    const begin = performance.now();
    this.end();
    const packed = Promise.all(this.#lanes.map((lane) => lane.whenIdle()));
    const timer = new AbortController();
    await Promise.race([
      packed,
      sleep(deadlineMs, undefined, { signal: timer.signal }).catch(() => undefined),
    ]);
    timer.abort();
    const lost = this.#lanes.reduce((sum, lane) => sum + lane.droppedItems + lane.held, 0);
    const leftMs = Math.max(0, deadlineMs - (performance.now() - begin));
    const sent = await this.#options.sink.close(leftMs);
    return joinReports(lost, sent);
  }
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

function joinReports(lost: number, sent: DeliveryReport): DeliveryReport {
  if (lost === 0) return sent;
  const reason = `${lost} series, sketches, events and service checks did not get into a Datadog payload`;
  return {
    undelivered: lost + sent.undelivered,
    reason: sent.reason === undefined ? reason : `${reason}; ${sent.reason}`,
  };
}
