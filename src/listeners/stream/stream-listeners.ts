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
import { readdirSync, readFileSync } from 'node:fs';
import type { ConnectionReport, ConnectionsView, PassedConnection } from '../../model/connection.ts';
import type { BoundListener, ShardMessage } from '../../model/shard-message.ts';
import type { ControlWord } from '../../telemetry/counters/control-word.ts';
import type { ShardCounters } from '../../telemetry/counters/shard-counters.ts';
import type { PacketTap } from '../capture/packet-tap.ts';
import type { PacketForwarder } from '../forward/packet-forwarder.ts';
import type { RateLimiter } from '../memory/rate-limiter.ts';
import type { PacketOrigins } from '../origin/packet-origins.ts';
import { codeOf } from '../sockets/listen-error.ts';
import type { Libc } from '../system/libc.ts';
import type { Clock } from '../thread/clock.ts';
import type { ListenerShard } from '../thread/listener-shard.ts';
import type { ConnectionHost } from './connection-host.ts';
import { Staging } from './connection-reader.ts';
import { ConnectionReports } from './connection-reports.ts';
import { ConnectionTracker } from './connection-tracker.ts';
import { SenderReader } from './sender-reader.ts';
import { StreamConnection } from './stream-connection.ts';
import { DESCRIPTORS_RESERVED, StreamServer } from './stream-server.ts';
import type { StreamListener, StreamSettings } from './stream-settings.ts';
import { Turn } from './turn.ts';

const TICK_MS = 100;
/** How often idle connections are looked for, ticks. */
const IDLE_TICKS = 10;
/** How long a stopping thread goes on accepting who keeps coming, ms. */
const ACCEPT_DRAIN_MS = 2000;

export interface StreamListenersOptions {
  readonly settings: StreamSettings;
  /** The longest packet. */
  readonly packetBytesMax: number;
  /** Set where system calls can be made. */
  readonly libc: Libc | undefined;
  readonly shard: Pick<ListenerShard, 'takePacket' | 'passTime' | 'finish'>;
  readonly control: ControlWord;
  readonly clock: Clock;
  readonly takeRegion: (bytes: number) => number;
  readonly memory: () => Buffer;
  /** Undefined when they are off. */
  readonly limiter: RateLimiter | undefined;
  readonly forwarder: PacketForwarder | undefined;
  /** Finds out who sends; undefined when that is off. */
  readonly origins?: PacketOrigins;
  /** The control thread has sent a message. */
  readonly onAttention: () => void;
  /** Copies packets for captures. */
  readonly tap: Pick<PacketTap, 'isOn' | 'take'>;
  /** Whether packets go to onPacket as well. */
  readonly echoes: boolean;
  readonly onPacket: (ptr: number, length: number) => void;
  /** After every chunk, with the number of its listener, and with 0 at least every 100 ms. */
  readonly afterBatch: (listener: number) => void;
  readonly send: (message: ShardMessage) => void;
}

export class StreamListeners implements ConnectionHost<StreamConnection> {
  readonly staging: Staging;
  readonly packetBytesMax: number;
  readonly counters: ShardCounters;
  readonly logTooBig: boolean;
  readonly libc: Libc | undefined;
  readonly origins: PacketOrigins | undefined;
  readonly now: Float64Array;
  private readonly options: StreamListenersOptions;
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

