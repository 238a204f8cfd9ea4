/** `/metrics` scraped by real Prometheus servers: what they then answer to queries. promtool has no complaint about the page. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { ServerProcess } from '../support/processes/server-process.ts';
import { MODEL_ERROR, modelQuantile } from './quantile-model.ts';
import { hasStore, Store, type StoreKind } from './store.ts';

const KINDS: readonly StoreKind[] = ['prometheus-2.42', 'prometheus-3'];
const PROMTOOL = fileURLToPath(new URL('../../.setup/receivers/promtool', import.meta.url));
const cleanUps: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

async function startServer(set: Record<string, string | number | boolean>): Promise<ServerProcess> {
  const server = await ServerProcess.start({ set });
  cleanUps.push(() => server.dispose());
  return server;
}

/** Log-normal, so that quantiles differ much. */
const VALUES = Array.from({ length: 500 }, (_, i) => Math.exp((i * 7) / 700));
const quantileOf = (q: number) =>
  [...VALUES].sort((a, b) => a - b)[Math.ceil(q * VALUES.length) - 1] as number;
const lines = VALUES.map((value) => `latency:${value}|d`);

describe.each(KINDS.filter(hasStore))('%s', (kind) => {
  it.each([
    // The second to last bound of a classic histogram decides how exact its quantiles are.
    ['native', 'latency', 0.019],
    ['classic', 'latency_bucket', 0.2],
  ] as const)('answers for %s histograms of two servers together', async (form, series, error) => {
    const set = {
      'outputs.prometheus.distributions': form,
      'outputs.prometheus.buckets': '1 2 4 8 16 32 64 80 100 120 140 160',
    };
    const servers = [await startServer(set), await startServer(set)];
    const store = await Store.start(kind, undefined, {
      scrape: servers.map(({ httpPort }) => `127.0.0.1:${httpPort}`),
    });
    cleanUps.push(() => store.stop());
    // Each has one half.
    servers.forEach((server, i) => {
      const half = lines.filter((_, at) => at % 2 === i);
      for (let at = 0; at < half.length; at += 50) server.send('udp', [half.slice(at, at + 50).join('\n')]);
    });
    const count = form === 'native' ? 'sum(histogram_count(latency))' : 'sum(latency_count)';
    await vi.waitFor(async () => expect(await store.value(count)).toBe(VALUES.length), {
      timeout: 60_000,
      interval: 300,
    });
    const grouped = form === 'native' ? `sum(${series})` : `sum(${series}) by (le)`;
    for (const q of [0.5, 0.9]) {
      const found = (await store.value(`histogram_quantile(${q}, ${grouped})`)) ?? Number.NaN;
      expect(Math.abs(found / quantileOf(q) - 1), `${q}: ${found}`).toBeLessThan(error);
      if (form !== 'native') continue;
      const model = modelQuantile(VALUES, q, kind === 'prometheus-3' ? 'exponential' : 'linear');
      expect(Math.abs(found / model - 1), `${q}: ${found}, model ${model}`).toBeLessThan(
        MODEL_ERROR.prometheus,
      );
    }
  });

  it('sees counters move with every scrape', async () => {
    const server = await startServer({ bucket_seconds: 3600 });
    const store = await Store.start(kind, undefined, { scrape: [`127.0.0.1:${server.httpPort}`] });
    cleanUps.push(() => store.stop());
    for (const total of [1, 2, 3]) {
      server.send('udp', ['hits:1|c']);
      await vi.waitFor(async () => expect(await store.value('{__name__=~"hits(_total)?"}')).toBe(total), {
        timeout: 20_000,
        interval: 200,
      });
    }
  });
});

describe('promtool check metrics', () => {
  it.each(['summary', 'classic', 'native'])('has no complaint (%s)', async (form) => {
    const server = await startServer({
      'outputs.prometheus.distributions': form,
      'outputs.prometheus.timings': 'seconds',
    });
    server.send(
      'udp',
      ['requests_total:1|c|#env:prod', 'load:1|g', 'latency:5|ms', 'size_bytes:7|d', 'users:a|s'].map(
        (line) => line,
      ),
    );
    await vi.waitFor(async () => expect((await server.get('/metrics')).text).toContain('size_bytes'), {
      timeout: 20_000,
      interval: 200,
    });
    const page = (await server.get('/metrics')).text;
    const { stdout, stderr } = spawnSync(PROMTOOL, ['check', 'metrics'], { input: page, encoding: 'utf8' });
    expect(stdout + stderr).toBe('');
  });
});
