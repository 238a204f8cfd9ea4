/**
 * Delivers transactions to one receiver in the order in which they were made, one at a time.
 *
 *   submit ─▶ retry queue (memory, then disk) ──oldest first──▶ ready ──first──▶ courier ─▶ settled
 *                    ▲                                            ▲                 │ failed
 *                    └── what is not from disk, while it fails ───┴─────────────────┘ later, and first again
 *
 * Why      A store such as Prometheus refuses points older than the newest of their series: a retried point that arrives
 *          after a newer one is lost. So nothing overtakes anything, also through a restart.
 * Order    Transactions get times that only rise. The disk is older than what is in memory, and nothing is taken
 *          while the disk is being written.
 * Memory   what the retry queue may hold, and one file read back from disk.
 * Full     the retry queue's rule: the oldest go to disk, and are dropped, counted, when there is none.
 * Pauses   after a failure a random time that doubles up to the longest, or what the receiver asks for.
 * Thread   the control thread. Time, timers and chance are arguments.
 */

import type { Log } from '../../lib/log.ts';
import type { Clock } from '../../lib/time/clock.ts';
import type { Deadline } from '../../lib/time/deadline.ts';
import { type BackoffSettings, backoffMs, errorsMax } from '../delivery/backoff.ts';
import type { LeftAtStop } from '../delivery/endpoint.ts';
import type { EndpointStatus } from '../delivery/endpoint-status.ts';
import { OutageLog } from '../delivery/outage-log.ts';
import { amountOf, type LossCounts } from '../retry-queue/loss-counts.ts';
import type { RetryQueue } from '../retry-queue/retry-queue.ts';
import { costOf, type Transaction } from '../retry-queue/transaction.ts';
import type { Courier, CourierResult } from './courier.ts';
import { LaneTally } from './lane-tally.ts';

/** How often the disk is looked after. */
const SWEEP_MS = 5000;
/** A receiver that asks for more than this is tried sooner. */
const RETRY_AFTER_MAX_MS = 300_000;
/** A fault of the configuration is not over in a moment. */
const CONFIGURATION_PAUSE_MS = 30_000;
/** Pauses of a server that stops, ms: the first, and the longest. */
const HURRIED_FIRST_MS = 100;
const HURRIED_MAX_MS = 1000;
/** Transactions made in one millisecond get times so far apart, ms. */
const TIME_STEP = 1 / 1024;

export interface LaneOptions {
  /** For people and metrics; without secrets. */
  readonly name: string;
  readonly courier: Courier;
  readonly queue: RetryQueue;
  readonly losses: LossCounts;
  readonly backoff: BackoffSettings;
  readonly clock: Clock;
  /** From 0 to 1. */
  readonly random: () => number;
  readonly log: Log;
}

export interface LaneStatus extends EndpointStatus {
  /** Who has to act; undefined while data is taken. */
  readonly fault: 'receiver' | 'configuration' | undefined;
}

export class Lane {
  private readonly options: LaneOptions;
  private readonly tally: LaneTally;
  private readonly outage: OutageLog;
  /** Taken out of the queue, the next one first. */
  private ready: Transaction[] = [];
  private sending: Transaction | undefined;
  private working: Promise<void> | undefined;
  private errors = 0;
  private retryAt = 0;
  private pausedAt = 0;
  private fault: LaneStatus['fault'];
  private lastTime = 0;
  private cancelRetry: () => void = () => undefined;
  private cancelSweep: () => void = () => undefined;
  private isStarted = false;
  private hurriedErrors: number | undefined;
  private isStopped = false;

  constructor(options: LaneOptions) {
    this.options = options;
    this.tally = new LaneTally(options.losses);
    this.outage = new OutageLog(options.log, { endpoint: options.name });
  }

  /** Begins to send; before that, transactions wait. */
  start(): void {
    this.isStarted = true;
    const sweep = (): void => {
      this.options.queue.sweep();
      this.cancelSweep = this.options.clock.after(SWEEP_MS, sweep);
      this.pump();
    };
    sweep();
  }