  constructor(options: StreamListenersOptions) {
    const { settings, packetBytesMax, libc, clock } = options;
    this.options = options;
    this.packetBytesMax = packetBytesMax;
    this.libc = libc;
    this.origins = options.origins;
    this.logTooBig = settings.logTooBig;
    this.now = clock.seconds;
    this.counters = options.control.counters;
    const descriptorsMax = readDescriptorsMax();
    const places = placesUnder(descriptorsMax);
    const isShortOfFiles = places < settings.connectionsMax;
    this.tracker = new ConnectionTracker({
      ...settings,
      listeners: settings.listeners.length,
      connectionsMax: Math.min(settings.connectionsMax, places),
    });
    this.reports = new ConnectionReports((report) => options.send({ kind: 'connection', report }));
    // The longest thing a connection keeps: a frame with its header.
    this.staging = new Staging(packetBytesMax + 4, options.takeRegion, options.memory);
    const senders =
      libc === undefined || options.origins === undefined ? undefined : new SenderReader(libc, this.counters);
    this.servers = settings.listeners.map(
      (listener, index) =>
        new StreamServer({
          ...{ listener, index, libc, descriptorsMax, isShortOfFiles },
          senders: listener.kind === 'tcp' ? undefined : senders,
          ...{ tracker: this.tracker, counters: this.counters },
          counted: () => options.afterBatch(index),
          connected: (socket, fd, peer, gone, { passed, ...origin } = {}) => {
            const id = this.tracker.nextId();
            const own = { id, listener, peer, socket, fd, gone, ...origin };
            const connection = new StreamConnection(this, own);
            this.tracker.add(connection);
            if (passed !== undefined) connection.resume(passed);
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
    this.attend();
    // A stop does not wait for memory.
    this.endPause();
    this.hotRestart();
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

  /** Another socket has taken the place of the listener's, under the same descriptor. */
  async listenAgain(listener: number): Promise<void> {
    try {
      await this.servers[listener]?.listenAgain();
    } catch (error) {
      const { kind } = this.options.settings.listeners[listener] as StreamListener;
      this.report({
        problem: 'accept',
        listener: kind,
        detail: `cannot listen: ${(error as Error).message}`,
      });
    }
  }

  /** Goes on with a connection that another server has accepted. */
  adopt(listener: number, connection: PassedConnection): void {
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

  attend(): void {
    const { control, onAttention } = this.options;
    if (control.needsAttention()) onAttention();
  }

  beginTurn(connection: StreamConnection): void {
    // What comes after a message of the control thread is treated by it.
    this.attend();
    this.options.clock.tick();
    if (this.current === connection) return;
    this.current = connection;
    this.turn.begin();
    this.nextTurns ??= setImmediate(() => this.giveTurns());
  }

  /** Every packet of every stream listener passes here. */
  packet(ptr: number, length: number, connection: StreamConnection): boolean {
    const { shard, forwarder, echoes, onPacket, tap, settings } = this.options;
    // Packets stay where they are until the chunk is read, so they are sent on together.
    forwarder?.add(ptr, length, false);
    if (echoes) onPacket(ptr, length);
    if (tap.isOn) tap.take(ptr, length, this.now[0] as number, false, connection.source(settings.listeners));
    const origin = connection.originNumber;
    if (origin !== 0) this.counters.add('originPackets');
    shard.takePacket(ptr, length, origin, false);
    return this.turn.spend(length);
  }

  counted(listener: StreamListener): void {
    this.options.afterBatch(this.options.settings.listeners.indexOf(listener));
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
  private hotRestart(): void {
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
      const connection = one.hotRestart();
      const listener = listeners.indexOf(one.listener);
      if (connection !== undefined) options.send({ kind: 'connection_passed', listener, connection });
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
    const { clock, shard, settings, afterBatch } = this.options;
    this.attend();
    clock.tick();
    shard.passTime();
    afterBatch(0);
    this.ticks++;
    if (settings.idleTimeoutMs > 0 && this.ticks % IDLE_TICKS === 0) {
      this.tracker.closeIdle(this.now[0] as number, settings.idleTimeoutMs / 1000);
    }
  }

  /** Lets nobody connect any more, where that can be had, and accepts those that had connected before the stop. */
  private async acceptRest(): Promise<void> {
    const byNode = this.servers.filter((server) => !server.acceptRest());
    // What the system holds for those is accepted by now.
    for (const server of this.servers) if (!byNode.includes(server)) server.close();
    if (byNode.length > 0) await this.acceptRestOf(byNode);
    this.giveTurns();
  }

  private async acceptRestOf(servers: readonly StreamServer[]): Promise<void> {
    const accepted = (): number => servers.reduce((sum, server) => sum + server.accepted, 0);
    const deadline = performance.now() + ACCEPT_DRAIN_MS;
    let before: number;
    this.isAcceptingRest = true;
    do {
      before = accepted();
      for (let round = 0; round < 2; round++) await new Promise((resolve) => setImmediate(resolve));
    } while (accepted() !== before && performance.now() < deadline);
    this.isAcceptingRest = false;
  }
}

/** How many connections fit the descriptors that the process may have, beside those it has open and keeps for others. */
function placesUnder(descriptorsMax: number | undefined): number {
  if (descriptorsMax === undefined) return Number.POSITIVE_INFINITY;
  try {
    return Math.max(1, descriptorsMax - readdirSync('/proc/self/fd').length - 2 * DESCRIPTORS_RESERVED);
  } catch {
    return Math.max(1, descriptorsMax - 4 * DESCRIPTORS_RESERVED);
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
