/** OTLP to real receivers: what is counted is what they show. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { ServerProcess } from '../support/processes/server-process.ts';
import { hasStore, Store, type StoreKind } from './store.ts';

const cleanUps: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

async function start(kind: StoreKind, temporality: 'delta' | 'cumulative') {
  const store = await Store.start(kind);
  cleanUps.push(() => store.stop());
  const server = await ServerProcess.start({
    set: { 'outputs.otlp.url': store.otlpUrl, 'outputs.otlp.temporality': temporality },
  });
  cleanUps.push(() => server.dispose());
  return { store, server };
}

interface Endpoint {
  readonly losses: readonly { readonly reason: string; readonly points: number }[];
  readonly counts: { readonly requests: Readonly<Record<string, number>> };
}
const endpointOf = async (server: ServerProcess) => {
  const outputs = JSON.parse((await server.get('/api/outputs')).text) as {
    name: string;
    endpoints: Endpoint[];
  }[];
  return outputs.find(({ name }) => name === 'otlp')?.endpoints[0] as Endpoint;
};

const within = (promise: () => Promise<void>, timeout = 15_000) =>
  vi.waitFor(promise, { timeout, interval: 200 });

const CASES: readonly (readonly [StoreKind, 'delta' | 'cumulative'])[] = [
  ['prometheus-3', 'cumulative'],
  ['victoria-metrics', 'cumulative'],
  ['victoria-metrics', 'delta'],
];

describe.each(CASES.filter(([kind]) => hasStore(kind)))('%s with %s temporality', (kind, temporality) => {
  it('has every count, value and quantile after seven buckets', async () => {
    const { store, server } = await start(kind, temporality);
    const hits = kind === 'victoria-metrics' ? 'hits' : 'hits_total';
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
    const total = temporality === 'delta' ? `sum_over_time(${hits}{env="prod"}[5m])` : `${hits}{env="prod"}`;
    await within(async () => {
      expect(await store.value(total)).toBe(35);
      expect(await store.value('load')).toBe(6);
    });
    if (temporality === 'cumulative') {
      const sorted = [...values].sort((a, b) => a - b);
      for (const q of [0.5, 0.9, 0.99]) {
        const found =
          kind === 'victoria-metrics'
            ? await store.value(`histogram_quantile(${q}, sum(latency_bucket) by (vmrange))`)
            : await store.value(`histogram_quantile(${q}, latency)`);
        const exact = sorted[Math.ceil(q * sorted.length) - 1] as number;
        expect(Math.abs((found ?? 0) / exact - 1), `quantile ${q}: ${found}, exact ${exact}`).toBeLessThan(
          0.03,
        );
      }
    }
    const { losses, counts } = await endpointOf(server);
    expect(losses).toEqual([]);
    expect(Object.keys(counts.requests).every((status) => status.startsWith('2'))).toBe(true);
  });
});

it.runIf(hasStore('prometheus-3'))('Prometheus that refuses delta is explained once', async () => {
  const { server } = await start('prometheus-3', 'delta');
  for (let bucket = 0; bucket < 3; bucket++) {
    server.send('udp', ['hits:5|c']);
    await sleep(1000);
  }
  await within(async () => {
    const { losses } = await endpointOf(server);
    expect(losses.map(({ reason }) => reason)).toEqual(['temporality']);
  });
  expect(server.log.filter(({ msg }) => msg.includes('ERR_OTLP_TEMPORALITY'))).toHaveLength(1);
});

it('has at least one receiver to send to', () => {
  expect(
    CASES.some(([kind]) => hasStore(kind)),
    'scripts/receivers.sh gets them',
  ).toBe(true);
});