  /** The time of the next transaction, ms since 1970: later than all before it. */
  nextTime(): number {
    this.lastTime = Math.max(this.options.clock.now(), this.lastTime + TIME_STEP);
    return this.lastTime;
  }

  /** Takes a transaction, to send it or to count it as lost. Its time is from nextTime(). */
  submit(transaction: Transaction): void {
    this.tally.take(transaction);
    if (this.isStopped) {
      const { losses, clock } = this.options;
      losses.add('stopped', transaction.kind, clock.now() - transaction.createdAt, amountOf(transaction));
      return;
    }
    this.options.queue.add(transaction);
    this.pump();
  }

  get status(): LaneStatus {
    const { name, queue, losses, clock } = this.options;
    const queued = queue.status;
    const now = clock.now();
    const held = this.sending === undefined ? this.ready : [this.sending, ...this.ready];
    const oldest = Math.min(queued.oldestAt ?? now, ...held.map(({ createdAt }) => createdAt));
    const state = this.errors === 0 ? 'unblocked' : this.sending === undefined ? 'blocked' : 'half-blocked';
    const retryAt = state === 'blocked' ? this.retryAt : 0;
    return {
      endpoint: name,
      state,
      fault: this.fault,
      downSince: this.outage.downSince,
      targets: [{ route: '/', state, errors: this.errors, retryAt }],
      queue: {
        payloads: queued.payloads + held.length,
        items: held.reduce((sum, { itemCount }) => sum + itemCount, queued.items),
        bytes: held.reduce((sum, one) => sum + costOf(one), queued.bytes),
        oldestAgeSeconds: Math.max(now - oldest, 0) / 1000,
        new: queued.payloads + held.length,
        retry: 0,
        underWay: this.sending === undefined ? 0 : 1,
      },
      disk: queued.disk,
      lastError: this.tally.lastError,
      lastSuccessAt: this.tally.lastSuccessAt,
      counts: this.tally,
      losses: losses.list(),
    };
  }

  /** Points that wait in memory. */
  get heldPoints(): number {
    const held = this.sending === undefined ? this.ready : [this.sending, ...this.ready];
    return held.reduce((sum, { pointCount }) => sum + pointCount, this.options.queue.status.points);
  }

  /** Resolves when there is nothing to do, or a pause has begun. */
  async idle(): Promise<void> {
    while (this.working !== undefined) await this.working;
  }

  /**
   * Stops: pauses end, and everything is sent again and again until `sendUntil`. The rest is put on disk by `until`, or
   * lost. Returns what is left.
   */
  async stop(sendUntil: Deadline, until: Deadline): Promise<LeftAtStop> {
    const { queue, courier, clock } = this.options;
    this.cancelSweep();
    this.hurriedErrors = 0;
    while (this.isStarted && !sendUntil.isOver && !this.isEmpty) {
      this.retryAt = Math.min(this.retryAt, clock.now() + HURRIED_MAX_MS);
      if (this.hurriedErrors === 0) this.retryAt = 0;
      this.pump();
      await sendUntil.race(this.working ?? this.pause());
    }
    this.isStopped = true;
    this.cancelRetry();
    await until.race(courier.close());
    await until.race(this.idle());
    const rest = this.ready.splice(0);
    if (rest.length > 0) await until.race(queue.store(rest));
    return queue.stop(until);
  }

  private get isEmpty(): boolean {
    const { queue } = this.options;
    const isHeld = this.ready.length > 0 || this.sending !== undefined;
    return !isHeld && queue.size === 0 && !queue.isSpilling && !queue.hasStored;
  }

  private pause(): Promise<void> {
    const { clock } = this.options;
    return new Promise((resolve) => void clock.after(Math.max(this.retryAt - clock.now(), 1), resolve));
  }

