/**
 * Packets of all listener threads in one order, the earliest first.
 *
 *   segments ─▶ a queue for each listener thread ─▶ writeUntil(horizon) ─▶ packets
 *
 * Whoever calls lets the last moments wait, so that the packets of a slower thread are not behind them. A thread that fills
 * its segments faster than that would have none left, so of each at most HELD_SHARE wait: beyond it packets go on, and
 * those of a thread that is told of later may then be behind them in the file.
 *
 * Memory  the segments, which their listener threads limit.
 */
import { readSegment, type SegmentPacket, startOfSegment } from '../../lib/packet-segment.ts';
import type { CapturedSegment } from '../../model/views/captured.ts';

const HELD_SHARE = 1 / 2;

/** The segments of one listener thread, in order, and the packet that is next. */
class Queue {
  readonly names: readonly string[];
  readonly segments: CapturedSegment[] = [];
  private packets: Iterator<SegmentPacket> | undefined;
  private next: SegmentPacket | undefined;
  private readonly onRead: (buffer: ArrayBuffer) => void;

  constructor(names: readonly string[], onRead: (buffer: ArrayBuffer) => void) {
    this.names = names;
    this.onRead = onRead;
  }

  peek(): SegmentPacket | undefined {
    while (this.next === undefined) {
      const [segment] = this.segments;
      if (segment === undefined) return undefined;
      this.packets ??= readSegment(segment.buffer, segment.length);
      const { done, value } = this.packets.next();
      if (done === true) {
        this.packets = undefined;
        this.segments.shift();
        this.onRead(segment.buffer);
      } else this.next = value;
    }
    return this.next;
  }

  remove(): void {
    this.next = undefined;
  }
}

export interface SegmentMergeOptions {
  /** How many segments a thread has. */
  readonly segmentsMax: number;
  /** Takes a packet, which is borrowed, and the names of its thread's listeners. */
  readonly write: (packet: SegmentPacket, names: readonly string[]) => void;
  /** A segment is not needed any more. */
  readonly onRead: (thread: number, buffer: ArrayBuffer) => void;
}

export class SegmentMerge {
  private readonly options: SegmentMergeOptions;
  private readonly heldMax: number;
  private readonly queues: (Queue | undefined)[] = [];

  constructor(options: SegmentMergeOptions) {
    this.options = options;
    this.heldMax = Math.max(Math.floor(options.segmentsMax * HELD_SHARE), 1);
  }

  /** Takes segments of a thread, and writes what must not wait. */
  add(thread: number, names: readonly string[], segments: readonly CapturedSegment[]): void {
    let queue = this.queues[thread];
    if (queue === undefined) {
      queue = new Queue(names, (buffer) => this.options.onRead(thread, buffer));
      this.queues[thread] = queue;
    }
    queue.segments.push(...segments);
    while (queue.segments.length > this.heldMax) {
      const { length } = queue.segments;
      this.writeUntil(startOfSegment((queue.segments.at(-this.heldMax) as CapturedSegment).buffer));
      // Where a clock went back, the start of a later segment is before what is next.
      if (queue.segments.length === length) this.writeUntil(queue.peek()?.seconds ?? 0);
    }
  }

  /** Writes what was received until `horizon`, Unix seconds, in order. */
  writeUntil(horizon: number): void {
    for (;;) {
      let earliest: Queue | undefined;
      let first: SegmentPacket | undefined;
      for (const queue of this.queues) {
        const packet = queue?.peek();
        if (packet === undefined || (first !== undefined && packet.seconds >= first.seconds)) continue;
        earliest = queue;
        first = packet;
      }
      if (earliest === undefined || first === undefined || first.seconds > horizon) return;
      this.options.write(first, earliest.names);
      earliest.remove();
    }
  }
}
