/**
 * Scenario `global`: what a partial costs an edge and an owner, in CPU seconds of one thread.
 *
 *   500 contexts × 100 edges ──Edge, EdgeSender──▶ log in memory, 8 partitions ──Partition, encodeSet──▶ results
 *
 * 60 % counters, 20 % gauges, 20 % distributions of 15 bins; about 62 partials a chunk, contexts of 140 bytes. The log is in
 * memory: what Kafka costs is the client's and the broker's. The first buckets are left out: there everything is new.
 * Checked: every partial that was sent is merged, and the counters add up.
 */

import type { QueuedChunk } from '../../src/global/edge/chunk-queue.ts';
import { Edge } from '../../src/global/edge/edge.ts';
import { EdgeSender } from '../../src/global/edge/edge-sender.ts';
import { encodeClose } from '../../src/global/log/log-record.ts';
import { MemoryCluster, MemoryLog } from '../../src/global/log/memory-log.ts';
import { Partition } from '../../src/global/merge/partition.ts';
import { encodeSet } from '../../src/global/owner/encode-set.ts';
import { CounterPartial } from '../../src/global/partials/counter.ts';
import type { Clock } from '../../src/lib/time/clock.ts';
import type { Context } from '../../src/model/context.ts';
import type { PartialData } from '../../src/model/partial-data.ts';
import { LossCounts } from '../../src/outputs/retry-queue/loss-counts.ts';
import { RetryQueue } from '../../src/outputs/retry-queue/retry-queue.ts';
import type { Transaction } from '../../src/outputs/retry-queue/transaction.ts';
import type { Bench } from '../measure.ts';
import type { ScenarioResult } from '../scenario-result.ts';

const PARTITIONS = 8;
const WIDTH = 10;
const WARM_UP = 2;
const OWNER_TARGET = 1_000_000;
const EDGE_TARGET = 800_000;
const BINS = 15;
const ID_CHARS = 16;

interface Item {
  readonly context: Context;
  readonly data: PartialData;
}

export async function measureGlobal(bench: Bench): Promise<ScenarioResult[]> {
  const isWhole = bench.seconds >= 1;
  const [edges, contexts, buckets] = isWhole ? [100, 500, 12] : [4, 50, 3];
  const items = Array.from({ length: contexts }, (_, i) => itemOf(i));
  const sums = items.reduce((sum, { data }) => sum + (data.kind === 'counter' ? data.sum : 0), 0);
  const world = new World(edges, items);
  let sealCpu = 0;
  let mergeCpu = 0;
  for (let bucket = 0; bucket < buckets + WARM_UP; bucket++) {
    const sealing = cpuSeconds();
    await world.send(bucket);
    const merging = cpuSeconds();
    world.merge(bucket);
    if (bucket < WARM_UP) continue;
    sealCpu += merging - sealing;
    mergeCpu += cpuSeconds() - merging;
  }
  const partials = edges * contexts * buckets;
  const expected = sums * edges * (buckets + WARM_UP);
  const differences =
    world.total === expected ? [] : [`counters add up to ${world.total} instead of ${expected}`];
  if (world.merged !== edges * contexts * (buckets + WARM_UP))
    differences.push(`${world.merged} partials were merged of ${edges * contexts * (buckets + WARM_UP)}`);
  const figures = {
    partials,
    partialsPerChunk: contexts / PARTITIONS,
    bytesPerPartial: world.bytes / (edges * contexts * (buckets + WARM_UP)),
    mergedPerOwnerCpuSecond: partials / mergeCpu,
    mergedPerOwnerCpuSecondTarget: OWNER_TARGET,
    sealedPerEdgeCpuSecond: partials / sealCpu,
    sealedPerEdgeCpuSecondTarget: EDGE_TARGET,
  };
  const isFast =
    !isWhole ||
    (figures.mergedPerOwnerCpuSecond >= OWNER_TARGET && figures.sealedPerEdgeCpuSecond >= EDGE_TARGET);
  return [{ name: 'global', figures, differences, pass: differences.length === 0 && isFast }];
}

/** Edges, the log between, and one owner of each partition. */
class World {
  bytes = 0;
  total = 0;
  private readonly items: readonly Item[];
  private readonly edges: { readonly edge: Edge; readonly sender: EdgeSender<Transaction> }[];
  private readonly cluster = new MemoryCluster();
  private readonly partitions = Array.from(
    { length: PARTITIONS },
    () => new Partition({ late: 'next', skew: 'keep', contextsMax: 1_000_000 }),
  );
  private now = 1_000_000;
  private readonly clock: Clock = {
    now: () => this.now * 1000,
    after: (_, call) => {
      const immediate = setImmediate(call);
      return () => clearImmediate(immediate);
    },
  };

