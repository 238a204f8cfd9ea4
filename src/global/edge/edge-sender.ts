/**
 * Sends chunks to the log: oldest first, one append under way for each partition, through the retry queue.
 *
 *   submit ─▶ retry queue (memory, then disk) ──oldest first──▶ a lane for each partition ──append──▶ acknowledged
 *                                                                      ▲            └─ failed: the same again, later
 *                                                                      └── at most LOADED_BYTES in all lanes
 *
 * The order of a partition's chunks is what tells an owner a repeat from something new, so it is never broken: what is
 * loaded first is sent first, the disk is older than what is in memory, and nothing is loaded while the disk is being
 * written, or cannot be read. Should a chunk turn up on a disk that could not even be opened before, when newer ones are in the log
 * already, it is dropped, counted as `out_of_order`: owners would take it for a repeat. A chunk is sent again byte for byte.
 *
 * A chunk belongs to the log and the number of partitions it was made for. One that a process with another configuration
 * left on disk goes to that log, whose owners know its repeats; when that log is no longer there, nobody will ever read it, and the
 * chunk is dropped, counted as `no_destination`. Logs fail each on its own.
 *
 * Thread  the control thread. Time is an argument.
 * Full    the retry queue's rule: the oldest goes to disk, and is dropped, counted, when there is none.
 */

import type { Log } from '../../lib/log.ts';
import type { Clock } from '../../lib/time/clock.ts';
import { Deadline } from '../../lib/time/deadline.ts';
import type { GlobalLog } from '../log/log.ts';
import { encodeChunkRecord } from '../log/log-record.ts';
import type { ChunkQueue, QueuedChunk } from './chunk-queue.ts';
import { addressOf } from './edge-route.ts';

const LOADED_BYTES = 8 * 1024 * 1024;
const APPEND_BYTES = 512 * 1024;
const RETRY_MIN_MS = 200;
/** What a stop gives the disk, ms. */
const STORE_MS = 1000;
const RETRY_MAX_MS = 5000;

export interface EdgeSenderOptions<Chunk extends QueuedChunk> {
  readonly log: GlobalLog;
  /** The route of chunks for it. */
  readonly route: string;
  /** The log of another route, if it is still there; rejects when that cannot be found out now. */
  readonly openFormer: (route: string) => Promise<GlobalLog | undefined>;
  readonly queue: ChunkQueue<Chunk>;
  readonly clock: Clock;
  readonly logger: Log;
}

/** A log that chunks are for, and when it may be tried again. */
interface Target {
  readonly route: string;
  /** Undefined before it was looked for. */
  log: GlobalLog | undefined;
  opening: Promise<GlobalLog | undefined> | undefined;
  /** Why it takes nothing. */
  problem: string | undefined;
  retryMs: number;
  retryAt: number;
  cancelRetry: () => void;
}

interface Lane<Chunk> {
  readonly target: Target;
  readonly partition: number;
  readonly waiting: Chunk[];
  /** When the newest chunk was made that came here without having been on disk. */
  newest: number;
  isBusy: boolean;
}

export class EdgeSender<Chunk extends QueuedChunk> {
  /** Partials that the log has acknowledged. */
  acknowledged = 0;
  acknowledgedChunks = 0;
  appends = 0;
  failures = 0;
  /** Why the last append failed; undefined while they succeed. */
  problem: string | undefined;
  failingSince: number | undefined;
  lastAcknowledgedAt: number | undefined;
  /** Partials sent to logs of former configurations, among those acknowledged. */
  acknowledgedElsewhere = 0;
  private readonly options: EdgeSenderOptions<Chunk>;
  private readonly targets = new Map<string, Target>();
  private readonly lanes = new Map<string, Lane<Chunk>>();
  private _loadedBytes = 0;
  private _loadedItems = 0;
  private loading: Promise<void> | undefined;
  private isStarted = false;
  private stopping = false;
  /** What was loaded went back to the queue: it counts there, whatever becomes of an append that is still under way. */
  private hasReturned = false;
  private readonly underWay = new Set<Promise<void>>();

  constructor(options: EdgeSenderOptions<Chunk>) {
    this.options = options;
    this.targetOf(options.route).log = options.log;
  }

  /** Partials in lanes: taken out of the queue and not acknowledged. */
  get loadedItems(): number {
    return this._loadedItems;
  }

  get loadedBytes(): number {
    return this._loadedBytes;
  }

  /** Takes over what an earlier process left, and begins to send. */
  start(): void {
    this.isStarted = true;
    this.pump();
  }

