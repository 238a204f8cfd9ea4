/**
 * The owner of one partition: reads the log, closes buckets, keeps results and states in the log, hands results on.
 *
 *   recover: newest state of `merged` ─▶ read `partials` ─▶ Partition ─▶ closed set ─▶ append to `merged` ─▶ first? ─▶ sink
 *                                            ▲                                                    │        ─▶ delivered
 *                                            └── append CLOSE when the clock says so              └─ another owner's: wait
 *
 * Two owners may work on one partition for a while. Their sets are equal, and the order of `merged` says whose came first:
 * the position at which the own records were appended tells whether anybody wrote in between. Only the first hands the
 * set on; the other one does when nobody has said "delivered" after TAKEOVER_WAIT_MS.
 *
 * A process may be frozen at any point, and a successor may have delivered everything when it wakes up. What an owner knows
 * of `merged` is therefore as old as the *question* whose answer told it, and too old after CURRENT_MS: it asks again then,
 * and whoever takes the results asks isCurrent() in the very step in which it hands them on. CURRENT_MS and SETTLE_MS
 * together are less than TAKEOVER_WAIT_MS, so that what one owner may still do is over before another one acts. That a set
 * is delivered is said as soon as it is acknowledged, also while a read waits: frozen in between, it would come twice.
 *
 * Thread  the control thread. Time is an argument. Every failure of the log ends the attempt, and the next one recovers
 *         from the log, after a pause that grows to RETRY_MAX_MS.
 * Memory  the open buckets, and the results that are not acknowledged, at most about `openBytesMax` of them: beyond it
 *         nothing is read and the log buffers.
 */

import { EDGE_ID_BYTES } from '../chunk/chunk.ts';
import { encodeClose, encodeDelivered } from '../log/log-record.ts';
import { fingerprintOf } from '../merge/merge-settings.ts';
import { type ClosedSet, Partition } from '../merge/partition.ts';
import { decodePartitionState } from '../merge/partition-state.ts';
import type { Source } from '../partials/partial.ts';
import { type EncodeSettings, encodeSet } from './encode-set.ts';
import { type MergedSet, MergedTail } from './merged-tail.ts';
import { type OpenSet, OpenSets } from './open-sets.ts';
import type { OwnerSettings, OwnerSurroundings } from './owner-settings.ts';
import { PartitionStats } from './partition-stats.ts';

const RETRY_MIN_MS = 200;
const RETRY_MAX_MS = 5000;
/** Records of `merged` that recover() asks for first; more when they do not reach back far enough. */
const TAIL_RECORDS = 64;
const TAIL_RECORDS_MAX = 65_536;
/** How long another owner has to deliver a set that it closed. */
const TAKEOVER_WAIT_MS = 6000;
/** For so long after a question about `merged` nobody else delivers what was not delivered then. */
const CURRENT_MS = 3000;
/** A close that had no effect, because the log's clock is behind, is repeated. */
const CLOSE_AGAIN_MS = 1000;
const PAUSE_MS = 50;
/** How long an owner that stops waits for acknowledgements. */
const SETTLE_MS = 2000;
/** How often it looks for them while it reads: soon after a set was handed on, seldom when it takes long. */
const LOOK_MIN_MS = 2;
const LOOK_MAX_MS = 100;

export class PartitionOwner {
  readonly partition: number;
  readonly stats = new PartitionStats();
  private readonly settings: OwnerSettings;
  private readonly around: OwnerSurroundings;
  private readonly source: Source;
  private readonly forward: EncodeSettings['forward'];
  private _merging: Partition;
  private tail = new MergedTail();
  private open = new OpenSets();
  /** Position behind what is known of `merged`. */
  private mergedNext = 0;
  private closeSent = { through: Number.NEGATIVE_INFINITY, at: 0 };
  private stopping = false;
  private running: Promise<void> | undefined;
  private wake: () => void = () => undefined;

  constructor(partition: number, settings: OwnerSettings, around: OwnerSurroundings) {
    this.partition = partition;
    this.settings = settings;
    this.around = around;
    this.source = `L${settings.level}/${partition}`.padEnd(EDGE_ID_BYTES, '.');
    const { forward } = settings.merge;
    const source = `${settings.forwardAs}/${partition}`.padEnd(EDGE_ID_BYTES, '.');
    this.forward = forward && { ...forward, source };
    this._merging = new Partition(settings.merge);
  }

  /** What it reads with at present. */
  get merging(): Partition {
    return this._merging;
  }

  /** The results that are not acknowledged, and up to which close all of them are. */
  get results(): { readonly open: number; readonly openBytes: number; readonly deliveredThrough: number } {
    const { size, bytes, delivered } = this.open;
    return { open: size, openBytes: bytes, deliveredThrough: Math.max(delivered, this.tail.delivered) };
  }

