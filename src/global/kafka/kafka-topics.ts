/**
 * The topics of a log: made if they are missing, and checked.
 *
 *   partials, merged   as many partitions as configured │ time of appending │ deleted by age, never compacted
 *
 * A log that would give wrong results is refused: other partitions, times of the senders, compaction. One that is weaker
 * than it should be is used with a warning: fewer replicas in sync than two, or an hour of retention.
 */

import { type LogFacts, UNFIT_TOPIC } from '../log/log.ts';
import { guardClient } from './guard-client.ts';
import type { KafkaAdmin, KafkaMetadata } from './kafka-client.ts';
import { type KafkaSurroundings, optionsOf, REQUEST_MS, within } from './kafka-settings.ts';

const RESOURCE_TOPIC = 2;
const CHECKED = ['message.timestamp.type', 'cleanup.policy', 'min.insync.replicas', 'retention.ms'];
const RETENTION_MIN_MS = 3_600_000;
const RECORD_BYTES_MAX = 4 * 1_048_576;
const CREATE_MS = 15_000;
const UNKNOWN_TOPIC = 'UNKNOWN_TOPIC_OR_PARTITION';

/** The topics do not fit the configuration. */
export class KafkaTopicError extends Error {
  readonly code = UNFIT_TOPIC;
}

export async function ensureTopics(
  around: KafkaSurroundings,
  topics: readonly string[],
  partitions: number,
): Promise<LogFacts> {
  const admin = new around.kafka.Admin({ ...optionsOf(around, 'admin'), retries: 2 });
  guardClient(admin);
  try {
    let metadata = await readMetadata(around, admin, topics);
    if (metadata === undefined) {
      await createTopics(around, admin, topics, partitions);
      metadata = await readMetadata(around, admin, topics);
    }
    const warnings: string[] = [];
    for (const topic of topics) {
      const found = metadata?.topics.get(topic)?.partitions ?? [];
      if (found.length !== partitions)
        throw new KafkaTopicError(
          `topic ${topic} has ${found.length} partitions and global.partitions is ${partitions}; set global.partitions to ${found.length}, or choose another global.topic: the number of partitions of a topic in use never changes`,
        );
      const replicas = Math.min(...found.map((partition) => partition.replicas.length));
      warnings.push(...(await checkTopic(around, admin, topic, replicas)));
    }
    return { partitions, warnings };
  } finally {
    await within(around.clock, REQUEST_MS, 'closing', admin.close()).catch(() => undefined);
  }
}

/** Undefined when a topic is missing. */
async function readMetadata(
  around: KafkaSurroundings,
  admin: KafkaAdmin,
  topics: readonly string[],
): Promise<KafkaMetadata | undefined> {
  try {
    const options = { topics: [...topics], forceUpdate: true };
    const metadata = await within(around.clock, CREATE_MS, 'asking for metadata', admin.metadata(options));
    return topics.every((topic) => (metadata.topics.get(topic)?.partitions.length ?? 0) > 0)
      ? metadata
      : undefined;
  } catch (error) {
    if (hasApiId(error, UNKNOWN_TOPIC)) return undefined;
    throw error;
  }
}

async function createTopics(
  around: KafkaSurroundings,
  admin: KafkaAdmin,
  topics: readonly string[],
  partitions: number,
): Promise<void> {
  const { createTopics: mayCreate, replicationFactor, minInsyncReplicas, retentionHours } = around.settings;
  if (!mayCreate)
    throw new KafkaTopicError(
      `the topics ${topics.join(' and ')} do not exist; create them with ${partitions} partitions and message.timestamp.type=LogAppendTime, or set global.kafka.create_topics`,
    );
  const configs = Object.entries({
    'cleanup.policy': 'delete',
    'message.timestamp.type': 'LogAppendTime',
    'min.insync.replicas': String(Math.min(minInsyncReplicas, replicationFactor)),
    'retention.ms': String(Math.round(retentionHours * 3_600_000)),
    'max.message.bytes': String(RECORD_BYTES_MAX),
  }).map(([name, value]) => ({ name, value }));
  for (const topic of topics) {
    const options = { topics: [topic], partitions, replicas: replicationFactor, configs };
    try {
      await within(around.clock, CREATE_MS, 'creating a topic', admin.createTopics(options));
      around.logger.info({ topic, partitions, replicas: replicationFactor }, 'created a topic');
    } catch (error) {
      // Another whippet was faster.
      if (!hasApiId(error, 'TOPIC_ALREADY_EXISTS')) throw error;
    }
  }
  await waitForLeaders(around, admin, topics);
}

