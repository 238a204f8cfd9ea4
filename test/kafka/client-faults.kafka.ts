/**
 * What is known to be wrong with transactions in @platformatic/kafka (docs/decisions/kafka-client.md). The engine uses none;
 * these tests say when an upgrade has mended one of them.
 */
import * as kafka from '@platformatic/kafka';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KafkaCluster } from './broker.ts';

const TIMEOUT_MS = 10_000;
const TOPIC = 'faults';
const INVALID_EPOCHS: readonly number[] = [47, 90];

let cluster: KafkaCluster;
const options = () => ({ clientId: 'faults', bootstrapBrokers: cluster.brokers, retries: 0 });

beforeAll(async () => {
  cluster = await KafkaCluster.start();
  const admin = new kafka.Admin(options());
  await admin.createTopics({ topics: [TOPIC], partitions: 1, replicas: 1 });
  await admin.close();
});
afterAll(async () => {
  await cluster?.dispose();
});

/** A connection to the only broker, which coordinates everything. */
async function withBroker<T>(use: (connection: kafka.Connection) => Promise<T>): Promise<T> {
  const client = new kafka.Admin(options());
  try {
    const [connection] = (await client.connectToBrokers()).values();
    return await use(connection as kafka.Connection);
  } finally {
    await client.close();
  }
}

/** The coordinator of a transactional id is not there at once. */
async function initProducer(connection: kafka.Connection, id: string, producerId: bigint, epoch: number) {
  const deadline = Date.now() + TIMEOUT_MS * 3;
  for (;;) {
    try {
      await kafka.findCoordinatorV6.api.async(connection, 1, [id]);
      return await kafka.initProducerIdV4.api.async(connection, id, TIMEOUT_MS, producerId, epoch);
    } catch (error) {
      const code = errorCode(error);
      // 14, 15, 16: still loading; 51: a transaction is being ended.
      if (![14, 15, 16, 51].includes(code) || Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}

function errorCode(error: unknown): number {
  for (const code of [14, 15, 16, 47, 51, 90])
    if ((error as kafka.MultipleErrors).findBy?.('apiCode', code)) return code;
  return -1;
}

describe('transactions', () => {
  it('a second producer that asks for producer id 0 is refused, and one that asks for -1 is not', async () => {
    await withBroker(async (connection) => {
      // The first producer of a cluster has id 0; the others are the ones it is about.
      await initProducer(connection, 'id-first', -1n, -1);
      const owner = await initProducer(connection, 'id-a', -1n, -1);
      expect(owner.producerId).toBeGreaterThan(0n);
      // This is what the client sends for an id that nobody gave it.
      const refused = await initProducer(connection, 'id-a', 0n, 0).then(
        () => 0,
        (error: unknown) => errorCode(error),
      );
      expect(INVALID_EPOCHS).toContain(refused);
      const second = await initProducer(connection, 'id-a', -1n, -1);
      expect(second.producerEpoch).toBeGreaterThan(0);
    });
  });

  it('READ_COMMITTED gives records of transactions that were aborted', async () => {
    await withBroker(async (connection) => {
      const { producerId, producerEpoch } = await initProducer(connection, 'id-b', -1n, -1);
      const value = Buffer.from('aborted');
      await kafka.addPartitionsToTxnV5.api.async(connection, [
        {
          transactionalId: 'id-b',
          producerId,
          producerEpoch,
          verifyOnly: false,
          topics: [{ name: TOPIC, partitions: [0] }],
        },
      ]);
      await kafka.produceV11.api.async(connection, -1, TIMEOUT_MS, [{ topic: TOPIC, partition: 0, value }], {
        transactionalId: 'id-b',
        producerId,
        producerEpoch,
        sequences: new kafka.NumericMap(),
      });
      await kafka.endTxnV4.api.async(connection, 'id-b', producerId, producerEpoch, false);
    });
    const consumer = new kafka.Consumer({ ...options(), retries: 20, retryDelay: 500, groupId: 'faults' });
    const stream = await consumer.consume({
      topics: [TOPIC],
      mode: 'earliest',
      isolationLevel: 'READ_COMMITTED',
      maxWaitTime: 200,
    });
    const first = await new Promise<string>((resolve) => {
      const timer = setTimeout(() => resolve('nothing'), TIMEOUT_MS);
      stream.once('data', ({ value }) => {
        clearTimeout(timer);
        resolve(String(value));
      });
    });
    await consumer.close(true);
    expect(first).toBe('aborted');
  });
});
