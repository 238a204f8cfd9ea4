/**
 * The server with an API key: what clients send reaches the intake, through an outage and a restart, and an intake
 * that hangs holds nothing else up.
 */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { type FakeIntake, startFakeIntake } from '../../src/testing/fake-intake/fake-intake.ts';
import { ownPort } from '../support/own-port.ts';
import { type ServerProcess, withServer } from '../support/processes/server-process.ts';

const KEY = '0123456789abcdef0123456789abcdef';
const LINES = ['dd.counter:3|c|#env:e2e', 'dd.latency:5:7|d', '_e{6,4}:deploy|done', '_sc|db.up|0'].join(
  '\n',
);

interface OutputView {
  readonly name: string;
  readonly endpoints: readonly {
    readonly endpoint: string;
    readonly state: string;
    readonly keys: readonly { readonly key: string; readonly state: string }[];
    readonly queue: { readonly payloads: number };
  }[];
}

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

async function intakeAt(port = 0): Promise<FakeIntake> {
  const intake = await startFakeIntake({ apiKeys: [KEY], port });
  cleanUps.push(() => intake.close());
  return intake;
}

async function endpointsOf(server: ServerProcess): Promise<OutputView['endpoints']> {
  const outputs = JSON.parse((await server.get('/api/outputs')).text) as OutputView[];
  return outputs.find(({ name }) => name === 'datadog')?.endpoints ?? [];
}

const counted = async (intake: FakeIntake, metric = 'dd.counter'): Promise<number> => {
  const series = (await intake.series()).filter((one) => one.metric === metric);
  return series.flatMap(({ points }) => points).reduce((sum, { value }) => sum + value, 0);
};

it('further outputs have a key and a filter of their own, also at the same place', async () => {
  const other = KEY.replaceAll('0', 'f');
  const intake = await startFakeIntake({ apiKeys: [KEY, other] });
  cleanUps.push(() => intake.close());
  const config = {
    api_key: KEY,
    dd_url: intake.url,
    outputs: {
      datadog: {
        tags: ['team:a'],
        additional: [{ api_key: other, dd_url: intake.url, match: ['dd.*'], tags: ['team:b'] }],
      },
    },
  };
  await withServer({ config }, async (server) => {
    const lines = ['dd.one:3|c|#team:a', 'dd.two:4|c|#team:b', 'db.two:5|c|#team:b', 'dd.none:6|c'];
    server.send('udp', [lines.join('\n')]);
    await server.until(
      async () => (await counted(intake, 'dd.one')) === 3 && (await counted(intake, 'dd.two')) === 4,
      'both arrive',
    );
    const names = new Set((await intake.series()).map(({ metric }) => metric));
    expect([...names].filter((name) => /^d[db]\./.test(name)).sort()).toEqual(['dd.one', 'dd.two']);
    expect(intake.refusals()).toEqual([]);
    const outputs = JSON.parse((await server.get('/api/outputs')).text) as OutputView[];
    const shown = outputs.filter(({ name }) => name.startsWith('datadog'));
    expect(shown.map(({ name, endpoints }) => [name, endpoints[0]?.endpoint])).toEqual([
      ['datadog', intake.url],
      ['datadog_2', `${intake.url} (datadog_2)`],
    ]);
    const page = (await server.get('/metrics')).text;
    const series = [...page.matchAll(/^(whippet_\S+) \S+$/gm)].map(([, one]) => one);
    expect(new Set(series).size).toBe(series.length);
    expect(page).toContain('whippet_datadog_items_packed_total{kind="series",output="datadog_2"}');
    expect(page + (await server.get('/api/config')).text).not.toContain(other);
  });
});

it('each intake gets series in the form it is said to know, and everything else as well', async () => {
  const [newer, older] = [await intakeAt(), await intakeAt()];
  const config = {
    api_key: KEY,
    dd_url: newer.url,
    additional_endpoints: { [older.url]: [KEY] },
    use_v3_api: { series: { endpoints: { [newer.url]: true } } },
  };
  await withServer({ config }, async (server) => {
    server.send('udp', [LINES]);
    for (const intake of [newer, older]) {
      await server.until(async () => (await counted(intake)) === 3, 'the counter arrives');
      await server.until(async () => (await intake.sketches()).length > 0, 'the sketch arrives');
      await server.until(async () => (await intake.events()).length > 0, 'the event arrives');
      await server.until(async () => (await intake.checkRuns()).length > 0, 'the check arrives');
      expect(intake.refusals()).toEqual([]);
    }
    const columns = '/api/intake/metrics/v3/series';
    expect([newer.payloads(columns).length > 0, newer.payloads('/api/v2/series').length]).toEqual([true, 0]);
    expect([older.payloads(columns).length, older.payloads('/api/v2/series').length > 0]).toEqual([0, true]);
    const outputs = JSON.parse((await server.get('/api/outputs')).text) as OutputView[];
    const shown = outputs.filter(({ name }) => name.startsWith('datadog'));
    expect(shown.map(({ name, endpoints }) => [name, endpoints[0]?.endpoint])).toEqual([
      ['datadog', newer.url],
      ['datadog_v2', older.url],
    ]);
  });
});

