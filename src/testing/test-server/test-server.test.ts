import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { StatsD } from 'hot-shots';
import { afterEach, describe, expect, it } from 'vitest';
import { BatchSender } from '../../listeners/system/send-batch.ts';
import '../vitest.ts';
import { startTestServer, type TestServerOptions } from './start-test-server.ts';
import type { TestServer } from './test-server.ts';

const servers: TestServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function start(options: TestServerOptions = {}): Promise<TestServer> {
  const server = await startTestServer(options);
  servers.push(server);
  return server;
}

async function send(server: TestServer, ...packets: string[]): Promise<void> {
  const socket = createSocket('udp4');
  for (const packet of packets) socket.send(packet, server.port, server.host);
  const wanted = server.messages().length + packets.flatMap((packet) => packet.split('\n')).length;
  await arrived(server, wanted);
  socket.close();
}

/** Resolves when the server has received so many lines. */
async function arrived(server: TestServer, lines: number): Promise<void> {
  await expect.poll(() => server.messages().length, { interval: 2 }).toBeGreaterThanOrEqual(lines);
}

const frame = (packet: string): Buffer => {
  const header = Buffer.alloc(4);
  header.writeUInt32LE(Buffer.byteLength(packet));
  return Buffer.concat([header, Buffer.from(packet)]);
};

describe('what a test sees', () => {
  it('adds up what was received by name, type, tags and host', async () => {
    const dsd = await start();
    await send(
      dsd,
      'hits:1:2|c|#b:2,a:1',
      'hits:4|c|@0.5|#a:1,b:2',
      'hits:1|c',
      'load:3|g|#host:h',
      'load:4|g|#host:h',
    );
    expect(dsd.metrics()).toMatchObject([
      {
        name: 'hits',
        type: 'count',
        tags: ['a:1', 'b:2'],
        host: '',
        messages: 2,
        samples: 3,
        count: 4,
        sum: 11,
      },
      { name: 'hits', tags: [], sum: 1 },
      { name: 'load', type: 'gauge', host: 'h', last: 4, min: 3, max: 4, values: [3, 4] },
    ]);
  });

  it('has timings, sets, events, checks and rejected lines', async () => {
    const dsd = await start();
    await send(
      dsd,
      'db:5|ms',
      'users:a|s\nusers:b|s\nusers:a|s',
      '_e{1,2}:t|xx|t:error|#a:b',
      '_sc|up|2|m:down',
      'x:y|c',
      'nothing',
    );
    expect(dsd.metric({ name: 'db', type: 'timing' })?.values).toEqual([5]);
    expect(dsd.metric({ name: 'users' })?.elements).toEqual(['a', 'b']);
    expect(dsd.events()).toMatchObject([{ title: 't', text: 'xx', alertType: 'error', tags: ['a:b'] }]);
    expect(dsd.serviceChecks()).toMatchObject([{ name: 'up', status: 2, message: 'down' }]);
    expect(dsd.rejected()).toMatchObject([
      { line: 'x:y|c', reason: 'value', messageType: 'metric' },
      { line: 'nothing', reason: 'format' },
    ]);
    expect(dsd.messages().map(({ kind }) => kind)).toEqual([
      'metric',
      'metric',
      'metric',
      'metric',
      'event',
      'service_check',
      'rejected',
      'rejected',
    ]);
  });

  it('is what a server with this configuration would deliver', async () => {
    const dsd = await start({
      config: {
        statsd_metric_namespace: 'shop',
        dogstatsd_tags: ['env:test'],
        metric_filterlist: ['shop.noise'],
      },
    });
    await send(dsd, 'paid:1|c', 'noise:1|c');
    expect(dsd.metrics()).toMatchObject([{ name: 'shop.paid', tags: ['env:test'] }]);
    expect(dsd.messages().map(({ kind }) => kind)).toEqual(['metric', 'filtered']);
  });

  it('is refused with the reason when the configuration is wrong, and leaves no folder', async () => {
    const before = readdirSync(tmpdir()).filter((name) => name.startsWith('whippet-'));
    await expect(start({ config: { bucket_seconds: 'x' as unknown as number } })).rejects.toThrow(
      /bucket_seconds/,
    );
    expect(readdirSync(tmpdir()).filter((name) => name.startsWith('whippet-'))).toEqual(before);
  });

  it('is forgotten by reset()', async () => {
    const dsd = await start();
    await send(dsd, 'a:1|c', 'bad');
    dsd.reset();
    expect(dsd.snapshot()).toEqual({ metrics: [], events: [], serviceChecks: [], rejected: [] });
    expect(dsd.messages()).toEqual([]);
  });

  it('is the same snapshot whatever the order of arrival', async () => {
    const [one, two] = [await start(), await start()];
    await send(one, 'a:1|c|#x:1', 'b:2|g', 'u:1|s\nu:2|s', 'bad');
    await send(two, 'bad', 'u:2|s\nu:1|s', 'b:2|g', 'a:1|c|#x:1');
    expect(one.snapshot()).toEqual(two.snapshot());
  });
});

