/**
 * The server: joins the parts, starts them in the order data flows backwards, stops them in the order it
 * flows.
 *
 *   intake threads ──messages, sealed buckets──▶ registry, sampler ──flush──▶ outputs
 *
 * Thread  the control thread.
 * Start   sockets, outputs, HTTP, intake threads; whatever fails stops the start and closes the rest.
 * Stop    intake threads drain and seal; the last flush; outputs get a deadline; HTTP closes.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import { Registry } from './aggregate/registry.ts';
import { TimeSampler } from './aggregate/sampler.ts';
import { AGENT_LIMITS } from './aggregate/sketch-bins.ts';
import { describeDifference, differingKeys } from './config/difference.ts';
import type { Config } from './config/schema.ts';
import { HASH_KEY_BYTES } from './core/core.ts';
import { coreMetrics } from './core/core-metrics.ts';
import { CORE_COUNTERS } from './core/counters.ts';
import { SealedMemory } from './core/sealed-memory.ts';
import { histogramNameFilter, matchesName } from './enrich/name-filter.ts';
import { DEFAULT_ENRICH_OPTIONS, enrichOptionsOf } from './enrich/settings.ts';
import type { Workloads } from './enrich/static-tagger.ts';
import type { HealthReport } from './http/health-report.ts';
import type { HttpServer, ReloadAnswer } from './http/server.ts';
import { IntakeThread, type ThreadSettings } from './intake/intake-thread.ts';
import { loadLibc } from './intake/libc.ts';
import { type OpenListener, openListeners } from './intake/open-listeners.ts';
import { Beat } from './lib/beat.ts';
import { CONTEXT_TYPES } from './model/context.ts';
import type { NewContexts, ShardMessage } from './model/shard-message.ts';
import { toByteString } from './model/text.ts';
import { ConsoleOutput, type ConsoleStream } from './outputs/console.ts';
import { EchoPrinter } from './outputs/echo.ts';
import { FanOut } from './outputs/fan-out.ts';
import { FileOutput } from './outputs/file.ts';
import type { Output } from './outputs/output.ts';
import { PrometheusOutput } from './outputs/prometheus/prometheus-output.ts';
import { toSafeText } from './outputs/safe-text.ts';
import { UNKNOWN_FIELD_BYTES, UnknownFields } from './protocol/unknown-fields.ts';
import type { Logger } from './telemetry/logger.ts';
import { type OwnMetric, ownMetric, ownMetricBy } from './telemetry/metric.ts';
import { shardMetrics } from './telemetry/shard-metrics.ts';

export type { ReloadAnswer };

/** How long a flush waits for intake threads that are behind, ms. */
const FLUSH_GRACE_MS = 2000;
/** Samples with a timestamp of their own a bucket of one thread holds. */
const TIMESTAMPED_MAX = 1_048_576;
const KEY_WORDS = 4;

export interface ServerOptions {
  readonly config: Config;
  readonly workloads: Workloads;
  readonly log: Logger;
  /** Loads the configuration again and hands it to reload(); for requests over HTTP. */
  readonly onReload: () => Promise<ReloadAnswer>;
  /** Where console and echo print. */
  readonly stream: ConsoleStream;
  /** An intake thread died: the server cannot go on. */
  readonly onFatal: (error: Error) => void;
}

/** Nice value of the control thread. */
const CONTROL_NICENESS = 10;

/** What a reload changed, as keys of the configuration. */
export interface ReloadReport {
  readonly changed: readonly string[];
  /** Keys that differ but are only read at start. */
  readonly needRestart: readonly string[];
}

/** Keys a running server can take new values for. */
const RELOADABLE = new Set([...Object.keys(DEFAULT_ENRICH_OPTIONS), 'workloads']);

export interface StopReport {
  /** Aggregates, events and checks that could not be delivered. */
  readonly undelivered: number;
  readonly reasons: readonly string[];
}

/** What all intake threads are told alike. */
type SharedSettings = Omit<ThreadSettings, 'listener' | 'eolRequired' | 'unknownFields'>;

