/**
 * `startServer()`: a server inside a program.
 *
 *   await using server = await startServer({ config: { dogstatsd_port: 0 }, outputs: [mine] });
 *   server.on('flush', ({ series }) => …);
 *
 * It is the same server as the command's, with its threads. What differs: nothing is printed, HTTP is off unless
 * `http.port` is set, environment and signals of the process are left alone, and so is the priority of its main thread.
 * Several can run in one process; each has threads, sockets and outputs of its own.
 *
 * Thread  the thread that calls it, which is the server's control thread: a program that blocks it delays flushes, and loses
 *         nothing, because the listener threads receive and add up by themselves.
 */
import { EventEmitter } from 'node:events';
import type { ConfigValues } from '../../config/config-values.ts';
import { loadConfig } from '../../config/load.ts';
import { viewConfig } from '../../config/views/config-view.ts';
import { checkConfig } from '../../inspect/check-config.ts';
import { readVersion } from '../../lib/version.ts';
import type { TailLine } from '../../model/live/line-views.ts';
import type { Flush } from '../../outputs/flushed.ts';
import type { DeliveryReport } from '../../telemetry/ledger/delivery-report.ts';
import type { Totals } from '../../telemetry/ledger/ledger.ts';
import { type Loss, NewLosses } from '../../telemetry/ledger/new-losses.ts';
import { makeLogger } from '../../telemetry/logger.ts';
import type { ReloadReport } from '../reloadable.ts';
import type { Server } from '../server.ts';
import { type OwnOutput, OwnOutputAdapter } from './own-output.ts';

/** One line of the log. */
export interface LogEntry {
  readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal';
  readonly message: string;
  /** Unix milliseconds. */
  readonly time: number;
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface StartServerOptions {
  /** A key that does not exist is an error, whatever its name. */
  readonly config?: ConfigValues;
  /** A configuration file to read as well; `config` wins. */
  readonly configFile?: string;
  readonly outputs?: readonly OwnOutput[];
  /** Stops the server, or its start. */
  readonly signal?: AbortSignal;
  /** Hears of every line of the log, from the level `log_level`. */
  readonly log?: (entry: LogEntry) => void;
}

/** A line as it arrived, and what became of it. */
export type ServerMessage = TailLine;

interface ServerEvents {
  /** A line that was accepted or filtered. At most 500 a second of each listener thread; `messagesSkipped` has the rest. */
  message: [message: ServerMessage];
  /** A line that means nothing, with the reason in words. */
  rejected: [message: ServerMessage];
  /** How many lines there were beside those that `message` and `rejected` showed. */
  messagesSkipped: [count: number];
  /** What a flush made. */
  flush: [flush: Flush];
  /** Something was lost: where, why and how much. Looked at after every flush. */
  loss: [loss: Loss];
  /** The server cannot go on: a listener thread died. It is stopped. */
  error: [error: Error];
  newListener: [event: string | symbol, listener: unknown];
  removeListener: [event: string | symbol, listener: unknown];
}

/** What a server listens on. */
export interface ServerAddress {
  /** `udp`, `unixgram`, `unix`, `tcp`, `named_pipe`. */
  readonly kind: string;
  /** Host or path. */
  readonly name: string;
  /** 0 for a path. */
  readonly port: number;
}

const EMBEDDED_DEFAULTS = { outputs: { console: false }, http: { port: -1 } } as const;
const LEVELS: Readonly<Record<number, LogEntry['level']>> = {
  10: 'trace',
  20: 'debug',
  30: 'info',
  40: 'warn',
  50: 'error',
  60: 'fatal',
};

/**
 * Starts a server. Rejects with ConfigError, with the error of the part that could not start, or with the signal's reason;
 * nothing is left open then.
 */
export async function startServer(options: StartServerOptions = {}): Promise<EmbeddedServer> {
  options.signal?.throwIfAborted();
  const server = new EmbeddedServer(options);
  await server.open();
  if (options.signal?.aborted === true) {
    await server.stop();
    options.signal.throwIfAborted();
  }
  return server;
}

export class EmbeddedServer extends EventEmitter<ServerEvents> {
  private readonly options: StartServerOptions;
  private readonly losses = new NewLosses();
  private server: Server | undefined;
  private stopped: Promise<DeliveryReport> | undefined;
  private unwatch: (() => void) | undefined;
  private watched: 'none' | 'rejected' | 'all' = 'none';
  private readonly onAbort = (): void => void this.stop();

  /** Made by startServer(). */
  constructor(options: StartServerOptions) {
    super();
    this.options = options;
    // Told before a listener is added, and after one is removed: looked at once both are done.
    this.on('newListener', () => queueMicrotask(() => this.watchAsAsked()));
    this.on('removeListener', () => queueMicrotask(() => this.watchAsAsked()));
  }

  /** What it listens on; with `dogstatsd_port: 0` this has the port. */
  get addresses(): readonly ServerAddress[] {
    return this.running().addresses;
  }

