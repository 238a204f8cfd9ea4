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
import { aggregateMetrics } from './aggregate/aggregate-metrics.ts';
import { Registry } from './aggregate/registry.ts';
import type { FlushOptions, FlushResult, TimeSampler } from './aggregate/sampler.ts';
import { type ConfigView, mergeViews } from './config/config-view-merge.ts';
import { contextLimitsOf } from './config/context-limits.ts';
import type { Config } from './config/schema.ts';
import { coreMetrics } from './core/core-metrics.ts';
import { CORE_COUNTERS } from './core/counters.ts';
import { enrichOptionsOf } from './enrich/settings.ts';
import type { Workloads } from './enrich/static-tagger.ts';
import type { ReloadAnswer, Views } from './http/api-source.ts';
import type { HealthReport, PartHealth } from './http/health-report.ts';
import type { HttpServer } from './http/server.ts';
import { IntakeThread } from './intake/intake-thread.ts';
import { Beat } from './lib/beat.ts';
import type { Steps } from './lib/steps.ts';
import type { CardinalityReport } from './model/cardinality-report.ts';
import type { ShardMessage } from './model/shard-message.ts';
import { type ByteString, toByteString } from './model/text.ts';
import { EchoPrinter } from './outputs/echo.ts';
import { FanOut } from './outputs/fan-out.ts';
import { FileOutput } from './outputs/file.ts';
import { PrometheusOutput } from './outputs/prometheus/prometheus-output.ts';
import { CardinalityWatch } from './server/cardinality-watch.ts';
import { giveMemoryBack, yieldToIntake } from './server/give-way.ts';
import { HandedPackets } from './server/handed-packets.ts';
import { Inbox } from './server/inbox.ts';
import { IntakeParts } from './server/intake-parts.ts';
import { Listening } from './server/listening.ts';
import { logRejected } from './server/log-rejected.ts';
import { makeApiSource } from './server/make-api-source.ts';
import { makeSampler, SamplerRules, tickSecondsUnder } from './server/make-sampler.ts';
import { Merging } from './server/merging.ts';
import { MessageWatchers } from './server/message-watchers.ts';
import { openHttp } from './server/open-http.ts';
import { openOutputs } from './server/open-outputs.ts';
import { compareLoaded, type ReloadReport, withReloaded } from './server/reloadable.ts';
import { SelfTelemetry } from './server/self-telemetry.ts';
import type { ServerOptions } from './server/server-options.ts';
import { type OwnSettings, startThreads } from './server/start-threads.ts';
import { type StatusFacts, viewStatus } from './server/status-view.ts';
import { StreamWatch } from './server/stream-watch.ts';
import { Supervisor } from './server/supervisor.ts';
import { type SharedSettings, sharedSettings } from './server/thread-settings.ts';
import { UnknownFieldWatch } from './server/unknown-field-watch.ts';
import { type DeliveryReport, deliveryReport } from './telemetry/delivery-report.ts';
import type { Logger } from './telemetry/logger.ts';
import { type OwnMetric, ownMetric } from './telemetry/metric.ts';
import { shardMetrics } from './telemetry/shard-metrics.ts';

export type { ReloadAnswer, ServerOptions };

/** How long a flush waits for intake threads that are behind, ms. */
const FLUSH_GRACE_MS = 2000;
/** The longest packet that comes over HTTP. */
const PROXY_PACKET_BYTES_MAX = 65_536;

