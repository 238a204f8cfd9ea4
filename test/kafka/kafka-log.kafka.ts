/** The log on a real Kafka: what every engine must keep, and what is checked about the topics. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadKafka } from '../../src/global/kafka/kafka-client.ts';
import { KafkaLog } from '../../src/global/kafka/kafka-log.ts';
import type { KafkaSettings } from '../../src/global/kafka/kafka-settings.ts';
import type { LogRecord, Stream } from '../../src/global/log/log.ts';
import { systemClock } from '../../src/lib/time/clock.ts';
import { KafkaCluster } from './broker.ts';

const DEADLINE_MS = 90_000;

let cluster: KafkaCluster;
let topics = 0;
const opened: KafkaLog[] = [];
const warnings: string[] = [];

beforeAll(async () => {
  cluster = await KafkaCluster.start();
});
afterAll(async () => {
  await Promise.all(opened.map((log) => log.close()));
  await cluster?.dispose();
});

async function open(more: Partial<KafkaSettings> = {}): Promise<KafkaLog> {
  const log = new KafkaLog({
    kafka: await loadKafka(),
    clock: systemClock,
    logger: {
      info: () => undefined,
      warn: (_fields, sentence) => void warnings.push(sentence),
      error: (_fields, sentence) => void warnings.push(sentence),
    },
    settings: {
      brokers: cluster.brokers,
      clientId: 'whippet-test',
      topicPrefix: `test${topics}`,
      createTopics: true,
      replicationFactor: 1,
      minInsyncReplicas: 1,
      retentionHours: 1,
      compression: 'none',
      tls: undefined,
      sasl: undefined,
      ...more,
    },
  });
  opened.push(log);
  return log;
}

async function readAll(
  log: KafkaLog,
  stream: Stream,
  partition: number,
  from: number,
  until: number,
): Promise<LogRecord[]> {
  const records: LogRecord[] = [];
  const deadline = Date.now() + DEADLINE_MS;
  while (records.length < until) {
    if (Date.now() > deadline) throw new Error(`read ${records.length} of ${until} records in time`);
    const batch = await log.read(
      stream,
      partition,
      records.at(-1) === undefined ? from : (records.at(-1) as LogRecord).position + 1,
    );
    records.push(...batch.records);
  }
  return records;
}

/** Repeats what may fail while a broker is away. */
async function eventually<T>(what: () => Promise<T>): Promise<T> {
  const deadline = Date.now() + DEADLINE_MS;
  for (;;) {
    try {
      return await what();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}

const bytes = (text: string): Buffer => Buffer.from(text);

describe('the log on Kafka', () => {
  it('makes topics, and refuses those that would give wrong results', async () => {
    topics++;
    const log = await open();
    const { warnings: found } = await log.ensure(4);
    expect(found.filter((one) => one.includes('min.insync.replicas is 1'))).toHaveLength(2);
    expect(await (await open()).ensure(4)).toMatchObject({ partitions: 4 });
    await expect((await open()).ensure(8)).rejects.toMatchObject({ code: 'ERR_GLOBAL_TOPIC' });
    topics++;
    await expect((await open({ createTopics: false })).ensure(4)).rejects.toThrow(/do not exist/);
  });

  it.each([
    'none',
    'gzip',
  ] as const)('keeps the order of a partition, compressed with %s', async (compression) => {
    topics++;
    const log = await open({ compression });
    await log.ensure(2);
    const before = Date.now() / 1000;
    const positions = await Promise.all(
      Array.from({ length: 50 }, (_, i) => log.append('partials', i % 2, [bytes(`${i} a`), bytes(`${i} b`)])),
    );
    const records = await readAll(log, 'partials', 1, 0, 50);
    expect(records.map(({ bytes: b }) => b.toString())).toEqual(
      Array.from({ length: 25 }, (_, i) => [`${i * 2 + 1} a`, `${i * 2 + 1} b`]).flat(),
    );
    expect(positions[3]).toBe(records[2]?.position);
    // The time of the log, within the same machine's clock.
    for (const { appendedAt } of records) expect(Math.abs(appendedAt - before)).toBeLessThan(60);
    const { end } = await log.read('partials', 1, 10);
    expect(end).toBe(50);
  });

  it('takes records larger than a batch one after the other', async () => {
    topics++;
    const log = await open();
    await log.ensure(1);
    const large = Buffer.alloc(700_000, 1);
    const first = await log.append('merged', 0, [large, large, large, bytes('end')]);
    const { records } = await log.last(0, 2);
    expect(first).toBe(0);
    expect(records.map(({ position }) => position)).toEqual([2, 3]);
    expect(records[1]?.bytes.toString()).toBe('end');
  });

  it('goes on after the broker was killed', async () => {
    topics++;
    const log = await open();
    await log.ensure(2);
    await log.append('partials', 0, [bytes('before')]);
    await cluster.killNode();
    await expect(log.append('partials', 0, [bytes('lost')])).rejects.toThrow();
    await cluster.startNode();
    await eventually(() => log.append('partials', 0, [bytes('after')]));
    const texts = (await eventually(() => readAll(log, 'partials', 0, 0, 2))).map(({ bytes: b }) =>
      b.toString(),
    );
    expect(texts[0]).toBe('before');
    expect(texts.at(-1)).toBe('after');
  });

  it('gives every partition to somebody, and those of one that leaves to the others', async () => {
    topics++;
    const owned = [new Set<number>(), new Set<number>()];
    const join = async (i: number): Promise<{ close(): Promise<void> }> => {
      const log = await open();
      await log.ensure(6);
      return log.own(`group${topics}`, {
        assigned: (partitions) => {
          for (const partition of partitions) owned[i]?.add(partition);
        },
        revoked: (partitions) => {
          for (const partition of partitions) owned[i]?.delete(partition);
        },
      });
    };
    const until = async (what: () => boolean): Promise<void> => {
      const deadline = Date.now() + DEADLINE_MS;
      while (!what()) {
        if (Date.now() > deadline)
          throw new Error(`in the end: ${owned.map((set) => [...set].join()).join(' | ')}`);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    };
    const first = await join(0);
    await until(() => owned[0]?.size === 6);
    const second = await join(1);
    await until(() => owned[0]?.size === 3 && owned[1]?.size === 3);
    await first.close();
    await until(() => owned[1]?.size === 6);
    await second.close();
  });
});
