/**
 * The words a shard and the control thread speak through, and the shard's counters, in one small piece
 * of shared memory. All Atomics of the server are in this file.
 *
 *   word 0  stop       control ─▶ shard   1: drain, seal and end; 2: the same without draining
 *   word 1  released   control ─▶ shard   how many sealed buckets have been read
 *   word 2  attention  control ─▶ shard   grows when a message waits at the shard's port
 *   word 3  taken      control ─▶ shard   how many events and checks have been taken from the port
 *   word 4  edition    shard ─▶ control   how many times the counters were published
 *   byte 64 …          shard              ShardCounters, as they change
 *   then               shard ─▶ control   two published copies of the core's counters and these, in turn
 *
 * A blocked listener thread receives no messages, so it looks at these words between two receives. While it
 * waits for a release it sleeps on the word itself.
 *
 * Counters change in the middle of a packet; who reads them then sees half of it. So the shard publishes a
 * copy when nothing is half done, at the end of each batch, into the place that was not published last:
 *
 *   edition 6: │ copy 0 ◀ read │ copy 1 ◀ written │     edition 7: │ copy 0 ◀ written │ copy 1 ◀ read │
 *
 * The reader takes the copy that the edition names and looks at the edition again: had it changed, the copy may
 * be one under work, and it takes the other one. Neither side ever waits.
 */
import { SHARD_COUNTER_BYTES, ShardCounters } from './shard-counters.ts';

const STOP = 0;
const RELEASED = 1;
const ATTENTION = 2;
const TAKEN = 3;
const EDITION = 4;
const COUNTERS_OFFSET = 64;
/** Values of STOP. */
const DRAIN = 1;
const HOT_RESTART = 2;
/** Room for the counters of a core. */
const CORE_COUNTERS_MAX = 64;
const COPY_BYTES = CORE_COUNTERS_MAX * 8 + SHARD_COUNTER_BYTES;
const COPIES_OFFSET = COUNTERS_OFFSET + SHARD_COUNTER_BYTES;

/** Counters as a shard published them, between two batches. */
export interface PublishedCounters {
  /** Those of the core, in its order. */
  readonly core: Float64Array;
  readonly counters: ShardCounters;
}

export function makeControlBuffer(): SharedArrayBuffer {
  return new SharedArrayBuffer(COPIES_OFFSET + 2 * COPY_BYTES);
}

export class ControlWord {
  /** The shard's, as they change. */
  readonly counters: ShardCounters;
  private readonly words: Int32Array;
  private readonly copies: readonly [Float64Array, Float64Array];
  /** The shard's: how much attention it has paid. */
  private heard = 0;

  constructor(buffer: SharedArrayBuffer) {
    this.words = new Int32Array(buffer, 0, COUNTERS_OFFSET / 4);
    this.counters = new ShardCounters(buffer, COUNTERS_OFFSET);
    this.copies = [
      new Float64Array(buffer, COPIES_OFFSET, COPY_BYTES / 8),
      new Float64Array(buffer, COPIES_OFFSET + COPY_BYTES, COPY_BYTES / 8),
    ];
  }

  /** Control thread: asks the shard to drain, seal and end; without draining when another server has its socket. */
  requestStop(isHotRestart = false): void {
    Atomics.store(this.words, STOP, isHotRestart ? HOT_RESTART : DRAIN);
    Atomics.notify(this.words, STOP);
  }

  get stopRequested(): boolean {
    return Atomics.load(this.words, STOP) !== 0;
  }

  /** Shard: whether what the socket holds is another server's, once a stop is requested. */
  get isHotRestart(): boolean {
    return Atomics.load(this.words, STOP) === HOT_RESTART;
  }

  /** Shard: sleeps for `timeoutMs`, or until it is asked to stop; true when it is. */
  waitForStop(timeoutMs: number): boolean {
    return Atomics.wait(this.words, STOP, 0, timeoutMs) !== 'timed-out';
  }

  /** Control thread: one more sealed bucket has been read and may be used again. */
  release(): void {
    Atomics.add(this.words, RELEASED, 1);
    Atomics.notify(this.words, RELEASED);
  }

  get released(): number {
    return Atomics.load(this.words, RELEASED);
  }

  /** Control thread: a message waits at the shard's port. */
  callAttention(): void {
    Atomics.add(this.words, ATTENTION, 1);
  }

  /** Shard: whether a message has come since it was last asked. */
  needsAttention(): boolean {
    const attention = Atomics.load(this.words, ATTENTION);
    if (attention === this.heard) return false;
    this.heard = attention;
    return true;
  }

  /** Control thread: one more event or check has been taken from the port. */
  take(): void {
    Atomics.add(this.words, TAKEN, 1);
  }

  get taken(): number {
    return Atomics.load(this.words, TAKEN);
  }

  /** Shard, between two batches: publishes its counters and those of its core. */
  publish(core: Float64Array): void {
    const edition = Atomics.load(this.words, EDITION) + 1;
    const copy = this.copies[edition & 1] as Float64Array;
    copy.set(core);
    copy.set(this.counters.values, CORE_COUNTERS_MAX);
    Atomics.store(this.words, EDITION, edition);
  }

  /** Control thread: grows with every batch, and at least every 250 ms, as long as the shard makes progress. */
  get edition(): number {
    return Atomics.load(this.words, EDITION);
  }

  /** Control thread: what was published last. All of it is of one moment; zeros before the first. */
  published(): PublishedCounters {
    for (;;) {
      const edition = Atomics.load(this.words, EDITION);
      const copy = (this.copies[edition & 1] as Float64Array).slice();
      // An addition of nothing, because a load would let the copying move behind it.
      if (Atomics.add(this.words, EDITION, 0) !== edition) continue;
      return {
        core: copy.subarray(0, CORE_COUNTERS_MAX),
        counters: new ShardCounters(copy.buffer, CORE_COUNTERS_MAX * 8),
      };
    }
  }

  /** Shard: waits until `count` buckets have been released; false when that takes longer than `timeoutMs`. */
  waitForRelease(count: number, timeoutMs: number): boolean {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const now = this.released;
      if (now >= count) return true;
      const left = deadline - performance.now();
      if (left <= 0) return false;
      Atomics.wait(this.words, RELEASED, now, left);
    }
  }
}