  start(): void {
    this.running ??= this.run();
  }

  /** Ends after the step under way; what is open is left to the next owner. */
  async stop(): Promise<void> {
    this.stopping = true;
    this.wake();
    await this.running;
  }

  private async run(): Promise<void> {
    let pauseMs = RETRY_MIN_MS;
    while (!this.stopping) {
      try {
        await this.recover();
        this.stats.problem = undefined;
        while (!this.stopping) {
          await this.step();
          pauseMs = RETRY_MIN_MS;
        }
      } catch (error) {
        this.noteProblem(error as Error);
        await this.sleep(pauseMs);
        pauseMs = Math.min(pauseMs * 2, RETRY_MAX_MS);
      }
    }
    await this.settleAtLast().catch((error: Error) => this.noteProblem(error));
  }

  /** Waits a moment for what was handed on, so that the next owner does not hand it on again. */
  private async settleAtLast(): Promise<void> {
    const until = this.around.clock.now() + SETTLE_MS;
    this.open.settle();
    while (this.open.isAwaited && this.around.clock.now() < until) {
      await this.sleep(PAUSE_MS);
      this.open.settle();
    }
    await this.sayDelivered();
  }

  /** Continues where the newest whole state is. */
  private async recover(): Promise<void> {
    const { log } = this.around;
    const tail = await this.readTail();
    const state = tail.newest && decodePartitionState(tail.newest.state);
    const fingerprint = fingerprintOf(this.settings.merge);
    if (state !== undefined && state.fingerprint !== fingerprint)
      this.around.logger.warn(
        { partition: this.partition, here: fingerprint, before: state.fingerprint },
        'the previous owner had different settings; results differ from here on',
      );
    this.stats.keep(this._merging.counts);
    this._merging = new Partition(this.settings.merge, state);
    this.tail = tail;
    this.open.recover(tail, this.around.clock.now());
    const { end } = await log.read('partials', this.partition, this._merging.next);
    this.stats.noteEnd(this._merging.next, end);
  }

  private async readTail(): Promise<MergedTail> {
    for (let count = TAIL_RECORDS; ; count *= 2) {
      const { records, end } = await this.around.log.last(this.partition, count);
      const tail = new MergedTail();
      tail.take(records);
      this.mergedNext = end;
      const oldest = tail.undelivered[0]?.ordinal ?? Number.POSITIVE_INFINITY;
      const isEnough = tail.newest !== undefined && oldest === tail.delivered + 1;
      const isAllDelivered = tail.newest !== undefined && tail.newest.ordinal <= tail.delivered;
      if (isEnough || isAllDelivered || records.length < count || count >= TAIL_RECORDS_MAX) return tail;
    }
  }

  private async step(): Promise<void> {
    await this.deliverOpen();
    if (this.open.bytes > this.settings.openBytesMax) {
      this.stats.isPaused = true;
      await this.sleep(PAUSE_MS);
      return;
    }
    this.stats.isPaused = false;
    const { records, end } = await this.settleWhile(
      this.around.log.read('partials', this.partition, this._merging.next),
    );
    for (const record of records) {
      this.stats.lastRecordAt = record.appendedAt;
      const closed = this._merging.take(record);
      if (closed !== undefined) await this.publish(closed);
      if (this.stopping) return;
    }
    this.stats.noteEnd(this._merging.next, end);
    if (this._merging.next >= end) {
      this.stats.caughtUpAt = this.around.clock.now() / 1000;
      await this.closeWhatIsDue();
    }
  }

  /** Appends a record that closes what has ended and waited for the grace. */
  private async closeWhatIsDue(): Promise<void> {
    const { clock, log, writer } = this.around;
    const now = clock.now();
    const through = this.dueThrough(now / 1000);
    if (through === undefined) return;
    if (through <= this.closeSent.through && now - this.closeSent.at < CLOSE_AGAIN_MS) return;
    this.closeSent = { through, at: now };
    await log.append('partials', this.partition, [encodeClose(through, writer)]);
  }

  private dueThrough(now: number): number | undefined {
    const { graceSeconds, earlyClose } = this.settings;
    const { openBuckets, producers, closedThrough } = this._merging;
    let through = Number.NEGATIVE_INFINITY;
    for (const { end, width, isLate } of openBuckets) {
      // A difference goes out with whatever closes next.
      if (isLate) through = Math.max(through, Math.floor((now - graceSeconds) / width) * width);
      else if (end + graceSeconds <= now || (earlyClose && end <= now && producers.isComplete(end, width)))
        through = Math.max(through, end);
    }
    return through > closedThrough ? through : undefined;
  }

