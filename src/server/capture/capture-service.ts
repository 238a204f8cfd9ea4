/**
 * Captures of a running server: packets of all listeners as a file, from now on or looking back.
 *
 *   listener threads ──segments──▶ this ──▶ writer thread ──chunks──▶ sink: an HTTP answer, a file
 *        ▲───────────── "written" ─────────────┘   withheld while the sink is behind
 *
 * One capture at a time. A sink that is behind, or a writer that is, never holds a listener back: the threads then have no
 * segment to fill, and what they do not copy is counted and told in the file.
 *
 * Thread  the control thread. Memory: SEGMENTS_MAX segments of each thread, chunks the sink has not taken (SINK_BYTES_MAX).
 */

import { Worker } from 'node:worker_threads';
import type { Workloads } from '../../enrich/tags/static-tagger.ts';
import { assert } from '../../lib/assert.ts';
import type { ListenerThread } from '../../listeners/thread/listener-thread.ts';
import type { CaptureView } from '../../model/views/capture-view.ts';
import type { CapturedMessage } from '../../model/views/captured.ts';
import { type OwnMetric, ownMetric } from '../../telemetry/metric.ts';
import type { WriterCommand, WriterMessage, WriterSettings } from './capture-writer.ts';

/** Where a capture goes. */
export interface CaptureSink {
  write(bytes: Uint8Array): void;
  /** Bytes it has been given and has not passed on. */
  readonly pendingBytes: number;
  end(): void;
}

export interface CaptureRequest {
  /** How long to capture, ms; for a look back how far. */
  readonly durationMs: number;
  /** Whether it is the last packets that are wanted. */
  readonly isLast: boolean;
  readonly compress: boolean;
  readonly filter: readonly string[];
  /** Why the server saves it by itself; empty when it was asked to. */
  readonly reason: string;
}

export interface CaptureServiceOptions {
  readonly threads: readonly ListenerThread[];
  /** Bytes of all rings together; 0 for none. */
  readonly ringBytes: number;
  /** Bytes of each thread for what is on its way to a file. */
  readonly bufferBytes: number;
  /** What each thread copies at most. */
  readonly copyBytesPerSecond: number;
  readonly workloads: () => Workloads;
  /** Unix seconds. */
  readonly clock: () => number;
}

/** Why a capture cannot begin. */
export type CaptureRefusal = 'busy' | 'no_ring' | 'stopping';

/** Pieces of a thread's buffer; of a ring, which is handed over at once. */
const SEGMENTS_MAX = 32;
const SINK_BYTES_MAX = 16 * 1024 * 1024;
const TICK_MS = 100;
/** How long threads have to hand over what they hold, ms; they look at their messages at least every 250 ms. */
const ANSWER_MS = 5000;

interface Session {
  readonly request: CaptureRequest;
  readonly sink: CaptureSink;
  readonly worker: Worker;
  readonly startedAt: number;
  readonly done: (view: CaptureView) => void;
  timer: NodeJS.Timeout | undefined;
  ticker: NodeJS.Timeout;
  /** Segments that are written and not yet told to their threads, because the sink is behind. */
  readonly withheld: { readonly thread: number; readonly buffer: ArrayBuffer }[];
  packets: number;
  bytes: number;
  droppedPackets: number;
  droppedBytes: number;
  isEnding: boolean;
}

export class CaptureService {
  private readonly options: CaptureServiceOptions;
  private session: Session | undefined;
  private last: CaptureView | undefined;
  private isOpen = false;
  private stopped = false;
  private readonly totals = { captures: 0, packets: 0, droppedPackets: 0, droppedBytes: 0 };
  /** Who waits for the answer of which thread, by request. */
  private readonly answers = new Map<number, () => void>();
  private requests = 0;

  constructor(options: CaptureServiceOptions) {
    this.options = options;
  }

  /** Resolves, when the capture has ended, with what came of it; says at once when it cannot begin. */
  start(
    request: CaptureRequest,
    sink: CaptureSink,
  ): { readonly done: Promise<CaptureView> } | CaptureRefusal {
    if (this.stopped) return 'stopping';
    if (this.session !== undefined) return 'busy';
    if (request.isLast && this.options.ringBytes === 0) return 'no_ring';
    let done: (view: CaptureView) => void = () => undefined;
    const promise = new Promise<CaptureView>((resolve) => {
      done = resolve;
    });
    this.totals.captures++;
    this.session = this.begin(request, sink, done);
    if (request.isLast) void this.dump(this.session);
    else {
      for (const thread of this.options.threads) thread.capture(this.startCommand());
      this.session.timer = setTimeout(() => void this.stop(), request.durationMs);
    }
    return { done: promise };
  }

