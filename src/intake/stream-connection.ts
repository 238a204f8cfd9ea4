/**
 * One connection of a stream listener: a socket on one side, a reader of packets on the other.
 *
 *   socket ──chunk──▶ ConnectionReader ──packet──▶ host ──▶ shard
 *     ▲                     │ the turn is over
 *     └──── pause ──────────┴──▶ rest of the chunk waits here ──next turn──▶ read on, resume
 *
 * A connection that has more than fits its turn is not read until the others have had theirs; its client is
 * then held back by the kernel. What is wrong with one connection ends that connection only, is counted each
 * time and said in the log once.
 *
 * Memory  the reader's unfinished packet; while it waits, one chunk here and one in Node, 64 KiB each.
 */
import type { Socket } from 'node:net';
import type {
  ConnectionPeer,
  ConnectionProblem,
  ConnectionReport,
  ConnectionView,
  HandedConnection,
} from '../model/connection.ts';
import type { StreamCounter, StreamCounters } from '../telemetry/stream-counters.ts';
import { ConnectionReader, type PacketSink, type Staging } from './connection-reader.ts';
import type { Tracked } from './connection-tracker.ts';
import { LengthFraming } from './length-framing.ts';
import { type Libc, SHUT_RD } from './libc.ts';
import { LineFraming } from './line-framing.ts';
import type { StreamListener } from './stream-settings.ts';

/** Bytes of a frame that is too long which the log quotes. */
const QUOTE_BYTES = 64;
const HEADER_BYTES = 4;
/** For how long nothing must come on a connection whose other side cannot be shut, ms. */
const QUIET_MS = 50;

/** The thread, as its connections see it. */
export interface ConnectionHost {
  readonly staging: Staging;
  readonly packetBytesMax: number;
  readonly counters: StreamCounters;
  readonly logTooBig: boolean;
  readonly libc: Libc | undefined;
  /** The thread's clock, Unix seconds. */
  readonly now: Float64Array;
  /** Whether bytes may be read now; otherwise they have to wait. */
  mayRead(): boolean;
  /** To be called before bytes are read: lets the connection's turn begin. */
  beginTurn(connection: StreamConnection): void;
  /** Takes a packet; true when the turn is over with it. */
  packet(ptr: number, length: number): boolean;
  /** To be called after bytes of a connection of this listener were read. */
  afterRead(listener: StreamListener): void;
  /** Calls readOn() when the others have had their turn. */
  wait(connection: StreamConnection): void;
  report(report: Omit<ConnectionReport, 'leftOut'>): void;
  closed(connection: StreamConnection): void;
}

export interface ConnectionOptions {
  readonly id: number;
  readonly listener: StreamListener;
  readonly peer: ConnectionPeer;
  readonly socket: Socket;
  /** The system's number of the socket; undefined where it has none. */
  readonly fd: number | undefined;
  /** To be called when the connection has been read to its end. */
  readonly gone: () => void;
}

export class StreamConnection implements Tracked, PacketSink {
  lastReceived: number;
  private readonly host: ConnectionHost;
  private readonly options: ConnectionOptions;
  private readonly reader: ConnectionReader;
  private readonly since: number;
  private packets = 0;
  private bytes = 0;
  private lastError: string | null = null;
  private hasReported = false;
  /** The chunk that is not read to its end, and how far it is. */
  private waiting: Buffer | undefined;
  private waitingAt = 0;
  /** A frame is too long and nothing of it has come yet that could be quoted. */
  private quoteOf: number | undefined;
  private isClosed = false;
  /** Nothing more is read: another server will. */
  private isFrozen = false;

  constructor(host: ConnectionHost, options: ConnectionOptions) {
    this.host = host;
    this.options = options;
    const framing =
      options.listener.kind === 'unix'
        ? new LengthFraming(host.packetBytesMax)
        : new LineFraming(host.packetBytesMax);
    this.reader = new ConnectionReader(host.staging, framing, this);
    this.since = host.now[0] as number;
    this.lastReceived = this.since;
    const { socket } = options;
    socket.on('data', (chunk: Buffer) => this.receive(chunk));
    socket.on('error', (error) => this.fail('error', 'errors', `the connection broke: ${error.message}`));
    socket.on('close', () => this.close());
  }

