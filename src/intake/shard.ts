/**
 * Hot path. One intake thread's share of the work: packets in, sealed buckets out.
 *
 *   receive ─▶ keeps up? ──yes──▶ core
 *                 └──no──▶ backlog ──when the socket is empty──▶ core
 *
 * Drain before you work: a batch is ingested in place while that takes less than a slice of time. When the
 * cold path makes it take longer, the rest of the batch, and everything received until the backlog is
 * empty again, goes through the backlog, so that the kernel's small buffer is emptied first.
 *
 * Buckets follow the clock of the packet: a packet belongs to the bucket in which it was received, however
 * long it waited in the backlog. When the first packet of another bucket is due, the open one is sealed.
 *
 * Thread  the intake thread's own; the control thread reads sealed buckets and counters.
 */
import type { ControlWord } from '../telemetry/control-word.ts';
import type { Backlog } from './backlog.ts';
import type { Clock } from './clock.ts';
import { MSG_TRUNC } from './libc.ts';
import type { ReceiveSlots } from './receive-slots.ts';

/** How long the cold path may keep a thread from its socket, ms. At 100 packets a ms the kernel holds 2.5. */
const SLICE_MS = 1;
/** How long a shard that is asked to seal waits for the same, ms. */
const SEAL_WAIT_MS = 1000;
/** How long a stopping shard waits for the control thread to read the bucket before, ms. */
const RELEASE_WAIT_MS = 60_000;
/** Lines and contexts looked at after a batch while idle ones are swept out: about 10 microseconds. */
const SWEEP_ENTRIES = 4096;

/** The core, as far as the intake uses it. */
export interface IngestCore {
  readonly openStart: number;
  readonly openIsEmpty: boolean;
  /** One number: when what is ingested next was received, Unix seconds. */
  readonly clock: Float64Array;
  ingest(ptr: number, length: number, origin: number, eol: boolean, truncated: boolean): boolean;
  ingestBatch(
    headers: number,
    slots: number,
    slotBytes: number,
    origins: number,
    first: number,
    count: number,
    eol: boolean,
  ): number;
  /** How many messages a packet holds. */
  countMessages(ptr: number, length: number): number;
  sealBucket(start: number): number;
  /** Whether idle lines and contexts are still to be forgotten. */
  readonly isSweeping: boolean;
  sweep(entries: number): number;
  freedSlots(count: number): Uint32Array;
}

/** Whom a shard tells what it did. Called between two batches. */
export interface ShardReporter {
  sealed(bucket: number): void;
  freed(slots: Uint32Array): void;
  passed(start: number): void;
}

export interface ShardOptions {
  readonly core: IngestCore;
  readonly backlog: Backlog;
  /** The thread's clock; whoever gives the shard something has it tick before. */
  readonly clock: Clock;
  readonly control: ControlWord;
  readonly reporter: ShardReporter;
  /** Width of a bucket, seconds. */
  readonly intervalSeconds: number;
  /** Whether every message of this listener must end with LF. */
  readonly eolRequired: boolean;
}

export class Shard {
  private readonly options: ShardOptions;
  private readonly core: IngestCore;
  private readonly backlog: Backlog;
  /** When the slice under way ends, performance.now(); 0 until the cold path first asks. */
  private sliceEnd = 0;
  /** The thread's clock, Unix seconds. */
  private readonly now: Float64Array;
  /** Start of the core's open bucket. */
  private openStart: number;
  /** Buckets handed to the control thread. */
  private sealedCount = 0;
  /** Messages in the packets of the backlog. */
  private heldMessages = 0;
  /** Whether idle lines and contexts are still to be forgotten. */
  private sweeping = false;

  constructor(options: ShardOptions) {
    this.options = options;
    this.core = options.core;
    this.backlog = options.backlog;
    this.now = options.clock.seconds;
    this.openStart = options.core.openStart;
  }

  /** Whether packets wait; the thread then must not block in its next receive. */
  get hasBacklog(): boolean {
    return !this.backlog.isEmpty;
  }

  /** For the cold path, after each line: whether the thread should look at its socket. */
  sliceIsOver(): boolean {
    if (this.sliceEnd === 0) this.sliceEnd = performance.now() + SLICE_MS;
    return performance.now() > this.sliceEnd;
  }

