/**
 * Metric rules in a running server: what they do to lines, buckets and pages, what a reload takes of them, and what
 * it refuses.
 */
import { describe, expect, it } from 'vitest';
import type { SeriesRecord } from '../../src/outputs/file-record.ts';
import { runWhippet } from '../support/processes/command.ts';
import { type ServerProcess, withServer } from '../support/processes/server-process.ts';
import { wideBucketSeconds } from '../support/wide-bucket.ts';

const RULES = [
  { match: 'drop.*', drop: true },
  { match: 'wide.*', bucket_seconds: 4 },
  { match: 'narrow.*', bucket_seconds: 1 },
  { match: 'load', as: 'histogram', aggregates: ['sum', 'count'], percentiles: [0.5, 0.999] },
  { match: 'silent', aggregates: 'none', percentiles: 'none' },
  { match: 'users.*', as: 'count', drop_tags: ['user'] },
];

/** `name tags @interval = count` of all counters and rates, summed over their buckets. */
function counts(server: ServerProcess): string[] {
  const sums = new Map<string, number>();
  for (const record of server.records()) {
    if (!('metric' in record) || record.count === undefined) continue;
    const key = `${record.metric} ${[...record.tags].sort()} @${record.interval}`;
    sums.set(key, (sums.get(key) ?? 0) + Number(record.count));
  }
  return [...sums]
    .filter(([, sum]) => sum !== 0)
    .map(([key, sum]) => `${key} = ${sum}`)
    .sort();
}

async function deliver(server: ServerProcess, packet: string): Promise<void> {
  const received = await server.metricSum('whippet_listener_packets_total');
  server.send('unix', [packet]);
  await server.until(
    async () => (await server.metricSum('whippet_listener_packets_total')) > received,
    'the packet is received',
  );
}

describe('a server with rules', () => {
  it('drops, retags, retypes and computes as they say, in buckets of their widths', async () => {
    const options = { unix: true, set: { bucket_seconds: 2 }, config: { rules: RULES } };
    await withServer(options, async (server) => {
      const packet = [
        'drop.me:1|c',
        'wide.hits:1|c',
        'narrow.hits:1|c',
        'plain.hits:1|c',
        'load:4:6|g',
        'silent:5|h',
        'users.seen:2|g|#user:7,env:dev',
      ].join('\n');
      // Until more than one of the narrowest buckets has closed, and one of the usual.
      const buckets = (metric: string) =>
        new Set(server.series(metric).map(({ timestamp }) => timestamp)).size;
      let packets = 0;
      while (buckets('narrow.hits') < 2 || buckets('plain.hits') < 1) {
        await deliver(server, packet);
        packets++;
      }
      const page = async () => (await server.get('/metrics')).text;
      await server.until(async () => (await page()).includes('plain_hits'), 'a bucket is flushed');
      expect(await page()).not.toContain('drop_me');
      expect(await server.stop()).toBe(0);

      expect(counts(server)).toEqual([
        `load.count  @2 = ${2 * packets}`,
        `narrow.hits  @1 = ${packets}`,
        `plain.hits  @2 = ${packets}`,
        `users.seen env:dev @2 = ${2 * packets}`,
        `wide.hits  @4 = ${packets}`,
      ]);
      const series = server.records().filter((record): record is SeriesRecord => 'metric' in record);
      const ofLoad = new Set(series.map(({ metric }) => metric).filter((name) => name.startsWith('load.')));
      expect([...ofLoad].sort()).toEqual([
        'load.50percentile',
        'load.99_9percentile',
        'load.count',
        'load.sum',
      ]);
      expect(series.filter(({ metric }) => metric.startsWith('silent'))).toEqual([]);
      for (const { interval, timestamp } of series) expect(timestamp % interval).toBe(0);
    });
  });

  it('takes other rules at a reload, and keeps those before when one is wrong or needs a restart', async () => {
    // A scrape has threads seal a part, which is then aggregated by the rules of before.
    const width = wideBucketSeconds();
    const set = {
      bucket_seconds: width,
      'outputs.prometheus.expiry_seconds': 3600,
      'outputs.prometheus.open_bucket': false,
    };
    const options = { unix: true, set, config: { rules: [{ match: 'a', as: 'count' }] } };
    await withServer(options, async (server) => {
      const reload = async (rules: readonly object[]) => {
        server.writeConfig({ rules });
        return server.post('/-/reload');
      };
      await deliver(server, 'a:5|g|#x:1\nb:1|c');

      // No width that wideBucketSeconds() answers is a multiple of 31.
      const wrong = await reload([
        { match: 'a', drop: true },
        { match: 'b', bucket_seconds: 31 },
        { match: 'b', drop: true, drop_tags: ['x'] },
      ]);
      expect(wrong.status).toBe(400);
      expect((wrong.json as { problems: string[] }).problems).toEqual([
        expect.stringMatching(/rules .*entry 3 "b" drops the metric, so drop_tags has no effect/),
        expect.stringMatching(/rules .*entry 2 "b" has bucket_seconds 31; it must be a multiple of bucket_s/),
      ]);
      await deliver(server, 'a:5|g|#x:1');

      const narrower = await reload([{ match: 'a', bucket_seconds: width / 2 }]);
      expect(narrower.json).toEqual({ ok: true, changed: [], needRestart: ['rules'] });
      expect(server.log.map(({ msg }) => msg)).toContainEqual(
        expect.stringContaining('keeping the previous rules'),
      );
      await deliver(server, 'a:5|g|#x:1');

      const taken = await reload([
        { match: 'a', as: 'count', keep_tags: [] },
        { match: 'b', bucket_seconds: 2 * width },
      ]);
      expect(taken.json).toEqual({ ok: true, changed: ['rules'], needRestart: [] });
      await deliver(server, 'a:5|g|#x:1\nb:1|c');

      expect(await server.stop()).toBe(0);
      // What a thread has not sealed at the reload is aggregated as the new rules say.
      expect(counts(server)).toEqual([`a  @${width} = 5`, `a x:1 @${width} = 15`, `b  @${2 * width} = 2`]);
    });
  });

  it('shows a metric on the page for as long as its rule says', async () => {
    const config = { rules: [{ match: 'brief', expiry_seconds: 1 }] };
    await withServer({ unix: true, config }, async (server) => {
      const shows = async (name: string) => (await server.get('/metrics')).text.includes(`\n${name} `);
      await server.until(async () => {
        await deliver(server, 'brief:1|g\nlong:1|g');
        return shows('brief');
      }, 'brief is on the page');
      await server.until(async () => !(await shows('brief')), 'brief has left the page');
      expect(await shows('long')).toBe(true);
    });
  });

  it('does not start with a rule that is wrong, and says what to write', async () => {
    const rules = [{ match: 'a', percentiles: [99.9] }, { match: 'a', bucket_seconds: 2.5 }, { mach: 'a' }];
    const { code, stderr } = await runWhippet(['run', '--port', '0', '--http-port', '0'], {
      env: { WHIPPET_RULES: JSON.stringify(rules) },
    });
    expect(code).toBe(2);
    const [percentile, width, field] = stderr.trim().split('\n');
    expect(percentile).toMatch(
      /rules .*entry 1 "a".*percentiles 1: must be a number from 0 to 1 with at most 8 decimals/,
    );
    expect(width).toMatch(/entry 2 "a", bucket_seconds: must be an integer from 1 to 86400/);
    expect(field).toMatch(/entry 3: mach is not a known field; did you mean match\?/);
  });
});
