/**
 * Hot path. All stream listeners of the server on the event loop of one thread.
 *
 *   StreamServer ─▶ StreamConnection ─▶ takePacket() ─▶ shard        one chunk at a time, in turns
 *   every 100 ms:   time passes, control word, messages, idle connections
 *
 * Fair    a connection that uses up its turn waits until every other one that has something to read has been
 *         read, and once around the event loop. It is not read meanwhile, so its client is held back.
 * No backlog: what is not read waits in the sockets of the senders, and nothing is lost.
 * Memory  while it is short, as the rate limiter says, nobody has a turn.
 * Stop    accept what waits, close the listeners, let the tracker end the connections, seal.
 */
import { readFileSync } from 'node:fs';
import type { ConnectionReport, ConnectionsView, HandedConnection } from '../model/connection.ts';
import type { BoundListener, ShardMessage } from '../model/shard-message.ts';
import type { ControlWord } from '../telemetry/control-word.ts';
import { StreamCounters } from '../telemetry/stream-counters.ts';
import type { Clock } from './clock.ts';
import { Staging } from './connection-reader.ts';
import { ConnectionReports } from './connection-reports.ts';
import { ConnectionTracker } from './connection-tracker.ts';
import type { Forwarder } from './forwarder.ts';
import type { Libc } from './libc.ts';
import { codeOf } from './listen-error.ts';
import type { RateLimiter } from './rate-limiter.ts';
import type { Shard } from './shard.ts';
import { type ConnectionHost, StreamConnection } from './stream-connection.ts';
import { StreamServer } from './stream-server.ts';
import type { StreamListener, StreamSettings } from './stream-settings.ts';
import { Turn } from './turn.ts';

const TICK_MS = 100;
/** How often idle connections are looked for, ticks. */
const IDLE_TICKS = 10;
/** How long a stopping thread goes on accepting who keeps coming, ms. */
const ACCEPT_DRAIN_MS = 2000;
const PEER_PID_UNKNOWN = 0;

export interface StreamIntakeOptions {
  readonly settings: StreamSettings;
  /** The longest packet. */
  readonly packetBytesMax: number;
  /** Set where system calls can be made. */
  readonly libc: Libc | undefined;
  readonly shard: Pick<Shard, 'takePacket' | 'passTime' | 'finish'>;
  readonly control: ControlWord;
  readonly clock: Clock;
  readonly takeRegion: (bytes: number) => number;
  readonly memory: () => Buffer;
  /** Undefined when they are off. */
  readonly limiter: RateLimiter | undefined;
  readonly forwarder: Forwarder | undefined;
  /** The control thread has sent a message. */
  readonly onAttention: () => void;
  /** Whether packets go to onPacket as well. */
  readonly echoes: boolean;
  readonly onPacket: (ptr: number, length: number) => void;
  /** After every chunk, with the number of its listener, and with 0 at least every 100 ms. */
  readonly afterBatch: (listener: number) => void;
  readonly send: (message: ShardMessage) => void;
}

export class StreamIntake implements ConnectionHost {
  readonly staging: Staging;
  readonly packetBytesMax: number;
  readonly counters: StreamCounters;
  readonly logTooBig: boolean;
  readonly libc: Libc | undefined;
  readonly now: Float64Array;
  private readonly options: StreamIntakeOptions;
  private readonly tracker: ConnectionTracker;
  private readonly reports: ConnectionReports;
  private readonly servers: StreamServer[];
  private readonly turn = new Turn();
  /** Whose turn it is. */
  private current: StreamConnection | undefined;
  private waiting: StreamConnection[] = [];
  private nextTurns: NodeJS.Immediate | undefined;
  /** While those who have connected before a stop are accepted nobody has a turn: it is to be quick. */
  private isAcceptingRest = false;
  /** Set while memory is short: nobody has a turn. */
  private pause: NodeJS.Timeout | undefined;
  private ticks = 0;
  /** Listeners that another server has, by number. */
  private left: ReadonlySet<number> = new Set();