export class Server {
  private config: Config;
  private workloads: Workloads;
  private readonly log: Logger;
  private readonly options: ServerOptions;
  private readonly registry: Registry;
  private readonly threads: IntakeThread[] = [];
  private readonly beat: Beat;
  private readonly echo: EchoPrinter | undefined;
  private listeners: OpenListener[] = [];
  private outputs: FanOut;
  private sampler: TimeSampler;
  private http: HttpServer | undefined;
  /** Names of derived series that are left out at a flush. */
  private nameFilter: ReturnType<typeof histogramNameFilter>;
  /** What each thread saw of fields it does not know; and the kinds that were warned of. */
  private readonly unknownFields: UnknownFields[] = [];
  private readonly warnedFields = new Set<string>();
  private running = false;
  private flushes = 0;

  private constructor(options: ServerOptions) {
    this.options = options;
    this.config = options.config;
    this.workloads = options.workloads;
    this.nameFilter = this.makeNameFilter();
    this.log = options.log;
    this.registry = new Registry({ contextsMax: this.config.limits.contexts });
    this.outputs = new FanOut([], this.log);
    this.sampler = this.makeSampler();
    if (this.config.outputs.echo) {
      this.echo = new EchoPrinter({
        stream: options.stream,
        linesPerSecond: this.config.outputs.echo_per_second,
      });
    }
    this.beat = new Beat({
      intervalSeconds: this.config.bucket_seconds,
      graceMs: FLUSH_GRACE_MS,
      clock: () => Date.now() / 1000,
      reached: () => Math.min(...this.threads.map((thread) => thread.passed)),
      run: () => this.flush(false),
    });
  }

  /** Starts a server. Rejects with the error of the part that could not start; everything else is closed then. */
  static async start(options: ServerOptions): Promise<Server> {
    const server = new Server(options);
    try {
      await server.open();
    } catch (error) {
      await server.abandon();
      throw error;
    }
    return server;
  }

  /** What it listens on. */
  get addresses(): readonly { readonly kind: string; readonly name: string; readonly port: number }[] {
    return this.listeners.map(({ kind, name, port }) => ({ kind, name, port }));
  }

  /** The HTTP server's port; undefined when it is off. */
  get httpPort(): number | undefined {
    return this.http?.port;
  }

  /** Drains, flushes and closes; resolves with what could not be delivered. */
  async stop(): Promise<StopReport> {
    this.running = false;
    await Promise.all(this.threads.map((thread) => thread.stop()));
    for (const listener of this.listeners) listener.close();
    await this.beat.stop();
    await this.flush(true);
    const reports = await this.outputs.close(this.config.stop_timeout_seconds * 1000);
    await this.http?.close();
    const left = this.sampler.counts.incompleteAggregates;
    const reasons = reports.flatMap(({ reason }) => (reason === undefined ? [] : [reason]));
    if (left > 0)
      reasons.push(
        `${left} aggregates of open buckets were left behind (dogstatsd_flush_incomplete_buckets)`,
      );
    return { undelivered: reports.reduce((sum, { undelivered }) => sum + undelivered, left), reasons };
  }

  /**
   * Takes what can change while it runs from another configuration: mapper, filters, namespace, tags,
   * workloads. The threads forget the lines they know; buckets and counts stay.
   */
  reload(config: Config, workloads: Workloads): ReloadReport {
    const differing = differingKeys(this.config, config);
    if (JSON.stringify(workloads) !== JSON.stringify(this.workloads)) differing.add('workloads');
    const changed = [...differing].filter((key) => RELOADABLE.has(key));
    const needRestart = [...differing].filter((key) => !RELOADABLE.has(key));
    const difference = changed.map((key) => describeDifference(this.config, config, key));
    if (changed.length > 0) {
      this.workloads = workloads;
      this.config = withReloaded(this.config, config);
      this.nameFilter = this.makeNameFilter();
      for (const thread of this.threads) thread.reload({ enrich: enrichOptionsOf(config), workloads });
    }
    this.log.info({ changed, difference }, 'reloaded the configuration');
    if (needRestart.length > 0) this.log.warn({ needRestart }, 'these keys need a restart to change');
    return { changed, needRestart };
  }

