/** Remote write to real stores: what is counted is what they show. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { ServerProcess } from '../support/processes/server-process.ts';
import { MODEL_ERROR, modelQuantile } from './quantile-model.ts';
import { freePort, hasStore, Store, type StoreKind } from './store.ts';

const KINDS: readonly StoreKind[] = ['prometheus-2.42', 'prometheus-3', 'victoria-metrics'];
const cleanUps: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

async function startStore(kind: StoreKind, port?: number): Promise<Store> {
  const store = await Store.start(kind, port);
  cleanUps.push(() => store.stop());
  return store;
}

async function startServer(url: string, set: Record<string, string | number> = {}): Promise<ServerProcess> {
  const server = await ServerProcess.start({ set: { 'outputs.remote_write.url': url, ...set } });
  cleanUps.push(() => server.dispose());
  return server;
}

const endpointOf = async (server: ServerProcess) => {
  const outputs = JSON.parse((await server.get('/api/outputs')).text) as {
    name: string;
    endpoints: Endpoint[];
  }[];
  return outputs.find(({ name }) => name === 'remote_write')?.endpoints[0] as Endpoint;
};
interface Endpoint {
  readonly version: number;
  readonly queue: { readonly payloads: number };
  readonly losses: readonly { readonly reason: string; readonly points: number }[];
  readonly counts: {
    readonly requests: Readonly<Record<string, number>>;
    readonly submitted: Readonly<Record<string, { points: number }>>;
    readonly delivered: Readonly<Record<string, { points: number }>>;
  };
}

const within = (promise: () => Promise<void>, timeout = 15_000) =>
  vi.waitFor(promise, { timeout, interval: 200 });

describe.each(KINDS.filter(hasStore))('%s', (kind) => {
  it('has every count, value and quantile after seven buckets', async () => {
    const store = await startStore(kind);
    const server = await startServer(store.writeUrl);
    const values: number[] = [];
    for (let bucket = 0; bucket < 7; bucket++) {
      const lines = ['hits:5|c|#env:prod', `load:${bucket}|g`];
      for (let i = 0; i < 100; i++) {
        const value = Math.exp((i * 7 + bucket) / 175);
        values.push(value);
        lines.push(`latency:${value}|d`);
      }
      server.send('udp', [lines.join('\n')]);
      await sleep(1000);
    }
    await within(async () => {
      expect(await store.value('hits{env="prod"}')).toBe(35);
      expect(await store.value('load')).toBe(6);
    });
    const sorted = [...values].sort((a, b) => a - b);
    for (const q of [0.5, 0.9, 0.99]) {
      const found =
        kind === 'victoria-metrics'
          ? await store.value(`histogram_quantile(${q}, sum(latency_bucket) by (vmrange))`)
          : await store.value(`histogram_quantile(${q}, latency)`);
      const exact = sorted[Math.ceil(q * sorted.length) - 1] as number;
      expect(Math.abs((found ?? 0) / exact - 1), `quantile ${q}: ${found}, exact ${exact}`).toBeLessThan(
        0.019,
      );
      const model = modelQuantile(values, q, kind === 'prometheus-3' ? 'exponential' : 'linear');
      const error = MODEL_ERROR[kind === 'victoria-metrics' ? 'victoriaMetrics' : 'prometheus'];
      expect(Math.abs((found ?? 0) / model - 1), `quantile ${q}: ${found}, model ${model}`).toBeLessThan(
        error,
      );
    }
    if (kind !== 'victoria-metrics') expect(await store.value('histogram_count(latency)')).toBe(700);
    const { version, losses, counts } = await endpointOf(server);
    expect(version).toBe(kind === 'prometheus-3' ? 2 : 1);
    expect(losses).toEqual([]);
    expect(Object.keys(counts.requests).every((status) => status.startsWith('2'))).toBe(true);
  });

  it('has no gap after it was down', async () => {
    const port = await freePort();
    const server = await startServer(`http://127.0.0.1:${port}/api/v1/write`);
    for (let bucket = 0; bucket < 10; bucket++) {
      server.send('udp', [['hits:1|c', `load:${bucket}|g`].join('\n')]);
      await sleep(1000);
    }
    const store = await startStore(kind, port);
    await within(async () => {
      expect(await store.value('count_over_time(load[5m])')).toBe(10);
      expect((await endpointOf(server)).queue.payloads).toBe(0);
    }, 60_000);
    const { losses, counts } = await endpointOf(server);
    expect(losses).toEqual([]);
    expect(counts.requests).not.toHaveProperty('400');
  });

  it('keeps the sum over a restart', async () => {
    const store = await startStore(kind);
    for (let run = 0; run < 2; run++) {
      const server = await ServerProcess.start({ set: { 'outputs.remote_write.url': store.writeUrl } });
      server.send('udp', [['hits:3|c'].join('\n')]);
      await sleep(1500);
      server.send('udp', [['hits:4|c'].join('\n')]);
      await server.stop();
    }
    await within(async () => {
      const total = (await store.value('sum(increase(hits[1m]))')) ?? 0;
      expect(total).toBeGreaterThan(13.9);
      // Prometheus extrapolates to the edges of the range.
      expect(total).toBeLessThan(35);
    });
    expect(await store.value('resets(hits[1m])')).toBe(1);
  });
});

it('has at least one store to send to', () => {
  expect(KINDS.filter(hasStore), 'scripts/receivers.sh gets them').not.toEqual([]);
});