it('the failover region gets the series that are named, with its own key, and events and checks', async () => {
  const second = KEY.replaceAll('0', 'e');
  const intake = await intakeAt();
  const failover = await startFakeIntake({ apiKeys: [second] });
  cleanUps.push(() => failover.close());
  const config = {
    api_key: KEY,
    dd_url: intake.url,
    multi_region_failover: {
      enabled: true,
      failover_metrics: true,
      api_key: second,
      dd_url: failover.url,
      metric_allowlist: ['dd.counter', 'dd.time.max'],
    },
  };
  await withServer({ config }, async (server) => {
    server.send('udp', [`${LINES}\ndd.time:5|ms\ndd.countermeasure:1|c`]);
    await server.until(async () => (await counted(intake)) === 3, 'the counter arrives');
    await server.until(async () => (await counted(failover)) === 3, 'and in the failover region');
    await server.until(async () => (await failover.events()).length > 0, 'the event arrives');
    await server.until(async () => (await failover.checkRuns()).length > 0, 'the check arrives');
    const names = new Set((await failover.series()).map(({ metric }) => metric));
    expect([...names].sort()).toEqual(['dd.counter', 'dd.time.max']);
    expect(await failover.sketches()).toEqual([]);
    expect([...intake.refusals(), ...failover.refusals()]).toEqual([]);
    const told = (await server.get('/metrics')).text + (await server.get('/api/config')).text;
    expect(told).toContain('output="datadog_failover"');
    expect(told).not.toContain(second);
  });
});

it('metrics go through a worker instead of to the first intake, and everything to the others', async () => {
  const [first, other, worker] = [await intakeAt(), await intakeAt(), await intakeAt()];
  const config = {
    api_key: KEY,
    dd_url: first.url,
    additional_endpoints: { [other.url]: [KEY] },
    observability_pipelines_worker: {
      metrics: { enabled: true, url: worker.url, use_v3_api: { series: true } },
    },
  };
  await withServer({ config }, async (server) => {
    server.send('udp', [LINES]);
    await server.until(async () => (await counted(worker)) === 3, 'the counter reaches the worker');
    await server.until(async () => (await worker.sketches()).length > 0, 'and the sketch');
    await server.until(async () => (await first.events()).length > 0, 'the event reaches the first');
    await server.until(async () => (await first.checkRuns()).length > 0, 'and the check');
    await server.until(async () => (await counted(other)) === 3, 'the other gets the counter');
    await server.until(async () => (await other.sketches()).length > 0, 'and the sketch');
    await server.until(async () => (await other.events()).length > 0, 'and the event');
    expect([...(await first.series()), ...(await first.sketches()), ...(await worker.events())]).toEqual([]);
    expect(worker.payloads('/api/intake/metrics/v3/series').length).toBeGreaterThan(0);
    const outputs = JSON.parse((await server.get('/api/outputs')).text) as OutputView[];
    expect(outputs.map(({ name }) => name).filter((name) => name.startsWith('datadog'))).toEqual([
      'datadog',
      'datadog_v2',
      'datadog_worker',
    ]);
  });
});

it('an API key is all it takes, and is shown nowhere', async () => {
  const intake = await intakeAt();
  await withServer({ set: { api_key: KEY, dd_url: intake.url } }, async (server) => {
    server.send('udp', [LINES]);
    await server.until(async () => (await counted(intake)) === 3, 'the counter arrives');
    await server.until(async () => (await intake.sketches()).length > 0, 'the sketch arrives');
    await server.until(async () => (await intake.events()).length > 0, 'the event arrives');
    await server.until(async () => (await intake.checkRuns()).length > 0, 'the check arrives');
    expect(intake.refusals()).toEqual([]);
    const [endpoint] = await endpointsOf(server);
    expect(endpoint).toMatchObject({
      endpoint: intake.url,
      state: 'unblocked',
      keys: [{ key: '***************************bcdef', state: 'valid' }],
    });
    expect(await server.metric(`whippet_datadog_endpoint_up{endpoint="${intake.url}"}`)).toBe(1);
    const told = [
      await server.get('/metrics'),
      await server.get('/api/outputs'),
      await server.get('/health'),
    ];
    expect(await server.stop()).toBe(0);
    expect(JSON.stringify(told) + server.stderr + server.stdout).not.toContain(KEY);
    expect(server.log.at(-1)).toMatchObject({ msg: 'stopped', undelivered: 0 });
  });
});

