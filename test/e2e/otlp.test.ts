/** The output `otlp` of a real server: what was sent is what arrives, whatever the protocol. */
import { afterEach, expect, it } from 'vitest';
import { OtlpReceiver } from '../support/fakes/otlp-receiver.ts';
import { ServerProcess, TEST_HOST } from '../support/processes/server-process.ts';
import { readTlsFixture, tlsFixture } from '../support/tls-fixture.ts';

const cleanUps: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

async function startReceiver(...how: ConstructorParameters<typeof OtlpReceiver>) {
  const receiver = new OtlpReceiver(...how);
  cleanUps.push(() => receiver.close());
  return { receiver, url: await receiver.start() };
}

async function startServer(options: Parameters<typeof ServerProcess.start>[0]): Promise<ServerProcess> {
  const server = await ServerProcess.start(options);
  cleanUps.push(() => server.dispose());
  return server;
}

const sumOf = (receiver: OtlpReceiver, wanted: string): number =>
  receiver.points.reduce((sum, { name, value = 0 }) => (name === wanted ? sum + value : sum), 0);

it('a URL in the environment is all it takes', async () => {
  const { receiver, url } = await startReceiver();
  const server = await startServer({ env: { WHIPPET_OUTPUTS_OTLP_URL: url } });
  server.send('udp', [['hits:5|c|#env:prod', 'lat:1:2:3|d', 'load:4|g', '_e{6,2}:deploy|v2'].join('\n')]);
  await server.until(() => receiver.points.some(({ name }) => name === 'hits'), 'a point arrives');
  server.send('udp', ['hits:2|c|#env:prod']);
  await server.stop();
  expect(sumOf(receiver, 'hits')).toBe(7);
  const by = Object.fromEntries(receiver.points.map((point) => [point.name, point]));
  expect(by.hits).toMatchObject({ attributes: { env: 'prod' }, resource: { 'host.name': TEST_HOST } });
  expect(by.lat?.histogram?.count).toBe(3n);
  expect(receiver.records.map(({ record }) => record.body?.value.value)).toEqual(['v2']);
});

it('gRPC with TLS, a second receiver with a filter, and one that is down', async () => {
  const tls = { key: readTlsFixture('server.key'), cert: readTlsFixture('server.crt') };
  const { receiver: secure, url } = await startReceiver('grpc', tls);
  const { receiver: routed, url: other } = await startReceiver();
  const additional = [
    { url: other, match: ['web.*'], events: false },
    { url: 'http://127.0.0.1:9', events: false },
  ];
  const server = await startServer({
    config: {
      outputs: {
        otlp: {
          url: url.replace('127.0.0.1', 'localhost'),
          protocol: 'grpc',
          ca_file: tlsFixture('ca.crt'),
          additional,
        },
      },
    },
  });
  server.send('udp', [['web.hits:5|c', 'db.hits:7|c'].join('\n')]);
  await server.until(() => secure.points.length >= 2 && routed.points.length >= 1, 'both have their points');
  expect([sumOf(secure, 'web.hits'), sumOf(secure, 'db.hits')]).toEqual([5, 7]);
  expect(routed.points.map(({ name }) => name).filter((name) => name !== 'web.hits')).toEqual([]);
  const errorOf = async (output: string): Promise<string | undefined> => {
    const outputs = JSON.parse((await server.get('/api/outputs')).text) as {
      name: string;
      endpoints: { lastError?: { text: string } }[];
    }[];
    return outputs.find(({ name }) => name === output)?.endpoints[0]?.lastError?.text;
  };
  await server.until(async () => (await errorOf('otlp_3')) !== undefined, 'the third has failed');
  expect(await errorOf('otlp_3')).toContain('ECONNREFUSED');
  // A page that names a metric twice is refused as a whole.
  const page = (await server.get('/metrics')).text;
  const types = page.split('\n').filter((line) => line.startsWith('# TYPE'));
  expect(new Set(types).size).toBe(types.length);
});