  /** Ends the capture under way before its time; false when there is none. */
  stop(): boolean {
    const { session } = this;
    if (session === undefined || session.isEnding || session.request.isLast) return false;
    session.isEnding = true;
    clearTimeout(session.timer);
    void this.collect('stop', ANSWER_MS).then(() => this.end(session));
    return true;
  }

  /** The server stops: ends the capture under way, and begins no other. */
  async close(): Promise<void> {
    this.stopped = true;
    const { session } = this;
    if (session === undefined) return;
    const ended = new Promise<void>((resolve) => session.worker.once('exit', () => resolve()));
    this.stop();
    await ended;
  }

  /** All threads that are known at the start are: their rings share the memory. */
  open(): void {
    this.isOpen = true;
    for (const thread of this.options.threads) this.notify(thread);
  }

  /** Tells a thread that is new what is asked of all. */
  notify(thread: ListenerThread): void {
    const { ringBytes } = this.options;
    if (!this.isOpen) return;
    if (ringBytes > 0) {
      const bytes = Math.floor(ringBytes / this.shares());
      thread.capture({ do: 'ring', bytes, bytesPerSecond: this.options.copyBytesPerSecond });
    }
    if (this.session !== undefined && !this.session.request.isLast && !this.session.isEnding)
      thread.capture(this.startCommand());
  }

  /** Takes what thread `index` copied. */
  accept(index: number, message: CapturedMessage): void {
    const { session } = this;
    if (session !== undefined) {
      session.droppedPackets += message.droppedPackets;
      session.droppedBytes += message.droppedBytes;
      const { segments } = message;
      const thread = this.options.threads[index];
      assert(thread !== undefined, 'a segment belongs to a thread that was started');
      if (segments.length > 0) {
        this.send(
          session,
          { kind: 'segments', thread: index, names: thread.listenerNames, segments },
          segments.map(({ buffer }) => buffer),
        );
      }
    }
    if (message.of !== 'live' && message.isLast) this.answers.get(message.of)?.();
  }

  view(): {
    readonly running: CaptureView | null;
    readonly last: CaptureView | null;
    readonly ring_bytes: number;
  } {
    const running = this.session === undefined ? null : viewOf(this.session, this.options.clock());
    return { running, last: this.last ?? null, ring_bytes: this.options.ringBytes };
  }

  metrics(): OwnMetric[] {
    const { captures, packets, droppedPackets, droppedBytes } = this.totals;
    const { session } = this;
    const help = 'Packets that did not fit while they were captured. They were received all the same.';
    return [
      ownMetric('counter', 'whippet_capture_captures_total', 'Captures that were begun.', captures),
      ownMetric(
        'counter',
        'whippet_capture_packets_total',
        'Packets written to captures.',
        packets + (session?.packets ?? 0),
      ),
      ownMetric(
        'counter',
        'whippet_capture_packets_dropped_total',
        help,
        droppedPackets + (session?.droppedPackets ?? 0),
      ),
      ownMetric(
        'counter',
        'whippet_capture_bytes_dropped_total',
        'Bytes of them.',
        droppedBytes + (session?.droppedBytes ?? 0),
      ),
    ];
  }

  private startCommand() {
    const { bufferBytes, copyBytesPerSecond: bytesPerSecond } = this.options;
    const segmentBytes = Math.floor(bufferBytes / SEGMENTS_MAX / 8) * 8;
    return { do: 'start', segmentBytes, segmentsMax: SEGMENTS_MAX, bytesPerSecond } as const;
  }

  /** One more thread may be started later, for packets over HTTP; it gets a share like the others. */
  private shares(): number {
    return Math.max(this.options.threads.length, 1);
  }

  private begin(request: CaptureRequest, sink: CaptureSink, done: Session['done']): Session {
    const { clock, workloads } = this.options;
    const now = clock();
    const settings: WriterSettings = {
      compress: request.compress,
      filter: request.filter,
      since: request.isLast ? now - request.durationMs / 1000 : 0,
      segmentsMax: request.isLast ? Number.POSITIVE_INFINITY : SEGMENTS_MAX,
      isLast: request.isLast,
      workloads: workloads(),
    };
    const worker = new Worker(new URL('./capture-writer.worker.js', import.meta.url), {
      workerData: settings,
      name: 'capture writer',
    });
    const session: Session = {
      ...{ request, sink, worker, startedAt: now, done, timer: undefined, withheld: [] },
      ...{ packets: 0, bytes: 0, droppedPackets: 0, droppedBytes: 0, isEnding: false },
      ticker: setInterval(() => this.tick(session), TICK_MS),
    };
    worker.on('message', (message: WriterMessage) => this.onWriter(session, message));
    worker.once('error', (error) => this.finish(session, 0, `the writer failed: ${error.message}`));
    return session;
  }