  submit(chunk: Chunk): void {
    this.options.queue.add(chunk);
    this.pump();
  }

  /** Sends what waits for at most `waitMs`, then puts the rest on disk. Partials that no disk keeps, and so are lost. */
  async stop(waitMs: number): Promise<number> {
    const { clock, queue } = this.options;
    const until = clock.now() + waitMs;
    while (this.isStarted && clock.now() < until && !this.isIdle()) {
      this.pump();
      await new Promise<void>((resolve) => void clock.after(20, resolve));
    }
    this.stopping = true;
    for (const { cancelRetry } of this.targets.values()) cancelRetry();
    const deadline = new Deadline(STORE_MS, clock);
    await deadline.race(Promise.resolve(this.loading));
    await deadline.race(Promise.all(this.underWay));
    this.hasReturned = true;
    // What was loaded is older than everything else, and keeps its place.
    const rest = [...this.lanes.values()].flatMap(({ waiting }) => waiting.splice(0));
    rest.sort((a, b) => a.createdAt - b.createdAt);
    this._loadedBytes = 0;
    this._loadedItems = 0;
    await deadline.race(queue.store(rest));
    const { lost } = await queue.stop(deadline);
    await deadline.race(this.closeFormer());
    return lost.items;
  }

  private async closeFormer(): Promise<void> {
    const former = [...this.targets.values()].filter(({ route }) => route !== this.options.route);
    await Promise.all(former.map(({ log }) => log?.close()));
  }

  private isIdle(): boolean {
    const { queue } = this.options;
    return this._loadedBytes === 0 && this.loading === undefined && queue.bytes === 0 && !queue.hasUnread;
  }

  /** Starts whatever may be started. */
  private pump(): void {
    if (this.stopping || !this.isStarted) return;
    const now = this.options.clock.now();
    for (const lane of this.lanes.values())
      if (!lane.isBusy && lane.waiting.length > 0 && now >= lane.target.retryAt) this.send(lane);
    // While the log takes nothing, what waits stays where it is counted and goes to disk.
    if (now < this.targetOf(this.options.route).retryAt) return;
    const { queue } = this.options;
    const hasMore = queue.bytes > 0 || queue.hasUnread;
    if (!hasMore || this._loadedBytes >= LOADED_BYTES || this.loading !== undefined) return;
    this.loading = this.load().finally(() => {
      this.loading = undefined;
      this.pump();
    });
  }

  /** Moves the oldest chunks to the lanes: a file, or what is in memory when there is none. */
  private async load(): Promise<void> {
    const { queue } = this.options;
    queue.sweep();
    // What is being written is older than what is in memory; more may begin to be written meanwhile.
    do await queue.settled();
    while (queue.isSpilling);
    // The disk may have taken longer than a stop waits: what is in the queue is the stop's.
    if (this.stopping) return;
    if (!queue.hasUnread) {
      this.accept(queue.takeAll());
      return;
    }
    let isRead = false;
    await queue.takeStored((chunks) => {
      isRead = true;
      this.accept(chunks);
    });
    // What is in memory is newer: it waits for the disk.
    if (!isRead && queue.hasUnread)
      await new Promise<void>((resolve) => void this.options.clock.after(RETRY_MIN_MS, resolve));
  }

  private accept(chunks: readonly Chunk[]): void {
    if (this.hasReturned) {
      void this.options.queue.store(chunks);
      return;
    }
    for (const chunk of [...chunks].sort((a, b) => a.createdAt - b.createdAt)) {
      const lane = this.laneOf(chunk);
      if (chunk.stored === undefined) lane.newest = chunk.createdAt;
      else if (chunk.createdAt < lane.newest) {
        this.options.queue.giveUp(chunk, 'out_of_order');
        continue;
      }
      lane.waiting.push(chunk);
      this._loadedBytes += chunk.body.byteLength;
      this._loadedItems += chunk.itemCount;
    }
  }

  private laneOf({ route: of, destination }: Chunk): Lane<Chunk> {
    // One that says nothing of a log is for the present one.
    const route = addressOf(of) === undefined ? this.options.route : of;
    const key = `${route} ${destination}`;
    let lane = this.lanes.get(key);
    if (lane === undefined) {
      const target = this.targetOf(route);
      lane = { target, partition: Number(destination), waiting: [], newest: 0, isBusy: false };
      this.lanes.set(key, lane);
    }
    return lane;
  }

