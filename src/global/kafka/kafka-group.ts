/**
 * A member of a Kafka consumer group, for nothing but the distribution of partitions.
 *
 *   join ─▶ assignment ─▶ assigned, revoked        no heartbeat for SESSION_MS, or an error ─▶ everything revoked ─▶ join anew
 *
 * The group never commits positions: what was read is in the states of `merged`. A member that was frozen may still think it
 * owns a partition; that does no harm (docs/global.md).
 */

import type { Ownership, OwnershipWatcher } from '../log/log.ts';
import { guardClient } from './guard-client.ts';
import type { KafkaConsumer } from './kafka-client.ts';
import { explainKafka } from './kafka-errors.ts';
import { type KafkaSurroundings, optionsOf, REQUEST_MS, within } from './kafka-settings.ts';

const SESSION_MS = 10_000;
const HEARTBEAT_MS = 2000;
const REBALANCE_MS = 10_000;
const JOIN_MS = 30_000;
const WATCH_MS = 1000;
const RETRY_MS = 1000;

export class KafkaGroup implements Ownership {
  private readonly around: KafkaSurroundings;
  private readonly group: string;
  private readonly topic: string;
  private readonly watcher: OwnershipWatcher;
  private consumer: KafkaConsumer | undefined;
  private owned: readonly number[] = [];
  private heardAt = 0;
  private isClosed = false;
  private cancelWatch: () => void = () => undefined;

  constructor(around: KafkaSurroundings, group: string, topic: string, watcher: OwnershipWatcher) {
    this.around = around;
    this.group = group;
    this.topic = topic;
    this.watcher = watcher;
  }

  /** Begins to take part; goes on trying when Kafka is away. */
  start(): void {
    // A join that was given up may end later; it is no longer the one that counts.
    if (this.consumer === undefined) void this.join();
  }

  async close(): Promise<void> {
    this.isClosed = true;
    this.cancelWatch();
    this.assign([]);
    await this.throwAway();
  }

  private async join(): Promise<void> {
    const { kafka, clock, logger } = this.around;
    const consumer = new kafka.Consumer({
      ...optionsOf(this.around, 'owner'),
      groupId: this.group,
      sessionTimeout: SESSION_MS,
      rebalanceTimeout: REBALANCE_MS,
      heartbeatInterval: HEARTBEAT_MS,
    });
    this.consumer = consumer;
    guardClient(consumer, (error) => this.lose(consumer, explainKafka(error).message));
    consumer.on('consumer:group:join', (payload) => this.joined(consumer, payload));
    consumer.topics.track(this.topic);
    try {
      await within(clock, JOIN_MS, 'joining the group', consumer.joinGroup({}));
      if (consumer !== this.consumer) return;
      this.heardAt = clock.now();
      this.watch(consumer);
    } catch (error) {
      logger.warn({ group: this.group, err: error }, 'could not join the group of owners; retrying');
      this.lose(consumer, (error as Error).message);
    }
  }

  private joined(consumer: KafkaConsumer, payload: unknown): void {
    if (consumer !== this.consumer || this.isClosed) return;
    this.heardAt = this.around.clock.now();
    const { assignments } = payload as {
      assignments: readonly { readonly topic: string; readonly partitions: readonly number[] }[] | null;
    };
    this.assign(
      (assignments ?? []).filter(({ topic }) => topic === this.topic).flatMap(({ partitions }) => partitions),
    );
  }

  private assign(partitions: readonly number[]): void {
    const lost = this.owned.filter((partition) => !partitions.includes(partition));
    this.owned = partitions;
    if (lost.length > 0) this.watcher.revoked(lost);
    if (partitions.length > 0) this.watcher.assigned(partitions);
  }

  /** A member that hears nothing for a session has been replaced. */
  private watch(consumer: KafkaConsumer): void {
    const { clock } = this.around;
    this.cancelWatch();
    this.cancelWatch = clock.after(WATCH_MS, () => {
      if (consumer !== this.consumer || this.isClosed) return;
      const heardAt = Math.max(this.heardAt, consumer.lastHeartbeat?.getTime() ?? 0);
      if (clock.now() - heardAt > SESSION_MS) this.lose(consumer, 'no heartbeat was answered');
      else this.watch(consumer);
    });
  }

  private lose(consumer: KafkaConsumer, reason: string): void {
    if (consumer !== this.consumer || this.isClosed) return;
    const { clock, logger } = this.around;
    this.cancelWatch();
    if (this.owned.length > 0)
      logger.warn(
        { group: this.group, partitions: this.owned, reason },
        'lost membership in the group of owners; rejoining',
      );
    this.assign([]);
    void this.throwAway();
    this.cancelWatch = clock.after(RETRY_MS, () => {
      if (!this.isClosed) this.start();
    });
  }

  private async throwAway(): Promise<void> {
    const consumer = this.consumer;
    this.consumer = undefined;
    if (consumer === undefined) return;
    await within(this.around.clock, REQUEST_MS, 'leaving the group', consumer.close(true)).catch(
      () => undefined,
    );
  }
}