it('an invalid key makes it unhealthy, and is said once', async () => {
  const intake = await intakeAt();
  await withServer({ set: { api_key: 'f'.repeat(32), dd_url: intake.url } }, async (server) => {
    await server.until(async () => (await server.get('/health')).status === 503, 'it is unhealthy');
    expect((await server.get('/health')).text).toContain('no API key is valid');
    server.send('udp', [LINES]);
    await server.until(
      async () => (await server.metricSum('whippet_datadog_payloads_lost_total')) >= 4,
      'all are lost',
    );
    expect(server.log.filter(({ code }) => code === 'ERR_DATADOG_KEY_INVALID')).toHaveLength(1);
  });
});

it.each([
  true,
  false,
])('what it could not deliver before a stop is delivered after the next start, in columns: %s', async (isColumns) => {
  const folder = mkdtempSync(join(tmpdir(), 'whippet-e2e-storage-'));
  cleanUps.push(() => rmSync(folder, { recursive: true, force: true }));
  const port = await ownPort();
  const set = {
    api_key: KEY,
    dd_url: `http://127.0.0.1:${port}`,
    forwarder_storage_path: folder,
    forwarder_storage_max_size_in_bytes: 10_000_000,
    forwarder_storage_max_disk_ratio: 1,
    'use_v3_api.series.enabled': isColumns,
  };
  await withServer({ set }, async (server) => {
    server.send('udp', [LINES]);
    await server.until(async () => ((await endpointsOf(server))[0]?.queue.payloads ?? 0) >= 4, 'they wait');
    expect((await endpointsOf(server))[0]?.state).not.toBe('unblocked');
    expect(await server.stop()).toBe(5);
    expect(server.log.at(-1)).toMatchObject({ msg: 'stopped', undelivered: 0, lostAtStop: 0 });
    expect(server.log.some(({ msg }) => /wait in .* for the next start/.test(msg))).toBe(true);
  });
  expect(
    readdirSync(folder, { recursive: true, encoding: 'utf8' }).some((name) => name.endsWith('.retry')),
  ).toBe(true);
  const revived = await intakeAt(port);
  await withServer({ set }, async (server) => {
    await server.until(async () => (await counted(revived)) === 3, 'the counter arrives');
    await server.until(async () => (await revived.events()).length > 0, 'the event arrives');
    await server.until(
      async () => (await server.metricSum('whippet_datadog_disk_files')) === 0,
      'no file is left',
    );
    expect(await server.stop()).toBe(0);
  });
  expect(await counted(revived)).toBe(3);
  expect(revived.payloads('/api/intake/metrics/v3/series').length > 0).toBe(isColumns);
});

it('an intake that hangs holds up neither another one, nor the file, nor the page', async () => {
  const [good, hanging] = [await intakeAt(), await intakeAt()];
  hanging.override({ endpoint: '/api/v2/series', fault: 'hang' });
  const set = {
    api_key: KEY,
    dd_url: hanging.url,
    additional_endpoints: JSON.stringify({ [good.url]: [KEY] }),
    stop_timeout_seconds: 2,
    forwarder_stop_timeout: 0.5,
  };
  await withServer({ set }, async (server) => {
    for (let i = 0; i < 3; i++) {
      server.send('udp', ['dd.counter:1|c']);
      await server.until(async () => (await counted(good)) === i + 1, `value ${i} arrives`);
      await server.until(() => server.total('dd.counter') === i + 1, `value ${i} is in the file`);
    }
    expect(await server.metric('dd_counter')).toBe(3);
    expect(await server.stop()).toBe(4);
    expect(Number(server.log.at(-1)?.undelivered)).toBeGreaterThan(0);
    expect(server.log.some(({ msg }) => msg.includes('because the server stopped'))).toBe(true);
  });
});

it('a stop ends pauses: what waits for its next attempt is delivered within the deadline', async () => {
  const intake = await intakeAt();
  for (const statusCode of [503, 429, 500, 408])
    intake.override({ endpoint: '/api/v2/series', statusCode, times: 1, headers: { 'retry-after': '300' } });
  await withServer({ set: { api_key: KEY, dd_url: intake.url } }, async (server) => {
    for (let i = 0; i < 6; i++) {
      server.send('udp', ['dd.counter:1|c']);
      await server.until(() => server.total('dd.counter') === i + 1, `value ${i} is flushed`);
    }
    expect((await endpointsOf(server))[0]?.queue.payloads).toBeGreaterThan(0);
    expect(await server.stop()).toBe(0);
    expect(server.log.at(-1)).toMatchObject({ msg: 'stopped', undelivered: 0, lostAtStop: 0 });
  });
  expect(await counted(intake)).toBe(6);
});