  /** Continues in new files where log rotation moved the old ones away. */
  reopenFiles(): void {
    for (const output of this.outputs.outputs) if (output instanceof FileOutput) output.reopen();
  }

  private async open(): Promise<void> {
    const { config } = this;
    this.listeners = await openListeners({ ...config, portable: config.intake.portable });
    this.outputs = new FanOut(await this.openOutputs(), this.log);
    this.sampler = this.makeSampler();
    await this.openHttp();
    const settings = this.threadSettings();
    for (const listener of this.listeners) this.startThreads(listener, settings);
    await Promise.all(this.threads.map((thread) => thread.whenReady()));
    yieldToIntake();
    this.running = true;
    this.beat.start();
    for (const { kind, name, receiveBufferBytes } of this.listeners) {
      this.log.info({ listener: kind, address: name, receiveBufferBytes }, 'listening');
    }
    if (this.listeners.length === 0)
      this.log.warn({}, 'no listener is on; set dogstatsd_port or dogstatsd_socket');
    if (this.http) this.log.info({ address: this.http.address, port: this.http.port }, 'HTTP is up');
  }

  /** Undoes a start that failed half-way. */
  private async abandon(): Promise<void> {
    await Promise.all(this.threads.map((thread) => thread.stop()));
    for (const listener of this.listeners) listener.close();
    await this.outputs.close(0);
    await this.http?.close();
  }

  private async openOutputs(): Promise<Output[]> {
    const { config, log, options } = this;
    const outputs: Output[] = [];
    if (config.outputs.file.path !== '')
      outputs.push(await FileOutput.open({ path: config.outputs.file.path, log }));
    const wantsConsole = config.outputs.console === 'auto' ? outputs.length === 0 : config.outputs.console;
    if (wantsConsole) {
      outputs.push(
        new ConsoleOutput({
          stream: options.stream,
          writeLine: (line) => log.info({}, line),
          samples: () => this.sampleCount(),
        }),
      );
    }
    if (config.outputs.prometheus.enabled && config.http.port >= 0) outputs.push(this.makePrometheus());
    return outputs;
  }

  private makePrometheus(): PrometheusOutput {
    return new PrometheusOutput({
      hostname: toByteString(this.config.hostname),
      expirySeconds: this.config.outputs.prometheus.expiry_seconds,
      lookup: (id) => this.registry.context(id),
      ownMetrics: () => this.ownMetrics(),
    });
  }

  private async openHttp(): Promise<void> {
    const { http } = this.config;
    if (http.port < 0) return;
    const prometheus = this.outputs.outputs.find((output) => output instanceof PrometheusOutput);
    const { startHttp } = await import('./http/server.ts');
    this.http = await startHttp({
      host: http.host,
      port: http.port,
      logger: this.log,
      ...(prometheus && { prometheus }),
      health: () => this.health(),
      ready: () => this.running,
      reload: this.options.onReload,
    });
  }

  private makeNameFilter(): ReturnType<typeof histogramNameFilter> {
    const { histogram_aggregates, histogram_percentiles } = this.config;
    return histogramNameFilter(this.config, [
      ...histogram_aggregates.map((aggregate) => `.${aggregate}`),
      ...histogram_percentiles.map((quantile) => `.${Math.trunc(Number(quantile) * 100 + 0.5)}percentile`),
    ]);
  }

  private makeSampler(): TimeSampler {
    const { config } = this;
    return new TimeSampler(this.registry, {
      intervalSeconds: config.bucket_seconds,
      counterExpirySeconds: config.dogstatsd_expiry_seconds,
      contextExpirySeconds: config.dogstatsd_context_expiry_seconds,
      retentionSeconds: this.outputs.retentionSeconds,
      flushIncompleteBuckets: config.dogstatsd_flush_incomplete_buckets,
      histogramAggregates: config.histogram_aggregates,
      histogramPercentiles: config.histogram_percentiles,
      histogramValuesMax: config.limits.histogram_values,
      sketchLimits: AGENT_LIMITS,
      isFiltered: (name) => matchesName(this.nameFilter, name),
    });
  }