export class Server {
  private config: Config;
  private workloads: Workloads;
  private configView: ConfigView;
  private readonly startedAt = Date.now() / 1000;
  private readonly log: Logger;
  private readonly options: ServerOptions;
  private readonly registry: Registry;
  private readonly cardinality: CardinalityWatch;
  private readonly threads: IntakeThread[] = [];
  private readonly beat: Beat;
  private readonly inbox = new Inbox();
  private readonly merging: Merging;
  private readonly echo: EchoPrinter | undefined;
  private readonly self: SelfTelemetry;
  private readonly listening: Listening;
  private readonly supervisor: Supervisor;
  private outputs: FanOut;
  private sampler: TimeSampler;
  private http: HttpServer[] = [];
  private readonly handed: HandedPackets;
  private readonly watchers: MessageWatchers;
  private readonly rules: SamplerRules;
  /** How often threads seal; the width of every bucket is a multiple of it. */
  private readonly tickSeconds: number;
  private readonly unknownFields: UnknownFieldWatch;
  private intake: IntakeParts | undefined;
  private readonly streams: StreamWatch;
  /** Starts a thread with the settings of all; set when those are known. */
  private startThread: (kind: string, own: OwnSettings) => IntakeThread = () => {
    throw new Error('threads are started later');
  };
  private running = false;
  private flushes = 0;
  private lastStatus = { at: Date.now() / 1000, packets: 0 };
  /** Events and checks given to the outputs. */
  private handedOver = 0;

