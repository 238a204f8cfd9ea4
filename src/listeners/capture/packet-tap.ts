/**
 * Hot path while it is on. Copies what a listener thread receives, for captures.
 *
 *   packet ──copied once──▶ live segments ──when full, or 100 ms old──▶ control thread ──▶ file
 *          ──copied once──▶ ring of segments, the oldest written over ──asked for──▶ control thread
 *
 * Never slows receiving down: with no free segment, or when the thread has copied enough for the moment (copy-budget.ts), a
 * packet is not copied, and counted. Off it costs one comparison a batch.
 *
 * Memory  live: segmentsMax segments at most are filled or on their way; the control thread gives back the written ones,
 *         which are filled again: new ones would be pages that the kernel has to make zero first.
 *         ring: its size, in RING_SEGMENTS pieces, so that an eighth of it is forgotten at a time.
 * Why     segments that are handed over whole need no locks, and a thread that blocks in a receive can send them.
 */

import { PacketSegment, type PacketSource, RECORD_HEADER_BYTES } from '../../lib/packet-segment.ts';
import type { CaptureCommand, CapturedMessage } from '../../model/views/captured.ts';
import { CopyBudget } from './copy-budget.ts';

/** How long a packet waits for others before it is sent, seconds. */
const SEND_AFTER_SECONDS = 0.1;
const RING_SEGMENTS = 8;

/** The sending side of a message port, which takes buffers with a message. */
export interface CapturePort {
  postMessage(message: CapturedMessage, transfer: ArrayBuffer[]): void;
}

export class PacketTap {
  /** Whether packets are wanted. */
  isOn = false;
  private readonly port: CapturePort;
  private readonly memory: () => Uint8Array;
  private bytes: Uint8Array;
  private words: Int32Array;
  private live: LiveLog | undefined;
  private ring: RingLog | undefined;
  private budget = new CopyBudget(Number.POSITIVE_INFINITY);

  /** `memory` is where packets are: the shard's memory, which may grow. */
  constructor(port: CapturePort, memory: () => Uint8Array) {
    this.port = port;
    this.memory = memory;
    this.bytes = memory();
    this.words = wordsOf(this.bytes);
  }

  accept(command: CaptureCommand): void {
    switch (command.do) {
      case 'start':
        this.live = new LiveLog(command.segmentBytes, command.segmentsMax);
        this.budget = new CopyBudget(command.bytesPerSecond);
        break;
      case 'stop':
        this.sendLive();
        this.live = undefined;
        this.port.postMessage(
          { kind: 'captured', of: command.request, segments: [], isLast: true, ...NONE },
          [],
        );
        break;
      case 'written':
        this.live?.free(command.buffers);
        break;
      case 'ring':
        this.ring = command.bytes === 0 ? undefined : new RingLog(command.bytes);
        this.budget = new CopyBudget(command.bytesPerSecond);
        break;
      case 'dump':
        this.dump(command.request);
        break;
    }
    this.isOn = this.live !== undefined || this.ring !== undefined;
  }

  /** Whether what is received now is only counted, by leaveOut(): for those who have a batch of it. */
  isSpent(seconds: number): boolean {
    return this.budget.isSpent(seconds);
  }

  /** Counts packets that are not copied. */
  leaveOut(packets: number, bytes: number): void {
    this.live?.drop(packets, bytes);
    this.ring?.segment.drop(packets, bytes);
  }

  /** Copies a packet at `ptr` of the memory; to be called when it is on. */
  take(ptr: number, length: number, seconds: number, isCut: boolean, source: PacketSource): void {
    if (this.budget.isSpent(seconds)) {
      this.leaveOut(1, length);
      return;
    }
    this.budget.spend(length + RECORD_HEADER_BYTES);
    if (ptr + length + 4 > this.bytes.length) {
      this.bytes = this.memory();
      this.words = wordsOf(this.bytes);
    }
    const { bytes, words, live, ring } = this;
    if (live !== undefined && !live.segment?.append(bytes, words, ptr, length, seconds, isCut, source)) {
      this.nextLive(ptr, length, seconds, isCut, source, live);
    }
    if (ring !== undefined && !ring.segment.append(bytes, words, ptr, length, seconds, isCut, source)) {
      ring.next();
      if (!ring.segment.append(bytes, words, ptr, length, seconds, isCut, source))
        ring.segment.drop(1, length);
    }
  }

  /** After a batch, and at least every 250 ms: sends what has waited long enough. */
  flush(seconds: number): void {
    const { live } = this;
    if (live === undefined) return;
    // A clock that went back sends at once.
    const hasNews = live.packets > 0 || live.droppedPackets > 0;
    if (hasNews && Math.abs(seconds - live.since) >= SEND_AFTER_SECONDS) this.sendLive();
    if (live.packets === 0) live.since = seconds;
  }

