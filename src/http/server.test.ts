import { request } from 'node:http';
import { createServer } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { decompress } from 'fzstd';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { emptyApiSource } from '../../test/support/live-source.ts';
import { type HttpOptions, type HttpServer, startHttp } from './server.ts';

const servers: HttpServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

async function start(options: Partial<HttpOptions> = {}): Promise<HttpServer> {
  const server = await startHttp({
    host: '127.0.0.1',
    port: 0,
    health: () => ({ healthy: true, parts: [] }),
    ready: () => true,
    token: '',
    version: '1.2.3',
    source: emptyApiSource({}),
    ...options,
  });
  servers.push(server);
  return server;
}

interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: Buffer;
}

function ask(
  server: HttpServer,
  path: string,
  headers: Record<string, string> = {},
  method = 'GET',
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port: server.port, path, headers, method }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('error', reject);
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(parts) }),
      );
    });
    sent.on('error', reject);
    sent.end();
  });
}

const sourceOf = (chunks: () => Iterable<string>) => ({
  page: (accept: string | undefined) => ({
    contentType: `text/plain; accept=${accept ?? 'none'}`,
    chunks: chunks(),
  }),
});

describe('/metrics', () => {
  test('streams the page and passes the Accept header on', async () => {
    const server = await start({ prometheus: sourceOf(() => ['a 1\n', '', 'é 2\n']) });
    const answer = await ask(server, '/metrics', { accept: 'x/y' });
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toBe('text/plain; accept=x/y');
    expect(answer.body.toString()).toBe('a 1\né 2\n');
  });

  const LONG = 'requests_total{env="prod"} 12\n'.repeat(20_000);
  const UNPACK: Record<string, (body: Buffer) => Uint8Array> = {
    gzip: gunzipSync,
    zstd: (body) => decompress(body),
    none: (body) => body,
  };
  test.each([
    [undefined, 'none'],
    ['', 'none'],
    ['br', 'none'],
    ['gzip', 'gzip'],
    ['*', 'gzip'],
    ['br, gzip;q=0.5', 'gzip'],
    ['gzip;q=0', 'none'],
    ['gzip, zstd', 'gzip'],
    ['zstd', 'zstd'],
    ['gzip;q=0.5, zstd;q=0.6', 'zstd'],
    ['gzip;q=0.5, identity;q=0.6', 'none'],
    ['identity;q=0, zstd;q=0.001', 'zstd'],
  ])('Accept-Encoding: %s gives %s', async (accepted, encoding) => {
    const server = await start({ prometheus: sourceOf(() => [LONG.slice(0, 300_001), LONG.slice(300_001)]) });
    const answer = await ask(
      server,
      '/metrics',
      accepted === undefined ? {} : { 'accept-encoding': accepted },
    );
    expect(answer.headers['content-encoding'] ?? 'none').toBe(encoding);
    expect(answer.headers.vary).toBe('accept, accept-encoding');
    expect(Buffer.from(UNPACK[encoding]?.(answer.body) ?? []).toString()).toBe(LONG);
    if (encoding !== 'none') expect(answer.body.length).toBeLessThan(LONG.length / 10);
  });

  test('refuses a client that takes neither the page as it is nor an encoding there is', async () => {
    let rendered = false;
    const server = await start({
      prometheus: sourceOf(() => {
        rendered = true;
        return [];
      }),
    });
    for (const accepted of ['identity;q=0', 'br, *;q=0', 'gzip;q=0, zstd;q=0, identity;q=0']) {
      const answer = await ask(server, '/metrics', { 'accept-encoding': accepted });
      expect(answer.status).toBe(406);
      expect(answer.body.toString()).toBe('Accept-Encoding takes none of: gzip, zstd, identity\n');
    }
    expect(rendered).toBe(false);
  });

  test('stops rendering for a client that left, compressed or not', async () => {
    for (const accepted of ['identity', 'gzip', 'zstd']) {
      let ended = false;
      const server = await start({
        prometheus: sourceOf(() => ({
          *[Symbol.iterator]() {
            try {
              for (let line = 0; ; line++) yield `a{line="${line}"} ${line * 7919}\n`.repeat(500);
            } finally {
              ended = true;
            }
          },
        })),
      });
      const sent = request({
        ...{ host: '127.0.0.1', port: server.port, path: '/metrics' },
        headers: { 'accept-encoding': accepted },
      });
      sent.on('response', (response) => response.once('data', () => sent.destroy()).on('error', () => {}));
      sent.on('error', () => {}).end();
      await vi.waitFor(() => expect(ended).toBe(true), { timeout: 60_000, interval: 10 });
    }
  });

  test('answers HEAD without rendering', async () => {
    let rendered = false;
    const server = await start({
      prometheus: sourceOf(() => ({
        *[Symbol.iterator]() {
          rendered = true;
          yield 'a 1\n';
        },
      })),
    });
    const answer = await ask(server, '/metrics', {}, 'HEAD');
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toContain('text/plain');
    expect(answer.body.length).toBe(0);
    expect(rendered).toBe(false);
  });

  test('says how to turn it on when it is off', async () => {
    const answer = await ask(await start(), '/metrics');
    expect(answer.status).toBe(404);
    expect(answer.body.toString()).toContain('outputs.prometheus.enabled');
  });

  test('lets other requests through while a long page is sent, and stops rendering for a client that left', async () => {
    let chunks = 0;
    let ended: () => void = () => {};
    const server = await start({
      prometheus: sourceOf(function* () {
        try {
          for (;;) {
            chunks++;
            yield 'x'.repeat(64 * 1024);
          }
        } finally {
          ended();
        }
      }),
    });
    for (const headers of [{}, { 'accept-encoding': 'gzip' }]) {
      const end = new Promise<void>((resolve) => {
        ended = resolve;
      });
      const sent = request({ host: '127.0.0.1', port: server.port, path: '/metrics', headers });
      await new Promise<void>((resolve) => {
        sent.on('response', (response) => response.once('data', () => resolve()));
        sent.on('error', () => {});
        sent.end();
      });
      expect((await ask(server, '/ready')).status).toBe(200);
      sent.destroy();
      await end;
    }
    expect(chunks).toBeGreaterThan(0);
  });

  test('refuses more than eight pages at once and recovers', async () => {
    const server = await start({
      prometheus: sourceOf(function* () {
        for (;;) yield 'x'.repeat(64 * 1024);
      }),
    });
    const held = Array.from({ length: 8 }, () =>
      request({ host: '127.0.0.1', port: server.port, path: '/metrics', agent: false }),
    );
    await Promise.all(
      held.map(
        (sent) =>
          new Promise<void>((resolve) => {
            sent.on('response', (response) =>
              response.once('data', () => {
                response.pause();
                resolve();
              }),
            );
            sent.on('error', () => {});
            sent.end();
          }),
      ),
    );
    const refused = await ask(server, '/metrics');
    expect(refused.status).toBe(503);
    for (const sent of held) sent.destroy();
    await expect.poll(async () => (await ask(server, '/metrics', {}, 'HEAD')).status).toBe(200);
  });

  test('a page that fails is an error in the log, not a crash', async () => {
    const logged: string[] = [];
    const note = (_: object, sentence: string) => logged.push(sentence);
    const server = await start({
      logger: { info: note, warn: note, error: note },
      prometheus: {
        page: () => {
          throw new Error('broken');
        },
      },
    });
    const answer = await ask(server, '/metrics');
    expect(answer.status).toBe(500);
    expect(answer.body.toString()).not.toContain('broken');
    expect(logged).toEqual(['an HTTP request failed']);
  });
});

