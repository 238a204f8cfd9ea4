/**
 * One connection of a stream listener: a socket on one side, a reader of packets on the other.
 *
 *   socket ──chunk──▶ ConnectionReader ──packet──▶ host ──▶ shard
 *     ▲                     │ the turn is over
 *     └──── pause ──────────┴──▶ rest of the chunk waits here ──next turn──▶ read on, resume
 *
 * A connection that has more than fits its turn is not read until the others have had theirs; its client is
 * then held back by the kernel. What is wrong with one connection ends that connection only
 * (connection-faults.ts).
 *
 * Memory  the reader's unfinished packet; while it waits, one chunk here and one in Node, 64 KiB each.
 */

import type { Socket } from 'node:net';
import type { PacketSource } from '../../lib/packet-segment.ts';
import type { ConnectionPeer, ConnectionView, PassedConnection } from '../../model/connection.ts';
import { ConnectionOrigin } from '../origin/connection-origin.ts';
import type { Credentials } from '../origin/packet-origins.ts';
import type { PidfdSwitch } from '../origin/pidfd-switch.ts';
import { dropOnClose, hasPeerEnded, stopConnection } from '../system/stop-inflow.ts';
import { ConnectionFaults } from './connection-faults.ts';
import type { ConnectionHost } from './connection-host.ts';
import { ConnectionReader, type PacketSink } from './connection-reader.ts';
import type { Tracked } from './connection-tracker.ts';
import { LengthFraming } from './length-framing.ts';
import { LineFraming } from './line-framing.ts';
import type { ChunkSink, SenderSocket } from './sender-reader.ts';
import type { StreamListener } from './stream-settings.ts';

const HEADER_BYTES = 4;
/** For how long nothing must come on a connection whose other side cannot be shut, ms. */
const QUIET_MS = 50;

export interface ConnectionOptions {
  readonly id: number;
  readonly listener: StreamListener;
  readonly peer: ConnectionPeer;
  readonly socket: Socket;
  /** Set where the bytes of the socket come with who has sent them. */
  readonly senders?: SenderSocket;
  /** The system's number of the socket; undefined where it has none. */
  readonly fd: number | undefined;
  /** To be called when the connection has been read to its end. */
  readonly gone: () => void;
  /** Asked at its end: whether the client has ended it in order, which TLS alone can say. */
  readonly endsInOrder?: () => boolean;
  /** The socket that has the descriptor, where it is another one. */
  readonly below?: Socket;
}

export class StreamConnection implements Tracked, PacketSink, ChunkSink {
  lastReceived: number;
  private readonly host: ConnectionHost<StreamConnection>;
  private readonly options: ConnectionOptions;
  private readonly reader: ConnectionReader;
  private readonly since: number;
  private packets = 0;
  private bytes = 0;
  private readonly faults: ConnectionFaults;
  /** The chunk that is not read to its end, and how far it is. */
  private waiting: Buffer | undefined;
  private waitingAt = 0;
  /** The client has ended it in order: a last line without its end is a whole one. */
  private hasEnded = false;
  /** The end that is read next is an answer to ours. */
  private isAnswer = false;
  /** The client had ended its side when we ended ours. */
  private hadEnded = false;
  /** We have ended reading, so that the end which is read next says nothing about the client. */
  private isStopping = false;
  private isClosed = false;
  /** Nothing more is read: another server will. */
  private isFrozen = false;
  /** Which container its bytes come from; undefined when that is not asked. */
  private readonly origin: ConnectionOrigin | undefined;
  /** Who has sent what is read now, as far as it is told; otherwise who has connected. */
  private lastSender: Credentials | undefined;
  /** The same in the words of captures; made when somebody captures. */
  private packetSource: PacketSource | undefined;

  constructor(host: ConnectionHost<StreamConnection>, options: ConnectionOptions) {
    this.host = host;
    this.options = options;
    const framing =
      options.listener.kind === 'unix'
        ? new LengthFraming(host.packetBytesMax)
        : new LineFraming(host.packetBytesMax);
    this.reader = new ConnectionReader(host.staging, framing, this);
    const { origins, libc } = host;
    const { id, listener, peer, socket, fd, senders } = options;
    this.faults = new ConnectionFaults({
      ...{ counters: host.counters, quotes: host.logTooBig },
      about: { listener: listener.kind, connection: id, peer },
      report: (report) => host.report(report),
      end: () => socket.destroy(),
    });
    this.origin =
      origins === undefined || libc === undefined || fd === undefined || listener.kind === 'tcp'
        ? undefined
        : new ConnectionOrigin(origins, libc, fd, peer.pid ?? 0);
    this.since = host.now[0] as number;
    this.lastReceived = this.since;
    if (senders === undefined) socket.on('data', (chunk: Buffer) => this.receive(chunk));
    else senders.begin(this);
    socket.on('end', () => this.end());
    socket.on('error', (error) => {
      // What breaks behind the client's end broke on our side of it, which carries nothing.
      if (this.hasEnded || this.isStopping) return;
      this.faults.fail('error', 'connectionsBroken', `the connection broke: ${error.message}`);
      this.host.counted(options.listener);
    });
    socket.on('close', () => this.close());
  }

