/**
 * Delivers transactions to one endpoint: new ones first, old ones newest first, never more than a few requests
 * at a time, and none while the endpoint fails.
 *
 *   submit ─▶ new (high queue) ──┐                    ┌─▶ delivered, refused: settled
 *                │ full, blocked  ├─▶ requests under way ┤
 *                ▼                │                    └─▶ failed ─▶ retry queue (memory, disk)
 *           retry queue ──pass──▶ old (low queue)
 *
 * Pass     every passMs everything is taken from the retry queue, from the newest file when memory is empty, and
 *          sorted: high priority first, then newest first. What may be sent goes to the low queue, the rest back
 *          (docs/delivery.md). While old data drains, a pass follows as soon as the low queue is empty.
 * Stop     pauses end: what is in memory is tried at once and again until the deadline, the rest goes to disk.
 * Shares   new data goes first; after OLD_EVERY - 1 new ones in a row an old one has its turn.
 * Limits   highMax and newBytesMax of new transactions, beyond which they join the retry queue; lowMax and as many
 *          bytes of old ones.
 * Thread   the control thread. Time, timers and chance are arguments.
 */

import type { Log } from '../../lib/log.ts';
import type { Clock } from '../../lib/time/clock.ts';
import type { Deadline } from '../../lib/time/deadline.ts';
import { type Amount, amountOf, type LossCounts, type LossReason } from '../retry-queue/loss-counts.ts';
import type { RetryQueue } from '../retry-queue/retry-queue.ts';
import { compareForSending, costOf, type Transaction } from '../retry-queue/transaction.ts';
import { answerText } from './answer-text.ts';
import type { BackoffSettings } from './backoff.ts';
import { CircuitBreaker } from './circuit-breaker.ts';
import { type EndpointStatus, EndpointTally } from './endpoint-status.ts';
import { OutageLog } from './outage-log.ts';
import { type Outcome, outcomeOf, type Sender, type SendResult } from './send-result.ts';

const PASS_MS = 5000;
const OLD_EVERY = 10;
/** A receiver that asks for more than this is tried sooner. */
const RETRY_AFTER_MAX_MS = 300_000;
/** How often a server that stops looks at the latest whether something can be sent. */
const CHANCE_MS = 250;

export interface EndpointOptions {
  /** For people and metrics; without secrets. */
  readonly name: string;
  readonly sender: Sender;
  readonly queue: RetryQueue;
  readonly losses: LossCounts;
  readonly backoff: BackoffSettings;
  readonly requestsMax: number;
  readonly highMax: number;
  readonly lowMax: number;
  readonly newBytesMax: number;
  readonly clock: Clock;
  /** From 0 to 1. */
  readonly random: () => number;
  readonly log: Log;
  /** Whether somebody is still there to send it to; what has nobody is lost. */
  readonly isWanted?: (transaction: Transaction) => boolean;
  /** Whether a payload that was refused may be taken when it is sent again; asked after onAnswer. */
  readonly mayChange?: (transaction: Transaction, status: number) => boolean;
  /** Hears what the receiver answered. */
  readonly onAnswer?: (transaction: Transaction, status: number) => void;
}

/** What could not be delivered before the server stopped. */
export interface LeftAtStop {
  /** On disk, for the next start. */
  readonly kept: Amount;
  readonly lost: Amount;
}

export class Endpoint {
  private readonly options: EndpointOptions;
  private readonly breakers = new Map<string, CircuitBreaker>();
  private readonly _tally = new EndpointTally();
  private readonly outage: OutageLog;
  private new: Transaction[] = [];
  private newBytes = 0;
  private old: Transaction[] = [];
  private newInARow = 0;
  private readonly underWay = new Map<Transaction, Promise<void>>();
  private passing: Promise<void> | undefined;
  private cancelPass: () => void = () => undefined;
  private stopping = false;
  private isStopped = false;
  private lastError = '';

  constructor(options: EndpointOptions) {
    this.options = options;
    this.outage = new OutageLog(options.log, { endpoint: options.name });
  }

  start(): void {
    this.cancelPass = this.options.clock.after(PASS_MS, () => {
      this.beginPass();
      this.start();
    });
  }

  /** Takes a transaction, to send it or to count it as lost. */
  submit(transaction: Transaction): void {
    this._tally.submitted(transaction);
    if (this.isStopped) {
      this.lose(transaction, 'stopped');
      return;
    }
    const { highMax, newBytesMax, queue } = this.options;
    const cost = costOf(transaction);
    if (this.new.length >= highMax || (this.new.length > 0 && this.newBytes + cost > newBytesMax)) {
      queue.add(transaction);
      return;
    }
    this.new.push(transaction);
    this.newBytes += cost;
    this.pump();
  }