describe('health', () => {
  test('/health answers 200 or 503 with the report', async () => {
    let healthy = true;
    const server = await start({
      health: () => ({ healthy, parts: [{ name: 'listener', healthy, detail: 'fine' }] }),
    });
    const good = await ask(server, '/health');
    expect([good.status, JSON.parse(good.body.toString())]).toEqual([
      200,
      { healthy: true, parts: [{ name: 'listener', healthy: true, detail: 'fine' }] },
    ]);
    healthy = false;
    expect((await ask(server, '/health')).status).toBe(503);
  });

  test('/ready answers 200 or 503', async () => {
    let ready = false;
    const server = await start({ ready: () => ready });
    expect((await ask(server, '/ready')).status).toBe(503);
    ready = true;
    expect((await ask(server, '/ready')).status).toBe(200);
  });
});

describe('pages', () => {
  test('/ is the live page, which loads nothing from elsewhere and may run nothing else', async () => {
    const answer = await ask(await start(), '/');
    const html = answer.body.toString();
    expect(answer.headers['content-type']).toBe('text/html; charset=utf-8');
    expect(html).toContain('<title>whippet</title>');
    const loaded = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path]) => path ?? '');
    for (const path of loaded)
      expect(path).toMatch(/^(\.?\/(assets\/|metrics|health|api\/)|data:image\/svg\+xml,)/);
    expect(answer.headers['content-security-policy']).toContain("script-src 'self'; style-src 'self'");
    expect(answer.headers['content-security-policy']).not.toContain('unsafe');
    expect(answer.headers['cache-control']).toBe('no-store');
  });

  test('the files of the page are sent compressed, for ever, and together take less than 150 KB', async () => {
    const server = await start();
    const page = await ask(server, '/', { 'accept-encoding': 'gzip' });
    const html = gunzipSync(page.body).toString();
    let bytes = page.body.length;
    const names = [...html.matchAll(/(?:src|href)="\.\/(assets\/[^"]+)"/g)].map(([, path]) => path ?? '');
    expect(names.length).toBeGreaterThanOrEqual(2);
    for (const name of names) {
      const file = await ask(server, `/${name}`, { 'accept-encoding': 'gzip' });
      expect(file.status).toBe(200);
      expect(file.headers['content-encoding']).toBe('gzip');
      expect(file.headers['cache-control']).toContain('immutable');
      bytes += file.body.length;
      expect((await ask(server, `/${name}`)).body).toEqual(gunzipSync(file.body));
    }
    expect(bytes).toBeLessThan(150_000);
  });

  test.each([
    '/assets/nothing.js',
    '/assets/..%2F..%2Fpackage.json',
    '/assets/index.html',
  ])('what is not a file of the page is not sent: %s', async (path) => {
    expect((await ask(await start(), path)).status).toBe(404);
  });

  test('every answer has security headers, and none allows other sites', async () => {
    const server = await start();
    for (const path of ['/', '/metrics', '/health', '/ready', '/nowhere']) {
      const { headers } = await ask(server, path, { origin: 'http://evil.example' });
      expect(headers['x-content-type-options']).toBe('nosniff');
      expect(headers['content-security-policy']).toContain("default-src 'none'");
      expect(headers['access-control-allow-origin']).toBeUndefined();
    }
  });

  test('HEAD works everywhere', async () => {
    const server = await start();
    for (const path of ['/', '/health', '/ready']) {
      const answer = await ask(server, path, {}, 'HEAD');
      expect([answer.status, answer.body.length]).toEqual([200, 0]);
    }
  });

  test('an unknown path is 404', async () => {
    expect((await ask(await start(), '/nowhere')).status).toBe(404);
  });
});

describe('listening', () => {
  test('a used port is an error that names http.port', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as { port: number };
    await expect(start({ port })).rejects.toMatchObject({
      code: 'ERR_LISTEN_IN_USE',
      message: `127.0.0.1 port ${port} is already in use; stop the other server or set http.host and http.port`,
    });
    await new Promise((resolve) => other.close(resolve));
  });

  test('an address that is not ours is an error that names http.host', async () => {
    await expect(start({ host: '203.0.113.1' })).rejects.toMatchObject({
      code: 'ERR_LISTEN_FAILED',
      message: expect.stringContaining('http.host'),
    });
  });
});

describe('/api', () => {
  test('answers each view as JSON, made anew for each request', async () => {
    let asked = 0;
    const server = await start({
      source: emptyApiSource({ views: { outputs: () => ({ asked: ++asked }) } }),
    });
    await ask(server, '/api/outputs');
    const answer = await ask(server, '/api/outputs');
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.body.toString())).toEqual({ asked: 2 });
    expect((await ask(server, '/api/other')).status).toBe(404);
  });
});