  /** Keeps a closed set in the log; hands it on if nobody else closed it first. */
  private async publish(closed: ClosedSet): Promise<void> {
    const { log, writer, clock } = this.around;
    const { set, records } = encodeSet(closed, {
      source: this.source,
      writer,
      partitions: this.settings.resultPartitions,
      forward: this.forward,
    });
    const theirs = this.tail.get(set.ordinal);
    if (theirs !== undefined || (this.tail.newest?.ordinal ?? 0) >= set.ordinal) {
      // Another owner's set was met while this one came to it.
      this.stats.foreignSets++;
      if (theirs !== undefined) this.open.add(theirs, { isOurs: false, seenAt: clock.now() });
      return;
    }
    const seenAt = clock.now();
    const at = await log.append('merged', this.partition, records);
    if (at > this.mergedNext) await this.readMergedTo(at);
    this.mergedNext = Math.max(this.mergedNext, at + records.length);
    const isFirst = (this.tail.newest?.ordinal ?? 0) < set.ordinal;
    if (isFirst) this.tail.newest = set;
    this.stats.noteClose(closed, clock.now());
    if (!isFirst) this.stats.foreignSets++;
    this.open.add(set, { isOurs: isFirst, seenAt });
  }

  /** Reads what others wrote to `merged` before `end`. */
  private async readMergedTo(end: number): Promise<void> {
    while (this.mergedNext < end) {
      const { records } = await this.around.log.read('merged', this.partition, this.mergedNext);
      if (records.length === 0) return;
      const before = records.filter(({ position }) => position < end);
      this.tail.take(before);
      this.mergedNext = (before.at(-1)?.position ?? end - 1) + 1;
      if (before.length < records.length) return;
    }
  }

  /** Hands on what is ready, in order, and says what is delivered. */
  private async deliverOpen(): Promise<void> {
    const { clock, log, sink } = this.around;
    for (const open of this.open.waiting()) {
      if (!open.isOurs && clock.now() - open.foundAt < TAKEOVER_WAIT_MS) break;
      if (!this.isCurrent(open)) {
        const askedAt = clock.now();
        const { end } = await log.last(this.partition, 1);
        await this.readMergedTo(end);
        open.seenAt = askedAt;
      }
      if (open.set.ordinal > this.tail.delivered) await this.hand(open.set);
      if (open.set.ordinal <= this.tail.delivered) {
        this.open.remove(open);
        continue;
      }
      const withSketches =
        this.settings.sketchDelivery === 'at_least_once' || open.set.ordinal > this.tail.sketches;
      open.acknowledgement = await sink.deliver(open.set, {
        withSketches,
        isCurrent: () => !this.stopping && this.isCurrent(open),
      });
      // It took too long to get there: the next step asks the log again.
      if (open.acknowledgement === undefined) return;
      this.tail.noteDelivered(0, open.set.ordinal);
      this.stats.delivered++;
      if (this.stopping) return;
    }
    await this.sayDelivered();
  }

  private isCurrent({ seenAt }: OpenSet): boolean {
    return this.around.clock.now() - seenAt <= CURRENT_MS;
  }

  /** Says what is delivered while something takes its time. */
  private async settleWhile<T>(waited: Promise<T>): Promise<T> {
    let isOver = false;
    const over = waited.then(
      () => undefined,
      () => undefined,
    );
    void over.then(() => {
      isOver = true;
    });
    for (let pauseMs = LOOK_MIN_MS; this.open.isAwaited && !isOver; pauseMs *= 2) {
      await Promise.race([over, this.sleep(Math.min(pauseMs, LOOK_MAX_MS))]);
      await this.sayDelivered();
    }
    return waited;
  }

  /** Where sketches may not be sent twice, that they may have been sent is said before. */
  private async hand({ ordinal }: MergedSet): Promise<void> {
    if (this.settings.sketchDelivery !== 'at_most_once' || ordinal <= this.tail.sketches) return;
    await this.append(this.tail.delivered, ordinal);
  }

  private async sayDelivered(): Promise<void> {
    this.open.settle();
    const { delivered } = this.open;
    if (delivered <= this.tail.delivered) return;
    await this.append(delivered, Math.max(delivered, this.tail.sketches));
    this.tail.noteDelivered(delivered, 0);
  }

  private async append(ordinal: number, sketches: number): Promise<void> {
    const record = encodeDelivered(ordinal, sketches, this.around.writer);
    const at = await this.around.log.append('merged', this.partition, [record]);
    if (at > this.mergedNext) await this.readMergedTo(at);
    this.mergedNext = Math.max(this.mergedNext, at + 1);
  }

  private noteProblem(error: Error): void {
    if (this.stats.problem === undefined)
      this.around.logger.warn(
        { partition: this.partition, err: error },
        'the owner of a partition failed; starting again from the log',
      );
    this.stats.problem = error.message;
    this.stats.failures++;
  }

  private sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.around.clock.after(ms, resolve);
      this.wake = () => {
        cancel();
        resolve();
      };
    });
  }
}
