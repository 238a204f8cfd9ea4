/**
 * Delivery to Datadog over real sockets that fail in every way: at the end each payload was taken exactly once, or its
 * loss is counted.
 *
 * Pauses are fractions of a second here; everything else is as in the server.
 */
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Clock } from '../../src/lib/time/clock.ts';
import { Delivery, type DeliverySettings } from '../../src/outputs/datadog/delivery.ts';
import { listDomains } from '../../src/outputs/datadog/intake-domains.ts';
import { imbalanceOf } from '../../src/telemetry/ledger/ledger.ts';
import { type Certificates, makeCertificates } from '../support/certificates.ts';
import { HeardLog } from '../support/decode/transactions.ts';
import { type Mood, MoodyIntake } from '../support/fakes/moody-intake.ts';
import { ownPort } from '../support/own-port.ts';

const KEY = '0123456789abcdef0123456789abcdef';
const SPEED = 50;
/** Long enough for a busy machine: an answer that comes later is no answer, and the payload comes twice. */
const TIMEOUT_MS = 10_000;
/** For intakes that hang. */
const HANG_MS = 1500;

/** Time passes fifty times faster: pauses of seconds take milliseconds. */
const start = Date.now();
const fastClock: Clock = {
  now: () => start + (Date.now() - start) * SPEED,
  after(delayMs, call) {
    const timer = setTimeout(call, delayMs / SPEED);
    return () => clearTimeout(timer);
  },
};

const folder = mkdtempSync(join(tmpdir(), 'whippet-faults-'));
let certificates: Certificates;
const cleanUps: (() => unknown)[] = [];
beforeAll(() => {
  certificates = makeCertificates(folder);
});
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function forward(urls: string | readonly string[], options: Partial<DeliverySettings> = {}) {
  const log = new HeardLog();
  const endpoints = Object.fromEntries([urls].flat().map((url) => [url, [KEY]]));
  const { domains } = listDomains(
    { dd_url: '', site: 'x.test', api_key: '', additional_endpoints: endpoints },
    '1.2.3',
  );
  const settings: DeliverySettings = {
    domains,
    version: '1.2.3',
    timeoutMs: TIMEOUT_MS,
    requestsMax: 4,
    protocol: 'auto',
    connectionResetMs: 0,
    highMax: 100,
    lowMax: 100,
    retryBytesMax: 1_000_000,
    spillRatio: 0.5,
    storage: undefined,
    backoff: { baseSeconds: 2, maxSeconds: 8, factor: 2, recovery: 2, recoveryReset: false },
    keyValidationMs: 3_600_000,
    stopTimeoutMs: 0,
    proxy: { http: '', https: '', noProxy: [], nonexact: true },
    tls: { skipVerify: false, minVersion: 'TLSv1.2', caFile: '' },
    allowArbitraryTags: false,
    ...options,
  };
  const delivery = new Delivery(settings, { log, clock: fastClock, random: Math.random });
  cleanUps.push(async () => {
    expectBalanced(delivery);
    await delivery.close(0);
    expectBalanced(delivery);
  });
  void delivery.start();
  const status = (endpoint = 0) => delivery.status()[endpoint] as ReturnType<Delivery['status']>[number];
  return { delivery, log, status };
}

/** Whatever happened: submitted and found is delivered, lost or held, in payloads (the ledger's entry) and items. */
function expectBalanced(delivery: Delivery): void {
  expect(delivery.totals().map(imbalanceOf)).toEqual(delivery.status().map(() => 0));
  for (const { counts, losses, queue, disk } of delivery.status()) {
    const sum = (amounts: Iterable<{ readonly items: number }>): number =>
      [...amounts].reduce((total, { items }) => total + items, 0);
    const came = sum(Object.values(counts.submitted)) + (disk?.found.items ?? 0);
    const delivered = sum(Object.values(counts.delivered));
    expect(delivered + sum(losses) + queue.items + (disk?.items ?? 0)).toBe(came);
  }
}

