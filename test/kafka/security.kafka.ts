/**
 * TLS and logins against a real broker: what is configured works, what is wrong is said with a remedy, and no secret is shown.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadKafka } from '../../src/global/kafka/kafka-client.ts';
import { KafkaLog } from '../../src/global/kafka/kafka-log.ts';
import type { KafkaSettings } from '../../src/global/kafka/kafka-settings.ts';
import { systemClock } from '../../src/lib/time/clock.ts';
import { type Certificates, makeCertificates } from '../support/certificates.ts';
import { ServerProcess } from '../support/processes/server-process.ts';
import { KafkaCluster, type ListenerName } from './broker.ts';

const USERNAME = 'whippet-user';
const PASSWORD = 'correct-horse-battery';
const WRONG = 'wrong-horse-battery';
const MECHANISMS = ['plain', 'scram-sha-256', 'scram-sha-512'] as const;
const DEADLINE_MS = 120_000;
const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };

let folder: string;
let certificates: Certificates;
let cluster: KafkaCluster;
let tls: { readonly ca: Buffer };
const servers: ServerProcess[] = [];
let topics = 0;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'whippet-kafka-security-'));
  certificates = makeCertificates(folder);
  writeFileSync(join(folder, 'client.key'), certificates.good.key);
  writeFileSync(join(folder, 'client.pem'), certificates.good.cert);
  tls = { ca: readFileSync(certificates.caFile) };
  cluster = await KafkaCluster.start({ security: { certificates, username: USERNAME, password: PASSWORD } });
});
afterAll(async () => {
  await Promise.all(servers.map((server) => server.dispose()));
  await cluster?.dispose();
  rmSync(folder, { recursive: true, force: true });
});

const login = (mechanism: string, password = PASSWORD) => ({
  mechanism: mechanism.toUpperCase(),
  username: USERNAME,
  password,
});

async function withLog<T>(
  brokers: readonly string[],
  access: Partial<Pick<KafkaSettings, 'tls' | 'sasl'>>,
  use: (log: KafkaLog) => Promise<T>,
): Promise<T> {
  const settings: KafkaSettings = {
    ...{ brokers, clientId: 'whippet-test', topicPrefix: `secure${topics++}`, createTopics: true },
    ...{ replicationFactor: 1, minInsyncReplicas: 1, retentionHours: 1, compression: 'none' },
    ...{ tls: undefined, sasl: undefined, ...access },
  };
  const log = new KafkaLog({ kafka: await loadKafka(), clock: systemClock, logger: quiet, settings });
  try {
    return await use(log);
  } finally {
    await log.close();
  }
}

/** Makes the topics, writes and reads, and joins the group of owners. */
async function useAll(log: KafkaLog): Promise<string> {
  await log.ensure(1);
  const owned = new Promise<readonly number[]>((resolve) => {
    void log.own(`group${topics}`, { assigned: resolve, revoked: () => undefined });
  });
  const at = await log.append('partials', 0, [Buffer.from('secret road')]);
  const { records } = await log.read('partials', 0, at);
  expect(await owned).toEqual([0]);
  return String(records[0]?.bytes);
}

describe('Kafka is used', () => {
  it('over TLS, by the name of the broker and by its address', async () => {
    for (const host of ['localhost', '127.0.0.1'])
      expect(await withLog(cluster.brokersOf('TLS', host), { tls }, useAll)).toBe('secret road');
  });

  it('with a certificate of the client', async () => {
    const mutual = { tls: { ...tls, ...certificates.good } };
    expect(await withLog(cluster.brokersOf('MUTUAL', 'localhost'), mutual, useAll)).toBe('secret road');
  });

  it.each(MECHANISMS)('with a login by %s, with TLS and without', async (mechanism) => {
    const sasl = login(mechanism);
    const secured = cluster.brokersOf('TLSLOGIN', 'localhost');
    expect(await withLog(secured, { tls, sasl }, useAll)).toBe('secret road');
    expect(await withLog(cluster.brokersOf('LOGIN'), { sasl }, useAll)).toBe('secret road');
  });
});