  get status(): EndpointStatus {
    const { name, queue, losses, clock } = this.options;
    const queued = queue.status;
    const sending = [...this.new, ...this.old, ...this.underWay.keys()];
    const now = clock.now();
    const oldest = Math.min(queued.oldestAt ?? now, ...sending.map(({ createdAt }) => createdAt));
    const items = (list: readonly Transaction[]): number => list.reduce((sum, t) => sum + t.itemCount, 0);
    return {
      endpoint: name,
      state: this.state,
      downSince: this.outage.downSince,
      targets: [...this.breakers].map(([route, { state, errors, retryAt }]) => ({
        route,
        state,
        errors,
        retryAt,
      })),
      queue: {
        payloads: queued.payloads + sending.length,
        items: queued.items + items(sending),
        bytes: queued.bytes + sending.reduce((sum, one) => sum + costOf(one), 0),
        oldestAgeSeconds: Math.max(now - oldest, 0) / 1000,
        new: this.new.length,
        retry: queued.payloads + this.old.length,
        underWay: this.underWay.size,
      },
      disk: queued.disk,
      lastError: this._tally.lastError,
      lastSuccessAt: this._tally.lastSuccessAt,
      counts: this._tally.counts,
      losses: losses.list(),
    };
  }

  get tally(): EndpointTally {
    return this._tally;
  }

  /** Passes now instead of at the next ticker, and resolves when that is done; for tests on a virtual clock. */
  async pass(): Promise<void> {
    this.beginPass();
    await this.passing;
  }

  /** Resolves when no request is under way. */
  async idle(): Promise<void> {
    while (this.underWay.size > 0) await Promise.all(this.underWay.values());
  }

  /**
   * Stops: pauses end, and everything in memory is sent at once, in order, again and again until `sendUntil`. The rest is
   * put on disk by `until`. Returns what is left.
   */
  async stop(sendUntil: Deadline, until: Deadline): Promise<LeftAtStop> {
    const { sender, queue, clock } = this.options;
    this.cancelPass();
    this.stopping = true;
    for (const breaker of this.breakers.values()) breaker.hurry(clock.now());
    await sendUntil.race(Promise.resolve(this.passing));
    await this.deliver(sendUntil);
    // What is still under way is given up by the sender, and comes back to the retry queue.
    this.isStopped = true;
    this.giveBack(this.new.splice(0));
    this.giveBack(this.old.splice(0));
    this.newBytes = 0;
    await until.race(sender.close());
    await until.race(this.idle());
    return queue.stop(until);
  }

  private async deliver(deadline: Deadline): Promise<void> {
    const { queue } = this.options;
    while (!deadline.isOver) {
      this.choose(queue.takeAll().sort(compareForSending));
      this.pump();
      if (this.new.length + this.old.length + this.underWay.size + queue.size === 0) return;
      await deadline.race(this.nextChance());
    }
  }

  /** Resolves when a request has ended, or when a pause may have. */
  private async nextChance(): Promise<void> {
    const { clock } = this.options;
    const now = clock.now();
    const pauses = [...this.breakers.values()].map(({ retryAt }) => retryAt - now).filter((ms) => ms > 0);
    let cancel: () => void = () => undefined;
    const chance = new Promise<void>((resolve) => {
      cancel = clock.after(Math.min(CHANCE_MS, ...pauses), resolve);
    });
    await Promise.race([chance, ...this.underWay.values()]);
    cancel();
  }

  private get state(): EndpointStatus['state'] {
    const states = [...this.breakers.values()].map(({ state }) => state);
    if (states.includes('half-blocked')) return 'half-blocked';
    return states.includes('blocked') ? 'blocked' : 'unblocked';
  }

  /** Starts as many requests as may be under way. */
  private pump(): void {
    const { requestsMax, clock } = this.options;
    while (this.underWay.size < requestsMax) {
      const transaction = this.next();
      if (transaction === undefined) break;
      if (this.isLostForGood(transaction)) continue;
      if (this.breakerOf(transaction).request(clock.now())) this.send(transaction);
      else this.options.queue.add(transaction);
    }
    const drained = this.old.length === 0 && this.underWay.size < requestsMax;
    if (drained && this.hasMoreToDrain) this.beginPass();
  }

  /** The next transaction: a new one, or an old one when it is its turn or there is nothing new. */
  private next(): Transaction | undefined {
    const oldsTurn = this.newInARow >= OLD_EVERY - 1 && this.old.length > 0;
    const fresh = oldsTurn ? undefined : this.new.shift();
    if (fresh === undefined) {
      this.newInARow = 0;
      return this.old.shift();
    }
    this.newInARow++;
    this.newBytes -= costOf(fresh);
    return fresh;
  }

  /** Old data that a working endpoint could have now: no need to wait for the next ticker. */
  private get hasMoreToDrain(): boolean {
    const { queue } = this.options;
    if (this.stopping || this.passing !== undefined || this.state !== 'unblocked') return false;
    return queue.size > 0 || queue.hasStored;
  }

  private send(transaction: Transaction): void {
    // It counts as under way before anything else hears of it.
    this.underWay.set(transaction, Promise.resolve());
    const done = this.options.sender.send(transaction).then((result) => {
      this.underWay.delete(transaction);
      this.finish(transaction, result);
      this.pump();
    });
    this.underWay.set(transaction, done);
  }