async function startIntake(...args: Parameters<typeof MoodyIntake.start>): Promise<MoodyIntake> {
  const intake = await MoodyIntake.start(...args);
  cleanUps.push(() => intake.close());
  return intake;
}

let made = 0;
/** Submits payloads with bodies of their own, which it returns. */
function submit(delivery: Delivery, count = 1): string[] {
  return Array.from({ length: count }, () => {
    const text = `payload ${made++}`;
    const headers = { 'content-type': 'application/x-protobuf' };
    const body = Buffer.from(text);
    delivery.submit({ kind: 'series', route: '/api/v2/series', headers, body, itemCount: 3, pointCount: 5 });
    return text;
  });
}

async function until(condition: () => boolean, what: string): Promise<void> {
  const deadline = performance.now() + 60_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`too late: ${what}`);
    await sleep(5);
  }
}

/** Delivers through whatever `intake` does first, and expects every payload there exactly once. */
async function deliversOnce(
  intake: MoodyIntake,
  run: ReturnType<typeof forward>,
  payloads: readonly string[],
): Promise<void> {
  const { status } = run;
  await until(() => status().queue.payloads === 0, 'everything is delivered');
  expect([...intake.acknowledged].sort()).toEqual([...payloads].sort());
  expect(status().losses).toEqual([]);
  expect(status().counts.delivered.series?.payloads).toBe(payloads.length);
}

describe('an intake that works', () => {
  it('gets every payload once, with its key and nothing secret in the URL', async () => {
    const intake = await startIntake();
    const run = forward(intake.url, { allowArbitraryTags: true });
    await deliversOnce(intake, run, submit(run.delivery, 50));
    expect(intake.requests[0]).toMatchObject({
      path: '/api/v2/series',
      headers: {
        'dd-api-key': KEY,
        'dd-agent-version': '1.2.3',
        'user-agent': 'datadog-agent/1.2.3 (whippet)',
        'content-type': 'application/x-protobuf',
        'allow-arbitrary-tag-value': 'true',
      },
    });
    expect(intake.sockets.size).toBeLessThanOrEqual(5);
  });

  it('speaks HTTP/2 when it can, and HTTP/1.1 when told to', async () => {
    const tls = { skipVerify: false, minVersion: 'TLSv1.2', caFile: certificates.caFile } as const;
    for (const [protocol, version] of [
      ['auto', '2.0'],
      ['http1', '1.1'],
    ] as const) {
      const intake = await startIntake(certificates.good, true);
      const run = forward(intake.url, { protocol, tls });
      await deliversOnce(intake, run, submit(run.delivery, 20));
      expect(new Set(intake.requests.map(({ httpVersion }) => httpVersion))).toEqual(new Set([version]));
    }
  });

  it('is reached again over a connection it has closed meanwhile', async () => {
    const intake = await startIntake();
    const run = forward(intake.url);
    const first = submit(run.delivery, 4);
    await deliversOnce(intake, run, first);
    for (const socket of intake.sockets) socket.destroy();
    await deliversOnce(intake, run, [...first, ...submit(run.delivery, 4)]);
    expect(run.log.lines.filter(({ level }) => level === 'warn')).toEqual([]);
  });

  it('gets new connections as often as configured', async () => {
    const intake = await startIntake();
    const run = forward(intake.url, { connectionResetMs: 1, requestsMax: 1 });
    await deliversOnce(intake, run, submit(run.delivery, 5));
    expect(run.status().state).toBe('unblocked');
  });

  it('is reached over the old connections when the certificates for new ones are gone', async () => {
    const intake = await startIntake(certificates.good);
    const caFile = join(folder, 'passing.pem');
    copyFileSync(certificates.caFile, caFile);
    const tls = { skipVerify: false, minVersion: 'TLSv1.2', caFile } as const;
    const run = forward(intake.url, { connectionResetMs: 1, tls });
    rmSync(caFile);
    await deliversOnce(intake, run, submit(run.delivery, 5));
  });
});

