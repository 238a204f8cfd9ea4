/**
 * Traffic for the tests with a real Kafka: edges as the server has them, with counters whose sum is known, and what came out
 * of it, read from the log and from the files of owners.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { Chunk } from '../../src/global/chunk/chunk.ts';
import { Edge } from '../../src/global/edge/edge.ts';
import { EdgeSender } from '../../src/global/edge/edge-sender.ts';
import { loadKafka } from '../../src/global/kafka/kafka-client.ts';
import { KafkaLog } from '../../src/global/kafka/kafka-log.ts';
import type { LogRecord } from '../../src/global/log/log.ts';
import { MergedTail } from '../../src/global/owner/merged-tail.ts';
import { CounterPartial } from '../../src/global/partials/counter.ts';
import { type Clock, systemClock } from '../../src/lib/time/clock.ts';
import { LossCounts } from '../../src/outputs/retry-queue/loss-counts.ts';
import { RetryQueue } from '../../src/outputs/retry-queue/retry-queue.ts';
import type { Transaction } from '../../src/outputs/retry-queue/transaction.ts';
import { ServerProcess } from '../support/processes/server-process.ts';

export const WIDTH = 2;
export const PARTITIONS = 4;
const CONTEXTS = 24;
/** Long enough for a machine with much else to do. */
const DEADLINE_MS = 300_000;
const POLL_MS = 200;
const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };

export async function openLog(
  brokers: readonly string[],
  topicPrefix: string,
  replicas = 1,
): Promise<KafkaLog> {
  return new KafkaLog({
    kafka: await loadKafka(),
    clock: systemClock,
    logger: quiet,
    settings: {
      brokers,
      clientId: 'whippet-test',
      topicPrefix,
      createTopics: true,
      replicationFactor: replicas,
      minInsyncReplicas: Math.min(2, replicas),
      retentionHours: 1,
      compression: 'none',
      tls: undefined,
      sasl: undefined,
    },
  });
}

/** A few edges that send a bucket each WIDTH seconds. One may have a clock of its own. */
export class Traffic {
  sent = 0;
  private readonly edges: {
    readonly edge: Edge;
    readonly queue: RetryQueue;
    readonly losses: LossCounts;
    readonly sender: EdgeSender<Transaction>;
    readonly ahead: number;
  }[] = [];
  private readonly _log: KafkaLog;
  private timer: NodeJS.Timeout | undefined;
  private createdAt = 0;

  constructor(log: KafkaLog, edges: number, aheadSeconds = 0, partitions = PARTITIONS) {
    this._log = log;
    for (let i = 0; i < edges; i++) {
      const ahead = i === 0 ? aheadSeconds : 0;
      const clock: Clock = { ...systemClock, now: () => systemClock.now() + ahead * 1000 };
      const losses = new LossCounts();
      const queue = new RetryQueue({ bytesMax: 64e6, spillRatio: 0, clock, losses });
      const sender = new EdgeSender<Transaction>({
        ...{ log, queue, clock, logger: quiet, route: '/partials' },
        openFormer: async () => undefined,
      });
      const settings = {
        id: `edge ${i}`.padEnd(16, '.'),
        epoch: Date.now(),
        partitions,
        byEdge: false,
        chunkBytes: 100_000,
        hashKey: '',
      };
      const edge = new Edge(settings, ({ partition, bytes, count }) => {
        this.createdAt = Math.max(clock.now(), this.createdAt + 0.001);
        sender.submit({
          kind: 'partials',
          route: '/partials',
          destination: String(partition),
          priority: 'normal',
          createdAt: this.createdAt,
          headers: {},
          body: bytes,
          itemCount: count,
          pointCount: count,
          errors: 0,
        });
      });
      sender.start();
      this.edges.push({ edge, queue, losses, sender, ahead });
    }
  }

  begin(): void {
    this.timer = setInterval(() => this.sendBucket(), WIDTH * 1000);
  }

  /** Resolves when the log has acknowledged everything. */
  async end(deadlineMs = DEADLINE_MS): Promise<void> {
    clearInterval(this.timer);
    for (const { sender } of this.edges) {
      const lost = await sender.stop(deadlineMs);
      if (lost > 0) throw new Error(`${lost} partials were not acknowledged: ${sender.problem}`);
    }
  }

  /** What became of the partials so far; sealed = acknowledged + held + lost. */
  get account(): { sealed: number; acknowledged: number; held: number; lost: number } {
    const account = { sealed: 0, acknowledged: 0, held: 0, lost: 0 };
    for (const { edge, sender, queue, losses } of this.edges) {
      account.sealed += edge.sealed;
      account.acknowledged += sender.acknowledged;
      account.held += queue.status.items + sender.loadedItems;
      account.lost += losses.total.items;
    }
    return account;
  }

  /** Resolves when the log has acknowledged so many more buckets of all edges. */
  async acknowledges(buckets: number): Promise<void> {
    const enough = this.account.acknowledged + buckets * CONTEXTS * this.edges.length;
    await eventually(`${buckets} more buckets are acknowledged`, () => this.account.acknowledged >= enough);
  }

  get log(): KafkaLog {
    return this._log;
  }