  private finish(transaction: Transaction, result: SendResult): void {
    const { queue, clock, random, onAnswer, mayChange = () => false } = this.options;
    const breaker = this.breakerOf(transaction);
    const now = clock.now();
    if (result.kind === 'aborted') {
      breaker.giveUp();
      queue.add(transaction);
      return;
    }
    const outcome: Outcome = result.kind === 'failed' ? 'retry' : outcomeOf(result.status);
    this._tally.answered(transaction, result, outcome, now);
    if (result.kind === 'answered') onAnswer?.(transaction, result.status);
    if (outcome === 'retry') {
      transaction.errors++;
      const asked = result.kind === 'answered' ? (result.retryAfterMs ?? 0) : 0;
      breaker.failure(now, random(), Math.min(asked, RETRY_AFTER_MAX_MS));
      this.lastError = answerText(transaction.route, result);
      queue.add(transaction);
    } else {
      // Only trouble of the endpoint blocks it; a refused payload is the payload's own.
      breaker.success(now, random());
      const isAgain =
        outcome === 'refused' && result.kind === 'answered' && mayChange(transaction, result.status);
      if (isAgain) queue.add(transaction);
      else this.settle(transaction, outcome);
    }
    this.watchOutage(now);
  }

  private settle(transaction: Transaction, outcome: 'delivered' | 'refused'): void {
    this.options.queue.settle(transaction);
    if (outcome === 'refused') this.lose(transaction, 'refused');
  }

  private watchOutage(now: number): void {
    const isUp = this.state === 'unblocked';
    // Counting what waits takes a while when it is much.
    if (!this.outage.wantsToKnow(isUp)) return;
    const { losses, queue } = this.options;
    const { payloads, items, disk } = queue.status;
    const held = { payloads: payloads + (disk?.payloads ?? 0), items: items + (disk?.items ?? 0) };
    const report = { error: this.lastError, held, lost: losses.total };
    if (isUp) this.outage.up(now, report);
    else this.outage.down(now, report);
  }

  private beginPass(): void {
    this.options.queue.sweep();
    if (this.passing !== undefined || this.stopping) return;
    this.passing = this.runPass().then(() => {
      this.passing = undefined;
      this.pump();
    });
  }

  /** Moves what may be sent from the retry queue to the low queue. */
  private async runPass(): Promise<void> {
    const { queue, clock } = this.options;
    if (this.outage.downSince !== undefined) this.watchOutage(clock.now());
    const waiting = queue.takeAll();
    // A file is read only when memory is empty and at least one request would be allowed.
    const wantsStored =
      waiting.length === 0 && this.old.length === 0 && queue.hasStored && this.mayTry(clock.now());
    if (!wantsStored) {
      this.choose(waiting.sort(compareForSending));
      return;
    }
    await queue.takeStored((stored) => {
      if (this.stopping) this.giveBack(stored);
      else this.choose([...stored].sort(compareForSending));
    });
  }

  private choose(sorted: readonly Transaction[]): void {
    const { queue, clock, lowMax, newBytesMax } = this.options;
    const now = clock.now();
    let bytes = this.old.reduce((sum, one) => sum + costOf(one), 0);
    const tried = new Set(this.old.map(({ route }) => route));
    for (const transaction of sorted) {
      if (this.isLostForGood(transaction)) continue;
      const allowed = this.breakerOf(transaction).wouldAllow(now);
      const mayGo = allowed === 'any' || (allowed === 'one' && !tried.has(transaction.route));
      const hasRoom = this.old.length < lowMax && (bytes === 0 || bytes + costOf(transaction) <= newBytesMax);
      if (mayGo && hasRoom) {
        tried.add(transaction.route);
        bytes += costOf(transaction);
        this.old.push(transaction);
      } else queue.add(transaction);
    }
  }

  /** Whether any route may be tried; a route nobody has tried may. */
  private mayTry(now: number): boolean {
    const breakers = [...this.breakers.values()];
    return breakers.length === 0 || breakers.some((breaker) => breaker.wouldAllow(now) !== 'none');
  }

  private isLostForGood(transaction: Transaction): boolean {
    if (this.options.isWanted?.(transaction) !== false) return false;
    this.options.queue.settle(transaction);
    this.lose(transaction, 'no_destination');
    return true;
  }

  private lose(transaction: Transaction, reason: LossReason): void {
    const { losses, clock } = this.options;
    losses.add(reason, transaction.kind, clock.now() - transaction.createdAt, amountOf(transaction));
  }

  private giveBack(transactions: readonly Transaction[]): void {
    for (const transaction of transactions) this.options.queue.add(transaction);
  }

  private breakerOf({ route }: Transaction): CircuitBreaker {
    let breaker = this.breakers.get(route);
    if (breaker === undefined) {
      breaker = new CircuitBreaker(this.options.backoff);
      if (this.stopping) breaker.hurry(this.options.clock.now());
      this.breakers.set(route, breaker);
    }
    return breaker;
  }
}