  private targetOf(route: string): Target {
    let target = this.targets.get(route);
    if (target === undefined) {
      target = {
        ...{ route, log: undefined, opening: undefined, problem: undefined },
        ...{ retryMs: RETRY_MIN_MS, retryAt: 0 },
        cancelRetry: () => undefined,
      };
      this.targets.set(route, target);
    }
    return target;
  }

  private send(lane: Lane<Chunk>): void {
    lane.isBusy = true;
    const sent = this.append(lane).finally(() => {
      lane.isBusy = false;
      this.underWay.delete(sent);
      this.pump();
    });
    this.underWay.add(sent);
  }

  private async append({ target, partition, waiting }: Lane<Chunk>): Promise<void> {
    const { clock } = this.options;
    let end = 0;
    for (let bytes = 0; end < waiting.length; end++) {
      bytes += (waiting[end] as Chunk).body.byteLength;
      if (end > 0 && bytes > APPEND_BYTES) break;
    }
    const chunks = waiting.slice(0, end);
    this.appends++;
    try {
      const log = await this.logOf(target);
      if (this.hasReturned) return;
      if (log === undefined) {
        this.giveUp(target, waiting.splice(0));
        return;
      }
      const now = clock.now();
      const records = chunks.map(({ body }) => encodeChunkRecord(body, now));
      await log.append('partials', partition, records);
    } catch (error) {
      if (this.hasReturned) return;
      await this.fail(target, error as Error);
      return;
    }
    if (this.hasReturned) return;
    waiting.splice(0, end);
    this.succeed(target, chunks);
  }

  /** Undefined when it is gone. */
  private async logOf(target: Target): Promise<GlobalLog | undefined> {
    if (target.log !== undefined) return target.log;
    target.opening ??= this.options.openFormer(target.route).finally(() => {
      target.opening = undefined;
    });
    target.log = await target.opening;
    return target.log;
  }

  private giveUp({ route }: Target, chunks: readonly Chunk[]): void {
    let partials = 0;
    for (const chunk of chunks) {
      this.options.queue.giveUp(chunk, 'no_destination');
      this._loadedBytes -= chunk.body.byteLength;
      this._loadedItems -= chunk.itemCount;
      partials += chunk.itemCount;
    }
    this.options.logger.error(
      { route, partials },
      'dropped chunks: they were made for a topic that no longer exists',
    );
  }

  private succeed(target: Target, chunks: readonly Chunk[]): void {
    const { clock, queue, route } = this.options;
    const isFormer = target.route !== route;
    if (isFormer) target.problem = undefined;
    else this.noteWell();
    this.lastAcknowledgedAt = clock.now();
    target.retryMs = RETRY_MIN_MS;
    for (const chunk of chunks) {
      queue.settle(chunk);
      if (isFormer) this.acknowledgedElsewhere += chunk.itemCount;
      this.acknowledged += chunk.itemCount;
      this.acknowledgedChunks++;
      this._loadedBytes -= chunk.body.byteLength;
      this._loadedItems -= chunk.itemCount;
    }
  }

  private noteWell(): void {
    const { clock, logger } = this.options;
    if (this.failingSince !== undefined) {
      const seconds = Math.round((clock.now() - this.failingSince) / 1000);
      logger.info({ seconds }, 'the global log is accepting chunks again');
    }
    this.problem = undefined;
    this.failingSince = undefined;
  }

  private async fail(target: Target, error: Error): Promise<void> {
    const { clock, route } = this.options;
    this.failures++;
    if (clock.now() >= target.retryAt) {
      target.retryAt = clock.now() + target.retryMs;
      target.cancelRetry();
      target.cancelRetry = clock.after(target.retryMs, () => {
        // A timer may be a moment early, and nothing else would try again.
        target.retryAt = 0;
        this.pump();
      });
      target.retryMs = Math.min(target.retryMs * 2, RETRY_MAX_MS);
    }
    if (target.route === route) this.noteFailure(error);
    else await this.closeFailed(target, error);
  }

  private noteFailure(error: Error): void {
    const { clock, logger } = this.options;
    if (this.failingSince === undefined) {
      this.failingSince = clock.now();
      logger.warn(
        { err: error },
        'the global log is not accepting chunks; they are waiting in memory and on disk',
      );
    }
    this.problem = error.message;
  }

  /** A former log may have been deleted: it is looked for again. */
  private async closeFailed(target: Target, error: Error): Promise<void> {
    const { log, route } = target;
    if (target.problem === undefined)
      this.options.logger.warn(
        { err: error, route },
        'chunks for a former topic are not being accepted; they are waiting',
      );
    target.problem = error.message;
    target.log = undefined;
    await log?.close();
  }
}