describe('the ways in', () => {
  it('takes Unix streams, cut anywhere', async () => {
    const dsd = await start();
    const socket = connect(dsd.streamSocketPath);
    for (const byte of frame('a:1|c\nb:2|c')) socket.write(Buffer.from([byte]));
    await dsd.waitFor({ name: 'b', sum: 2 });
    expect(dsd.messages()[0]).toMatchObject({ via: 'unix' });
    socket.destroy();
  });

  it('takes TCP lines, the last one without its newline too', async () => {
    const dsd = await start();
    connect(dsd.tcpPort, dsd.host).end('a:1|c\nb:2|c');
    await dsd.waitFor({ name: 'b', sum: 2 });
    expect(dsd.messages()[0]).toMatchObject({ via: 'tcp' });
  });

  it('takes Unix datagrams', async () => {
    const dsd = await start();
    const sender = new BatchSender({ kind: 'unix', path: dsd.socketPath as string });
    const bytes = Buffer.from('a:1|cb:2|c');
    sender.send({ bytes, offsets: new Uint32Array([0, 5]), lengths: new Uint32Array([5, 5]) });
    sender.close();
    await dsd.waitFor({ name: 'b', sum: 2 });
    expect(dsd.messages()).toMatchObject([
      { via: 'unixgram', line: 'a:1|c' },
      { via: 'unixgram', line: 'b:2|c' },
    ]);
  });

  it('takes what tracers post to the proxy', async () => {
    const dsd = await start();
    const answer = await fetch(`${dsd.url}/dogstatsd/v2/proxy`, { method: 'POST', body: 'a:1|c\nb:1|g' });
    expect(answer.status).toBe(200);
    expect(dsd.messages().map(({ via }) => via)).toEqual(['http', 'http']);
  });

  it('takes a real client with buffering, events and checks', async () => {
    const dsd = await start();
    const client = new StatsD({
      host: dsd.host,
      port: dsd.port,
      maxBufferSize: 1000,
      globalTags: { env: 'test' },
      errorHandler: () => undefined,
    });
    client.increment('checkout.paid', 3, { plan: 'pro' });
    client.timing('checkout.time', 12);
    client.event('Deployed', 'v42');
    client.check('db.up', client.CHECKS.OK);
    client.close();
    await dsd.waitFor({ name: 'checkout.paid', type: 'count', tags: { env: 'test', plan: 'pro' }, sum: 3 });
    await dsd.waitFor({ name: 'checkout.time', type: 'timing', value: 12 });
    await dsd.waitForEvent({ title: 'Deployed' });
    await dsd.waitForServiceCheck({ name: 'db.up', status: 0 });
    expect(dsd).toHaveRejectedNothing();
  });
});