  /** What all intake threads are told, whatever they listen on. */
  private threadSettings(): SharedSettings {
    const { config } = this;
    return {
      module: new WebAssembly.Module(readFileSync(new URL('./core/core.wasm', import.meta.url))),
      hashKey: { bytes: randomBytes(HASH_KEY_BYTES), seed: randomBytes(8).readBigUInt64LE() },
      core: {
        linesMax: config.limits.lines,
        contextsMax: config.limits.contexts,
        keysMax: config.limits.bucket_keys,
        histogramValuesMax: config.limits.histogram_values,
        timestampedMax: TIMESTAMPED_MAX,
        idleBuckets: Math.ceil(config.dogstatsd_context_expiry_seconds / config.bucket_seconds) + 1,
        timestamps: config.dogstatsd_no_aggregation_pipeline,
        clientFields: config.dogstatsd_origin_detection_client,
      },
      enrich: enrichOptionsOf(config),
      workloads: this.workloads,
      intervalSeconds: config.bucket_seconds,
      bufferBytes: config.dogstatsd_buffer_size,
      backlogBytes: config.intake.backlog_bytes,
      echoPerSecond: config.outputs.echo ? config.outputs.echo_per_second : 0,
    };
  }

  private startThreads(listener: OpenListener, settings: SharedSettings): void {
    const { config } = this;
    const source = listener.kind === 'udp' ? 'udp' : 'uds';
    const portable = listener.listener.kind === 'portable-udp';
    const count = portable ? 1 : Math.max(config.dogstatsd_workers_count, 1);
    for (let i = 0; i < count; i++) {
      const shard = this.threads.length;
      const unknownFields = new SharedArrayBuffer(UNKNOWN_FIELD_BYTES);
      this.unknownFields.push(new UnknownFields(unknownFields));
      const thread = new IntakeThread({
        listenerKind: listener.kind,
        settings: {
          ...settings,
          listener: listener.listener,
          unknownFields,
          eolRequired: config.dogstatsd_eol_required.includes(source),
        },
        onMessage: (message) => this.hear(shard, message),
        onPassed: () => this.beat.notify(),
        onFailure: (error) => this.options.onFatal(error),
      });
      this.threads.push(thread);
    }
  }

  private hear(shard: number, message: ShardMessage): void {
    switch (message.kind) {
      case 'contexts':
        this.addContexts(shard, message);
        break;
      case 'freed': {
        const slots = this.sampler.slotsOf(shard);
        for (const slot of message.slots) slots.free(slot);
        break;
      }
      case 'sealed': {
        const thread = this.threads[shard] as IntakeThread;
        this.sampler.merge(shard, new SealedMemory(thread.memory, message.bucket));
        thread.control.release();
        break;
      }
      case 'event':
        this.threads[shard]?.control.take();
        this.outputs.event(message.event, message.receivedAt);
        break;
      case 'service_check':
        this.threads[shard]?.control.take();
        this.outputs.serviceCheck(message.check, message.receivedAt);
        break;
      case 'rejected':
        this.logRejected(message);
        break;
      case 'echo':
        this.echo?.take(message.lines, message.leftOut);
        break;
    }
  }

  private addContexts(shard: number, { slots, keys, types, texts }: NewContexts): void {
    const shardSlots = this.sampler.slotsOf(shard);
    const now = Date.now() / 1000;
    texts.forEach((text, i) => {
      const key = keys.subarray(i * KEY_WORDS, (i + 1) * KEY_WORDS);
      const type = CONTEXT_TYPES[types[i] as number] ?? 'counter';
      shardSlots.assign(slots[i] as number, this.registry.intern(key, type, text, now));
    });
  }

  private logRejected({ messageType, error, line, at }: Extract<ShardMessage, { kind: 'rejected' }>): void {
    const fields = { messageType, reason: error, line: toSafeText(line), at };
    if (this.config.dogstatsd_disable_verbose_logs) this.log.debug(fields, 'rejected a line');
    else this.log.error(fields, 'rejected a line');
  }