/** A topic that was made this moment has no leaders yet. */
async function waitForLeaders(
  around: KafkaSurroundings,
  admin: KafkaAdmin,
  topics: readonly string[],
): Promise<void> {
  const until = around.clock.now() + CREATE_MS;
  while (around.clock.now() < until) {
    const metadata = await readMetadata(around, admin, topics).catch(() => undefined);
    const all = topics.map((topic) => metadata?.topics.get(topic)?.partitions ?? []);
    if (all.every((partitions) => partitions.length > 0 && partitions.every(({ leader }) => leader >= 0)))
      return;
    await new Promise<void>((resolve) => void around.clock.after(200, resolve));
  }
}

async function checkTopic(
  around: KafkaSurroundings,
  admin: KafkaAdmin,
  topic: string,
  replicas: number,
): Promise<string[]> {
  let configs: ReadonlyMap<string, string | null>;
  try {
    configs = await describe(around, admin, topic);
  } catch (error) {
    return [
      `the settings of topic ${topic} could not be read (${(error as Error).message}), so they are not checked`,
    ];
  }
  const timestamps = configs.get('message.timestamp.type');
  if (timestamps !== undefined && timestamps !== 'LogAppendTime')
    throw new KafkaTopicError(
      `topic ${topic} keeps the times of its senders (message.timestamp.type is ${timestamps}); set it to LogAppendTime: skew and lateness are measured against the broker's clock`,
    );
  if (configs.get('cleanup.policy')?.includes('compact') === true)
    throw new KafkaTopicError(
      `topic ${topic} is compacted, which would remove chunks; set cleanup.policy to delete`,
    );
  const warnings: string[] = [];
  const insync = Number(configs.get('min.insync.replicas') ?? 1);
  if (insync < 2)
    warnings.push(
      `topic ${topic} acknowledges records that one broker has (min.insync.replicas is ${insync}, replicas: ${replicas}); losing that broker loses them: use 3 replicas and min.insync.replicas=2`,
    );
  const retention = Number(configs.get('retention.ms') ?? -1);
  if (retention >= 0 && retention < RETENTION_MIN_MS)
    warnings.push(
      `topic ${topic} keeps records for ${retention} ms; an owner that is away for longer loses them`,
    );
  return warnings;
}

async function describe(
  around: KafkaSurroundings,
  admin: KafkaAdmin,
  topic: string,
): Promise<ReadonlyMap<string, string | null>> {
  const connections = await within(around.clock, REQUEST_MS, 'connecting', admin.connectToBrokers());
  const [connection] = connections.values();
  if (connection === undefined) throw new Error('no broker');
  const resources = [{ resourceType: RESOURCE_TOPIC, resourceName: topic, configurationKeys: CHECKED }];
  const { results } = await within(
    around.clock,
    REQUEST_MS,
    'reading settings',
    around.kafka.describeConfigsV4.api.async(connection, resources, false, false),
  );
  return new Map(results.flatMap(({ configs }) => configs.map(({ name, value }) => [name, value] as const)));
}

function hasApiId(error: unknown, apiId: string): boolean {
  const { findBy } = error as { findBy?: (key: string, value: string) => unknown };
  return findBy?.call(error, 'apiId', apiId) != null;
}