  /** Who sends its packets; `listeners` are those of the thread, in order. */
  source(listeners: readonly StreamListener[]): PacketSource {
    const { peer, listener } = this.options;
    const { pid = 0, uid = 0, gid = 0 } = this.lastSender ?? peer;
    this.packetSource ??= {
      ...{ pid, uid, gid },
      listener: Math.max(listeners.indexOf(listener), 0),
      peer: Buffer.from(peer.address ?? '', 'latin1'),
      isSockaddr: false,
    };
    return this.packetSource;
  }

  /** The number, for the shard, of the container that has sent what is read now; 0 when it has none. */
  get originNumber(): number {
    return this.origin?.number ?? 0;
  }

  get isBetweenPackets(): boolean {
    return this.reader.isBetweenPackets;
  }

  sender(sender: Credentials, pidfd: number | undefined, pidfds: PidfdSwitch): void {
    const { lastSender } = this;
    this.host.attend();
    this.origin?.turnTo(sender, pidfd, pidfds);
    // Nothing is said of bytes that were sent before anybody asked.
    if (sender.pid === 0 || (sender.pid === lastSender?.pid && sender.uid === lastSender.uid)) return;
    this.lastSender = sender;
    this.packetSource = undefined;
  }

  chunk(bytes: Buffer): boolean {
    this.receive(bytes);
    if (this.waiting !== undefined) {
      // It is borrowed.
      this.waiting = Buffer.from(this.waiting.subarray(this.waitingAt));
      this.waitingAt = 0;
    }
    return this.waiting === undefined && !this.isClosed && !this.options.socket.destroyed;
  }

  view(): ConnectionView {
    const { id, listener, peer } = this.options;
    const { since, lastReceived, packets, bytes } = this;
    return {
      ...{ id, listener: listener.kind, peer, since, lastReceived, packets, bytes },
      waiting: this.waiting !== undefined,
      lastError: this.faults.last,
    };
  }

  /** Its next turn has come. */
  readOn(): void {
    const { waiting } = this;
    this.waiting = undefined;
    if (waiting === undefined) return;
    this.read(waiting, this.waitingAt);
    if (this.waiting !== undefined) return;
    if (this.isClosed) this.finish();
    // What Node has read ahead of a socket that is destroyed is read at its close; to resume would throw it away.
    else if (!this.isFrozen && !this.options.socket.destroyed) this.options.socket.resume();
  }

  /** Begins where another server's connection ended. */
  resume({ held, skipping }: PassedConnection): void {
    this.reader.skip(skipping);
    if (held.length > 0) this.receive(Buffer.from(held));
  }

  /** Stops reading from the system, for hotRestart() to follow; false when the connection ends here. */
  freeze(): boolean {
    const { socket, fd } = this.options;
    const isEnding = this.isClosed || socket.destroyed || socket.readableEnded || this.faults.wantsQuote;
    if (isEnding || fd === undefined || this.host.libc === undefined || !stopReading(socket)) return false;
    this.isFrozen = true;
    socket.pause();
    return true;
  }

  /** Takes what Node has read ahead; false when that was nothing. */
  readAhead(): boolean {
    const { socket } = this.options;
    if (this.waiting !== undefined || socket.destroyed) return false;
    // It comes as an event too, and Node would go on reading for the next time.
    const chunk = socket.read() as Buffer | null;
    stopReading(socket);
    return chunk !== null;
  }

  /** The frozen connection for another server; undefined when it has ended meanwhile. */
  hotRestart(): PassedConnection | undefined {
    const { socket, fd } = this.options;
    const { libc } = this.host;
    if (socket.destroyed || libc === undefined || fd === undefined) return undefined;
    const connection = { fd: libc.duplicate(fd), ...this.reader.takeHeld() };
    // Closes this descriptor only; the client sees nothing.
    socket.destroy();
    return connection;
  }

  get listener(): StreamListener {
    return this.options.listener;
  }

  halfClose(): void {
    const { libc } = this.host;
    const fd = this.openFd;
    // Many clients end their side when we end ours, in the middle of a line. Only an end from before is their own.
    this.hadEnded = libc !== undefined && fd !== undefined && hasPeerEnded(libc, fd);
    this.isAnswer = !this.hadEnded;
    this.options.socket.end();
  }