  private async flush(final: boolean): Promise<void> {
    const at = Date.now() / 1000;
    const { batches, forgotten } = this.sampler.flush(at, { final });
    const aggregates = await this.outputs.deliver(
      { at, interval: this.config.bucket_seconds, final },
      batches,
    );
    this.outputs.forget(forgotten);
    this.flushes++;
    giveMemoryBack();
    this.warnOfUnknownFields();
    this.log.debug({ aggregates, contexts: this.registry.size, forgotten: forgotten.length }, 'flushed');
  }

  /** One warning for each kind of field that means nothing to this version. */
  private warnOfUnknownFields(): void {
    for (const { kind } of this.unknownFields.flatMap((fields) => fields.list())) {
      if (this.warnedFields.has(kind)) continue;
      this.warnedFields.add(kind);
      this.log.warn({ field: kind }, 'clients send a field that this version does not know; it is ignored');
    }
  }

  private sampleCount(): number {
    const samples = (counters: Float64Array): number => counters[CORE_COUNTERS.samples] as number;
    return this.coreCounts().reduce((sum, { counters }) => sum + samples(counters), 0);
  }

  private coreCounts(): { listener: string; counters: Float64Array }[] {
    return this.threads.flatMap((thread) => {
      const counters = thread.coreCounters();
      return counters === undefined ? [] : [{ listener: thread.listenerKind, counters }];
    });
  }

  private ownMetrics(): OwnMetric[] {
    const { counts } = this.sampler;
    return [
      ...coreMetrics(this.coreCounts()),
      ...shardMetrics(this.threads.map((thread) => thread.control.counters)),
      ownMetric('gauge', 'whippet_aggregate_contexts', 'Contexts the server knows now.', this.registry.size),
      ownMetric(
        'counter',
        'whippet_aggregate_refused_contexts_total',
        'Contexts refused because limits.contexts is reached.',
        this.registry.refusedContexts,
      ),
      ownMetric(
        'counter',
        'whippet_aggregate_refused_cells_total',
        'Aggregates of refused contexts, dropped.',
        counts.refusedCells,
      ),
      ownMetricBy(
        'counter',
        'whippet_aggregate_samples_dropped_total',
        'Timestamped samples dropped at the merge.',
        'reason',
        [
          ['context_limit', counts.refusedTimestampedSamples],
          ['timestamped_type', counts.unsupportedTimestampedSamples],
        ],
      ),
      ownMetric(
        'counter',
        'whippet_aggregate_incomplete_total',
        'Aggregates of open buckets left behind at stop.',
        counts.incompleteAggregates,
      ),
      ownMetricBy(
        'counter',
        'whippet_protocol_unknown_field_kinds_total',
        'Unknown fields by their first byte.',
        'kind',
        this.unknownFieldKinds(),
      ),
      ownMetric('counter', 'whippet_aggregate_flushes_total', 'Flushes.', this.flushes),
      ...this.outputs.metrics(),
    ];
  }

  private unknownFieldKinds(): Map<string, number> {
    const kinds = new Map<string, number>();
    for (const { kind, count } of this.unknownFields.flatMap((fields) => fields.list())) {
      kinds.set(kind, (kinds.get(kind) ?? 0) + count);
    }
    return kinds;
  }

  private health(): HealthReport {
    return { healthy: this.running, parts: [{ name: 'intake', healthy: this.running }] };
  }
}

/** The configuration `before` with the reloadable keys of `after`. */
function withReloaded(before: Config, after: Config): Config {
  const taken = Object.entries(after).filter(([key]) => RELOADABLE.has(key));
  return { ...before, ...Object.fromEntries(taken) };
}

/**
 * Lets the intake threads go first where processors are short: the kernel holds packets for a few
 * milliseconds, a flush can wait. On Linux a process id names the main thread alone, which is this one, and
 * the intake threads, started before, keep their priority.
 */
function yieldToIntake(): void {
  if (process.platform !== 'linux') return;
  try {
    setPriority(process.pid, CONTROL_NICENESS);
  } catch {
    // Not allowed to become nicer: nothing is lost by it.
  }
}

/**
 * What a flush and the messages before it used is freed in many pieces, which the C library keeps. Between two
 * flushes there is time to ask for it.
 */
function giveMemoryBack(): void {
  try {
    loadLibc().trimHeap();
  } catch {
    // No system calls here: the memory stays with the process.
  }
}
