/**
 * Where transactions wait to be sent again: in memory, and beyond that on disk.
 *
 *   add ─▶ │ waiting │ ──more than bytesMax──▶ │ spilling │ ─▶ retry file          (with a store)
 *             │                                                dropped, counted    (without, or when it fails)
 *             └─ takeAll ─▶ being sent again          takeStored ─▶ the store's next file
 *
 * Each transaction is in one place at every step: waiting, spilling, on disk, or with whoever took it.
 *
 * Memory   `waiting` holds at most bytesMax, `spilling` at most spillRatio of it; a transaction counts as its
 *          bytes and what it takes beside them.
 * Full     normal priority before high, oldest first (docs/delivery.md): to disk up to spillRatio of bytesMax at
 *          once, else dropped until the new one fits. What was read from disk goes back there for nothing.
 * Disk     never waited for: while a file is being written the queue goes on. When writing fails the
 *          transactions come back and memory alone has to do.
 */
import type { Clock } from '../../lib/time/clock.ts';
import type { Deadline } from '../../lib/time/deadline.ts';
import { type Amount, amountOf, type LossCounts, type LossReason, NOTHING, sumOf } from './loss-counts.ts';
import type { Receive, RetryStore } from './retry-store.ts';
import type { RetryStoreStatus } from './store-status.ts';
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
  readonly points: number;
  readonly bytes: number;
  /** When the oldest transaction in memory was made. */
  readonly oldestAt: number | undefined;
  readonly disk: RetryStoreStatus | undefined;
}

export class RetryQueue {
  private readonly options: RetryQueueOptions;
  private waiting: Transaction[] = [];
  private waitingBytes = 0;
  private spilling: readonly Transaction[] = [];
  private spillingBytes = 0;
  private spill: Promise<void> | undefined;

  constructor(options: RetryQueueOptions) {
    this.options = options;
  }

  get size(): number {
    return this.waiting.length;
  }

  get bytes(): number {
    return this.waitingBytes + this.spillingBytes;
  }

  /** Whether something is being written to disk, which is older than what is in memory. */
  get isSpilling(): boolean {
    return this.spill !== undefined || this.spilling.length > 0;
  }

  /** Whether the disk has something to take. */
  get hasStored(): boolean {
    return this.options.store?.hasFiles ?? false;
  }

  /** The same, whether the disk can be read now or not: for those who must not send anything newer before. */
  get hasUnread(): boolean {
    return this.options.store?.hasUnread ?? false;
  }

  get status(): RetryQueueStatus {
    const held = [...this.waiting, ...this.spilling];
    return {
      payloads: held.length,
      items: held.reduce((sum, { itemCount }) => sum + itemCount, 0),
      points: held.reduce((sum, { pointCount }) => sum + pointCount, 0),
      bytes: this.bytes,
      oldestAt: held.reduce<number | undefined>(
        (oldest, { createdAt }) => Math.min(oldest ?? createdAt, createdAt),
        undefined,
      ),
      disk: this.options.store?.status,
    };
  }

  add(transaction: Transaction): void {
    const { bytesMax } = this.options;
    const cost = costOf(transaction);
    if (cost > bytesMax && !transaction.stored && !this.canSpill) {
      this.lose(transaction, 'memory_full');
      return;
    }
    this.waiting.push(transaction);
    this.waitingBytes += cost;
    if (this.waitingBytes > bytesMax) this.makeRoom();
  }

  /** All that waits in memory, in no particular order. */
  takeAll(): Transaction[] {
    const all = this.waiting;
    this.waiting = [];
    this.waitingBytes = 0;
    return all;
  }

  /** Gives `receive` the transactions of the store's next file. Each of them has to be settled, or added again. */
  async takeStored(receive: Receive): Promise<void> {
    await this.options.store?.takeNext(receive);
  }

  /**
   * Puts transactions on disk as a file of their own; without a disk, or when it fails, they are back in memory.
   */
  async store(transactions: readonly Transaction[]): Promise<void> {
    const { store } = this.options;
    const rest = transactions.filter((transaction) => !this.returnToDisk(transaction));
    if (rest.length === 0) return;
    if (store === undefined) for (const transaction of rest) this.add(transaction);
    else await this.spillTo(store, rest);
  }

  /** A transaction was acknowledged or given up. */
  settle({ stored }: Transaction): void {
    if (stored !== undefined) this.options.store?.settle(stored);
  }