  /** Starts to work through what waits, unless that is under way or it is not the time. */
  private pump(): void {
    if (!this.isStarted || this.isStopped || this.working !== undefined || this.isPaused) return;
    this.working = this.work().then(() => {
      this.working = undefined;
      // Something may have come in between the last look and now.
      if (!this.isEmpty) this.pump();
    });
  }

  /** A clock that was set back would make the pause as much longer. */
  private get isPaused(): boolean {
    const now = this.options.clock.now();
    return now < this.retryAt && now >= this.pausedAt;
  }

  private async work(): Promise<void> {
    while (!this.isStopped && !this.isPaused) {
      if (this.ready.length === 0 && !(await this.load())) return;
      const transaction = this.ready.shift();
      if (transaction === undefined) return;
      this.sending = transaction;
      const result = await this.options.courier.deliver({
        transaction,
        next: this.ready[0],
        onRequest: (status) => this.tally.request(status),
      });
      this.sending = undefined;
      this.finish(transaction, result);
    }
  }

  /** Takes the oldest: a file of the disk, or what is in memory when there is none. */
  private async load(): Promise<boolean> {
    const { queue } = this.options;
    // What is being written is older than what is in memory.
    while (queue.isSpilling) await queue.settled();
    const take = (list: readonly Transaction[]): void => {
      this.ready = [...list].sort((a, b) => a.createdAt - b.createdAt);
    };
    while (queue.hasStored && this.ready.length === 0) {
      await queue.takeStored(take);
      if (this.ready.length === 0 && queue.hasStored) return false;
    }
    if (this.ready.length === 0) take(queue.takeAll());
    return this.ready.length > 0;
  }

  private finish(transaction: Transaction, result: CourierResult): void {
    const { queue, clock } = this.options;
    const now = clock.now();
    this.tally.settle(transaction, result, now);
    const { rest } = result;
    // A part has no place on disk: the record is whole.
    if (rest !== transaction) queue.settle(transaction);
    if (rest === undefined) {
      this.errors = 0;
      this.retryAt = 0;
      this.fault = undefined;
      if (this.hurriedErrors !== undefined) this.hurriedErrors = 0;
    } else {
      rest.errors++;
      this.ready.unshift(rest);
      if (result.aborted === true) return;
      this.fail(result, now);
    }
    this.watchOutage(now);
  }

  private fail({ fault = 'receiver', waitMs = 0 }: CourierResult, now: number): void {
    const { backoff, random, clock, queue } = this.options;
    this.errors = Math.min(this.errors + 1, errorsMax(backoff));
    this.fault = fault;
    this.pausedAt = now;
    const least = fault === 'configuration' ? CONFIGURATION_PAUSE_MS : 0;
    const asked = Math.max(Math.min(waitMs, RETRY_AFTER_MAX_MS), least);
    const pause =
      this.hurriedErrors === undefined
        ? Math.max(backoffMs(this.errors, backoff, random()), asked)
        : Math.min(HURRIED_FIRST_MS * 2 ** this.hurriedErrors++, HURRIED_MAX_MS);
    this.retryAt = now + pause;
    this.cancelRetry();
    this.cancelRetry = clock.after(pause, () => this.pump());
    // Back under the limit of the queue, which drops the oldest; what was read from disk keeps its place before it.
    const fromDisk = this.ready.filter(({ stored }) => stored !== undefined);
    if (fromDisk.length > 0) return;
    for (const one of this.ready.splice(0)) queue.add(one);
  }

  private watchOutage(now: number): void {
    const isUp = this.errors === 0;
    // Counting what waits takes a while when it is much.
    if (!this.outage.wantsToKnow(isUp)) return;
    const { losses, queue } = this.options;
    const { payloads, items, disk } = queue.status;
    const held = {
      payloads: payloads + this.ready.length + (disk?.payloads ?? 0),
      items: this.ready.reduce((sum, { itemCount }) => sum + itemCount, items) + (disk?.items ?? 0),
    };
    const report = { error: this.tally.lastError?.text ?? '', held, lost: losses.total };
    if (isUp) this.outage.up(now, report);
    else this.outage.down(now, report);
  }
}