describe('an intake that fails and then works', () => {
  const faults: Mood[] = [
    401,
    404,
    408,
    429,
    500,
    502,
    503,
    302,
    'reset',
    'hang',
    'drip',
    'fail_and_hang_in_body',
  ];
  it.each(faults)('%s: nothing is lost and nothing sent twice', async (mood) => {
    const intake = await startIntake();
    intake.moods.push(mood, mood, mood);
    const run = forward(intake.url, { timeoutMs: mood === 'hang' || mood === 'drip' ? HANG_MS : TIMEOUT_MS });
    await deliversOnce(intake, run, submit(run.delivery, 10));
    expect(run.status().counts.failures).toBeGreaterThanOrEqual(1);
  });

  it('hangs in the body of its answer: what it has acknowledged is not sent again', async () => {
    const intake = await startIntake();
    intake.moods.push('hang_in_body', 'hang_in_body');
    const run = forward(intake.url);
    await deliversOnce(intake, run, submit(run.delivery, 10));
    expect(run.status().counts.failures).toBe(0);
  });

  it('over HTTP/2: nothing is lost and nothing sent twice', async () => {
    const intake = await startIntake(certificates.good, true);
    intake.moods.push(503, 'hang', 429, 'hang', 'hang_in_body');
    const tls = { skipVerify: true, minVersion: 'TLSv1.2', caFile: '' } as const;
    const run = forward(intake.url, { timeoutMs: HANG_MS, tls });
    const payloads = submit(run.delivery, 20);
    await until(() => intake.acknowledged.length > 5, 'some arrive');
    for (const socket of intake.sockets) socket.destroy();
    payloads.push(...submit(run.delivery, 20));
    await until(() => run.status().queue.payloads === 0, 'everything is delivered');
    // What was acknowledged on a connection that was cut before the answer came may come again.
    expect(new Set(intake.acknowledged)).toEqual(new Set(payloads));
    expect(run.status().losses).toEqual([]);
    expect(new Set(intake.requests.map(({ httpVersion }) => httpVersion))).toEqual(new Set(['2.0']));
  });

  it('429 with Retry-After: is left alone for that long', async () => {
    const intake = await startIntake();
    intake.moods.push(429);
    // 60 seconds on the fast clock are 1.2 s; the pause after one error would be 80 ms at most.
    intake.headers = { 'retry-after': '60' };
    const run = forward(intake.url);
    const begin = performance.now();
    await deliversOnce(intake, run, submit(run.delivery));
    expect(performance.now() - begin).toBeGreaterThan(1100);
  });

  it('flaps: nothing is lost and nothing sent twice', async () => {
    const intake = await startIntake();
    const moods: Mood[] = [202, 503, 'reset', 202, 'hang_in_body', 500, 202, 'hang'];
    for (let i = 0; i < 40; i++) intake.moods.push(moods[(i * 5) % moods.length] as Mood);
    const run = forward(intake.url, { timeoutMs: HANG_MS });
    const payloads: string[] = [];
    for (let i = 0; i < 10; i++) {
      payloads.push(...submit(run.delivery, 10));
      await sleep(20);
    }
    intake.moods.length = 0;
    await deliversOnce(intake, run, payloads);
  });

  it('is not there at first', async () => {
    const intake = await startIntake();
    await intake.close();
    intake.port = await ownPort();
    const run = forward(intake.url);
    const payloads = submit(run.delivery, 10);
    await until(() => run.status().counts.failures > 0, 'it is refused');
    expect(run.status().lastError?.text).toContain('ECONNREFUSED');
    await intake.listen();
    await deliversOnce(intake, run, payloads);
    expect(run.log.lines.filter(({ level }) => level !== 'error').map(({ sentence }) => sentence)).toEqual([
      'sending to Datadog',
      'an endpoint is not accepting data; keeping the data and retrying',
      'an endpoint is accepting data again',
    ]);
  });
});