  endReading(): void {
    const { libc } = this.host;
    const fd = this.openFd;
    if (this.options.socket.destroyed || this.isStopping) return;
    if (libc === undefined || fd === undefined) {
      this.isStopping = true;
      this.closeWhenQuiet();
      return;
    }
    // Where the client had ended it and only we are behind, the end that comes is the client's.
    if (this.hadEnded) return;
    this.isStopping = true;
    stopConnection(libc, fd);
  }

  cutOff(): void {
    this.isStopping = true;
    this.faults.fail(
      'cut_off',
      'connectionsCutOff',
      'it had not been read to its end when the server had to stop',
    );
    this.host.counted(this.options.listener);
    this.options.socket.destroy();
  }

  closeIdle(idleSeconds: number): void {
    if (this.waiting !== undefined || this.isClosed) return;
    this.faults.fail('idle', 'connectionsIdle', `nothing has come for ${idleSeconds} s`);
    this.host.counted(this.options.listener);
    this.options.socket.destroy();
  }

  packet(ptr: number, length: number): boolean {
    this.packets++;
    this.bytes += length;
    return this.host.packet(ptr, length, this);
  }

  empty(): void {
    this.faults.count('framesEmpty');
  }

  skipped(length: number, head: Uint8Array): void {
    const limit = this.host.packetBytesMax;
    if (this.options.listener.kind !== 'unix') this.faults.lineTooLong(limit);
    // The length has been read, and `head` begins behind it.
    else this.faults.frameTooLong(length, limit, head);
  }

  impossible(length: number, head: Uint8Array): void {
    this.faults.noFrame(length, head.subarray(HEADER_BYTES));
  }

  private receive(chunk: Buffer): void {
    this.faults.quote(chunk);
    if (!this.host.mayRead()) {
      this.wait(chunk, 0);
      this.host.counted(this.options.listener);
      return;
    }
    this.host.beginTurn(this);
    this.lastReceived = this.host.now[0] as number;
    this.read(chunk, 0);
  }

  private read(chunk: Buffer, offset: number): void {
    const stopped = this.reader.read(chunk, offset);
    if (stopped < chunk.length) this.wait(chunk, stopped);
    this.host.afterRead(this.options.listener);
  }

  private wait(chunk: Buffer, offset: number): void {
    this.waiting = chunk;
    this.waitingAt = offset;
    this.faults.count('connectionWaits');
    this.options.socket.pause();
    this.host.wait(this);
  }

  /** The end of what the client sent has been read. */
  private end(): void {
    const { libc } = this.host;
    const fd = this.openFd;
    const isKnown = libc !== undefined && fd !== undefined;
    if (this.isStopping) {
      if (isKnown) dropOnClose(libc, fd);
      return;
    }
    const isTheirs = !this.isAnswer && (this.hadEnded || !isKnown || hasPeerEnded(libc, fd));
    this.hasEnded = isTheirs && (this.options.endsInOrder?.() ?? true);
  }

  /** Where the other side cannot be shut: it is over when nothing has come for a moment. */
  private closeWhenQuiet(): void {
    const { packets, bytes } = this;
    setTimeout(() => {
      const isQuiet = this.waiting === undefined && packets === this.packets && bytes === this.bytes;
      if (isQuiet) this.options.socket.destroy();
      else this.closeWhenQuiet();
    }, QUIET_MS);
  }

  /** The socket is closed; what was received of it may still wait for a turn. */
  private close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    if (this.waiting === undefined) this.finish();
  }

  /** Reads what Node has read ahead and keeps to itself when a connection breaks while it is paused. */
  private readRest(): void {
    const rest = this.isFrozen ? null : (this.options.socket.read() as Buffer | null);
    if (rest === null || rest.length === 0) return;
    this.host.beginTurn(this);
    this.read(rest, 0);
  }

  private finish(): void {
    this.readRest();
    // Its turn is over: it ends with the next one.
    if (this.waiting !== undefined) return;
    this.faults.quote(new Uint8Array(0));
    const leftover = this.reader.finish(this.hasEnded && !this.options.listener.eolRequired);
    this.faults.endsWithin(leftover, this.hasEnded);
    this.host.closed(this);
    this.options.gone();
    this.host.afterRead(this.options.listener);
  }

  /** The descriptor, unless it is closed: it may be somebody else's then. */
  private get openFd(): number | undefined {
    const { fd, socket, below = socket } = this.options;
    return below.destroyed ? undefined : fd;
  }
}

/** Has the system's bytes stay where they are; false where Node does not let us. */
function stopReading(socket: Socket): boolean {
  const handle = (socket as { readonly _handle?: { readStop?: () => number } })._handle;
  return handle?.readStop?.() === 0;
}