  private sendBucket(): void {
    const now = Date.now() / 1000;
    for (const [i, { edge, ahead }] of this.edges.entries()) {
      const start = Math.floor((now + ahead) / WIDTH) * WIDTH - WIDTH;
      for (let c = 0; c < CONTEXTS; c++) {
        const sum = 1 + ((i * 13 + c * 7 + start) % 11);
        this.sent += sum;
        const tags = [`c:${c}`];
        edge.take(
          { id: c, name: 'load', type: 'counter', host: '', tags },
          { start, widthSeconds: WIDTH },
          { kind: 'counter', sum },
          { gauge: 'last', tags, isShared: false },
        );
      }
      edge.endFlush();
    }
  }
}

export function startOwner(
  brokers: readonly string[],
  topic: string,
  more: object = {},
): Promise<ServerProcess> {
  return ServerProcess.start({
    config: {
      bucket_seconds: WIDTH,
      global: {
        role: 'global',
        topic,
        group: topic,
        partitions: PARTITIONS,
        grace_seconds: 2,
        kafka: { brokers, replication_factor: 1, min_insync_replicas: 1 },
        ...more,
      },
    },
    set: { bucket_seconds: WIDTH },
  });
}

export interface Outcome {
  /** Sum of all results in the log, each bucket once. */
  readonly total: number;
  readonly buckets: number;
  /** Buckets with two different results, or in two sets. */
  readonly wrong: number;
  /** Results by partition, context and bucket. */
  readonly values: ReadonlyMap<string, number>;
}

/** Reads the results from the log, as any reader would: the first whole set of each ordinal. */
export async function readResults(log: KafkaLog): Promise<Outcome> {
  const values = new Map<string, number>();
  const seen = new Map<string, string>();
  let wrong = 0;
  for (let partition = 0; partition < PARTITIONS; partition++) {
    const records: LogRecord[] = [];
    for (let next = 0, end = 1; next < end; ) {
      const batch = await log.read('merged', partition, next);
      end = batch.end;
      records.push(...batch.records);
      next = (batch.records.at(-1)?.position ?? end - 1) + 1;
    }
    const sets = new Map<number, string>();
    const tail = new MergedTail();
    for (const record of records) {
      const before = tail.newest;
      tail.take([record]);
      const set = tail.newest;
      if (set === undefined || set === before) continue;
      if (set.ordinal !== (before?.ordinal ?? 0) + 1) wrong++;
      sets.set(set.ordinal, set.results.map(({ chunk }) => chunk.toString('base64')).join());
      for (const { chunk: bytes } of set.results) {
        const chunk = Chunk.open(bytes);
        if (typeof chunk === 'string') throw new Error(chunk);
        const id = `${partition} ${chunk.head.start}`;
        const ordinal = String(set.ordinal);
        if ((seen.get(id) ?? ordinal) !== ordinal) wrong++;
        seen.set(id, ordinal);
        chunk.forEach(({ partialStart }) => {
          const sum = new CounterPartial();
          chunk.reader.at = partialStart;
          sum.merge(chunk.reader);
          const key = `${chunk.textsOfEntry().tags.join()} ${chunk.head.start}`;
          values.set(key, (values.get(key) ?? 0) + sum.sum);
        });
      }
    }
  }
  const total = [...values.values()].reduce((sum, value) => sum + value, 0);
  return { total, buckets: seen.size, wrong, values };
}

/** What owners wrote to their files: values by context and bucket, and how many were written again. */
export function readFiles(owners: readonly ServerProcess[]): {
  values: Map<string, number>;
  again: number;
  wrong: number;
} {
  const values = new Map<string, number>();
  let again = 0;
  let wrong = 0;
  for (const owner of owners)
    for (const { tags, timestamp, count } of owner.series('load')) {
      const key = `${tags.join()} ${timestamp}`;
      const known = values.get(key);
      if (known !== undefined) again++;
      if (known !== undefined && known !== Number(count)) wrong++;
      values.set(key, Number(count));
    }
  return { values, again, wrong };
}

/** Waits for an event, and not for a time. */
export async function eventually(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + DEADLINE_MS;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`not in time: ${what}`);
    await sleep(POLL_MS);
  }
}

/** Partitions that an owner has been given so far; one that it lost and was given again counts again. */
export function assignments({ log }: ServerProcess): number {
  return log.filter(({ msg }) => msg === 'now owns a partition of the global log').length;
}

/** Waits until the results are all there; then nothing may be missing or wrong. How many were delivered again. */
export async function settle(traffic: Traffic, delivering: readonly ServerProcess[]): Promise<number> {
  await traffic.end();
  let state = '';
  let results: Outcome | undefined;
  let files = readFiles(delivering);
  await eventually('everything that was sent came out', async () => {
    const last = delivering.at(-1);
    if (last?.hasEnded) throw new Error(`the owner ended: ${last.stderr.slice(-5000)}`);
    results = await readResults(traffic.log).catch(() => undefined);
    files = readFiles(delivering);
    const delivered = [...files.values.values()].reduce((sum, value) => sum + value, 0);
    state = `sent ${traffic.sent}, in the log ${results?.total}, delivered ${delivered}`;
    return results?.total === traffic.sent && delivered === traffic.sent;
  }).catch((error: Error) => {
    throw new Error(`${error.message}: ${state}, wrong ${results?.wrong}/${files.wrong}`);
  });
  expect(results?.wrong).toBe(0);
  expect(files.wrong).toBe(0);
  expect(results?.values).toEqual(files.values);
  await traffic.log.close();
  return files.again;
}
