import { connect } from 'node:net';
import { deflateSync, gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { type FakeIntake, type FakeIntakeOptions, startFakeIntake } from './fake-intake.ts';

const intakes: FakeIntake[] = [];
afterEach(async () => {
  await Promise.all(intakes.splice(0).map((intake) => intake.close()));
});

async function start(options: FakeIntakeOptions = {}): Promise<FakeIntake> {
  const intake = await startFakeIntake(options);
  intakes.push(intake);
  return intake;
}

const seriesBody = (metric = 'a', points = 1): string =>
  JSON.stringify({
    series: [
      {
        metric,
        type: 1,
        points: Array.from({ length: points }, (_, timestamp) => ({ timestamp, value: 1 })),
      },
    ],
  });

function post(
  intake: FakeIntake,
  path: string,
  body: string | Uint8Array,
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(intake.url + path, {
    method: 'POST',
    body: body as string,
    headers: { 'content-type': 'application/json', ...headers },
  });
}

const ask = async (intake: FakeIntake, path: string): Promise<unknown> =>
  (await fetch(intake.url + path)).json();

describe('payloads', () => {
  it('are kept as they came and shown decoded, with key, encoding and time', async () => {
    const intake = await start({ clock: () => 1_700_000_000_000 });
    const body = gzipSync(seriesBody());
    const answer = await post(intake, '/api/v2/series', body, {
      'content-encoding': 'gzip',
      'dd-api-key': 'secret',
    });
    expect(answer.status).toBe(200);
    expect(await answer.json()).toEqual({ errors: [] });
    expect(answer.headers.get('fakeintake-id')).toBe(intake.id);
    const frame = {
      timestamp: '2023-11-14T22:13:20.000Z',
      api_key: 'secret',
      encoding: 'gzip',
      content_type: 'application/json',
    };
    expect(await ask(intake, '/fakeintake/payloads?endpoint=/api/v2/series')).toEqual({
      payloads: [{ ...frame, data: body.toString('base64') }],
    });
    expect(await ask(intake, '/fakeintake/payloads?endpoint=/api/v2/series&format=json')).toEqual({
      payloads: [{ ...frame, data: await intake.series() }],
    });
    expect(await intake.series()).toMatchObject([{ metric: 'a', type: 'count' }]);
  });

  it('of paths that are not understood are kept raw', async () => {
    const intake = await start();
    await post(intake, '/api/v2/logs', 'anything');
    expect(intake.payloads('/api/v2/logs')).toHaveLength(1);
    expect((await fetch(`${intake.url}/fakeintake/payloads?endpoint=/api/v2/logs&format=json`)).status).toBe(
      400,
    );
    expect((await fetch(`${intake.url}/fakeintake/payloads`)).status).toBe(400);
  });

  it('are counted by path, and forgotten on request', async () => {
    const intake = await start();
    await post(intake, '/api/v2/series', seriesBody());
    await post(intake, '/api/v2/series', seriesBody());
    expect(await ask(intake, '/fakeintake/routestats')).toEqual({
      routes: { '/api/v2/series': { id: '/api/v2/series', count: 2 } },
    });
    await fetch(`${intake.url}/fakeintake/flushPayloads`);
    expect(await ask(intake, '/fakeintake/routestats')).toEqual({ routes: {} });
    expect(await intake.series()).toEqual([]);
  });

  it('can be waited for, without asking again and again', async () => {
    const intake = await start();
    const found = intake.waitFor(async (one) => (await one.series()).find(({ metric }) => metric === 'late'));
    await post(intake, '/api/v2/series', seriesBody('early'));
    await post(intake, '/api/v2/series', seriesBody('late'));
    expect((await found).metric).toBe('late');
    await expect(intake.waitFor(() => false, { timeoutMs: 20 })).rejects.toThrow('2 × /api/v2/series');
  });
});

describe('bad requests', () => {
  it.each([
    ['malformed JSON', '/api/v2/series', '{', {}, 400],
    ['malformed protobuf', '/api/v2/series', '\x0a\xff', { 'content-type': 'application/x-protobuf' }, 400],
    ['malformed sketches', '/api/beta/sketches', 'zz', {}, 400],
    [
      'a body that is not what its encoding says',
      '/api/v2/series',
      '{}',
      { 'content-encoding': 'gzip' },
      400,
    ],
    ['an unknown encoding', '/api/v2/series', '{}', { 'content-encoding': 'br' }, 415],
    ['another web site', '/api/v2/series', seriesBody(), { origin: 'https://evil.example' }, 403],
  ])('%s: a clear status, nothing kept, and a reason', async (_, path, body, headers, status) => {
    const intake = await start();
    const answer = await post(intake, path, body, headers as Record<string, string>);
    expect(answer.status).toBe(status);
    expect(((await answer.json()) as { errors: string[] }).errors[0]).toMatch(/\w+ \w+/);
    expect(intake.payloads()).toEqual([]);
  });

  it('a bomb is refused with 413 while it is unpacked', async () => {
    const intake = await start();
    const bomb = deflateSync(Buffer.alloc(50 * 1024 * 1024));
    const answer = await post(intake, '/api/v2/series', bomb, { 'content-encoding': 'deflate' });
    expect(answer.status).toBe(413);
    expect(intake.refusals()).toMatchObject([{ path: '/api/v2/series', status: 413 }]);
  });

  it('a payload over the public limit is refused with 413, unless limits are off', async () => {
    const large = seriesBody('a', 30_000);
    const strict = await start();
    expect((await post(strict, '/api/v2/series', large)).status).toBe(413);
    const lenient = await start({ enforceLimits: false });
    expect((await post(lenient, '/api/v2/series', large)).status).toBe(200);
  });

  it('a request that says it is 100 MB is refused before it is read', async () => {
    const intake = await start();
    const answer = await new Promise<string>((resolve) => {
      const socket = connect(intake.port, '127.0.0.1');
      socket.on('data', (data) => {
        resolve(data.toString());
        socket.destroy();
      });
      socket.write('POST /api/v2/series HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000000\r\n\r\n');
    });
    expect(answer).toMatch(/^HTTP\/1.1 413/);
  });

  it('a wrong key is refused with 403 when keys are set', async () => {
    const intake = await start({ apiKeys: ['right'] });
    const statusWith = async (key: string): Promise<number> =>
      (await post(intake, '/api/v2/series', seriesBody(), { 'dd-api-key': key })).status;
    expect(await statusWith('wrong')).toBe(403);
    expect(await statusWith('right')).toBe(200);
    expect((await fetch(`${intake.url}/api/v1/validate?api_key=wrong`)).status).toBe(403);
    expect((await fetch(`${intake.url}/api/v1/validate?api_key=right`)).status).toBe(200);
  });

  it.each([
    '/../../etc/passwd',
    '/%2e%2e/%2e%2e/x',
    '/__proto__',
    '//x',
    '/a%00b',
  ])('the path %s is a path like any other', async (path) => {
    const intake = await start();
    const status = await new Promise<string>((resolve) => {
      const socket = connect(intake.port, '127.0.0.1');
      socket.on('data', (data) => {
        resolve(data.toString().split('\r\n', 1)[0] as string);
        socket.destroy();
      });
      socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    });
    expect(status).toMatch(/^HTTP\/1.1 (?:200|4\d\d)/);
  });
});

describe('overrides', () => {
  const override = (intake: FakeIntake, body: unknown): Promise<Response> =>
    post(intake, '/fakeintake/configure/override', JSON.stringify(body));

  it('answer for the next N requests, which are not kept when they fail', async () => {
    const intake = await start();
    const body = Buffer.from('later').toString('base64');
    await override(intake, {
      endpoint: '/api/v2/series',
      status_code: 503,
      body,
      content_type: 'text/plain',
      times: 1,
    });
    const first = await post(intake, '/api/v2/series', seriesBody());
    expect([first.status, await first.text()]).toEqual([503, 'later']);
    expect((await post(intake, '/api/v2/series', seriesBody())).status).toBe(200);
    expect(intake.payloads()).toHaveLength(1);
  });

  it('answer other methods, and are taken back by DELETE', async () => {
    const intake = await start();
    const url = `${intake.url}/x`;
    expect((await fetch(url, { method: 'PUT' })).status).toBe(405);
    await override(intake, { endpoint: '/x', method: 'PUT', status_code: 201 });
    expect((await fetch(url, { method: 'PUT' })).status).toBe(201);
    await fetch(`${intake.url}/fakeintake/configure/override`, { method: 'DELETE' });
    expect((await fetch(url, { method: 'PUT' })).status).toBe(405);
  });

  it.each([
    [{ endpoint: 'x' }, /endpoint/],
    [{ endpoint: '/x', status_code: 7 }, /status_code/],
    [{ endpoint: '/x', fault: 'explode' }, /fault/],
  ])('%j is refused with what is wrong', async (body, reason) => {
    const intake = await start();
    const answer = await override(intake, body);
    expect(answer.status).toBe(400);
    expect(await answer.text()).toMatch(reason);
  });

  it('reset the connection', async () => {
    const intake = await start();
    intake.override({ endpoint: '/api/v2/series', fault: 'reset', times: 1 });
    await expect(post(intake, '/api/v2/series', seriesBody())).rejects.toThrow();
    expect(intake.payloads()).toEqual([]);
  });

  it.each(['hang', 'hang_in_body'] as const)('%s until the client gives up', async (fault) => {
    const intake = await start();
    intake.override({ endpoint: '/api/v2/series', fault, times: 1 });
    const answer = fetch(`${intake.url}/api/v2/series`, {
      method: 'POST',
      body: seriesBody(),
      signal: AbortSignal.timeout(200),
    }).then((response) => response.text());
    await expect(answer).rejects.toThrow();
  });

  it('drip the body byte by byte, and delay it', async () => {
    const intake = await start();
    intake.override({ endpoint: '/api/v2/series', fault: 'drip', delayMs: 20, times: 1 });
    const answer = await post(intake, '/api/v2/series', seriesBody());
    expect(await answer.json()).toEqual({ errors: [] });
  });
});

describe('several at once', () => {
  it('share nothing', async () => {
    const [one, two] = await Promise.all([start(), start()]);
    await post(one as FakeIntake, '/api/v2/series', seriesBody());
    expect(await (two as FakeIntake).series()).toEqual([]);
    expect(one?.id).not.toBe(two?.id);
  });

  it('cannot have the same port, and say so', async () => {
    const intake = await start();
    await expect(startFakeIntake({ port: intake.port })).rejects.toThrow(/EADDRINUSE.*another port/);
  });
});

it('the page at / shows what arrived and what was refused, as text', async () => {
  const intake = await start();
  await post(intake, '/api/v2/series', seriesBody());
  await post(intake, '/api/v2/series', '<script>alert(1)</script>');
  const page = await (await fetch(`${intake.url}/`)).text();
  expect(page).toContain('1 payload</dd>');
  expect(page).toContain('400 /api/v2/series');
  expect(page).not.toContain('<script>');
});
