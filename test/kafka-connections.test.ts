/** A broker that refuses a login and resets the connection: two errors of one connection, of which the client hears the first. */
import { createServer, type Socket } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { guardClient } from '../src/global/kafka/guard-client.ts';
import { loadKafka } from '../src/global/kafka/kafka-client.ts';
import { KafkaLog } from '../src/global/kafka/kafka-log.ts';
import { systemClock } from '../src/lib/time/clock.ts';

const UNSUPPORTED_SASL_MECHANISM = 33;
const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };
const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** Answers a SaslHandshake with an error, and the end of the connection with a reset. */
function refuse(socket: Socket): void {
  socket.on('error', () => undefined);
  socket.once('data', (request) => {
    const answer = Buffer.alloc(14);
    answer.writeInt32BE(10);
    // The number of the request, behind its length, key and version.
    request.copy(answer, 4, 8, 12);
    answer.writeInt16BE(UNSUPPORTED_SASL_MECHANISM, 8);
    socket.write(answer);
    socket.once('end', () => socket.resetAndDestroy());
  });
}

it('a connection that is refused and then reset ends nothing but itself', async () => {
  const resets: Promise<void>[] = [];
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    resets.push(new Promise((resolve) => socket.once('close', () => resolve())));
    refuse(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => new Promise((resolve) => server.close(resolve)));
  const { port } = server.address() as { port: number };
  const log = new KafkaLog({
    kafka: await loadKafka(),
    clock: systemClock,
    logger: quiet,
    settings: {
      ...{ brokers: [`127.0.0.1:${port}`], clientId: 'whippet-test', topicPrefix: 'a', createTopics: true },
      ...{
        replicationFactor: 1,
        minInsyncReplicas: 1,
        retentionHours: 1,
        compression: 'none',
        tls: undefined,
      },
      sasl: { mechanism: 'PLAIN', username: 'u', password: 'p' },
    },
  });
  closing.push(() => log.close());
  await expect(log.ensure(1)).rejects.toThrow(/does not offer this way to log in/);
  expect(resets.length).toBeGreaterThan(0);
  // Vitest fails when an error is left over.
  await Promise.all(resets);
  await new Promise((resolve) => setImmediate(resolve));
});

it('a broker that is not in the metadata is an error of the request', async () => {
  const kafka = await loadKafka();
  const options = {
    clientId: 'whippet-test',
    bootstrapBrokers: ['127.0.0.1:1'],
    timeout: 1000,
    connectTimeout: 1000,
  };
  const clients = [
    new kafka.Producer({ ...options, retries: 0, retryDelay: 1, idempotent: true }),
    new kafka.Consumer({ ...options, retries: 0, retryDelay: 1, groupId: 'g' }),
    new kafka.Admin({ ...options, retries: 0, retryDelay: 1 }),
  ];
  for (const client of clients) {
    closing.push(() => client.close());
    guardClient(client);
    // How the client asks for the leader or coordinator that it found.
    const symbol = Object.getOwnPropertySymbols(client).find(
      ({ description }) => description === 'plt.kafka.base.getConnection',
    );
    const connect = (
      client as unknown as Record<symbol, (broker: undefined, done: (error: Error) => void) => void>
    )[symbol as symbol];
    const error = await new Promise<Error>((resolve) => connect?.call(client, undefined, resolve));
    expect(error.message).toBe('Kafka: the broker is not known (any more)');
  }
});