  private constructor(options: ServerOptions) {
    this.options = options;
    this.config = options.config;
    this.workloads = options.workloads;
    this.configView = options.configView;
    this.rules = new SamplerRules(this.config);
    this.tickSeconds = tickSecondsUnder(this.config);
    this.log = options.log;
    const env = options.env ?? {};
    this.listening = new Listening(this.config, env, this.log);
    this.supervisor = new Supervisor({
      ...{ env, pid: process.pid, log: this.log },
      heartbeats: () => this.threads.map(({ control }) => control.edition),
    });
    this.unknownFields = new UnknownFieldWatch(this.log);
    this.streams = new StreamWatch(this.log);
    this.registry = new Registry(contextLimitsOf(this.config));
    this.registry.overflowHost = overflowHost(this.config);
    this.cardinality = new CardinalityWatch(this.config.limits, this.registry, this.log);
    this.merging = new Merging({
      inbox: this.inbox,
      registry: this.registry,
      cardinality: this.cardinality,
      threads: this.threads,
      sampler: () => this.sampler,
    });
    this.outputs = new FanOut([], this.log);
    this.sampler = this.makeSampler();
    this.self = new SelfTelemetry({
      log: this.log,
      registry: this.registry,
      tickSeconds: this.tickSeconds,
      agentNames: this.config.telemetry.dogstatsd,
      threads: () => this.threads.flatMap((thread) => thread.counts()),
      forwards: () => this.intake?.forwards ?? false,
      notListening: () => this.listening.notListening(),
      handedOver: () => this.handedOver,
      sampler: () => this.sampler,
      outputs: () => this.outputs,
      clock: () => Date.now() / 1000,
    });
    if (this.config.outputs.echo) {
      this.echo = new EchoPrinter({
        stream: options.stream,
        linesPerSecond: this.config.outputs.echo_per_second,
      });
    }
    this.watchers = new MessageWatchers(this.threads);
    this.handed = new HandedPackets(PROXY_PACKET_BYTES_MAX, (kind, own) => this.startThread(kind, own));
    this.beat = new Beat({
      intervalSeconds: this.tickSeconds,
      graceMs: FLUSH_GRACE_MS,
      clock: () => Date.now() / 1000,
      reached: () => Math.min(...this.threads.map((thread) => thread.passed)),
      run: async () => void (await this.flush(false)),
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
    return this.listening.listeners.map(({ kind, name, port }) => ({ kind, name, port }));
  }

  /** The HTTP server's port; undefined when it is off. */
  get httpPort(): number | undefined {
    return this.config.http.port < 0 ? undefined : this.http[0]?.port;
  }

  /** Drains, flushes and closes; resolves with what could not be delivered. */
  async stop(): Promise<DeliveryReport> {
    const startedAt = performance.now();
    this.running = false;
    this.supervisor.stopping();
    await this.handed.stop();
    await this.listening.stopThreads(this.threads);
    this.self.closeListeners();
    this.intake?.stop();
    // The next server waits for the port.
    if (this.listening.isReplaced) await Promise.all(this.http.map((server) => server.close()));
    await this.listening.close();
    await this.beat.stop();
    // The last flush comes behind everything the threads said.
    await this.flush(true);
    await this.cardinality.close();
    const reports = await this.outputs.close(this.config.stop_timeout_seconds * 1000);
    await Promise.all(this.http.map((server) => server.close()));
    this.self.stop();
    const left = this.sampler.counts.incompleteAggregates;
    const reasons = reports.flatMap(({ reason }) => (reason === undefined ? [] : [reason]));
    if (left > 0)
      reasons.push(
        `${left} aggregates of open buckets were left behind (dogstatsd_flush_incomplete_buckets)`,
      );
    return deliveryReport(this.self.report().accounts, {
      undelivered: reports.reduce((sum, { undelivered }) => sum + undelivered, left),
      ...{ reasons, seconds: Math.round(performance.now() - startedAt) / 1000 },
    });
  }

  /**
   * Takes what can change while it runs from another configuration: mapper, rules, filters, namespace, tags,
   * workloads. The threads forget the lines they know; buckets and counts stay.
   */
  reload(config: Config, workloads: Workloads, view: ConfigView): ReloadReport {
    const { changed, needRestart, difference } = compareLoaded(
      { config: this.config, workloads: this.workloads },
      { config, workloads },
      this.tickSeconds,
    );
    this.configView = mergeViews(this.configView, view, changed);
    if (changed.length > 0) {
      this.workloads = workloads;
      this.config = withReloaded(this.config, config, this.tickSeconds);
      this.rules.use(this.config);
      this.registry.overflowHost = overflowHost(this.config);
      // Not between two steps of a merge, whose cells and keys go where one set of rules says.
      this.inbox.add(() => this.sampler.useRules(this.rules.ruleOf));
      for (const thread of this.threads) thread.reload({ enrich: enrichOptionsOf(this.config), workloads });
    }
    this.log.info({ changed, difference }, 'reloaded the configuration');
    if (needRestart.length > 0) this.log.warn({ needRestart }, 'these keys need a restart to change');
    if (needRestart.includes('rules'))
      this.log.warn(
        { tickSeconds: this.tickSeconds },
        'the rules before stay in force: buckets of the new ones do not end where threads seal',
      );
    return { changed, needRestart };
  }

  /** Tells the supervisor that a reload begins, and calls it ended when `load` is done, whatever came of it. */
  async whileReloading<T>(load: () => Promise<T>): Promise<T> {
    this.supervisor.reloading();
    try {
      return await load();
    } finally {
      this.supervisor.reloaded();
    }
  }

  /** Continues in new files where log rotation moved the old ones away. */
  reopenFiles(): void {
    for (const output of this.outputs.outputs) if (output instanceof FileOutput) output.reopen();
  }

  private async open(): Promise<void> {
    const { config } = this;
    await this.listening.open();
    const { listeners } = this.listening;
    this.self.start(listeners);
    this.intake = await IntakeParts.open(config, listeners, this.threads, this.log);
    this.outputs = new FanOut(
      await openOutputs(config, {
        log: this.log,
        stream: this.options.stream,
        context: (id) => this.registry.context(id),
        expirySecondsOf: (id) => this.sampler.expirySecondsOf(id),
        ownMetrics: () => this.ownMetrics(),
        sampleCount: () => this.sampleCount(),
      }),
      this.log,
    );
    this.sampler = this.makeSampler();
    const settings = sharedSettings(config, this.workloads, this.intake.settings);
    this.startThread = (kind, own) => this.makeThread(kind, own, settings);
    if (!this.listening.isReplacing) this.http = await this.openHttp();
    startThreads(listeners, config, this.streams, this.startThread);
    await this.listening.settle(this.threads);
    yieldToIntake();
    this.running = true;
    this.beat.start();
    this.intake?.start();
    if (this.listening.isReplacing) {
      await this.listening.takeOver(this.threads);
      this.http = await this.openHttp();
    }
    this.listening.offer(this.options.onReplaced);
    this.http.forEach(({ address, port }, i) => {
      const isServer = i === 0 && config.http.port >= 0;
      this.log.info({ address, port }, isServer ? 'HTTP is up' : 'HTTP takes packets');
    });
    this.supervisor.ready(`Listening on ${this.listening.describe()}`);
  }

  /** Undoes a start that failed half-way. */
  private async abandon(): Promise<void> {
    await this.beat.stop();
    this.self.cancel();
    this.supervisor.close();
    await Promise.all(this.threads.map((thread) => thread.stop()));
    this.intake?.stop();
    await this.listening.close();
    await this.outputs.close(0);
    await Promise.all(this.http.map((server) => server.close()));
  }

  private makeSampler(): TimeSampler {
    return makeSampler(this.registry, this.config, this.rules, {
      retentionSeconds: this.outputs.retentionSeconds,
      onOverLimit: (id, limit, samples) => this.cardinality.count(id, limit, samples),
    });
  }

  private openHttp(): Promise<HttpServer[]> {
    const prometheus = this.outputs.outputs.find((output) => output instanceof PrometheusOutput);
    const parts = {
      version: this.options.version,
      source: makeApiSource({
        registry: this.registry,
        views: this.views(),
        watchers: this.watchers,
        handed: this.handed,
        reload: this.options.onReload,
        flush: () => this.flushOpen(),
      }),
      ...(prometheus && { prometheus }),
      health: () => this.health(),
      ready: () => this.running,
    };
    return openHttp(this.config, parts, this.log);
  }

  private makeThread(kind: string, own: OwnSettings, settings: SharedSettings): IntakeThread {
    const shard = this.threads.length;
    const thread: IntakeThread = new IntakeThread({
      listenerKind: kind,
      settings: { ...settings, ...own, unknownFields: this.unknownFields.addThread() },
      onMessage: (message) => this.hear(shard, message),
      onPassed: (start) =>
        this.inbox.add(() => {
          thread.passed = start;
          this.beat.notify();
        }),
      onFailure: (error) => this.options.onFatal(error),
    });
    this.threads.push(thread);
    this.watchers.tell(thread);
    return thread;
  }

  private hear(shard: number, message: ShardMessage): void {
    switch (message.kind) {
      case 'contexts':
      case 'freed':
      case 'sealed':
        this.merging.take(shard, message);
        break;
      case 'over_limit':
        this.cardinality.sample(message.limit, message.name, message.tags);
        break;
      case 'event':
        this.threads[shard]?.control.take();
        this.handedOver++;
        this.outputs.event(message.event, message.receivedAt);
        break;
      case 'service_check':
        this.threads[shard]?.control.take();
        this.handedOver++;
        this.outputs.serviceCheck(message.check, message.receivedAt);
        break;
      case 'watched':
        this.watchers.take(message.lines, message.leftOut);
        break;
      case 'rejected':
        logRejected(this.log, message, this.config.dogstatsd_disable_verbose_logs);
        break;
      case 'connection':
        this.streams.say(message.report);
        break;
      case 'handed_over':
        this.listening.leave(this.threads[shard]?.streamListeners[message.listener], message.connection);
        break;
      case 'echo':
        this.echo?.take(message.lines, message.leftOut);
        break;
    }
  }

  private *flushSteps(at: number, options: FlushOptions): Steps<FlushResult> {
    yield* this.self.beforeFlush(at, options.final);
    this.cardinality.settle();
    return yield* this.sampler.flushSteps(at, options);
  }

  /** Delivers what open buckets hold, without waiting for their end; resolves with the number of aggregates. */
  private async flushOpen(): Promise<number> {
    await Promise.all(this.threads.map((thread) => thread.seal()));
    return this.beat.between(() => this.flush(false, true));
  }

  private async flush(final: boolean, openToo = false): Promise<number> {
    const at = Date.now() / 1000;
    if (!final && !openToo && !this.sampler.isDue(at)) return 0;
    const { batches, forgotten } = await this.inbox.run(() => this.flushSteps(at, { final, openToo }));
    const aggregates = await this.outputs.deliver(
      { at, interval: this.config.bucket_seconds, final },
      this.self.watch(batches),
      forgotten,
    );
    this.merging.readmit();
    this.flushes++;
    this.tellStatus(at);
    giveMemoryBack();
    this.unknownFields.warn();
    this.log.debug({ aggregates, contexts: this.registry.size, forgotten: forgotten.length }, 'flushed');
    return aggregates;
  }

  /** One line for people, of how it goes since the last flush. */
  private tellStatus(at: number): void {
    const packets = this.threads
      .flatMap((thread) => thread.counts())
      .reduce((sum, { counters }) => sum + counters.get('receivedPackets'), 0);
    const { at: before, packets: packetsBefore } = this.lastStatus;
    this.lastStatus = { at, packets };
    if (!this.running || at <= before) return;
    const rate = Math.round((packets - packetsBefore) / (at - before));
    this.supervisor.status(`Listening on ${this.listening.describe()}; ${rate} packets/s`);
  }

  private sampleCount(): number {
    const samples = (counters: Float64Array): number => counters[CORE_COUNTERS.samples] as number;
    return this.threads
      .flatMap((thread) => thread.counts())
      .reduce((sum, { core }) => sum + samples(core), 0);
  }

  private ownMetrics(): OwnMetric[] {
    const threads = this.threads.flatMap((thread) => thread.counts());
    return [
      ...this.self.metrics(),
      ...this.listening.metrics(),
      ...coreMetrics(threads),
      ...shardMetrics(threads.map(({ counters }) => counters)),
      ...(this.intake?.metrics() ?? []),
      ...this.streams.metrics(),
      ...aggregateMetrics(this.registry, this.sampler),
      ...this.cardinality.metrics(),
      ...this.unknownFields.metrics(),
      ownMetric('counter', 'whippet_aggregate_flushes_total', 'Flushes.', this.flushes),
      ...this.outputs.metrics(),
    ];
  }

  /** The metrics that are or were over a limit on cardinality. */
  cardinalityReports(): CardinalityReport[] {
    return this.cardinality.reports();
  }

  /** What GET /api/<name> answers as JSON. */
  private views(): Views {
    return {
      status: () => viewStatus(this.facts()),
      config: () => this.configView,
      connections: () => this.streams.connections(this.threads, this.config.intake.connections_max),
      cardinality: () => this.cardinality.view(),
      clients: () => this.self.clientReport(),
      ledger: () => this.self.report(),
      outputs: () => this.outputs.status(),
      ...this.intake?.views(),
    };
  }

  private facts(): StatusFacts {
    return {
      version: this.options.version,
      startedAt: this.startedAt,
      now: Date.now() / 1000,
      listeners: this.addresses,
      threads: this.threads.map((thread) => thread.listenerKind),
      contexts: this.registry.size,
      flushes: this.flushes,
      bucketSeconds: this.config.bucket_seconds,
      health: this.health(),
    };
  }

  private health(): HealthReport {
    const parts: PartHealth[] = [
      { name: 'intake', healthy: this.running },
      ...this.listening.health(),
      ...this.outputs.health(),
    ];
    return { healthy: parts.every(({ healthy, optional }) => healthy || optional === true), parts };
  }
}

/** Overflow series belong to the server: a host may be what there are too many of. */
function overflowHost({ hostname, serverless }: Config): ByteString {
  return serverless ? '' : toByteString(hostname);
}
