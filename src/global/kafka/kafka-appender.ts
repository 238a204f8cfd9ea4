/**
 * Appends records to Kafka: one request under way, which takes what waits for all partitions.
 *
 *   append ─▶ │ waiting │ ──at most BATCH_BYTES a partition, ROUND_BYTES in all──▶ send, acks from all replicas in sync
 *
 * The client counts the sequence numbers of an idempotent producer when an answer comes, so two requests for a partition
 * must not be under way at once. After a failure it is not known which records are in the log, and the numbers are lost:
 * the producer is thrown away, and everything of the round is rejected. Who appends again may write a record twice.
 *
 * Limits  the callers wait, so each partition has what one caller appends at once.
 */
import { guardClient } from './guard-client.ts';
import type { KafkaProducer } from './kafka-client.ts';
import { type KafkaSurroundings, optionsOf, REQUEST_MS, within } from './kafka-settings.ts';

/** Of one partition in one request: brokers refuse batches of more than a mebibyte by default. */
const BATCH_BYTES = 900_000;
const ROUND_BYTES = 8_000_000;

interface Waiting {
  readonly topic: string;
  readonly partition: number;
  readonly records: readonly Uint8Array[];
  /** Records that are in the log. */
  done: number;
  first: number | undefined;
  readonly resolve: (position: number) => void;
  readonly reject: (error: Error) => void;
}

/** What of a caller's records goes with a round. */
interface Share {
  readonly waiting: Waiting;
  readonly end: number;
}

export class KafkaAppender {
  private readonly around: KafkaSurroundings;
  private producer: KafkaProducer | undefined;
  private waiting: Waiting[] = [];
  private sending: Promise<void> | undefined;
  private isClosed = false;

  constructor(around: KafkaSurroundings) {
    this.around = around;
  }

  /** Resolves with the position of the first record. */
  append(topic: string, partition: number, records: readonly Uint8Array[]): Promise<number> {
    if (this.isClosed) return Promise.reject(new Error('Kafka: the log is closed'));
    return new Promise((resolve, reject) => {
      this.waiting.push({ topic, partition, records, done: 0, first: undefined, resolve, reject });
      this.sending ??= this.sendAll().finally(() => {
        this.sending = undefined;
      });
    });
  }

  async close(): Promise<void> {
    this.isClosed = true;
    await this.sending;
    await this.throwAway();
  }

  private async sendAll(): Promise<void> {
    // What else is appended in this turn of the event loop goes along.
    await Promise.resolve();
    while (this.waiting.length > 0) await this.sendRound(this.takeRound());
  }

  /** Whole records, in order: a partition that had to leave some out takes none of a later caller. */
  private takeRound(): Share[] {
    const shares: Share[] = [];
    const bytesOf = new Map<string, number>();
    let all = 0;
    for (const waiting of this.waiting) {
      const key = `${waiting.topic} ${waiting.partition}`;
      let bytes = bytesOf.get(key) ?? 0;
      let end = waiting.done;
      for (; end < waiting.records.length; end++) {
        const size = (waiting.records[end] as Uint8Array).length;
        const isFirst = bytes === 0 && all < ROUND_BYTES;
        if (!isFirst && (bytes + size > BATCH_BYTES || all + size > ROUND_BYTES)) break;
        bytes += size;
        all += size;
      }
      bytesOf.set(key, end < waiting.records.length ? Number.POSITIVE_INFINITY : bytes);
      if (end > waiting.done) shares.push({ waiting, end });
    }
    return shares;
  }

  private async sendRound(shares: readonly Share[]): Promise<void> {
    const messages = shares.flatMap(({ waiting: { topic, partition, records, done }, end }) =>
      records.slice(done, end).map((value) => ({ topic, partition, value })),
    );
    try {
      const producer = this.open();
      const { offsets = [] } = await within(
        this.around.clock,
        REQUEST_MS,
        'an append',
        producer.send({ messages }),
      );
      const next = new Map(
        offsets.map(({ topic, partition, offset }) => [`${topic} ${partition}`, Number(offset)]),
      );
      for (const { waiting, end } of shares) this.settle(waiting, end, next);
    } catch (error) {
      await this.throwAway();
      const failed = new Set(shares.map(({ waiting }) => waiting));
      this.waiting = this.waiting.filter((waiting) => !failed.has(waiting));
      for (const waiting of failed) waiting.reject(error as Error);
    }
  }

  /** `next` is the position of the next record of a round, by partition. */
  private settle(waiting: Waiting, end: number, next: Map<string, number>): void {
    const key = `${waiting.topic} ${waiting.partition}`;
    const at = next.get(key);
    if (at === undefined) throw new Error('Kafka: an append was acknowledged without a position');
    waiting.first ??= at;
    next.set(key, at + end - waiting.done);
    waiting.done = end;
    if (end < waiting.records.length) return;
    this.waiting.splice(this.waiting.indexOf(waiting), 1);
    waiting.resolve(waiting.first);
  }

  private open(): KafkaProducer {
    if (this.producer !== undefined) return this.producer;
    const { kafka, settings } = this.around;
    const { compression } = settings;
    const producer = new kafka.Producer({
      ...optionsOf(this.around, 'appender'),
      idempotent: true,
      ...(compression !== 'none' && { compression }),
    });
    guardClient(producer);
    this.producer = producer;
    return producer;
  }

  private async throwAway(): Promise<void> {
    const producer = this.producer;
    this.producer = undefined;
    if (producer === undefined) return;
    await within(this.around.clock, REQUEST_MS, 'closing', producer.close()).catch(() => undefined);
  }
}