  /** Nobody can be given a transaction that was taken out. */
  giveUp(transaction: Transaction, reason: LossReason): void {
    this.settle(transaction);
    this.lose(transaction, reason);
  }

  /** Removes what has been on disk for too long. */
  sweep(): void {
    this.options.store?.sweep();
  }

  /** Resolves when the disk has nothing to do. */
  async settled(): Promise<void> {
    while (this.spill !== undefined) await this.spill;
    await this.options.store?.settled();
  }

  /**
   * Puts everything in memory on disk, by the deadline; what did not get there is lost as `stopped`, and returned. What
   * still comes while the disk is written is added as always, and counted at the end.
   */
  async stop(deadline: Deadline): Promise<{ readonly kept: Amount; readonly lost: Amount }> {
    const { store } = this.options;
    await deadline.race(this.settled());
    const rest = this.takeAll().filter((transaction) => !this.returnToDisk(transaction));
    if (store !== undefined && rest.length > 0) await deadline.race(this.spillTo(store, rest));
    // What is still being written may or may not reach the disk; it counts as lost, so nothing counts twice.
    store?.abandon();
    const added = this.takeAll().filter((transaction) => !this.returnToDisk(transaction));
    const left = [...this.spilling, ...(store === undefined ? rest : []), ...added];
    this.spilling = [];
    this.spillingBytes = 0;
    for (const transaction of left) this.lose(transaction, 'stopped');
    if (store !== undefined) await deadline.race(store.close());
    return { kept: store?.amount ?? NOTHING, lost: left.map(amountOf).reduce(sumOf, NOTHING) };
  }

  private get canSpill(): boolean {
    return this.options.store?.isReady === true && this.spill === undefined;
  }

  /** Brings memory below its limit again. */
  private makeRoom(): void {
    const { bytesMax, spillRatio, store } = this.options;
    this.waiting.sort(compareForDropping);
    const spillable = this.canSpill;
    const toSpill: Transaction[] = [];
    let spillBytes = 0;
    let left = 0;
    for (const transaction of this.waiting) {
      const enough = spillable ? spillBytes >= bytesMax * spillRatio : true;
      if (this.waitingBytes <= bytesMax && (enough || toSpill.length === 0)) break;
      left++;
      this.waitingBytes -= costOf(transaction);
      if (this.returnToDisk(transaction)) continue;
      if (spillable) {
        toSpill.push(transaction);
        spillBytes += costOf(transaction);
      } else this.lose(transaction, store?.status.failing === undefined ? 'memory_full' : 'disk_failed');
    }
    this.waiting.splice(0, left);
    if (toSpill.length > 0 && store !== undefined) this.startSpill(toSpill, store);
  }

  private startSpill(transactions: readonly Transaction[], store: RetryStore): void {
    this.spill = this.spillTo(store, transactions).then(() => {
      this.spill = undefined;
    });
  }

  /** Writes transactions to disk; they come back when that fails. */
  private async spillTo(store: RetryStore, transactions: readonly Transaction[]): Promise<void> {
    const those = new Set(transactions);
    const leave = (): boolean => {
      const before = this.spilling.length;
      this.spilling = this.spilling.filter((one) => !those.has(one));
      this.spillingBytes = sumOfCosts(this.spilling);
      return this.spilling.length < before;
    };
    this.spilling = [...this.spilling, ...transactions];
    this.spillingBytes = sumOfCosts(this.spilling);
    const isStored = await store.write(transactions, leave);
    // The oldest of them, and of what has come since, are dropped if they no longer fit.
    if (!isStored && leave()) for (const transaction of transactions) this.add(transaction);
  }

  /** True for a transaction that is on disk anyway. */
  private returnToDisk(transaction: Transaction): boolean {
    if (transaction.stored === undefined) return false;
    if (this.options.store?.putBack(transaction.stored) === true) return true;
    transaction.stored = undefined;
    return false;
  }

  private lose(transaction: Transaction, reason: LossReason): void {
    const ageMs = this.options.clock.now() - transaction.createdAt;
    this.options.losses.add(reason, transaction.kind, ageMs, amountOf(transaction));
  }
}

function sumOfCosts(transactions: readonly Transaction[]): number {
  return transactions.reduce((sum, one) => sum + costOf(one), 0);
}