describe('what is wrong is said', () => {
  const refusal = async (
    listener: ListenerName,
    access: Partial<Pick<KafkaSettings, 'tls' | 'sasl'>>,
  ): Promise<{ code: unknown; message: string }> => {
    const error = await withLog(cluster.brokersOf(listener, 'localhost'), access, (log) =>
      log.ensure(1),
    ).then(
      () => new Error('it was let in'),
      (reason: Error & { code?: unknown }) => reason,
    );
    return { code: (error as { code?: unknown }).code, message: error.message };
  };
  const access = (message: RegExp) => ({
    code: 'ERR_GLOBAL_KAFKA_ACCESS',
    message: expect.stringMatching(message),
  });

  it.each(MECHANISMS)('of a wrong password (%s)', async (mechanism) => {
    expect(await refusal('TLSLOGIN', { tls, sasl: login(mechanism, WRONG) })).toEqual(
      access(/refused the login; check global\.kafka\.sasl_username/),
    );
  });

  it('of a certificate by an authority that is not trusted', async () => {
    expect(await refusal('TLS', { tls: {} })).toEqual(access(/not trusted .*global\.kafka\.tls_ca_file/));
  });

  it('of a listener without TLS', async () => {
    expect(await refusal('PLAINTEXT', { tls })).toEqual(access(/does not answer with TLS/));
  });

  it('of a listener that wants TLS, a login, or a certificate', async () => {
    expect(await refusal('TLS', {})).toEqual(access(/global\.kafka\.tls\)/));
    expect(await refusal('LOGIN', {})).toEqual(access(/global\.kafka\.sasl_mechanism\)/));
    expect(await refusal('MUTUAL', { tls })).toEqual(access(/global\.kafka\.tls_cert_file/));
  });

  it('of a listener that takes no login', async () => {
    expect(await refusal('PLAINTEXT', { sasl: login('plain') })).toEqual(access(/takes no login/));
  });
});

describe('a server', () => {
  const start = async (password: string): Promise<ServerProcess> => {
    const server = await ServerProcess.start({
      config: {
        rules: [{ match: 'fleet.*', global: true }],
        global: {
          ...{
            role: 'both',
            topic: `server${topics}`,
            group: `server${topics++}`,
            partitions: 2,
            grace_seconds: 1,
          },
          kafka: {
            ...{
              brokers: cluster.brokersOf('TLSLOGIN', 'localhost'),
              replication_factor: 1,
              min_insync_replicas: 1,
            },
            ...{ tls: true, tls_ca_file: certificates.caFile },
            ...{ tls_cert_file: join(folder, 'client.pem'), tls_key_file: join(folder, 'client.key') },
            ...{ sasl_mechanism: 'scram-sha-512', sasl_username: USERNAME, sasl_password: password },
          },
        },
      },
      // A packet that comes before the topics are there waits in the queue of the edge.
      set: { bucket_seconds: 1 },
    });
    servers.push(server);
    return server;
  };
  /** All that it shows of itself. */
  const shown = async (server: ServerProcess): Promise<string> => {
    const paths = ['/api/config', '/api/global', '/api/status', '/health', '/metrics'];
    const answers = await Promise.all(paths.map(async (path) => (await server.get(path, '*/*')).text));
    return [server.stderr, server.stdout, ...answers].join('\n');
  };

  it('sends and merges over TLS with a login, and shows no password', async () => {
    const server = await start(PASSWORD);
    server.send('udp', ['fleet.hits:3|c']);
    await server.until(() => server.total('fleet.hits') === 3, 'the result came', DEADLINE_MS);
    const all = await shown(server);
    expect(all).toContain(USERNAME);
    expect(all).not.toContain(PASSWORD);
    expect(await server.stop()).toBe(0);
  });

  it('says in its log and its health that the login is refused, and shows no password', async () => {
    const server = await start(WRONG);
    const refused = /the broker refused the login; check global\.kafka\.sasl_username/;
    await server.until(
      async () => refused.test((await server.get('/health')).text),
      'the health says so',
      DEADLINE_MS,
    );
    const all = await shown(server);
    expect(server.stderr).toMatch(refused);
    expect(all).not.toContain(WRONG);
    expect(await server.stop()).toBe(0);
  });
});
