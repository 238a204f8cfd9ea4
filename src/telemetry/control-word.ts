/**
 * The words a shard and the control thread speak through, and the shard's counters, in one small piece
 * of shared memory. All Atomics of the server are in this file.
 *
 *   word 0  stop       control ─▶ shard   1: drain, seal and end
 *   word 1  released   control ─▶ shard   how many sealed buckets have been read
 *   word 2  attention  control ─▶ shard   grows when a message waits at the shard's port
 *   word 3  taken      control ─▶ shard   how many events and checks have been taken from the port
 *   byte 64 …          shard ─▶ control   ShardCounters
 *
 * A blocked intake thread receives no messages, so it looks at these words between two receives. While it
 * waits for a release it sleeps on the word itself.
 */
import { SHARD_COUNTER_BYTES, ShardCounters } from './shard-counters.ts';

const STOP = 0;
const RELEASED = 1;
const ATTENTION = 2;
const TAKEN = 3;
const COUNTERS_OFFSET = 64;

export function makeControlBuffer(): SharedArrayBuffer {
  return new SharedArrayBuffer(COUNTERS_OFFSET + SHARD_COUNTER_BYTES);
}

export class ControlWord {
  readonly counters: ShardCounters;
  private readonly words: Int32Array;
  /** The shard's: how much attention it has paid. */
  private heard = 0;

  constructor(buffer: SharedArrayBuffer) {
    this.words = new Int32Array(buffer, 0, COUNTERS_OFFSET / 4);
    this.counters = new ShardCounters(buffer, COUNTERS_OFFSET);
  }

  /** Control thread: asks the shard to drain, seal and end. */
  requestStop(): void {
    Atomics.store(this.words, STOP, 1);
    Atomics.notify(this.words, STOP);
  }

  get stopRequested(): boolean {
    return Atomics.load(this.words, STOP) !== 0;
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