  constructor(options: StreamIntakeOptions) {
    const { settings, packetBytesMax, libc, clock } = options;
    this.options = options;
    this.packetBytesMax = packetBytesMax;
    this.libc = libc;
    this.logTooBig = settings.logTooBig;
    this.now = clock.seconds;
    this.counters = new StreamCounters(settings.counters);
    this.tracker = new ConnectionTracker(settings);
    this.reports = new ConnectionReports((report) => options.send({ kind: 'connection', report }));
    // The longest thing a connection keeps: a frame with its header.
    this.staging = new Staging(packetBytesMax + 4, options.takeRegion, options.memory);
    const descriptorsMax = readDescriptorsMax();
    this.servers = settings.listeners.map(
      (listener) =>
        new StreamServer({
          ...{ listener, libc, descriptorsMax, tracker: this.tracker, counters: this.counters },
          connected: (socket, fd, peer, gone, handed) => {
            const id = this.tracker.nextId();
            const connection = new StreamConnection(this, { id, listener, peer, socket, fd, gone });
            this.tracker.add(connection);
            if (handed !== undefined) connection.goOn(handed);
          },
          report: (report) => this.report(report),
        }),
    );
  }

  /** Listens, and tells what came of it. Whether a listener that cannot listen matters the control thread decides. */
  async listen(): Promise<void> {
    const listeners: BoundListener[] = [];
    for (const server of this.servers) {
      try {
        listeners.push({ port: await server.listen() });
      } catch (error) {
        listeners.push({ code: codeOf(error), message: (error as Error).message });
      }
    }
    this.options.send({ kind: 'bound', listeners });
  }

  /** Accepts no more. */
  close(): void {
    for (const server of this.servers) server.close();
  }

