/**
 * Hot path. One listener thread's share of the work: received packets into the shard's pipeline (shard/pipeline.ts), sealed
 * buckets out.
 *
 *   receive ─▶ keeps up? ──yes──▶ pipeline
 *                 └──no──▶ backlog ──when the socket is empty──▶ pipeline
 *
 * Drain before you work: a batch is ingested in place while that takes less than a slice of time. When the
 * cold path makes it take longer, the rest of the batch, and everything received until the backlog is
 * empty again, goes through the backlog, so that the kernel's small buffer is emptied first.
 *
 * Buckets follow the clock of the packet: a packet belongs to the bucket in which it was received, however
 * long it waited in the backlog. When the first packet of another bucket is due, the open one is sealed.
 *
 * Thread  the listener thread's own; the control thread reads sealed buckets and counters.
 */

import { MSG_TRUNC } from '../../model/core-border.ts';
import type { ControlWord } from '../../telemetry/counters/control-word.ts';
import type { Backlog } from '../datagram/backlog.ts';
import type { ReceiveSlots } from '../datagram/receive-slots.ts';
import type { Clock } from './clock.ts';
import { SLICE_MS, type TimeSlice } from './time-slice.ts';

/** How long a shard that is asked to seal waits for the same, ms. */
const SEAL_WAIT_MS = 1000;
/** How long a stopping shard waits for the control thread to read the bucket before, ms. */
const RELEASE_WAIT_MS = 60_000;
/** Lines and contexts looked at after a batch while idle ones are swept out: about 10 microseconds. */
const SWEEP_ENTRIES = 4096;

/** The pipeline (shard/pipeline.ts), as far as a listener thread uses it. */
export interface IngestPipeline {
  readonly openStart: number;
  bucketOf(seconds: number): number;
  bucketAfter(seconds: number): number;
  isOpenAt(seconds: number): boolean;
  ingest(ptr: number, length: number, origin: number, receivedAt: number, truncated: boolean): boolean;
  ingestBatch(
    headers: number,
    slots: number,
    slotBytes: number,
    origins: number,
    first: number,
    end: number,
    receivedAt: number,
  ): number;
  /** The number that the sender of a packet that waited has now. */
  currentOrigin(origin: number): number;
  countMessages(ptr: number, length: number): number;
  /** Lets lines go on that have waited for the tags of their container; all of them when `now` is not finite. */
  releaseOverdue(now: number): void;
  sealPart(): number | undefined;
  seal(next: number): number | undefined;
  readonly isSweeping: boolean;
  sweep(entries: number): Uint32Array;
}

/** Whom a shard tells what it did. Called between two batches. */
export interface ShardReporter {
  sealed(bucket: number): void;
  freed(slots: Uint32Array): void;
  passed(start: number): void;
}

export interface ListenerShardOptions {
  readonly pipeline: IngestPipeline;
  readonly backlog: Backlog;
  /** The thread's clock; whoever gives the shard something has it tick before. */
  readonly clock: Clock;
  readonly control: ControlWord;
  readonly reporter: ShardReporter;
  /** The one that the pipeline's cold path asks as well. */
  readonly slice: TimeSlice;
}

export class ListenerShard {
  private readonly options: ListenerShardOptions;
  private readonly pipeline: IngestPipeline;
  private readonly backlog: Backlog;
  private readonly slice: TimeSlice;
  /** The thread's clock, Unix seconds. */
  private readonly now: Float64Array;
  /** Buckets handed to the control thread. */
  private sealedCount = 0;
  /** Messages in the packets of the backlog. */
  private heldMessages = 0;
  /** Whether idle lines and contexts are still to be forgotten. */
  private sweeping = false;

  constructor(options: ListenerShardOptions) {
    this.options = options;
    this.pipeline = options.pipeline;
    this.backlog = options.backlog;
    this.slice = options.slice;
    this.now = options.clock.seconds;
  }

  /** Whether packets wait; the thread then must not block in its next receive. */
  get hasBacklog(): boolean {
    return !this.backlog.isEmpty;
  }

  /**
   * Takes `count` packets of a batch that were just received, from slot `start` on. The slice of time is that of the batch, which
   * begins at slot 0: otherwise one taken in shares would never be too slow, and the socket would fill up.
   */
  takeBatch(slots: ReceiveSlots, start: number, count: number): void {
    this.options.control.counters.add('receivedPackets', count);
    const end = start + count;
    let first = start;
    if (this.backlog.isEmpty) {
      if (start === 0) this.beginInPlace();
      first = this.pipeline.ingestBatch(
        slots.headersPtr,
        slots.slotsPtr,
        slots.slotBytes,
        slots.originsPtr,
        start,
        end,
        this.seconds(),
      );
    }
    for (let i = first; i < end; i++) {
      this.hold(slots.slotPtr(i), slots.length(i), slots.origin(i), (slots.flags(i) & MSG_TRUNC) !== 0);
    }
    if (first < end) this.countHeld();
    else this.pipeline.releaseOverdue(this.seconds());
    if (this.sweeping) this.sweep();
  }