describe('an intake that refuses', () => {
  it.each([400, 413])('%d: the payload is lost and counted, and the next one is sent', async (status) => {
    const intake = await startIntake();
    intake.moods.push(status);
    const run = forward(intake.url, { requestsMax: 1 });
    const [refused, ...others] = submit(run.delivery, 3);
    await until(() => run.status().queue.payloads === 0, 'all are done with');
    expect(intake.acknowledged).toEqual(others);
    expect(intake.requests.filter(({ body }) => body === refused)).toHaveLength(1);
    expect(run.status().losses).toMatchObject([
      { reason: 'refused', kind: 'series', payloads: 1, items: 3, points: 5 },
    ]);
  });

  it('403: the invalid key is logged once, masked, and makes the server unhealthy', async () => {
    const intake = await startIntake();
    intake.mood = 403;
    intake.keyStatus = 403;
    const run = forward(intake.url);
    submit(run.delivery, 10);
    await until(() => run.status().queue.payloads === 0, 'all are done with');
    await until(() => !run.delivery.health().healthy, 'the key is known to be invalid');
    expect(run.status()).toMatchObject({ state: 'unblocked', losses: [{ reason: 'refused', payloads: 10 }] });
    expect(run.status().keys).toEqual([{ key: '***************************bcdef', state: 'invalid' }]);
    const errors = run.log.lines.filter(({ level }) => level === 'error');
    expect(errors).toHaveLength(1);
    expect(errors[0]?.fields).toMatchObject({
      key: '***************************bcdef',
      code: 'ERR_DATADOG_KEY_INVALID',
    });
    intake.mood = 202;
    submit(run.delivery);
    await until(() => run.delivery.health().healthy, 'the key is valid again');
    expect(JSON.stringify([run.log.lines, run.delivery.status(), run.delivery.metrics()])).not.toContain(
      '0123456789',
    );
  });

  it('403: a key from a file is read again, and nothing is lost when it was replaced', async () => {
    const intake = await startIntake();
    const keyFile = join(folder, 'api_key');
    writeFileSync(keyFile, `${KEY}\n`);
    const { domains } = listDomains(
      { dd_url: intake.url, site: 'x.test', api_key: KEY, api_key_file: keyFile, additional_endpoints: {} },
      '1.2.3',
    );
    const run = forward(intake.url, { domains });
    const first = submit(run.delivery, 5);
    await deliversOnce(intake, run, first);
    const other = 'fedcba9876543210fedcba9876543210';
    writeFileSync(keyFile, `${other}\n`);
    intake.moods.push(403, 403, 403);
    await deliversOnce(intake, run, [...first, ...submit(run.delivery, 5)]);
    expect(intake.requests.at(-1)?.headers['dd-api-key']).toBe(other);
    expect(run.status().keys).toEqual([{ key: '***************************43210', state: 'valid' }]);
    // The file has no other key: refused for good.
    intake.mood = 403;
    submit(run.delivery);
    await until(() => run.status().losses.length > 0, 'it is lost');
    expect(run.status()).toMatchObject({
      queue: { payloads: 0 },
      losses: [{ reason: 'refused', payloads: 1 }],
    });
    expect(JSON.stringify(run.log.lines)).not.toMatch(/0123456789|9876543210fed/);
  });

  it('an intake that cannot be asked says nothing about a key', async () => {
    const intake = await startIntake();
    intake.keyStatus = 500;
    const run = forward(intake.url);
    await deliversOnce(intake, run, submit(run.delivery));
    expect(run.delivery.health()).toEqual({ healthy: true });
  });
});