  /** The UDP port; undefined without UDP. */
  get port(): number | undefined {
    return this.addresses.find(({ kind }) => kind === 'udp')?.port;
  }

  /** The HTTP server's port; undefined when it is off. */
  get httpPort(): number | undefined {
    return this.running().httpPort;
  }

  /** What became of everything that came in, as totals (docs/ledger.md). */
  ledger(): readonly Totals[] {
    return this.running().ledger().totals;
  }

  /**
   * Takes what can change while it runs from another configuration. Throws ConfigError, and changes nothing then. Returns
   * the keys that changed and those that need a new server.
   */
  reload(config: ConfigValues): ReloadReport {
    const loaded = this.load(config);
    return this.running().reload(loaded);
  }

  /** Drains, flushes and closes; resolves with what could not be delivered. A second call waits for the first. */
  stop(): Promise<DeliveryReport> {
    this.stopped ??= this.stopOnce();
    return this.stopped;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  /** Called once by startServer(). */
  async open(): Promise<void> {
    const { outputs = [], signal, config: values = {} } = this.options;
    const { config, workloads, warnings, view } = this.load(values);
    const log = makeLogger(config.log_level, { write: (line) => this.tell(line) });
    for (const warning of warnings) log.warn({}, warning);
    const events: OwnOutput = { name: 'events', write: (flush) => void this.emit('flush', flush) };
    const adapters = outputs.map((own) => new OwnOutputAdapter(own, log));
    // Last, so that what the others lost in this flush is known.
    adapters.push(new OwnOutputAdapter(events, log, () => this.tellLosses()));
    // Programs that only parse or explain do not load the server.
    const { Server } = await import('../server.ts');
    this.server = await Server.start({
      ...{ config, workloads, configView: view, version: readVersion(), log, env: {} },
      stream: { write: () => true },
      ownOutputs: adapters,
      isEmbedded: true,
      onFatal: (error) => this.fail(error),
      onReplaced: () => void this.stop(),
      onReload: async () => ({ ok: false, message: 'the program that embeds this server reloads it' }),
    });
    this.watchAsAsked();
    signal?.addEventListener('abort', this.onAbort, { once: true });
  }

  private load(values: ConfigValues) {
    const { configFile } = this.options;
    const merged = {
      ...EMBEDDED_DEFAULTS,
      ...values,
      outputs: { ...EMBEDDED_DEFAULTS.outputs, ...values.outputs },
      http: { ...EMBEDDED_DEFAULTS.http, ...values.http },
    };
    const loaded = loadConfig({
      ...(configFile !== undefined && { file: configFile }),
      values: merged,
      valuesAreCode: true,
    });
    const { warnings } = checkConfig(loaded);
    return { ...loaded, warnings: [...loaded.warnings, ...warnings], view: viewConfig(loaded) };
  }

  private async stopOnce(): Promise<DeliveryReport> {
    this.options.signal?.removeEventListener('abort', this.onAbort);
    this.endWatch();
    const report = await this.running().stop();
    this.tellLosses();
    return report;
  }

  private running(): Server {
    if (this.server === undefined) throw new Error('the server has not been started; use startServer()');
    return this.server;
  }

  private fail(error: Error): void {
    void this.stop();
    // Without a listener, an event called error ends the process; that is for the program to decide.
    if (this.listenerCount('error') > 0) this.emit('error', error);
  }

  private tellLosses(): void {
    if (this.server === undefined || this.listenerCount('loss') === 0) return;
    for (const loss of this.losses.look(this.ledger())) this.emit('loss', loss);
  }

  /** Lines are picked by the listener threads only while somebody wants them, and only those that are wanted. */
  private watchAsAsked(): void {
    const wanted =
      this.listenerCount('message') > 0 ? 'all' : this.listenerCount('rejected') > 0 ? 'rejected' : 'none';
    if (wanted === this.watched || this.server === undefined || this.stopped !== undefined) return;
    this.endWatch();
    this.watched = wanted;
    if (wanted === 'none') return;
    this.unwatch = this.server.watch({
      search: { parts: [], rejected: wanted === 'rejected' },
      fits: () => true,
      accept: (lines, leftOut) => {
        for (const line of lines) this.emit(line.outcome === 'rejected' ? 'rejected' : 'message', line);
        if (leftOut > 0) this.emit('messagesSkipped', leftOut);
      },
    });
  }

  private endWatch(): void {
    this.unwatch?.();
    this.unwatch = undefined;
    this.watched = 'none';
  }

  private tell(line: string): void {
    if (this.options.log === undefined) return;
    const {
      level,
      msg = '',
      time,
      ...fields
    } = JSON.parse(line) as Record<string, unknown> & {
      level: number;
      time: number;
      msg?: string;
    };
    this.options.log({ level: LEVELS[level] ?? 'info', message: msg, time, fields });
  }
}