  /** Takes one packet that was just received, at `ptr` of the shard's memory. */
  takePacket(ptr: number, length: number, origin: number, truncated: boolean): void {
    this.options.control.counters.add('receivedPackets');
    if (this.backlog.isEmpty) {
      this.beginInPlace();
      this.pipeline.ingest(ptr, length, origin, this.seconds(), truncated);
      this.pipeline.releaseOverdue(this.seconds());
    } else {
      this.hold(ptr, length, origin, truncated);
      this.countHeld();
    }
    if (this.sweeping) this.sweep();
  }

  /** Ingests from the backlog for one slice. */
  work(): void {
    this.slice.begin();
    while (this.ingestOldest() && !this.slice.isOver());
    this.countHeld();
  }

  /** Lets time pass: seals the open bucket when its end has come. */
  passTime(): void {
    if (this.backlog.isEmpty) this.moveToNow();
    this.pipeline.releaseOverdue(this.seconds());
    if (!this.sweeping) return;
    // Nothing has come: there is time for more than after a batch.
    const end = performance.now() + SLICE_MS;
    while (this.sweeping && performance.now() < end) this.sweep();
  }

  /** Ingests the whole backlog and seals what is open; the shard takes nothing afterwards. */
  finish(): void {
    this.slice.removeLimit();
    while (this.ingestOldest());
    this.countHeld();
    this.pipeline.releaseOverdue(Number.POSITIVE_INFINITY);
    const { control, reporter } = this.options;
    control.waitForRelease(this.sealedCount, RELEASE_WAIT_MS);
    this.seal(this.pipeline.bucketAfter(this.seconds()));
    reporter.passed(Number.POSITIVE_INFINITY);
  }

  /** Seals what the open bucket holds and goes on filling it: it then comes in several parts. */
  sealNow(): void {
    const { control } = this.options;
    control.waitForRelease(this.sealedCount, SEAL_WAIT_MS);
    this.seal(this.pipeline.openStart);
  }

  /** What is received now is ingested now. */
  private beginInPlace(): void {
    this.moveToNow();
    this.slice.beginAtFirstMiss();
  }

  /**
   * The same for whoever looks on, if that costs nothing: not while the part before is still being read, and nothing is
   * told of the bucket's end.
   */
  sealPart(): void {
    if (this.options.control.released < this.sealedCount) return;
    const bucket = this.pipeline.sealPart();
    if (bucket === undefined) return;
    this.sealedCount++;
    this.options.reporter.sealed(bucket);
  }

  private seconds(): number {
    return this.now[0] as number;
  }

  private hold(ptr: number, length: number, origin: number, truncated: boolean): void {
    const counters = this.options.control.counters;
    while (!this.backlog.append(ptr, length, origin, this.seconds(), truncated)) {
      counters.add('backlogFull');
      this.work();
    }
    counters.add('backlogPackets');
    this.heldMessages += this.pipeline.countMessages(ptr, length);
  }

  /** Ingests the oldest packet of the backlog; false when there is none. */
  private ingestOldest(): boolean {
    const record = this.backlog.peek();
    if (record === undefined) return false;
    const { ptr, length, origin, receivedAt, truncated } = record;
    this.moveTo(receivedAt);
    this.pipeline.ingest(ptr, length, this.pipeline.currentOrigin(origin), receivedAt, truncated);
    this.heldMessages -= this.pipeline.countMessages(ptr, length);
    this.backlog.remove();
    return true;
  }

  private countHeld(): void {
    const { counters } = this.options.control;
    counters.set('backlogHeldPackets', this.backlog.heldPackets);
    counters.set('backlogHeldBytes', this.backlog.heldBytes);
    counters.set('backlogHeldMessages', this.heldMessages);
    counters.set('backlogOldestAt', this.backlog.peek()?.receivedAt ?? 0);
  }

  private moveToNow(): void {
    const now = this.seconds();
    // Asked for every batch, so the answer that is nearly always right comes first.
    if (!this.pipeline.isOpenAt(now)) this.moveTo(now);
  }

  /** Makes the bucket of `seconds` the open one. */
  private moveTo(seconds: number): void {
    const start = this.pipeline.bucketOf(seconds);
    if (start !== this.pipeline.openStart) this.seal(start);
  }

  /** Seals the open bucket, unless the one before is still being read: then it stays open, counted. */
  private seal(next: number): void {
    const { control, reporter } = this.options;
    if (control.released < this.sealedCount) {
      control.counters.add('lateSeals');
      return;
    }
    const bucket = this.pipeline.seal(next);
    this.sweeping = this.pipeline.isSweeping;
    if (bucket !== undefined) {
      this.sealedCount++;
      reporter.sealed(bucket);
    }
    reporter.passed(next);
  }

  /**
   * Forgets some of the lines and contexts that have been idle. A freed slot is told before the core can use it
   * again, so that the control thread hears of its new context later.
   */
  private sweep(): void {
    const freed = this.pipeline.sweep(SWEEP_ENTRIES);
    if (freed.length > 0) this.options.reporter.freed(freed);
    this.sweeping = this.pipeline.isSweeping;
  }
}