describe('a way that is blocked', () => {
  const fails = async (run: ReturnType<typeof forward>, error: RegExp): Promise<void> => {
    submit(run.delivery);
    await until(() => run.status().counts.failures > 0, 'it fails');
    expect(run.status().lastError?.text).toMatch(error);
    expect(run.status()).toMatchObject({ state: 'blocked', queue: { payloads: 1 }, losses: [] });
    expect(JSON.stringify(run.log.lines)).not.toContain(KEY);
  };
  const trusting = (): DeliverySettings['tls'] => ({
    skipVerify: false,
    minVersion: 'TLSv1.2',
    caFile: certificates.caFile,
  });

  it('a name that has no address', async () => {
    await fails(forward('http://nowhere.invalid'), /ENOTFOUND|EAI_AGAIN/);
  });

  it('a certificate nobody vouches for', async () => {
    const intake = await startIntake(certificates.good);
    await fails(forward(intake.url), /certificate/);
    expect(intake.requests).toEqual([]);
  });

  it('a certificate that has expired', async () => {
    const intake = await startIntake(certificates.expired);
    await fails(forward(intake.url, { tls: trusting() }), /CERT_HAS_EXPIRED|expired/);
    expect(intake.requests).toEqual([]);
  });

  it('no TLS at all', async () => {
    const intake = await startIntake();
    await fails(forward(intake.url.replace('http:', 'https:')), /SSL|wrong version|EPROTO/i);
  });

  it('TLS that is too old', async () => {
    const { createServer: createTls } = await import('node:https');
    const server = createTls({ ...certificates.good, maxVersion: 'TLSv1.2' });
    await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
    cleanUps.push(() => server.close());
    const { port } = server.address() as { port: number };
    const tls = { ...trusting(), minVersion: 'TLSv1.3' } as const;
    await fails(forward(`https://localhost:${port}`, { tls }), /protocol version|alert/i);
  });

  it('is open where the certificate is trusted, or all are', async () => {
    const intake = await startIntake(certificates.good);
    const run = forward(intake.url, { tls: trusting() });
    const careless = forward(intake.url, { tls: { ...trusting(), caFile: '', skipVerify: true } });
    const payloads = [...submit(run.delivery, 3), ...submit(careless.delivery, 3)];
    await until(() => intake.acknowledged.length === payloads.length, 'all arrive');
  });
});