  /** Takes a batch that was just received. */
  takeBatch(slots: ReceiveSlots, count: number): void {
    this.options.control.counters.add('receivedPackets', count);
    let first = 0;
    if (this.backlog.isEmpty) {
      this.beginInPlace();
      first = this.core.ingestBatch(
        slots.headersPtr,
        slots.slotsPtr,
        slots.slotBytes,
        0,
        0,
        count,
        this.options.eolRequired,
      );
    }
    for (let i = first; i < count; i++) {
      this.hold(slots.slotPtr(i), slots.length(i), 0, (slots.flags(i) & MSG_TRUNC) !== 0);
    }
    if (first < count) this.countHeld();
    if (this.sweeping) this.sweep();
  }

  /** Takes one packet that was just received, at `ptr` of the shard's memory. */
  takePacket(ptr: number, length: number, origin: number, truncated: boolean): void {
    this.options.control.counters.add('receivedPackets');
    if (this.backlog.isEmpty) {
      this.beginInPlace();
      this.core.ingest(ptr, length, origin, this.options.eolRequired, truncated);
    } else {
      this.hold(ptr, length, origin, truncated);
      this.countHeld();
    }
    if (this.sweeping) this.sweep();
  }

  /** Ingests from the backlog for one slice. */
  work(): void {
    this.sliceEnd = performance.now() + SLICE_MS;
    while (this.ingestOldest() && performance.now() < this.sliceEnd);
    this.countHeld();
  }

  /** Lets time pass: seals the open bucket when its end has come. */
  passTime(): void {
    if (this.backlog.isEmpty) this.moveToNow();
    if (!this.sweeping) return;
    // Nothing has come: there is time for more than after a batch.
    const end = performance.now() + SLICE_MS;
    while (this.sweeping && performance.now() < end) this.sweep();
  }

  /** Ingests the whole backlog and seals what is open; the shard takes nothing afterwards. */
  finish(): void {
    this.sliceEnd = Number.POSITIVE_INFINITY;
    while (this.ingestOldest());
    this.countHeld();
    const { control, reporter, intervalSeconds } = this.options;
    control.waitForRelease(this.sealedCount, RELEASE_WAIT_MS);
    this.seal(this.bucketOf(this.now[0] as number) + intervalSeconds);
    reporter.passed(Number.POSITIVE_INFINITY);
  }

  /** Seals what the open bucket holds and goes on filling it: it then comes in several parts. */
  sealNow(): void {
    const { control } = this.options;
    control.waitForRelease(this.sealedCount, SEAL_WAIT_MS);
    this.seal(this.openStart);
  }

  /** What is received now is ingested now. */
  private beginInPlace(): void {
    this.moveToNow();
    this.core.clock[0] = this.now[0] as number;
    this.sliceEnd = 0;
  }

  private bucketOf(seconds: number): number {
    const whole = Math.floor(seconds);
    return whole - (whole % this.options.intervalSeconds);
  }

  private hold(ptr: number, length: number, origin: number, truncated: boolean): void {
    const counters = this.options.control.counters;
    while (!this.backlog.append(ptr, length, origin, this.now[0] as number, truncated)) {
      counters.add('backlogFull');
      this.work();
    }
    counters.add('backlogPackets');
    this.heldMessages += this.core.countMessages(ptr, length);
  }

  /** Ingests the oldest packet of the backlog; false when there is none. */
  private ingestOldest(): boolean {
    const record = this.backlog.peek();
    if (record === undefined) return false;
    const { ptr, length, origin, receivedAt, truncated } = record;
    this.moveTo(receivedAt);
    this.core.clock[0] = receivedAt;
    this.core.ingest(ptr, length, origin, this.options.eolRequired, truncated);
    this.heldMessages -= this.core.countMessages(ptr, length);
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
    const now = this.now[0] as number;
    // Asked for every batch, so the answer that is nearly always right comes first.
    if (now >= this.openStart && now < this.openStart + this.options.intervalSeconds) return;
    this.moveTo(now);
  }

  /** Makes the bucket of `seconds` the open one. */
  private moveTo(seconds: number): void {
    const start = this.bucketOf(seconds);
    if (start !== this.openStart) this.seal(start);
  }

  /** Seals the open bucket, unless the one before is still being read: then it stays open, counted. */
  private seal(next: number): void {
    const { control, reporter } = this.options;
    if (control.released < this.sealedCount) {
      control.counters.add('lateSeals');
      return;
    }
    const empty = this.core.openIsEmpty;
    const bucket = this.core.sealBucket(next);
    this.openStart = next;
    this.sweeping = this.core.isSweeping;
    if (!empty) {
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
    const freed = this.core.sweep(SWEEP_ENTRIES);
    if (freed > 0) this.options.reporter.freed(this.core.freedSlots(freed));
    this.sweeping = this.core.isSweeping;
  }
}
