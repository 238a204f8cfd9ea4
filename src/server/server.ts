/**
 * The server: starts its parts in the order data flows backwards, stops them in the order it flows, and reloads their
 * configuration. The parts are made and joined by assembly/assemble.ts.
 *
 *   listener threads ──messages, sealed buckets──▶ registry, sampler ──flush──▶ outputs
 *
 * Thread  the control thread.
 * Start   sockets, outputs, HTTP, listener threads; whatever fails stops the start and closes the rest.
 * Stop    listener threads drain and seal; the last flush; outputs get a deadline; HTTP closes.
 */
import { enrichOptionsOf } from '../enrich/settings.ts';
import type { MessageWatch, ReloadAnswer } from '../http/api-source.ts';
import { FileOutput } from '../outputs/file.ts';
import { unfiltered } from '../outputs/filtered.ts';
import type { DeliveryReport as OutputReport } from '../outputs/output.ts';
import { PrometheusOutput } from '../outputs/prometheus/prometheus-output.ts';
import { type DeliveryReport, deliveryReport } from '../telemetry/ledger/delivery-report.ts';
import type { LedgerReport } from '../telemetry/ledger/ledger-report.ts';
import { assemble, type ServerParts } from './assembly/assemble.ts';
import { nameOverflowSeries } from './assembly/make-registry.ts';
import { Undo } from './assembly/undo.ts';
import type { LoadedConfig } from './current-config.ts';
import type { ReloadReport } from './reloadable.ts';
import type { ServerOptions } from './server-options.ts';
import { StatusLine } from './status-line.ts';
import { StopPhases } from './stop-phases.ts';
import { warnAboutLimits } from './system-limits.ts';
import { hurry, keepLargeBlocksApart, yieldToListeners } from './threads/give-way.ts';
import { startThreads } from './threads/start-threads.ts';
import { metricsSource } from './views/metrics-source.ts';

export type { ReloadAnswer, ServerOptions };

export class Server {
  private readonly options: ServerOptions;
  private readonly parts: ServerParts;
  private readonly statusLine: StatusLine;

  /** Starts a server. Rejects with the error of the part that could not start; everything else is closed then. */
  static async start(options: ServerOptions): Promise<Server> {
    const undo = new Undo(options.log);
    undo.add(() => options.spare?.end());
    try {
      warnAboutLimits(options.config, options.log);
      const server = new Server(options, await assemble(options, undo));
      await server.open();
      return server;
    } catch (error) {
      await undo.run();
      throw error;
    }
  }

  private constructor(options: ServerOptions, parts: ServerParts) {
    this.options = options;
    this.parts = parts;
    this.statusLine = new StatusLine(parts.threads, parts.listening);
  }

  /** What it listens on. */
  get addresses(): readonly { readonly kind: string; readonly name: string; readonly port: number }[] {
    return this.parts.listening.addresses;
  }

  /** The HTTP server's port; undefined when it is off. */
  get httpPort(): number | undefined {
    return this.parts.http.port;
  }

  /** What became of everything that came in. */
  ledger(): LedgerReport {
    return this.parts.self.report();
  }

  /** Lines as they arrive, until the function it returns is called; undefined when too many watch already. */
  watch(watcher: MessageWatch): (() => void) | undefined {
    return this.parts.watchers.add(watcher);
  }

  /** Drains, flushes and closes; resolves with what could not be delivered. */
  async stop(): Promise<DeliveryReport> {
    const startedAt = performance.now();
    const { log } = this.options;
    const { current, health, supervisor, lookers, statistics, triggers, origins, captures, proxied } =
      this.parts;
    const { listening, threads, self, listenerParts, http, global, ticker, flusher, cardinality, outputs } =
      this.parts;
    const phases = new StopPhases(current.config.stop_timeout_seconds * 1000, log);
    health.isRunning = false;
    supervisor.stopping();
    lookers.stop();
    statistics.stop();
    triggers.stop();
    await phases.drain('the collectors of tags', origins.stop());
    // While the threads can still say what they hold.
    await phases.drain('the captures', captures.close());
    await phases.drain('packets over HTTP', proxied.stop());
    await phases.drain('the listener threads', listening.stopThreads(threads.list));
    if (this.options.isEmbedded !== true) hurry();
    self.closeListeners();
    listenerParts.stop();
    // The next server waits for the port.
    if (listening.isReplaced) await phases.flush('the HTTP server', http.close());
    await phases.flush('the sockets', listening.close());
    await phases.flush('the owners of the fleet', Promise.resolve(global?.stopOwners()));
    await phases.flush('the flush before the last', ticker.stop());
    // The last flush comes behind everything the threads said.
    await phases.flush('the last flush', flusher.flushLast());
    await phases.flush('the watch of cardinality', cardinality.close());
    let partialsLost = 0;
    const partials = global?.stop(phases.leftMs / 2).then((lost) => {
      partialsLost = lost;
    });
    await phases.close('the partials', Promise.resolve(partials));
    const reports = await outputs.close(phases.leftMs);
    await phases.close('the HTTP server', http.close());
    self.stop();
    const seconds = Math.round(performance.now() - startedAt) / 1000;
    return this.report(reports, partialsLost, { unfinished: phases.unfinished, seconds });
  }