  view(): ConnectionView {
    const { id, listener, peer } = this.options;
    const { since, lastReceived, packets, bytes } = this;
    return {
      ...{ id, listener: listener.kind, peer, since, lastReceived, packets, bytes },
      waiting: this.waiting !== undefined,
      lastError: this.lastError,
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
    else if (!this.isFrozen) this.options.socket.resume();
  }

  /** Begins where another server's connection ended. */
  goOn({ held, skipping }: HandedConnection): void {
    this.reader.skip(skipping);
    if (held.length > 0) this.receive(Buffer.from(held));
  }

  /** Stops reading from the system, for handOver() to follow; false when the connection ends here. */
  freeze(): boolean {
    const { socket, fd } = this.options;
    const isEnding = this.isClosed || socket.destroyed || socket.readableEnded || this.quoteOf !== undefined;
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
  handOver(): HandedConnection | undefined {
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
    this.options.socket.end();
  }

  endReading(): void {
    const { libc } = this.host;
    const { fd, socket } = this.options;
    if (socket.destroyed) return;
    if (libc === undefined || fd === undefined) this.closeWhenQuiet();
    else libc.shutdown(fd, SHUT_RD);
  }

  cutOff(): void {
    this.options.socket.destroy();
  }

  closeIdle(idleSeconds: number): void {
    if (this.waiting !== undefined || this.isClosed) return;
    this.fail('idle', 'idle', `nothing has come for ${idleSeconds} s`);
    this.options.socket.destroy();
  }

  packet(ptr: number, length: number): boolean {
    this.packets++;
    this.bytes += length;
    return this.host.packet(ptr, length);
  }

  empty(): void {
    this.count('emptyFrames');
  }

  skipped(): void {
    this.fail('line_too_long', 'longLines', `a line is longer than ${this.host.packetBytesMax} bytes`);
  }

  tooLong(length: number, head: Uint8Array): void {
    if (this.host.logTooBig && head.length <= HEADER_BYTES) this.quoteOf = length;
    else this.dropTooLong(length, head.subarray(HEADER_BYTES));
  }

  private receive(chunk: Buffer): void {
    if (this.quoteOf !== undefined) {
      this.dropTooLong(this.quoteOf, chunk);
      return;
    }
    if (!this.host.mayRead()) {
      this.wait(chunk, 0);
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
    this.count('waits');
    this.options.socket.pause();
    this.host.wait(this);
  }

  private dropTooLong(length: number, start: Uint8Array): void {
    this.quoteOf = undefined;
    const limit = this.host.packetBytesMax;
    const quote = this.host.logTooBig ? quoted(start) : undefined;
    this.fail(
      'frame_too_long',
      'longFrames',
      `a frame of ${length} bytes, at most ${limit} are taken`,
      quote,
    );
    this.options.socket.destroy();
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

  private finish(): void {
    if (this.quoteOf !== undefined) this.dropTooLong(this.quoteOf, new Uint8Array(0));
    switch (this.reader.finish(!this.options.listener.eolRequired)) {
      case 'cut_header':
        this.fail('cut_header', 'cutHeaders', 'it ended within the length of a frame');
        break;
      case 'cut_payload':
        this.fail('cut_payload', 'cutPayloads', 'it ended within a frame');
        break;
      case 'unterminated':
        this.fail('unterminated', 'unterminatedLines', 'it ended within a line, and a newline is required');
        break;
      case 'nothing':
        break;
    }
    this.host.afterRead(this.options.listener);
    this.host.closed(this);
    this.options.gone();
  }

  /** Counts it, and says it if this is the first thing to be said of this connection. */
  private fail(problem: ConnectionProblem, counter: StreamCounter, detail: string, quote?: string): void {
    this.count(counter);
    this.lastError = detail;
    if (this.hasReported) return;
    this.hasReported = true;
    const { id, listener, peer } = this.options;
    this.host.report({
      ...{ problem, detail, listener: listener.kind, connection: id, peer },
      ...(quote === undefined ? {} : { quote }),
    });
  }

  private count(counter: StreamCounter, by = 1): void {
    this.host.counters.add(this.options.listener.kind, counter, by);
  }
}

/** Has the system's bytes stay where they are; false where Node does not let us. */
function stopReading(socket: Socket): boolean {
  const handle = (socket as { readonly _handle?: { readStop?: () => number } })._handle;
  return handle?.readStop?.() === 0;
}

function quoted(start: Uint8Array): string {
  return Buffer.from(start.subarray(0, QUOTE_BYTES)).toString('latin1');
}
