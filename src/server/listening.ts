/**
 * The listeners of the server from start to stop: opened, inherited or taken from the server before, named in the log,
 * those that failed kept in mind, closed.
 *
 * Thread  the control thread.
 */
import { availableParallelism } from 'node:os';
import type { Config } from '../config/schema.ts';
import type { PartHealth } from '../http/health-report.ts';
import type { GivenSocket } from '../intake/adopt-socket.ts';
import { openInherited, takeInheritedSockets } from '../intake/inherited-sockets.ts';
import type { IntakeThread } from '../intake/intake-thread.ts';
import {
  type FailedListener,
  type ListenOptions,
  type OpenListener,
  openListeners,
  requireListeners,
  usableLibc,
} from '../intake/open-listeners.ts';
import type { StreamListener } from '../intake/stream-settings.ts';
import type { HandedConnection } from '../model/connection.ts';
import type { NotListening } from '../telemetry/ledger-report.ts';
import type { Logger } from '../telemetry/logger.ts';
import { type OwnMetric, ownMetricBy } from '../telemetry/metric.ts';
import { HandOver } from './hand-over.ts';
import { whenThreadsReady } from './start-threads.ts';

export class Listening {
  listeners: readonly OpenListener[] = [];
  private failed: readonly FailedListener[] = [];
  private readonly options: ListenOptions;
  private readonly workers: number;
  private readonly inherited: readonly GivenSocket[];
  private readonly handOver: HandOver | undefined;
  private readonly log: Logger;

  /** Takes the variables of socket activation out of `env`. Throws ListenError when they make no sense. */
  constructor(config: Config, env: NodeJS.ProcessEnv, log: Logger) {
    this.options = { ...config, portable: config.intake.portable };
    this.workers = config.dogstatsd_workers_count;
    this.inherited = takeInheritedSockets(env, process.pid);
    this.log = log;
    this.handOver = HandOver.make(config.handover_socket, this.options, log);
  }

  /** Rejects with ListenError when too few can listen; nothing stays open then. */
  async open(): Promise<void> {
    const given = openInherited(usableLibc(this.options), this.inherited, this.options);
    const handed = await this.handOver?.ask(new Set(given.map(({ kind }) => kind)));
    const { listeners, failed } = await openListeners(this.options, [...given, ...(handed ?? [])]);
    this.listeners = listeners;
    this.failed = failed;
  }

  /** Waits until all threads receive, and says what they listen on. Rejects as open() does; the caller closes. */
  async settle(threads: readonly IntakeThread[]): Promise<void> {
    const { listeners, failed } = await whenThreadsReady(threads, this.listeners);
    this.listeners = listeners;
    this.failed = [...this.failed, ...failed];
    requireListeners(this.options.dogstatsd_require_listener, listeners.length, this.failed);
    this.logStart(threads);
  }

  /** Whether another server still has the HTTP port: it gives it up in takeOver(). */
  get isReplacing(): boolean {
    return this.handOver?.isReplacing ?? false;
  }

  /** When the threads receive: ends the server whose place this one takes. Rejects with ListenError. */
  async takeOver(threads: readonly IntakeThread[]): Promise<void> {
    await this.handOver?.replace(threads);
  }

  /** Lets another server take this one's place; `onReplaced` is called when it has. Throws ListenError. */
  offer(onReplaced: () => void): void {
    this.handOver?.offer(() => this.listeners, onReplaced);
  }

  /** Stops the threads, which drain what no other server has taken. */
  async stopThreads(threads: readonly IntakeThread[]): Promise<void> {
    if (this.handOver === undefined) await Promise.all(threads.map((thread) => thread.stop()));
    else await this.handOver.stopThreads(threads);
  }

  /** The stream thread has left a connection to the next server. */
  leave(listener: StreamListener | undefined, connection: HandedConnection): void {
    if (listener !== undefined) this.handOver?.leave(listener, connection);
  }

  /** Whether another server takes this one's place. */
  get isReplaced(): boolean {
    return this.handOver?.isReplaced ?? false;
  }

  /** Closes the sockets. What another server has taken stays open there, and so do its files. */
  async close(): Promise<void> {
    this.handOver?.abandon();
    for (const listener of this.listeners) {
      if (this.handOver?.isLeft(listener) === true) listener.release?.();
      else listener.close();
    }
    await this.handOver?.finish(this.listeners);
  }

  /** Addresses and paths, for people. */
  describe(): string {
    if (this.listeners.length === 0) return 'nothing';
    return this.listeners.map(({ kind, name }) => `${kind} ${name}`).join(', ');
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
    return this.failed.map(({ kind, error }) => ({
      ...{ name: `listener ${kind}`, healthy: false, optional: true },
      detail: error.message,
    }));
  }

  metrics(): OwnMetric[] {
    return [
      ownMetricBy(
        'counter',
        'whippet_intake_listeners_failed_total',
        'Configured listeners that could not start (dogstatsd_require_listener).',
        'listener',
        this.failed.map(({ kind }) => [kind, 1] as const),
      ),
    ];
  }

  private logStart(threads: readonly IntakeThread[]): void {
    const { listeners } = this;
    for (const { kind, name, receiveBufferBytes, inherited, handedOver } of listeners) {
      const from = { ...(inherited && { inherited }), ...(handedOver && { handedOver }) };
      this.log.info({ listener: kind, address: name, receiveBufferBytes, ...from }, 'listening');
    }
    for (const kind of new Set(
      listeners.filter(({ inherited }) => inherited).map((listener) => listener.kind),
    ))
      this.log.info({ listener: kind }, 'the inherited sockets take the place of the configured one');
    for (const { kind, error } of this.failed)
      this.log.error(
        { listener: kind, code: error.code, reason: error.message },
        'a listener could not start; going on without',
      );
    if (listeners.length === 0)
      this.log.warn({}, 'no listener is on; set dogstatsd_port or dogstatsd_socket');
    this.log.debug(
      {
        intakeThreads: threads.map(({ listenerKind }) => listenerKind),
        workers: this.workers,
        processors: availableParallelism(),
        why:
          this.workers === 0
            ? 'dogstatsd_workers_count is 0: one thread for each datagram socket, which takes what one processor can; one for all streams'
            : 'dogstatsd_workers_count threads for each datagram socket; one for all streams',
      },
      `${threads.length} intake threads and the control thread`,
    );
  }
}
