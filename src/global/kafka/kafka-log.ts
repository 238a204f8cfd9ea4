/**
 * The log on Kafka, or whatever speaks its protocol: two topics with the same number of partitions.
 *
 *   <topic>.partials, <topic>.merged      append: kafka-appender.ts │ read: kafka-reader.ts │ own: kafka-group.ts
 *
 * Owns no state that matters: everything can be thrown away and made anew at any time, and is, after each failure.
 */
import type {
  GlobalLog,
  LogBatch,
  LogFacts,
  LogRecord,
  Ownership,
  OwnershipWatcher,
  Stream,
} from '../log/log.ts';
import { KafkaAppender } from './kafka-appender.ts';
import { KafkaGroup } from './kafka-group.ts';
import { KafkaReader } from './kafka-reader.ts';
import type { KafkaSurroundings } from './kafka-settings.ts';
import { ensureTopics } from './kafka-topics.ts';

export class KafkaLog implements GlobalLog {
  private readonly around: KafkaSurroundings;
  private readonly appender: KafkaAppender;
  private readonly reader: KafkaReader;
  private readonly topics: { readonly [Each in Stream]: string };
  private groups: KafkaGroup[] = [];

  constructor(around: KafkaSurroundings) {
    const { topicPrefix } = around.settings;
    this.around = around;
    this.topics = { partials: `${topicPrefix}.partials`, merged: `${topicPrefix}.merged` };
    this.appender = new KafkaAppender(around);
    this.reader = new KafkaReader(around, Object.values(this.topics));
  }

  ensure(partitions: number): Promise<LogFacts> {
    return ensureTopics(this.around, Object.values(this.topics), partitions);
  }

  append(stream: Stream, partition: number, records: readonly Uint8Array[]): Promise<number> {
    return this.appender.append(this.topics[stream], partition, records);
  }

  async own(group: string, watcher: OwnershipWatcher): Promise<Ownership> {
    const member = new KafkaGroup(this.around, group, this.topics.partials, watcher);
    this.groups.push(member);
    member.start();
    return {
      close: async () => {
        this.groups = this.groups.filter((other) => other !== member);
        await member.close();
      },
    };
  }

  read(stream: Stream, partition: number, from: number): Promise<LogBatch> {
    return this.reader.read(this.topics[stream], partition, from);
  }

  async last(partition: number, count: number): Promise<LogBatch> {
    const topic = this.topics.merged;
    const { start, end } = await this.reader.bounds(topic, partition);
    const records: LogRecord[] = [];
    for (let next = Math.max(start, end - count); next < end; ) {
      const batch = await this.reader.read(topic, partition, next);
      const last = batch.records.at(-1);
      if (last === undefined) break;
      records.push(...batch.records);
      next = last.position + 1;
    }
    return { records, end };
  }

  async close(): Promise<void> {
    await Promise.all(this.groups.map((group) => group.close()));
    await this.appender.close();
    await this.reader.close();
  }
}
