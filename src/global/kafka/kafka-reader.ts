/**
 * Reads from Kafka: one request under way for each broker, for all partitions that somebody waits for.
 *
 *   read(topic, partition, from) ─▶ │ waiting for broker 1 │ ─▶ fetch, answered at once or after WAIT_MS ─▶ each its records
 *                                   │ waiting for broker 2 │ ─▶ …
 *
 * A broker answers the requests of a connection one after the other, so a request for each partition would make each wait
 * for all others.
 * Limits  PARTITION_BYTES of one partition and ANSWER_BYTES of one answer; every wait ends after REQUEST_MS.
 */

import type { LogBatch, LogRecord } from '../log/log.ts';
import { guardClient } from './guard-client.ts';
import type {
  KafkaConsumer,
  KafkaFetchPartition,
  KafkaFetchResponse,
  KafkaMetadata,
} from './kafka-client.ts';
import { type KafkaSurroundings, optionsOf, REQUEST_MS, within } from './kafka-settings.ts';

const WAIT_MS = 250;
const PARTITION_BYTES = 1_048_576;
const ANSWER_BYTES = 16 * 1_048_576;
const ERROR_OFFSET_OUT_OF_RANGE = 1;
/** Attributes of a batch. */
const LOG_APPEND_TIME = 0x08;
const CONTROL = 0x20;
const EARLIEST = -2n;
const LATEST = -1n;

interface Waiting {
  readonly topic: string;
  readonly partition: number;
  readonly from: number;
  readonly resolve: (batch: LogBatch) => void;
  readonly reject: (error: Error) => void;
}

export class KafkaReader {
  private readonly around: KafkaSurroundings;
  private consumer: KafkaConsumer | undefined;
  private metadata: Promise<KafkaMetadata> | undefined;
  private readonly topics: string[];
  private readonly waiting = new Map<number, Waiting[]>();
  private readonly busy = new Set<number>();
  private isClosed = false;

  constructor(around: KafkaSurroundings, topics: readonly string[]) {
    this.around = around;
    this.topics = [...topics];
  }

  async read(topic: string, partition: number, from: number): Promise<LogBatch> {
    if (this.isClosed) throw new Error('Kafka: the log is closed');
    const { topics } = await this.readMetadata();
    const leader = topics.get(topic)?.partitions[partition]?.leader;
    if (leader === undefined || leader < 0) {
      this.metadata = undefined;
      throw new Error(`Kafka: ${topic} ${partition} has no leader`);
    }
    return new Promise((resolve, reject) => {
      const waiting = this.waiting.get(leader) ?? [];
      waiting.push({ topic, partition, from, resolve, reject });
      this.waiting.set(leader, waiting);
      void this.serve(leader);
    });
  }

  /** Where the partition ends and begins. */
  async bounds(topic: string, partition: number): Promise<{ readonly start: number; readonly end: number }> {
    const [start, end] = await Promise.all([
      this.offset(topic, partition, EARLIEST),
      this.offset(topic, partition, LATEST),
    ]);
    return { start, end };
  }

  async close(): Promise<void> {
    this.isClosed = true;
    await this.throwAway();
  }

  private async offset(topic: string, partition: number, timestamp: bigint): Promise<number> {
    const options = { topics: [topic], partitions: { [topic]: [partition] }, timestamp };
    try {
      const offsets = await this.within('listing offsets', this.open().listOffsets(options));
      return Number(offsets.get(topic)?.[partition] ?? 0n);
    } catch (error) {
      await this.throwAway();
      throw error;
    }
  }

  private async serve(leader: number): Promise<void> {
    if (this.busy.has(leader)) return;
    this.busy.add(leader);
    // Whoever asks in this turn of the event loop is asked for as well.
    await Promise.resolve();
    for (let waiting = this.take(leader); waiting.length > 0; waiting = this.take(leader)) {
      try {
        await this.fetch(leader, waiting);
      } catch (error) {
        for (const one of waiting) one.reject(error as Error);
        await this.throwAway();
      }
    }
    this.busy.delete(leader);
  }

  private take(leader: number): Waiting[] {
    const waiting = this.waiting.get(leader) ?? [];
    this.waiting.set(leader, []);
    return waiting;
  }