  constructor(edges: number, items: readonly Item[]) {
    this.items = items;
    const log = new MemoryLog(this.cluster, { clock: this.clock });
    this.edges = Array.from({ length: edges }, (_, i) => {
      const queue = new RetryQueue({
        bytesMax: 1e9,
        spillRatio: 0,
        clock: this.clock,
        losses: new LossCounts(),
      });
      const logger = { info: () => undefined, warn: () => undefined, error: () => undefined };
      const sender = new EdgeSender<Transaction>({
        ...{ log, queue, clock: this.clock, logger, route: '/partials' },
        openFormer: async () => undefined,
      });
      sender.start();
      let createdAt = 0;
      const settings = {
        id: `edge ${i}`.padEnd(ID_CHARS, '.'),
        epoch: 1,
        partitions: PARTITIONS,
        byEdge: false,
        chunkBytes: 256 * 1024,
        hashKey: '',
      };
      const edge = new Edge(settings, ({ partition, bytes, count }) => {
        this.bytes += bytes.length;
        sender.submit(transactionOf(partition, bytes, count, ++createdAt));
      });
      return { edge, sender };
    });
  }

  get merged(): number {
    return this.partitions.reduce((sum, { counts }) => sum + counts.merged, 0);
  }

  /** Sends a bucket of every edge; resolves when all of it is acknowledged. */
  async send(bucket: number): Promise<void> {
    const start = 1_000_000 + bucket * WIDTH;
    this.now = start + WIDTH;
    const at = { start, widthSeconds: WIDTH };
    for (const { edge } of this.edges) {
      for (const { context, data } of this.items)
        edge.take(context, at, data, { gauge: 'last', tags: context.tags, isShared: false });
      edge.endFlush();
    }
    const isDone = (): boolean => this.edges.every(({ sender, edge }) => sender.acknowledged === edge.sealed);
    while (!isDone()) await new Promise((resolve) => setImmediate(resolve));
  }

  /** Reads what was sent, closes the bucket and encodes its results. */
  merge(bucket: number): void {
    const end = 1_000_000 + (bucket + 1) * WIDTH;
    this.now = end + 5;
    const writer = 'bench'.padEnd(ID_CHARS, '.');
    for (const [number, partition] of this.partitions.entries()) {
      const records = this.cluster.recordsOf('partials', number);
      records.push({ position: records.length, appendedAt: this.now, bytes: encodeClose(end, writer) });
      for (let at = partition.next; at < records.length; at++) {
        const closed = partition.take(records[at] as (typeof records)[number]);
        if (closed === undefined) continue;
        encodeSet(closed, { source: writer, writer, partitions: 1 });
        for (const { entries } of closed.buckets)
          for (const { partial } of entries) if (partial instanceof CounterPartial) this.total += partial.sum;
      }
    }
  }
}

function transactionOf(
  partition: number,
  body: Uint8Array,
  count: number,
  createdAt: number,
): Transaction & QueuedChunk {
  return {
    kind: 'partials',
    route: '/partials',
    destination: String(partition),
    priority: 'normal',
    createdAt,
    headers: {},
    body,
    itemCount: count,
    pointCount: count,
    errors: 0,
  };
}

function itemOf(id: number): Item {
  const tags = [
    'env:production',
    `region:eu-central-${id % 3}`,
    `service:checkout-${id % 50}`,
    'version:2026.11.28-1',
    `endpoint:/api/v${id % 4}/items`,
    `context:${id}`,
  ];
  const name = `service.${id % 97}.operation.duration`;
  const kind = id % 5 < 3 ? 'counter' : id % 5 === 3 ? 'gauge' : 'distribution';
  return { context: { id, name, type: kind, host: '', tags }, data: dataOf(kind, id) };
}

function dataOf(kind: 'counter' | 'gauge' | 'distribution', id: number): PartialData {
  if (kind === 'counter') return { kind, sum: id + 1 };
  if (kind === 'gauge') return { kind, value: id, at: 1_000_000 };
  const keys = Array.from({ length: BINS }, (_, i) => 1400 + (id % 20) + i * 2);
  const weights = keys.map((_, i) => 1 + (i % 9));
  const count = weights.reduce((sum, weight) => sum + weight, 0);
  return {
    kind,
    moments: { count, sum: count * 10, min: 1, max: 100, weightedSum: count * 10 },
    bins: { keys, weights },
  };
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}
