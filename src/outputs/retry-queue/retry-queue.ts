/**
 * Where transactions wait to be sent again: in memory, and beyond that on disk.
 *
 *   add ─▶ │ waiting │ ──more than bytesMax──▶ │ spilling │ ─▶ retry file          (with a store)
 *             │                                                dropped, counted    (without, or when it fails)
 *             └─ takeAll ─▶ being sent again          takeStored ─▶ the newest file
 *
 * Memory   `waiting` holds at most bytesMax, `spilling` at most spillRatio of it; a transaction counts as its
 *          bytes and what it takes beside them.
 * Full     normal priority before high, oldest first (spec output A.11): to disk up to spillRatio of bytesMax at
 *          once, else dropped until the new one fits. What was read from disk goes back there for nothing.
 * Disk     never waited for: while a file is being written the queue goes on. When writing fails the
 *          transactions come back and memory alone has to do.
 */
import type { Clock } from '../../lib/clock.ts';
import { amountOf, type LossCounts, type LossReason } from './loss-counts.ts';
import type { RetryStore, RetryStoreStatus } from './retry-store.ts';
import { compareForDropping, costOf, type Transaction } from './transaction.ts';

export interface RetryQueueOptions {
  readonly bytesMax: number;
  /** Share of bytesMax that goes to disk at once, 0 to 1. */
  readonly spillRatio: number;
  readonly clock: Clock;
  readonly losses: LossCounts;
  /** Without one there is memory alone. */
  readonly store?: RetryStore | undefined;
}

export interface RetryQueueStatus {
  readonly payloads: number;
  readonly items: number;
  readonly bytes: number;
  /** When the oldest transaction in memory was made. */
  readonly oldestAt: number | undefined;
  readonly disk: RetryStoreStatus | undefined;
}

export class RetryQueue {
  readonly #options: RetryQueueOptions;
  #waiting: Transaction[] = [];
  #waitingBytes = 0;
  #spilling: readonly Transaction[] = [];
  #spillingBytes = 0;
  #spill: Promise<void> | undefined;

  constructor(options: RetryQueueOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#waiting.length;
  }

  get bytes(): number {
    return this.#waitingBytes + this.#spillingBytes;
  }

  /** Whether the disk has something to take. */
  get hasStored(): boolean {
    return this.#options.store?.hasFiles ?? false;
  }

  get status(): RetryQueueStatus {
    const held = [...this.#waiting, ...this.#spilling];
    return {
      payloads: held.length,
      items: held.reduce((sum, { itemCount }) => sum + itemCount, 0),
      bytes: this.bytes,
      oldestAt: held.reduce<number | undefined>(
        (oldest, { createdAt }) => Math.min(oldest ?? createdAt, createdAt),
        undefined,
      ),
      disk: this.#options.store?.status,
    };
  }

  add(transaction: Transaction): void {
    const { bytesMax } = this.#options;
    const cost = costOf(transaction);
    if (cost > bytesMax && !transaction.stored && !this.#canSpill) {
      this.#lose(transaction, 'memory_full');
      return;
    }
    this.#waiting.push(transaction);
    this.#waitingBytes += cost;
    if (this.#waitingBytes > bytesMax) this.#makeRoom();
  }

  /** All that waits in memory, in no particular order. */
  takeAll(): Transaction[] {
    const all = this.#waiting;
    this.#waiting = [];
    this.#waitingBytes = 0;
    return all;
  }

  /** The transactions of the newest file. Each of them has to be settled, or added again. */
  takeStored(): Promise<readonly Transaction[]> {
    return this.#options.store?.takeNewest() ?? Promise.resolve([]);
  }

  /** A transaction was acknowledged or given up. */
  settle({ stored }: Transaction): void {
    if (stored !== undefined) this.#options.store?.settle(stored);
  }

  /** Removes what has been on disk for too long. */
  sweep(): void {
    this.#options.store?.sweep();
  }

  /** Resolves when the disk has nothing to do. */
  async settled(): Promise<void> {
    while (this.#spill !== undefined) await this.#spill;
    await this.#options.store?.settled();
  }

  /** Puts everything in memory on disk; what has no disk is lost as `stopped`, and returned. */
  async stop(): Promise<readonly Transaction[]> {
    await this.settled();
    const { store } = this.#options;
    const rest = this.takeAll().filter((transaction) => !this.#returnToDisk(transaction));
    const isKept = rest.length === 0 || (store !== undefined && (await store.write(rest)));
    if (!isKept) for (const transaction of rest) this.#lose(transaction, 'stopped');
    await store?.close();
    return isKept ? [] : rest;
  }

  get #canSpill(): boolean {
    return this.#options.store?.isReady === true && this.#spill === undefined;
  }

  /** Brings memory below its limit again. */
  #makeRoom(): void {
    const { bytesMax, spillRatio, store } = this.#options;
    this.#waiting.sort(compareForDropping);
    const spillable = this.#canSpill;
    const toSpill: Transaction[] = [];
    let spillBytes = 0;
    let left = 0;
    for (const transaction of this.#waiting) {
      const enough = spillable ? spillBytes >= bytesMax * spillRatio : true;
      if (this.#waitingBytes <= bytesMax && (enough || toSpill.length === 0)) break;
      left++;
      this.#waitingBytes -= costOf(transaction);
      if (this.#returnToDisk(transaction)) continue;
      if (spillable) {
        toSpill.push(transaction);
        spillBytes += costOf(transaction);
      } else this.#lose(transaction, store?.status.failing === undefined ? 'memory_full' : 'disk_failed');
    }
    this.#waiting.splice(0, left);
    if (toSpill.length > 0) this.#startSpill(toSpill, spillBytes);
  }

  #startSpill(transactions: readonly Transaction[], bytes: number): void {
    this.#spilling = transactions;
    this.#spillingBytes = bytes;
    const written = this.#options.store?.write(transactions) ?? Promise.resolve(false);
    this.#spill = written.then((ok) => {
      this.#spilling = [];
      this.#spillingBytes = 0;
      this.#spill = undefined;
      // The oldest of them, and of what has come since, are dropped if they no longer fit.
      if (!ok) for (const transaction of transactions) this.add(transaction);
    });
  }

  /** True for a transaction that is on disk anyway. */
  #returnToDisk({ stored }: Transaction): boolean {
    if (stored === undefined) return false;
    this.#options.store?.putBack(stored);
    return true;
  }

  #lose(transaction: Transaction, reason: LossReason): void {
    const ageMs = this.#options.clock.now() - transaction.createdAt;
    this.#options.losses.add(reason, transaction.kind, ageMs, amountOf(transaction));
  }
}
