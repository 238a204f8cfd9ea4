/**
 * A real client: hot-shots over UDP, each of its calls, one datagram a call and buffered.
 */
import { StatsD } from 'hot-shots';
import { afterEach, expect, it, vi } from 'vitest';
import { type ServerProcess, withServer } from '../support/processes/server-process.ts';

afterEach(() => void vi.restoreAllMocks());

/** Runs `calls` with a client and ends the server, so that everything sent is in the file. */
async function record(
  options: { maxBufferSize?: number },
  calls: (client: StatsD) => void,
  check: (server: ServerProcess) => void,
): Promise<void> {
  await withServer({}, async (server) => {
    const errors: Error[] = [];
    const client = new StatsD({
      host: '127.0.0.1',
      port: server.udpPort,
      globalTags: { env: 'test' },
      includeDatadogTelemetry: false,
      errorHandler: (error) => void errors.push(error),
      ...options,
    });
    calls(client);
    await new Promise<void>((resolve, reject) =>
      client.close((error) => (error ? reject(error) : resolve())),
    );
    expect(errors).toEqual([]);
    expect(await server.stop()).toBe(0);
    check(server);
  });
}

function everyCall(client: StatsD): void {
  client.increment('hs.up');
  client.increment('hs.up', 4);
  client.increment('hs.up', ['team:web']);
  client.decrement('hs.down', 3);
  client.gauge('hs.gauge', 12.5);
  client.histogram('hs.histogram', 7);
  client.distribution('hs.distribution', 9);
  client.timing('hs.timing', 250);
  client.set('hs.set', 'ann');
  client.unique('hs.set', 'bob');
  client.increment('hs.sampled', 1, 0.25);
  client.event('Deployed', 'v42\nis out', { alert_type: 'success', priority: 'low' }, ['team:web']);
  client.check('db.up', client.CHECKS.CRITICAL, { message: 'refused', hostname: 'db-1' }, ['team:db']);
}

function expectEveryCall(server: ServerProcess): void {
  const sum = (metric: string, field: 'cnt' | 'sum'): number =>
    server.series(metric).reduce((total, { histogram, sketch }) => {
      const record = histogram ?? sketch;
      return total + Number(record?.[field] ?? 0);
    }, 0);
  expect(server.total('hs.up')).toBe(6);
  expect(new Set(server.series('hs.up').map(({ tags }) => [...tags].sort().join()))).toEqual(
    new Set(['env:test', 'env:test,team:web']),
  );
  expect(server.total('hs.down')).toBe(-3);
  expect(server.series('hs.gauge').map(({ value }) => value)).toEqual([12.5]);
  expect(sum('hs.histogram.max', 'sum')).toBe(7);
  expect(sum('hs.distribution', 'sum')).toBe(9);
  expect(sum('hs.timing.max', 'sum')).toBe(250);
  expect(server.series('hs.set').reduce((total, { value }) => total + Number(value), 0)).toBe(2);
  expect(server.total('hs.sampled')).toBe(4);
  expect(server.events()).toMatchObject([
    {
      title: 'Deployed',
      text: 'v42\nis out',
      alert_type: 'success',
      priority: 'low',
      tags: ['env:test', 'team:web'],
    },
  ]);
  expect(server.checks()).toMatchObject([
    { check: 'db.up', status: 2, message: 'refused', host: 'db-1', tags: ['env:test', 'team:db'] },
  ]);
}

it('takes every call of hot-shots, a datagram each', async () => {
  // The client draws whether to send a sampled call; 0 always sends.
  vi.spyOn(Math, 'random').mockReturnValue(0);
  await record({}, everyCall, expectEveryCall);
});

it('takes every call of a buffering hot-shots', async () => {
  vi.spyOn(Math, 'random').mockReturnValue(0);
  await record({ maxBufferSize: 1432 }, everyCall, expectEveryCall);
});

it('loses nothing of a thousand buffered calls', async () => {
  await record(
    { maxBufferSize: 1432 },
    (client) => {
      for (let i = 0; i < 1000; i++) client.increment('hs.many', i, [`shard:${i % 7}`]);
    },
    (server) => expect(server.total('hs.many')).toBe(499_500),
  );
});