describe('a client with everything on', () => {
  it('arrives intact: buffering, its own aggregation, telemetry, events and checks', async () => {
    const dsd = await start();
    const client = new StatsD({
      host: dsd.host,
      port: dsd.port,
      datadog: true,
      maxBufferSize: 1432,
      aggregation: { flushInterval: 20 },
      includeDatadogTelemetry: true,
      telemetryFlushInterval: 50,
    });
    for (let i = 0; i < 500; i++) {
      client.increment('hits', 2, { path: i % 2 === 0 ? '/a' : '/b' });
      client.gauge('load', i);
      client.set('users', `u${i % 10}`);
      client.distribution('size', i);
    }
    client.event('Deployed', 'line one\nline two', { alert_type: 'success' }, ['v:42']);
    client.check('db.up', client.CHECKS.WARNING, { message: 'slow' }, ['db:main']);
    await dsd.waitFor({ name: 'hits', type: 'count', sum: 1000 });
    await dsd.waitFor({ name: 'hits', tags: { path: '/b' }, sum: 500 });
    await dsd.waitFor({ name: 'load', type: 'gauge', last: 499 });
    await dsd.waitFor({ name: 'users', type: 'set', value: 10 });
    await dsd.waitFor({ name: 'size', type: 'distribution', samples: 500, sum: 124_750 });
    await dsd.waitFor({ name: 'datadog.dogstatsd.client.metrics', type: 'count' });
    await dsd.waitForEvent({
      title: 'Deployed',
      text: 'line one\nline two',
      alertType: 'success',
      tags: ['v:42'],
    });
    await dsd.waitForServiceCheck({ name: 'db.up', status: 1, message: 'slow', tags: ['db:main'] });
    expect(dsd).toHaveRejectedNothing();
    await new Promise<void>((resolve) => client.close(() => resolve()));
  });
});

describe('expectations', () => {
  it('are met by what is there, and by what comes', async () => {
    const dsd = await start();
    const soon = dsd.waitFor({ name: 'a', sum: 3 });
    await send(dsd, 'a:1|c|#x:1', 'a:2|c|#x:2');
    expect((await soon).tags).toEqual([]);
    expect(dsd).toHaveReceivedMetric('a', { type: 'count', value: 3 });
    expect(dsd).toHaveReceivedMetric(/^a$/, { tags: { x: '1' }, sum: 1 });
    expect(dsd).not.toHaveReceivedMetric('a', { tags: ['x:3'] });
    await expect(dsd).toReceiveMetric('a', { tags: { x: /\d/ }, messages: 2 });
  });

  it('that fail say what did arrive, nearest first, and in what it differs', async () => {
    const dsd = await start();
    await send(
      dsd,
      'other:1|g',
      'checkout.piad:3|c|#env:test',
      'checkout.paid:2|c|#env:test',
      'checkout.paid:x|c',
    );
    const failure = dsd.waitFor(
      { name: 'checkout.paid', type: 'count', tags: { env: 'test' }, sum: 3 },
      { timeoutMs: 10 },
    );
    await expect(failure).rejects.toMatchObject({
      code: 'ERR_NOT_RECEIVED',
      message: [
        'expected metric checkout.paid (count) with env:test, sum 3',
        '',
        'received, nearest first:',
        '  checkout.paid  count  env:test  sum 2   sum is 2, not 3',
        '  checkout.piad  count  env:test  sum 3   name is "checkout.piad", not "checkout.paid"',
        '  other          gauge            last 1  name is "other", not "checkout.paid"; type is gauge, not count; no tag env:test; sum is 1, not 3',
        '',
        'rejected lines:',
        '  checkout.paid:x|c  value, at byte 14',
      ].join('\n'),
    });
  });

  it('that fail say so when nothing came at all', async () => {
    const dsd = await start();
    await expect(dsd.waitFor({ name: 'a' }, { timeoutMs: 1 })).rejects.toThrow('nothing was received at all');
  });
});

describe('the virtual clock', () => {
  it('delivers what a server would, zeros of idle counters included', async () => {
    const dsd = await start();
    await send(dsd, 'hits:20|c', 'time:1:2:3|h');
    expect(dsd.flush()).toMatchObject([
      { name: 'hits', type: 'rate', points: [[0, 2]] },
      { name: 'time.95percentile' },
      { name: 'time.avg', points: [[0, 2]] },
      { name: 'time.count' },
      { name: 'time.max', points: [[0, 3]] },
      { name: 'time.median' },
    ]);
    expect(dsd.flush()).toMatchObject([{ name: 'hits', points: [[10, 0]] }]);
    await send(dsd, 'hits:10|c');
    expect(dsd.flush()).toMatchObject([{ name: 'hits', points: [[20, 1]] }]);
  });
});