  /**
   * Takes what can change while it runs from another configuration: mapper, rules, filters, namespace, tags,
   * workloads. The threads forget the lines they know; buckets and counts stay.
   */
  reload(next: LoadedConfig): ReloadReport {
    const { log } = this.options;
    const { current, rules, registry, inbox, sampler, origins, threads, global, tickSeconds } = this.parts;
    const { changed, needRestart, difference } = current.update(next);
    if (changed.length > 0) {
      const { config, workloads } = current;
      rules.use(config);
      nameOverflowSeries(registry, config);
      // Not between two steps of a merge, whose cells and keys go where one set of rules says.
      inbox.add(() => sampler.useRules(rules.ruleOf));
      global?.useRules();
      origins.useFile(workloads, config.workloads);
      for (const thread of threads.list)
        thread.reload({ enrich: enrichOptionsOf(config), workloads: origins.snapshot() });
    }
    log.info({ changed, difference }, 'reloaded the configuration');
    if (needRestart.length > 0) log.warn({ needRestart }, 'these keys only change with a restart');
    if (needRestart.includes('rules'))
      log.warn(
        { tickSeconds },
        'keeping the previous rules: the buckets of the new ones do not end where the threads seal',
      );
    return { changed, needRestart };
  }

  /** Tells the supervisor that a reload begins, and calls it ended when `load` is done, whatever came of it. */
  async whileReloading<T>(load: () => Promise<T>): Promise<T> {
    this.parts.supervisor.reloading();
    try {
      return await load();
    } finally {
      this.parts.supervisor.reloaded();
    }
  }

  /** Continues in new files where log rotation moved the old ones away. */
  reopenFiles(): void {
    for (const output of this.parts.outputs.outputs.map(unfiltered))
      if (output instanceof FileOutput) output.reopen();
  }

  private async open(): Promise<void> {
    const { options } = this;
    const { current, self, listening, starter, streams, threads, health, origins, statistics } = this.parts;
    const { captures, triggers, ticker, listenerParts, global, http, supervisor } = this.parts;
    self.start();
    if (!listening.isReplacing) await this.openHttp();
    startThreads(listening.listeners, current.config, listening.workers, streams, (kind, own) =>
      starter.start(kind, own),
    );
    void options.spare?.end();
    await listening.settle(threads.list);
    if (options.isEmbedded !== true) {
      yieldToListeners();
      keepLargeBlocksApart();
    }
    health.isRunning = true;
    origins.start();
    statistics.start();
    captures.open();
    triggers.start();
    ticker.start(() => this.tick());
    listenerParts.start();
    listening.offer(options.onReplaced);
    global?.start();
    if (listening.isReplacing) {
      await listening.takeOver(threads.list);
      await this.openHttp();
    }
    listening.resumeGiving();
    http.logAddresses();
    supervisor.ready(`Listening on ${listening.describe()}`);
  }

  private openHttp(): Promise<void> {
    const { http, apiSource, outputs, health } = this.parts;
    const prometheus = outputs.outputs.map(unfiltered).find((output) => output instanceof PrometheusOutput);
    const { config } = this.parts.current;
    return http.open({
      version: this.options.version,
      source: apiSource,
      ...(prometheus && { prometheus: metricsSource(prometheus, this.parts.openLook, config) }),
      health: () => health.report(),
      ready: () => health.isRunning,
    });
  }

  /** When a bucket may have closed. */
  private async tick(): Promise<void> {
    const { listening, threads, http, flusher, health, supervisor } = this.parts;
    if (health.isRunning) listening.look(threads.list, http.watched());
    const hasFlushed = await flusher.flushClosed();
    const status = hasFlushed ? this.statusLine.next(Date.now() / 1000) : undefined;
    if (status !== undefined && health.isRunning) supervisor.status(status);
  }

  private report(
    reports: readonly OutputReport[],
    partialsLost: number,
    { unfinished, seconds }: { readonly unfinished: readonly string[]; readonly seconds: number },
  ): DeliveryReport {
    const left = this.parts.sampler.counts.incompleteAggregates;
    const reasons = reports.flatMap(({ reason }) => (reason === undefined ? [] : [reason]));
    if (partialsLost > 0)
      reasons.push(`${partialsLost} partials for the fleet were not taken by Kafka, and no disk keeps them`);
    if (left > 0)
      reasons.push(
        `${left} aggregates of open buckets were left behind (dogstatsd_flush_incomplete_buckets)`,
      );
    const sum = (of: (report: OutputReport) => number | undefined): number =>
      reports.reduce((total, report) => total + (of(report) ?? 0), 0);
    return deliveryReport(this.parts.self.report().totals, {
      undelivered: sum(({ undelivered }) => undelivered) + left + partialsLost,
      lostAtStop: sum(({ lostAtStop }) => lostAtStop) + partialsLost,
      keptOnDisk: sum(({ keptOnDisk }) => keptOnDisk),
      kept: reports.flatMap(({ kept = [] }) => kept),
      ...{ unfinished, reasons, seconds },
    });
  }
}