  /** Receives until the control thread asks to stop; resolves when everything that was sent is ingested and sealed. */
  async run(): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setInterval(() => {
        this.tick();
        if (!this.options.control.stopRequested) return;
        clearInterval(timer);
        resolve();
      }, TICK_MS);
    });
    // What was said right before the stop may have come behind the tick.
    if (this.options.control.needsAttention()) this.options.onAttention();
    // A stop does not wait for memory.
    this.endPause();
    this.handOver();
    await this.acceptRest();
    this.close();
    await this.tracker.stop();
    this.finishTurns();
    clearImmediate(this.nextTurns);
    const { clock, shard, afterBatch } = this.options;
    clock.tick();
    shard.finish();
    afterBatch(0);
  }

  /** The stop that follows leaves these listeners, by number, to another server. */
  leave(listeners: readonly number[]): void {
    this.left = new Set(listeners);
  }

  /** Goes on with a connection that another server has accepted. */
  adopt(listener: number, connection: HandedConnection): void {
    const server = this.servers[listener];
    if (server === undefined) this.libc?.close(connection.fd);
    else server.adopt(connection);
  }

  view(): ConnectionsView {
    return this.tracker.view();
  }

  mayRead(): boolean {
    const { control, limiter } = this.options;
    if (this.pause !== undefined || this.isAcceptingRest) return false;
    const ms = control.stopRequested ? 0 : (limiter?.pauseMs() ?? 0);
    if (ms > 0) this.pause = setTimeout(() => this.endPause(), ms);
    return ms === 0;
  }

  beginTurn(connection: StreamConnection): void {
    const { control, clock, onAttention } = this.options;
    // What comes after a message of the control thread is treated by it.
    if (control.needsAttention()) onAttention();
    clock.tick();
    if (this.current === connection) return;
    this.current = connection;
    this.turn.begin();
    this.nextTurns ??= setImmediate(() => this.giveTurns());
  }

  /** Every packet of every stream listener passes here. */
  packet(ptr: number, length: number): boolean {
    const { shard, forwarder, echoes, onPacket } = this.options;
    // Packets stay where they are until the chunk is read, so they are sent on together.
    forwarder?.add(ptr, length, false);
    if (echoes) onPacket(ptr, length);
    // The shard knows no origins by process yet; the peer's process id would be the number.
    shard.takePacket(ptr, length, PEER_PID_UNKNOWN, false);
    return this.turn.spend(length);
  }

  afterRead(listener: StreamListener): void {
    this.options.forwarder?.flush();
    this.options.control.counters.add('receiveCalls');
    this.options.afterBatch(this.options.settings.listeners.indexOf(listener));
  }

  wait(connection: StreamConnection): void {
    this.waiting.push(connection);
  }

  report(report: Omit<ConnectionReport, 'leftOut'>): void {
    this.reports.report(report, this.now[0] as number);
  }

  closed(connection: StreamConnection): void {
    this.tracker.remove(connection);
  }

  /** Once around the event loop: everyone who waits has a turn, and whoever comes next has a new one. */
  private giveTurns(): void {
    this.nextTurns = undefined;
    this.current = undefined;
    const waiting = this.waiting;
    this.waiting = [];
    for (const connection of waiting) {
      if (this.mayRead()) {
        this.beginTurn(connection);
        connection.readOn();
      } else this.waiting.push(connection);
    }
  }

  /**
   * Leaves what another server has taken to it: accepts no more, ingests every whole packet that was read, and hands on each
   * connection with the rest. In one turn of the event loop, so that nothing is read meanwhile. TLS cannot move: its
   * connections end as at any stop.
   */
  private handOver(): void {
    const { left, options } = this;
    const { listeners } = options.settings;
    for (const index of left) this.servers[index]?.close();
    const frozen = [...this.tracker.all()].filter(
      (one): one is StreamConnection =>
        one instanceof StreamConnection &&
        one.listener.tls === undefined &&
        left.has(listeners.indexOf(one.listener)) &&
        one.freeze(),
    );
    for (const connection of frozen) {
      this.finishTurns();
      while (connection.readAhead()) this.finishTurns();
    }
    for (const one of frozen) {
      const connection = one.handOver();
      const listener = listeners.indexOf(one.listener);
      if (connection !== undefined) options.send({ kind: 'handed_over', listener, connection });
    }
  }

  private finishTurns(): void {
    while (this.waiting.length > 0) this.giveTurns();
  }

  private endPause(): void {
    clearTimeout(this.pause);
    this.pause = undefined;
    this.giveTurns();
  }

  private tick(): void {
    const { control, clock, shard, settings, onAttention, afterBatch } = this.options;
    if (control.needsAttention()) onAttention();
    clock.tick();
    shard.passTime();
    afterBatch(0);
    this.ticks++;
    if (settings.idleTimeoutMs > 0 && this.ticks % IDLE_TICKS === 0) {
      this.tracker.closeIdle(this.now[0] as number, settings.idleTimeoutMs / 1000);
    }
  }

  /** Accepts those that had connected before the stop, until none comes in two rounds of the event loop. */
  private async acceptRest(): Promise<void> {
    const accepted = (): number => this.servers.reduce((sum, server) => sum + server.accepted, 0);
    const deadline = performance.now() + ACCEPT_DRAIN_MS;
    let before: number;
    this.isAcceptingRest = true;
    do {
      before = accepted();
      for (let round = 0; round < 2; round++) await new Promise((resolve) => setImmediate(resolve));
    } while (accepted() !== before && performance.now() < deadline);
    this.isAcceptingRest = false;
    this.giveTurns();
  }
}

/** What `ulimit -n` says in a shell; undefined where the system does not tell. */
function readDescriptorsMax(): number | undefined {
  try {
    const [, limit] = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1')) ?? [];
    return limit === undefined ? undefined : Number(limit);
  } catch {
    return undefined;
  }
}
