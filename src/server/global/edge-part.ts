/**
 * The edge role of a server: partials of each flush to chunks, chunks through the retry queue to the log.
 *
 *   sampler ─onPartial─▶ Edge ──end of flush──▶ retry queue (memory, global.storage_path) ─▶ EdgeSender ─▶ log
 */
import { join } from 'node:path';
import type { OnPartial } from '../../aggregate/sampler.ts';
import type { Config } from '../../config/schema.ts';
import { chooseTags } from '../../enrich/tags/tag-choice.ts';
import { Edge, type EdgeChunk } from '../../global/edge/edge.ts';
import { routeOf } from '../../global/edge/edge-route.ts';
import { EdgeSender } from '../../global/edge/edge-sender.ts';
import type { GlobalLog } from '../../global/log/log.ts';
import type { Log } from '../../lib/log.ts';
import { systemClock } from '../../lib/time/clock.ts';
import { LossCounts } from '../../outputs/retry-queue/loss-counts.ts';
import { RetryQueue } from '../../outputs/retry-queue/retry-queue.ts';
import { RetryStore } from '../../outputs/retry-queue/retry-store.ts';
import type { Transaction } from '../../outputs/retry-queue/transaction.ts';
import { outcomes, type Totals } from '../../telemetry/ledger/ledger.ts';
import { type EdgeIdentity, readIdentity } from './edge-identity.ts';
import type { FormerLogs } from './former-logs.ts';

const KIND = 'partials';
const SPILL_RATIO = 0.5;
const DISK_RATIO_MAX = 0.95;
const AGE_MAX_MS = 10 * 86_400_000;
/** What two chunks of one millisecond differ by, so that files keep their order. */
const TICK_MS = 0.001;

/** The log that an edge sends to, and how others are opened. */
export interface EdgeLogs {
  readonly topic: string;
  readonly log: GlobalLog;
  readonly former: FormerLogs;
}

export class EdgePart {
  readonly identity: EdgeIdentity;
  readonly sender: EdgeSender<Transaction>;
  private readonly edge: Edge;
  private readonly queue: RetryQueue;
  private readonly losses = new LossCounts();
  private readonly store: RetryStore | undefined;
  private readonly route: string;
  private lastCreatedAt = 0;
  private hasOtherRules = false;

  static async open(config: Config, logs: EdgeLogs, logger: Log): Promise<EdgePart> {
    const identity = await readIdentity(config.global.storage_path, Date.now());
    const part = new EdgePart(config, identity, logs, logger);
    await part.store?.open();
    return part;
  }

  private constructor(config: Config, identity: EdgeIdentity, logs: EdgeLogs, logger: Log) {
    const { global } = config;
    const clock = systemClock;
    this.identity = identity;
    this.store =
      global.storage_path === '' || global.storage_bytes === 0
        ? undefined
        : new RetryStore({
            folder: join(global.storage_path, 'chunks'),
            bytesMax: global.storage_bytes,
            diskRatioMax: DISK_RATIO_MAX,
            ageMaxMs: AGE_MAX_MS,
            order: 'oldest',
            random: Math.random,
            losses: this.losses,
            clock,
            log: logger,
          });
    this.queue = new RetryQueue({
      bytesMax: global.retry_bytes,
      spillRatio: SPILL_RATIO,
      clock,
      losses: this.losses,
      store: this.store,
    });
    this.route = routeOf({ topic: logs.topic, partitions: global.partitions });
    this.sender = new EdgeSender({
      ...{ log: logs.log, route: this.route, queue: this.queue, clock, logger },
      openFormer: (route) => logs.former.open(route),
    });
    this.edge = new Edge(
      {
        ...identity,
        partitions: global.partitions,
        byEdge: global.levels === 2,
        chunkBytes: global.chunk_bytes,
        hashKey: global.hash_key,
      },
      (chunk) => this.submit(chunk),
    );
  }

  readonly onPartial: OnPartial = (context, bucket, partial, { gauge, globalTags }) => {
    const isShared = context.scope === 'both';
    const tags = isShared ? chooseTags(globalTags, context.tags) : context.tags;
    this.edge.take(context, bucket, partial, { gauge, tags, isShared });
  };

  /** To be called at the end of each flush, with the contexts it forgot. */
  endFlush(forgotten: readonly number[]): void {
    this.edge.endFlush();
    if (this.hasOtherRules) this.edge.forgetAll();
    else this.edge.forget(forgotten);
    this.hasOtherRules = false;
  }

  /** Other rules are in force: contexts may lose other tags, from the next flush on. */
  useRules(): void {
    this.hasOtherRules = true;
  }

  /** Sends what waits, for at most `waitMs`; what is lost then is counted. Partials that were lost. */
  async stop(waitMs: number): Promise<number> {
    return this.sender.stop(waitMs);
  }

  /** Partials sealed, and found on disk = acknowledged + dropped + held. */
  totals(): Totals {
    const { items, disk } = this.queue.status;
    const dropped: Record<string, number> = {};
    for (const { reason, items: lost } of this.losses.list()) dropped[reason] = (dropped[reason] ?? 0) + lost;
    return {
      stage: 'global_edge',
      name: '',
      unit: 'partials',
      received: this.edge.sealed + (disk?.found.items ?? 0),
      ...outcomes({
        accepted: { acknowledged: this.sender.acknowledged },
        dropped,
        held: { memory: items + this.sender.loadedItems, disk: disk?.items ?? 0 },
      }),
    };
  }

  /** For GET /api/global. */
  view(): object {
    const { sender } = this;
    const status = this.queue.status;
    const now = systemClock.now();
    return {
      id: Buffer.from(this.identity.id, 'latin1').toString('hex'),
      epoch: this.identity.epoch,
      sealedPartials: this.edge.sealed,
      acknowledgedPartials: sender.acknowledged,
      acknowledgedChunks: sender.acknowledgedChunks,
      acknowledgedElsewherePartials: sender.acknowledgedElsewhere,
      appends: sender.appends,
      failures: sender.failures,
      problem: sender.problem ?? null,
      failingForSeconds: sender.failingSince === undefined ? 0 : (now - sender.failingSince) / 1000,
      queue: {
        chunks: status.payloads,
        partials: status.items,
        bytes: status.bytes + sender.loadedBytes,
        oldestAgeSeconds: status.oldestAt === undefined ? 0 : Math.max(0, now - status.oldestAt) / 1000,
        disk: status.disk ?? null,
      },
      losses: this.losses.list(),
    };
  }

  private submit({ partition, bytes, count }: EdgeChunk): void {
    this.lastCreatedAt = Math.max(systemClock.now(), this.lastCreatedAt + TICK_MS);
    this.sender.submit({
      kind: KIND,
      route: this.route,
      destination: String(partition),
      priority: 'normal',
      createdAt: this.lastCreatedAt,
      headers: {},
      body: bytes,
      itemCount: count,
      pointCount: count,
      errors: 0,
    });
  }
}