describe('a proxy', () => {
  /** A proxy on a real socket; `refuse` answers 403 to everything. */
  async function startProxy(refuse = false): Promise<{ url: string; seen: string[] }> {
    const seen: string[] = [];
    const { connect } = await import('node:net');
    const server: Server = createServer((client: Socket) => {
      client.on('error', () => undefined);
      client.once('data', (head: Buffer) => {
        const text = head.toString('latin1');
        const [line = ''] = text.split('\r\n');
        seen.push(`${line} ${/proxy-authorization: (.*)/i.exec(text)?.[1] ?? ''}`.trim());
        if (refuse) {
          client.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n');
          return;
        }
        const isTunnel = line.startsWith('CONNECT');
        const target = isTunnel ? (line.split(' ')[1] ?? '') : new URL(line.split(' ')[1] ?? '').host;
        const [host = '', port = '80'] = target.split(':');
        const upstream = connect(Number(port), host, () => {
          if (isTunnel) client.write('HTTP/1.1 200 OK\r\n\r\n');
          else upstream.write(head);
          client.pipe(upstream).pipe(client);
        });
        upstream.on('error', () => client.destroy());
      });
    });
    await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
    cleanUps.push(() => server.close());
    return { url: `localhost:${(server.address() as { port: number }).port}`, seen };
  }
  const through = (url: string, noProxy: string[] = []): DeliverySettings['proxy'] => ({
    http: url,
    https: url,
    noProxy,
    nonexact: true,
  });
  const tlsOf = (): DeliverySettings['tls'] => ({
    skipVerify: false,
    minVersion: 'TLSv1.2',
    caFile: certificates.caFile,
  });

  it('carries TLS through a tunnel, with its login', async () => {
    const intake = await startIntake(certificates.good);
    const proxy = await startProxy();
    const run = forward(intake.url, { proxy: through(`http://user:p%40ss@${proxy.url}`), tls: tlsOf() });
    await deliversOnce(intake, run, submit(run.delivery, 5));
    const login = Buffer.from('user:p@ss').toString('base64');
    expect(proxy.seen[0]).toBe(`CONNECT localhost:${intake.port} HTTP/1.1 Basic ${login}`);
  });

  it('is asked in full for plain HTTP', async () => {
    const intake = await startIntake();
    const proxy = await startProxy();
    const run = forward(intake.url, { proxy: through(proxy.url) });
    await deliversOnce(intake, run, submit(run.delivery));
    expect(proxy.seen).toContain(`POST ${intake.url}/api/v2/series HTTP/1.1`);
  });

  it('is passed by for hosts that need none', async () => {
    const intake = await startIntake();
    const proxy = await startProxy();
    const run = forward(intake.url, { proxy: through(proxy.url, ['localhost']) });
    await deliversOnce(intake, run, submit(run.delivery));
    expect(proxy.seen).toEqual([]);
  });

  it('that refuses, or is not there: what waits is kept', async () => {
    const intake = await startIntake(certificates.good);
    const refusing = await startProxy(true);
    for (const url of [refusing.url, 'localhost:1']) {
      const run = forward(intake.url, { proxy: through(`http://user:hunter2@${url}`), tls: tlsOf() });
      submit(run.delivery);
      await until(() => run.status().counts.failures > 0, 'it fails');
      expect(run.status()).toMatchObject({ queue: { payloads: 1 }, losses: [] });
      expect(JSON.stringify([run.log.lines, run.status()])).not.toMatch(/hunter2|0123456789/);
    }
    expect(intake.requests).toEqual([]);
  });
});

describe('two intakes', () => {
  it('do not slow each other: one that hangs costs the other nothing', async () => {
    const [good, bad] = [await startIntake(), await startIntake()];
    bad.mood = 'hang';
    const run = forward([good.url, bad.url]);
    const begin = performance.now();
    const payloads = submit(run.delivery, 100);
    await until(() => good.acknowledged.length === 100, 'the good one has everything');
    expect(performance.now() - begin).toBeLessThan(TIMEOUT_MS / 2);
    expect([...good.acknowledged].sort()).toEqual([...payloads].sort());
    expect(run.status(1).queue.payloads).toBe(100);
  });
});

describe('a stop', () => {
  it('with a disk: the next process delivers what is left, once', async () => {
    const intake = await startIntake();
    intake.mood = 503;
    const storage = {
      path: join(folder, 'storage'),
      bytesMax: 1_000_000,
      diskRatioMax: 1,
      ageMaxMs: 86_400_000,
    };
    const first = forward(intake.url, { storage });
    const payloads = submit(first.delivery, 20);
    await until(() => first.status().counts.failures > 0, 'it fails');
    expect(await first.delivery.close(1000)).toMatchObject({
      undelivered: 0,
      keptOnDisk: 60,
      kept: [expect.stringContaining('20 payloads with 60 items')],
    });
    intake.mood = 202;
    const second = forward(intake.url, { storage });
    await until(() => intake.acknowledged.length >= 20, 'all arrive');
    await until(() => second.status().disk?.files === 0, 'the files are gone');
    expect([...intake.acknowledged].sort()).toEqual([...payloads].sort());
  });

  it('without a disk: says how much is lost', async () => {
    const intake = await startIntake();
    intake.mood = 'hang';
    const { delivery } = forward(intake.url, { stopTimeoutMs: 100 });
    submit(delivery, 5);
    const report = await delivery.close(1000);
    expect(report).toMatchObject({ undelivered: 15 });
    expect(report.reason).toContain('5 payloads with 15 items');
  });
});
