/**
 * The listeners of the server from start to stop: opened, inherited or taken from the server before, named in the log,
 * those that failed kept in mind, closed.
 *
 * Thread  the control thread.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type WorkerCounts, workerCountsOf } from '../../config/checks/worker-counts.ts';
import type { Config } from '../../config/schema.ts';
import type { PartHealth } from '../../http/health-report.ts';
import type { GivenSocket } from '../../listeners/sockets/adopt-socket.ts';
import { openInherited, takeInheritedSockets } from '../../listeners/sockets/inherited-sockets.ts';
import { ListenError } from '../../listeners/sockets/listen-error.ts';
import type { FailedListener, OpenListener } from '../../listeners/sockets/open-listener.ts';
import {
  type ListenOptions,
  type Opened,
  openListeners,
  requireListeners,
  usableLibc,
} from '../../listeners/sockets/open-listeners.ts';
import type { StreamListener } from '../../listeners/stream/stream-settings.ts';
import type { ListenerThread } from '../../listeners/thread/listener-thread.ts';
import type { PassedConnection } from '../../model/connection.ts';
import type { NotListening } from '../../telemetry/ledger/ledger-report.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { type OwnMetric, ownMetricBy } from '../../telemetry/metric.ts';
import { HotRestart } from '../hot-restart/hot-restart.ts';
import { RETRY_MS, RETRY_PAUSE_MS } from '../hot-restart/messages.ts';
import { FileWatch, type Watched } from './file-watch.ts';
import { whenThreadsReady } from './start-threads.ts';

export class Listening {
  listeners: readonly OpenListener[] = [];
  /** How many threads are to receive. */
  readonly workers: WorkerCounts;
  private failed: readonly FailedListener[] = [];
  private readonly options: ListenOptions;
  private readonly isChosenHere: boolean;
  private readonly inherited: readonly GivenSocket[];
  private readonly hotRestart: HotRestart | undefined;
  private readonly hotRestartPath: string;
  private readonly files: FileWatch;
  private readonly log: Logger;

  /** Takes the variables of socket activation out of `env`. Throws ListenError when they make no sense. */
  constructor(config: Config, env: NodeJS.ProcessEnv, log: Logger) {
    this.workers = workerCountsOf(config);
    this.isChosenHere = config.dogstatsd_workers_count === 0;
    this.options = { ...config, portable: config.listeners.portable, udpSockets: this.workers.udp };
    this.inherited = takeInheritedSockets(env, process.pid);
    this.log = log;
    this.hotRestartPath = config.hot_restart.socket;
    this.files = new FileWatch(log);
    this.hotRestart = HotRestart.make(config.hot_restart.socket, this.options, log);
  }

  /** Rejects with ListenError when too few can listen; nothing stays open then. */
  async open(): Promise<void> {
    const given = openInherited(usableLibc(this.options), this.inherited, this.options);
    const { listeners, failed } = await this.openOrWait(given);
    this.listeners = listeners;
    this.failed = failed;
  }

  /**
   * Opens the listeners. With a hot restart, sockets that are in use may be those of a server that cannot be asked yet, because
   * it is only starting: then it is asked again for a while.
   */
  private async openOrWait(given: readonly OpenListener[]): Promise<Opened> {
    const deadline = performance.now() + RETRY_MS;
    for (;;) {
      // What is inherited is opened once, and closed when that fails.
      const mayWait = this.hotRestart !== undefined && given.length === 0 && performance.now() < deadline;
      const passed = await this.hotRestart?.ask(new Set(given.map(({ kind }) => kind)));
      try {
        const opened = await openListeners(this.options, [...given, ...(passed ?? [])]);
        const isTaken = opened.failed.some(({ error }) => error.code === 'ERR_LISTEN_IN_USE');
        if (!mayWait || !isTaken || passed === undefined || passed.length > 0) return opened;
        for (const listener of opened.listeners) listener.close();
      } catch (error) {
        const isTaken = error instanceof ListenError && error.code === 'ERR_LISTEN_IN_USE';
        if (!mayWait || !isTaken || (passed !== undefined && passed.length > 0)) throw error;
      }
      this.hotRestart?.abandon();
      await sleep(RETRY_PAUSE_MS);
    }
  }

  /** Waits until all threads receive, and says what they listen on. Rejects as open() does; the caller closes. */
  async settle(threads: readonly ListenerThread[]): Promise<void> {
    const { listeners, failed } = await whenThreadsReady(threads, this.listeners);
    this.listeners = listeners;
    this.failed = [...this.failed, ...failed];
    requireListeners(this.options.dogstatsd_require_listener, listeners.length, this.failed);
    this.logStart(threads);
  }

  /** What it listens on; several sockets of one address are one. */
  get addresses(): { readonly kind: string; readonly name: string; readonly port: number }[] {
    return this.distinct().map(({ kind, name, port }) => ({ kind, name, port }));
  }

  private distinct(): OpenListener[] {
    const isSame = (one: OpenListener, other: OpenListener): boolean =>
      one.kind === other.kind && one.name === other.name;
    return this.listeners.filter((one, i, all) => all.findIndex((other) => isSame(one, other)) === i);
  }

  /** Whether another server still has the HTTP port: it gives it up in takeOver(). */
  get isReplacing(): boolean {
    return this.hotRestart?.isReplacing ?? false;
  }

  /** When the threads receive: ends the server whose place this one takes. Rejects with ListenError. */
  async takeOver(threads: readonly ListenerThread[]): Promise<void> {
    await this.hotRestart?.replace(threads);
  }

  /** Lets another server take this one's place; `onReplaced` is called when it has. Throws ListenError. */
  offer(onReplaced: () => void): void {
    this.hotRestart?.offer(() => this.listeners, onReplaced);
  }

  /** Another server may take this one's place from now on. Throws ListenError. */
  resumeGiving(): void {
    this.hotRestart?.resumeGiving();
  }

  /** Looks after the files of Unix sockets, and those of `others`. */
  look(threads: readonly ListenerThread[], others: readonly Watched[]): void {
    if (this.isReplaced) return;
    this.files.look([...this.watchedListeners(threads), ...this.watchedHotRestart(), ...others]);
  }

  private watchedListeners(threads: readonly ListenerThread[]): Watched[] {
    return this.listeners.flatMap((opened) => {
      const { kind, name, listener, look } = opened;
      if (look === undefined) return [];
      const restored = (older: number): void => {
        const thread = threads.find((one) => one.reads(listener));
        if (thread !== undefined && 'socket' in listener) thread.listenAgain(listener);
        // Those who are connected go on sending to a datagram socket that has no file any more.
        else if (thread !== undefined) {
          thread.readOlder(older);
          return;
        }
        this.closeDescriptor(older);
      };
      return [{ name: `listener ${kind}`, path: name, look: () => look.call(opened), restored }];
    });
  }

  private watchedHotRestart(): Watched[] {
    const { hotRestart } = this;
    if (hotRestart === undefined) return [];
    const path = this.hotRestartPath;
    return [{ name: 'hot restart', path, look: () => hotRestart.look(), restored: () => undefined }];
  }

  private closeDescriptor(fd: number): void {
    usableLibc(this.options)?.close(fd);
  }

  /** Stops the threads, which drain what no other server has taken. */
  async stopThreads(threads: readonly ListenerThread[]): Promise<void> {
    if (this.hotRestart === undefined) await Promise.all(threads.map((thread) => thread.stop()));
    else await this.hotRestart.stopThreads(threads);
  }

  /** The stream thread has left a connection to the next server. */
  leave(listener: StreamListener | undefined, connection: PassedConnection): void {
    if (listener !== undefined) this.hotRestart?.leave(listener, connection);
  }

  /** Whether another server takes this one's place. */
  get isReplaced(): boolean {
    return this.hotRestart?.isReplaced ?? false;
  }

  /** Closes the sockets. What another server has taken stays open there, and so do its files. */
  async close(): Promise<void> {
    this.hotRestart?.abandon();
    for (const listener of this.listeners) {
      if (this.hotRestart?.isLeft(listener) === true) listener.release?.();
      else listener.close();
    }
    await this.hotRestart?.finish(this.listeners);
  }

  /** Addresses and paths, for people. */
  describe(): string {
    if (this.listeners.length === 0) return 'nothing';
    return this.addresses.map(({ kind, name }) => `${kind} ${name}`).join(', ');
  }

  notListening(): NotListening[] {
    return this.failed.map(({ kind, error }) => ({
      listener: kind,
      code: error.code,
      reason: error.message,
    }));
  }

  /** A part for each listener that failed; the server is meant to run without. */
  health(): PartHealth[] {
    const failed = this.failed.map(({ kind, error }) => ({
      ...{ name: `listener ${kind}`, healthy: false, optional: true },
      detail: error.message,
    }));
    return [...failed, ...this.files.health()];
  }

  metrics(): OwnMetric[] {
    return [
      ownMetricBy(
        'counter',
        'whippet_listener_listeners_failed_total',
        'Configured listeners that could not start (dogstatsd_require_listener).',
        'listener',
        this.failed.map(({ kind }) => [kind, 1] as const),
      ),
    ];
  }

  private logStart(threads: readonly ListenerThread[]): void {
    const { listeners } = this;
    for (const { kind, name, receiveBufferBytes, inherited, passedOn } of this.distinct()) {
      const sockets = listeners.filter((one) => one.kind === kind && one.name === name).length;
      const from = {
        ...(sockets > 1 && { sockets }),
        ...(inherited && { inherited }),
        ...(passedOn && { passedOn }),
      };
      this.log.info({ listener: kind, address: name, receiveBufferBytes, ...from }, 'listening');
    }
    for (const kind of new Set(
      listeners.filter(({ inherited }) => inherited).map((listener) => listener.kind),
    ))
      this.log.info({ listener: kind }, 'using the inherited sockets instead of the configured one');
    for (const { kind, error } of this.failed)
      this.log.error(
        { listener: kind, code: error.code, reason: error.message },
        'a listener could not start; continuing without it',
      );
    if (listeners.length === 0)
      this.log.warn({}, 'no listener is on; set dogstatsd_port or dogstatsd_socket');
    this.log.debug(
      {
        listenerThreads: threads.map(({ listenerKind }) => listenerKind),
        workers: this.workers,
        why: this.isChosenHere
          ? 'dogstatsd_workers_count is 0: one thread for Unix datagrams, one for every four processors and at most four for UDP; one for all streams'
          : 'dogstatsd_workers_count threads for UDP and for Unix datagrams; one for all streams',
      },
      `${threads.length} listener threads and the control thread`,
    );
  }
}
