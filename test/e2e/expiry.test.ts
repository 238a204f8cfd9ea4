/**
 * What happens to contexts nobody sends any more: counters are zero-filled, then forgotten.
 */
import { expect, it } from 'vitest';
import { packLines } from '../support/packets.ts';
import { withServer } from '../support/processes/server-process.ts';

it('reports an idle counter as 0 in every bucket until it expires', async () => {
  const set = { dogstatsd_expiry_seconds: 3, dogstatsd_context_expiry_seconds: 1 };
  await withServer({ unix: true, set }, async (server) => {
    server.send('unix', ['idle.counter:5|c\nidle.gauge:5|g']);
    await server.until(() => server.series('idle.counter').length >= 2, 'the first zero');
    const flushes = (await server.metric('whippet_aggregate_flushes_total')) as number;
    await server.until(
      async () => ((await server.metric('whippet_aggregate_flushes_total')) as number) >= flushes + 4,
      'it has expired',
    );
    const series = server.series('idle.counter');
    const first = series[0]?.timestamp as number;
    // One record a bucket, without a gap, the value first.
    expect(series.map(({ timestamp }) => timestamp - first)).toEqual(series.map((_, i) => i));
    expect(series.map(({ count }) => count)).toEqual(series.map((_, i) => (i === 0 ? 5 : 0)));
    expect(series.length).toBeGreaterThanOrEqual(3);
    expect(series.length).toBeLessThanOrEqual(5);
    // A gauge is reported only when it was set.
    expect(server.series('idle.gauge')).toHaveLength(1);
  });
});

it('forgets contexts and lines that are not seen any more, and takes them up again', async () => {
  const set = {
    dogstatsd_expiry_seconds: 1,
    dogstatsd_context_expiry_seconds: 1,
    'outputs.prometheus.expiry_seconds': 1,
  };
  await withServer({ unix: true, set }, async (server) => {
    const lines = Array.from({ length: 3000 }, (_, i) => `gone:1|c|#id:${i}\ngone.d:${i}|d|#id:${i}`);
    const packets = packLines(lines, 8192);
    for (let round = 1; round <= 2; round++) {
      server.send('unix', packets);
      await server.until(() => server.total('gone') === round * 3000, 'all are in the file');
      for (const gauge of [
        'whippet_core_contexts',
        'whippet_core_cached_lines',
        'whippet_aggregate_contexts',
        'whippet_prometheus_series',
      ]) {
        await server.until(async () => (await server.metricSum(gauge)) === 0, `${gauge} is 0 again`);
      }
    }
    expect(await server.metricSum('whippet_core_lines_evicted_total')).toBe(12_000);
  });
});

it('keeps what is seen once a bucket while its neighbours go', async () => {
  const set = { dogstatsd_expiry_seconds: 1, dogstatsd_context_expiry_seconds: 1 };
  await withServer({ unix: true, set }, async (server) => {
    server.send(
      'unix',
      packLines(
        Array.from({ length: 100 }, (_, i) => `brief:1|c|#id:${i}`),
        8192,
      ),
    );
    let sent = 0;
    await server.until(async () => {
      server.send('unix', ['steady:1|c|#id:me']);
      sent++;
      return (await server.metricSum('whippet_core_contexts')) === 1;
    }, 'only the steady one is left');
    expect(await server.stop()).toBe(0);
    expect(server.total('steady')).toBe(sent);
    expect(server.total('brief')).toBe(100);
  });
});
