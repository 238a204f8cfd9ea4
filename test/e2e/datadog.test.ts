/**
 * The built server and a fake intake: what clients send arrives at Datadog, whatever form it is sent in.
 */
import { describe, expect, it } from 'vitest';
import { startFakeIntake } from '../../src/testing/fake-intake/fake-intake.ts';
import { TEST_HOST, withServer } from '../support/processes/server-process.ts';

const LINES = [
  'page.views:3|c|#env:prod',
  'page.views:4|c|#env:prod',
  'temp:21.5|g|#device:sda,dd.internal.resource:db:orders,b:2',
  'heap:7|g|#dd.internal.jmx_check_name:kafka',
  'old:9|g|T1700000000',
  'latency:1:2:6|h',
  'size:1:1:5:-3|d|#a:1',
  'users:ann|s',
  'gr\xc3\xb6\xc3\x9fe:1|g|#bad:\xff',
  '_e{6,4}:deploy|v42!|s:ci|#b,a,a|t:success',
  '_sc|db.up|2|#x:1|m:refused',
];

const FORMS: readonly (readonly [string, Record<string, string | number | boolean>, string])[] = [
  ['as by default', {}, '/api/v2/series'],
  [
    'as JSON, gzip',
    { 'outputs.datadog.series_format': 'json', serializer_compressor_kind: 'gzip' },
    '/api/v2/series',
  ],
  ['in columns', { 'use_v3_api.series.enabled': true }, '/api/intake/metrics/v3/series'],
  [
    'to the older route, plain',
    { 'use_v2_api.series': false, serializer_compressor_kind: 'none' },
    '/api/v1/series',
  ],
];

describe('what clients send arrives at Datadog', () => {
  it.each(FORMS)('%s', async (_, form, route) => {
    const intake = await startFakeIntake();
    try {
      const set = { api_key: 'a'.repeat(32), dd_url: intake.url, 'outputs.console': false, ...form };
      await withServer({ set }, async (server) => {
        // One datagram, so that one bucket.
        server.send('udp', [Buffer.from(LINES.join('\n'), 'latin1')]);
        expect(await server.stop()).toBe(0);
      });
      expect(intake.refusals()).toEqual([]);
      expect(intake.payloads(route).length).toBeGreaterThan(0);
      const isOlder = route === '/api/v1/series';
      const series = (await intake.series()).filter(({ points }) => points[0]?.value !== 0);
      const find = (name: string) => series.find(({ metric }) => metric === name);
      expect(find('page.views')).toMatchObject({
        type: 'rate',
        tags: ['env:prod'],
        host: TEST_HOST,
        interval: 1,
      });
      expect(find('page.views')?.points[0]?.value).toBe(7);
      expect(find('temp')).toMatchObject({ type: 'gauge', tags: ['b:2'], points: [{ value: 21.5 }] });
      const resources = [
        { type: 'host', name: TEST_HOST },
        { type: 'device', name: 'sda' },
        { type: 'db', name: 'orders' },
      ];
      expect(find('temp')?.resources.slice(0, 2)).toEqual(resources.slice(0, 2));
      if (!isOlder) {
        expect(find('temp')?.resources).toEqual(resources);
        expect(find('heap')?.origin).toEqual({ product: 10, category: 11, service: 90 });
        expect(find('users')?.origin).toEqual({ product: 10, category: 10, service: 0 });
      }
      expect(find('old')?.points).toEqual([{ timestamp: 1_700_000_000, value: 9 }]);
      expect(find('latency.max')?.points[0]?.value).toBe(6);
      expect(find('latency.count')?.points[0]?.value).toBe(3);
      expect(find('größe')?.tags).toEqual(['bad:\ufffd']);
      expect(await intake.sketches()).toMatchObject([
        {
          metric: 'size',
          host: TEST_HOST,
          tags: ['a:1'],
          points: [
            { count: 4, min: -3, max: 5, sum: 4, avg: 1, keys: [-1409, 1338, 1442], counts: [1, 2, 1] },
          ],
        },
      ]);
      expect(await intake.events()).toMatchObject([
        {
          title: 'deploy',
          text: 'v42!',
          sourceType: 'ci',
          tags: ['a', 'b'],
          alertType: 'success',
          host: TEST_HOST,
        },
      ]);
      expect(await intake.checkRuns()).toMatchObject([
        { check: 'db.up', status: 2, message: 'refused', tags: ['x:1'], host: TEST_HOST },
      ]);
    } finally {
      await intake.close();
    }
  });
});