  private async dump(session: Session): Promise<void> {
    session.isEnding = true;
    await this.collect('dump', ANSWER_MS);
    this.end(session);
  }

  /** Asks every thread for what it holds; resolves when all have answered, or will not. */
  private async collect(what: 'stop' | 'dump', timeoutMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const answered = this.options.threads.map(
      (thread) =>
        new Promise<void>((resolve) => {
          const request = ++this.requests;
          this.answers.set(request, () => {
            this.answers.delete(request);
            resolve();
          });
          thread.capture({ do: what, request });
          void thread.whenEnded().then(resolve);
        }),
    );
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, timeoutMs);
    });
    await Promise.race([Promise.all(answered), late]);
    clearTimeout(timer);
  }

  private end(session: Session): void {
    const { request, startedAt, droppedPackets, droppedBytes } = session;
    const now = this.options.clock();
    const note = {
      moment: request.reason === '' ? 0n : BigInt(Math.round(startedAt * 1e6)) * 1000n,
      ...{ reason: request.reason, droppedPackets, droppedBytes },
    };
    const durationMs = request.isLast ? request.durationMs : Math.round((now - startedAt) * 1000);
    this.send(session, { kind: 'end', state: { durationMs, note } });
  }

  private tick(session: Session): void {
    if (!session.isEnding) this.send(session, { kind: 'tick', now: this.options.clock() });
    if (session.sink.pendingBytes > SINK_BYTES_MAX) return;
    for (const { thread, buffer } of session.withheld.splice(0)) this.giveBack(thread, buffer);
  }

  private onWriter(session: Session, message: WriterMessage): void {
    switch (message.kind) {
      case 'chunk':
        session.sink.write(message.bytes);
        break;
      case 'written':
        this.onWritten(session, message);
        break;
      case 'progress':
        session.packets = message.packets;
        session.bytes = message.bytes;
        break;
      case 'done':
        session.packets = message.packets;
        session.bytes = message.bytes;
        this.finish(session, message.firstSeconds, '');
        break;
    }
  }

  private onWritten(
    session: Session,
    written: { readonly thread: number; readonly buffer: ArrayBuffer },
  ): void {
    if (session.request.isLast || session.isEnding) return;
    if (session.sink.pendingBytes > SINK_BYTES_MAX) session.withheld.push(written);
    else this.giveBack(written.thread, written.buffer);
  }

  private giveBack(thread: number, buffer: ArrayBuffer): void {
    this.options.threads[thread]?.capture({ do: 'written', buffers: [buffer] });
  }

  private finish(session: Session, firstSeconds: number, problem: string): void {
    if (this.session !== session) return;
    clearInterval(session.ticker);
    clearTimeout(session.timer);
    this.session = undefined;
    this.totals.packets += session.packets;
    this.totals.droppedPackets += session.droppedPackets;
    this.totals.droppedBytes += session.droppedBytes;
    const held = firstSeconds === 0 ? 0 : Math.max(session.startedAt - firstSeconds, 0);
    this.last = {
      ...viewOf(session, this.options.clock()),
      ...(session.request.isLast && { held_seconds: Number(held.toFixed(3)) }),
      ...(problem !== '' && { problem }),
    };
    session.sink.end();
    void session.worker.terminate();
    session.done(this.last);
  }

  private send(session: Session, command: WriterCommand, transfer: ArrayBuffer[] = []): void {
    session.worker.postMessage(command, transfer);
  }
}

function viewOf(session: Session, now: number): CaptureView {
  const { request, startedAt, packets, bytes, droppedPackets, droppedBytes } = session;
  return {
    started_at: startedAt,
    seconds: Number(Math.max(now - startedAt, 0).toFixed(3)),
    asked_seconds: request.durationMs / 1000,
    look_back: request.isLast,
    ...(request.reason !== '' && { reason: request.reason }),
    packets,
    bytes,
    dropped_packets: droppedPackets,
    dropped_bytes: droppedBytes,
  };
}