  private nextLive(
    ptr: number,
    length: number,
    seconds: number,
    isCut: boolean,
    source: PacketSource,
    live: LiveLog,
  ): void {
    if (live.packets > 0) this.sendLive();
    if (!live.open() || !live.segment?.append(this.bytes, this.words, ptr, length, seconds, isCut, source))
      live.drop(1, length);
  }

  private sendLive(): void {
    const { live } = this;
    if (live === undefined) return;
    const { segment, droppedPackets, droppedBytes } = live;
    if ((segment === undefined || segment.packets === 0) && droppedPackets === 0) return;
    const segments = segment === undefined || segment.packets === 0 ? [] : [partOf(segment)];
    live.sent(segments.length > 0);
    this.port.postMessage(
      { kind: 'captured', of: 'live', segments, isLast: false, droppedPackets, droppedBytes },
      segments.map(({ buffer }) => buffer),
    );
  }

  private dump(request: number): void {
    const { ring } = this;
    const taken = ring?.take() ?? [];
    const segments = taken.filter(({ packets }) => packets > 0).map(partOf);
    const droppedPackets = taken.reduce((sum, segment) => sum + segment.droppedPackets, 0);
    const droppedBytes = taken.reduce((sum, segment) => sum + segment.droppedBytes, 0);
    this.port.postMessage(
      { kind: 'captured', of: request, segments, isLast: true, droppedPackets, droppedBytes },
      segments.map(({ buffer }) => buffer),
    );
  }
}

const NONE = { droppedPackets: 0, droppedBytes: 0 };

/** Segments on their way to a file. */
class LiveLog {
  segment: PacketSegment | undefined;
  /** When the segment was begun, Unix seconds. */
  since = 0;
  droppedPackets = 0;
  droppedBytes = 0;
  private readonly segmentBytes: number;
  /** How many segments may still be made. */
  private unmade: number;
  /** Those that are written. */
  private readonly written: ArrayBuffer[] = [];

  constructor(segmentBytes: number, segmentsMax: number) {
    this.segmentBytes = segmentBytes;
    this.unmade = segmentsMax;
    this.open();
  }

  get packets(): number {
    return this.segment?.packets ?? 0;
  }

  /** Begins a segment when there is none; false when too many are on their way. */
  open(): boolean {
    if (this.segment !== undefined) return true;
    let buffer = this.written.pop();
    if (buffer === undefined) {
      if (this.unmade === 0) return false;
      this.unmade--;
      buffer = new ArrayBuffer(this.segmentBytes);
    }
    this.segment = new PacketSegment(buffer);
    return true;
  }

  sent(isSegmentGone: boolean): void {
    if (isSegmentGone) this.segment = undefined;
    this.droppedPackets = 0;
    this.droppedBytes = 0;
    this.open();
  }

  free(buffers: readonly ArrayBuffer[]): void {
    // Of a capture before this one there may be others.
    for (const buffer of buffers) if (buffer.byteLength === this.segmentBytes) this.written.push(buffer);
    this.open();
  }

  drop(packets: number, bytes: number): void {
    this.droppedPackets += packets;
    this.droppedBytes += bytes;
  }
}

/** The last packets, in segments of which the oldest is written over. */
class RingLog {
  segment: PacketSegment;
  private readonly segmentBytes: number;
  /** Full ones, the oldest first. */
  private full: PacketSegment[] = [];

  constructor(bytes: number) {
    this.segmentBytes = Math.floor(bytes / RING_SEGMENTS / 8) * 8;
    this.segment = this.make();
  }

  next(): void {
    this.full.push(this.segment);
    if (this.full.length < RING_SEGMENTS) {
      this.segment = this.make();
      return;
    }
    this.segment = this.full.shift() as PacketSegment;
    this.segment.clear();
  }

  /** Gives away everything and begins anew. */
  take(): PacketSegment[] {
    const all = [...this.full, this.segment];
    this.full = [];
    this.segment = this.make();
    return all;
  }

  private make(): PacketSegment {
    return new PacketSegment(new ArrayBuffer(this.segmentBytes));
  }
}

function partOf({ buffer, length, packets }: PacketSegment): {
  buffer: ArrayBuffer;
  length: number;
  packets: number;
} {
  return { buffer, length, packets };
}

function wordsOf({ buffer, byteOffset, length }: Uint8Array): Int32Array {
  return new Int32Array(buffer, byteOffset, length >> 2);
}