  private async fetch(leader: number, waiting: readonly Waiting[]): Promise<void> {
    const { topics } = await this.readMetadata();
    const names = [...new Set(waiting.map(({ topic }) => topic))];
    const request = {
      node: leader,
      minBytes: 1,
      maxBytes: ANSWER_BYTES,
      maxWaitTime: WAIT_MS,
      topics: names.map((name) => ({
        topicId: topics.get(name)?.id ?? '',
        partitions: waiting
          .filter(({ topic }) => topic === name)
          .map(({ partition, from }) => ({
            partition,
            currentLeaderEpoch: -1,
            fetchOffset: BigInt(from),
            lastFetchedEpoch: -1,
            partitionMaxBytes: PARTITION_BYTES,
          })),
      })),
    };
    const response = await this.within('a read', this.open().fetch(request).catch(responseOf));
    const byId = new Map(names.map((name) => [topics.get(name)?.id ?? '', name]));
    const answers = new Map<string, KafkaFetchPartition>();
    for (const { topicId, partitions } of response.responses)
      for (const answer of partitions) answers.set(`${byId.get(topicId)} ${answer.partitionIndex}`, answer);
    for (const one of waiting) this.answer(one, answers.get(`${one.topic} ${one.partition}`));
  }

  private answer(waiting: Waiting, answer: KafkaFetchPartition | undefined): void {
    const { topic, partition, from, resolve, reject } = waiting;
    if (answer?.errorCode === 0) {
      resolve({ records: recordsOf(answer, from), end: endOf(answer) });
    } else if (answer?.errorCode === ERROR_OFFSET_OUT_OF_RANGE) {
      this.bounds(topic, partition).then(({ start, end }) => {
        // Nothing is lost silently: the gap is told, and reading goes on where there is something.
        this.around.logger.error(
          { topic, partition, from, start, end },
          'the log no longer contains the requested position',
        );
        resolve(from < start ? this.skipTo(start, end) : { records: [], end });
      }, reject);
    } else {
      this.metadata = undefined;
      reject(
        new Error(`Kafka: reading ${topic} ${partition} failed with code ${answer?.errorCode ?? 'none'}`),
      );
    }
  }

  /** An empty record at the first position that is there moves a reader to it. */
  private skipTo(start: number, end: number): LogBatch {
    return { records: [{ position: start - 1, appendedAt: 0, bytes: Buffer.alloc(0) }], end };
  }

  private readMetadata(): Promise<KafkaMetadata> {
    this.metadata ??= this.within(
      'asking for metadata',
      this.open().metadata({ topics: [...this.topics], forceUpdate: true }),
    ).catch(async (error: Error) => {
      await this.throwAway();
      throw error;
    });
    return this.metadata;
  }

  private within<T>(what: string, result: Promise<T>): Promise<T> {
    return within(this.around.clock, REQUEST_MS, what, result);
  }

  private open(): KafkaConsumer {
    if (this.consumer !== undefined) return this.consumer;
    const consumer = new this.around.kafka.Consumer({
      ...optionsOf(this.around, 'reader'),
      groupId: 'none',
    });
    guardClient(consumer);
    this.consumer = consumer;
    return consumer;
  }

  private async throwAway(): Promise<void> {
    const consumer = this.consumer;
    this.consumer = undefined;
    this.metadata = undefined;
    if (consumer === undefined) return;
    await this.within('closing', consumer.close(true)).catch(() => undefined);
  }
}

/** An answer in which some partitions failed comes as an error that carries it. */
function responseOf(error: unknown): KafkaFetchResponse {
  const found = (
    error as { findBy?: (key: string, value: string) => { response?: KafkaFetchResponse } | null }
  ).findBy?.('code', 'PLT_KFK_RESPONSE');
  if (found?.response?.responses === undefined) throw error;
  return found.response;
}

function recordsOf({ records: batches = [] }: KafkaFetchPartition, from: number): LogRecord[] {
  const records: LogRecord[] = [];
  for (const batch of batches) {
    const first = Number(batch.firstOffset);
    if ((batch.attributes & CONTROL) !== 0) {
      // Markers of transactions: a reader only has to get past them.
      records.push({ position: first + batch.lastOffsetDelta, appendedAt: 0, bytes: Buffer.alloc(0) });
      continue;
    }
    const isLogTime = (batch.attributes & LOG_APPEND_TIME) !== 0;
    for (const { offsetDelta, timestampDelta, value } of batch.records) {
      const position = first + offsetDelta;
      // The first batch may begin before what was asked for.
      if (position < from) continue;
      const time = isLogTime ? batch.maxTimestamp : batch.firstTimestamp + timestampDelta;
      records.push({ position, appendedAt: Number(time) / 1000, bytes: value });
    }
  }
  return records.filter(({ position }) => position >= from);
}

function endOf({ highWatermark }: KafkaFetchPartition): number {
  return Number(highWatermark);
}