describe('HTTP for other languages', () => {
  it('waits for what is expected', async () => {
    const dsd = await start();
    const waiting = fetch(`${dsd.url}/api/test/wait?name=a&type=c&tag=x:1&sum=3&timeout=5s`);
    await send(dsd, 'a:3|c|#x:1');
    const answer = await waiting;
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ ok: true, received: { name: 'a', sum: 3 } });
  });

  it('answers 408 with a report when it does not come, and 400 when it makes no sense', async () => {
    const dsd = await start();
    const late = await fetch(`${dsd.url}/api/test/wait?name=a&timeout=10ms`);
    expect(late.status).toBe(408);
    expect(((await late.json()) as { report: string }).report).toContain('nothing was received at all');
    for (const query of ['', 'nmae=a', 'name=a&type=x', 'name=a&sum=x', 'name=a&timeout=soon', 'name=/[/']) {
      expect((await fetch(`${dsd.url}/api/test/wait?${query}`)).status, query).toBe(400);
    }
  });

  it('lists, flushes and forgets', async () => {
    const dsd = await start();
    await send(dsd, 'a:1|c|#x:1', 'b:1|c', '_e{1,1}:t|x', '_sc|up|0', 'bad');
    const ask = async (path: string, method = 'GET'): Promise<Record<string, unknown[]>> =>
      (await (await fetch(`${dsd.url}/api/test/${path}`, { method })).json()) as Record<string, unknown[]>;
    expect((await ask('metrics')).metrics).toHaveLength(2);
    expect((await ask('metrics?tag=x:1')).metrics).toHaveLength(1);
    expect((await ask('events')).events).toHaveLength(1);
    expect((await ask('service-checks')).serviceChecks).toHaveLength(1);
    expect((await ask('rejected')).rejected).toHaveLength(1);
    expect((await ask('messages')).messages).toHaveLength(5);
    expect((await ask('flush', 'POST')).series).toHaveLength(2);
    await ask('reset', 'POST');
    expect((await ask('metrics')).metrics).toEqual([]);
  });

  it('is not for web pages of other sites', async () => {
    const dsd = await start();
    const headers = { origin: 'https://evil.example' };
    expect((await fetch(`${dsd.url}/api/test/reset`, { method: 'POST', headers })).status).toBe(403);
  });
});

describe('many', () => {
  it('at once do not see each other', async () => {
    const all = await Promise.all(Array.from({ length: 10 }, () => start()));
    await Promise.all(all.map((dsd, i) => send(dsd, `m${i}:${i}|g`)));
    for (const [i, dsd] of all.entries()) expect(dsd.metrics().map(({ name }) => name)).toEqual([`m${i}`]);
    expect(new Set(all.map(({ port }) => port)).size).toBe(10);
  });

  it('one after another leave no port, file or handle behind', async () => {
    const handles = (): number => process.getActiveResourcesInfo().length;
    const files = (): number => (existsSync('/proc/self/fd') ? readdirSync('/proc/self/fd').length : 0);
    await (await startTestServer()).close();
    const before = { handles: handles(), files: files() };
    for (let i = 0; i < 200; i++) {
      const dsd = await startTestServer();
      const socket = createSocket('udp4');
      socket.send('a:1|c', dsd.port, dsd.host);
      await dsd.waitFor({ name: 'a' });
      socket.close();
      await once(socket, 'close');
      await dsd.close();
      if (dsd.socketPath !== undefined) expect(existsSync(dsd.socketPath)).toBe(false);
    }
    expect(handles()).toBeLessThanOrEqual(before.handles + 2);
    expect(files()).toBeLessThanOrEqual(before.files + 2);
  });
});
