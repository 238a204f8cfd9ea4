import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { emptyApiSource } from '../../test/support/live-source.ts';
import type { Log } from '../lib/log.ts';
import { type HttpServer, startHttp } from './server.ts';

const loading = vi.hoisted(() => ({ opened: 0, failures: 0, code: '' }));
vi.mock('./app.ts', async (original) => {
  const app = await original<typeof import('./app.ts')>();
  const openSite: typeof app.openSite = (...args) => {
    loading.opened++;
    if (loading.failures-- > 0) throw Object.assign(new Error('no such file'), { code: loading.code });
    return app.openSite(...args);
  };
  return { ...app, openSite };
});

const servers: HttpServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
  loading.opened = loading.failures = 0;
  loading.code = '';
});

async function start(host = '127.0.0.1', logger?: Log): Promise<HttpServer> {
  const server = await startHttp({
    ...(logger && { logger }),
    ...{ host, port: 0, token: '', version: '1.2.3', source: emptyApiSource() },
    health: () => ({ healthy: true, parts: [] }),
    ready: () => true,
  });
  servers.push(server);
  return server;
}

async function answerTo(port: number, request: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  let text = '';
  socket.setEncoding('utf8').on('data', (part) => {
    text += part;
  });
  socket.write(request);
  await once(socket, 'close');
  return text;
}

describe('the routes', () => {
  test('are loaded for the first request, once, and answer it', async () => {
    const server = await start();
    expect(loading.opened).toBe(0);
    const asked = ['/ready', '/health', '/ready'].map((path) =>
      fetch(`http://127.0.0.1:${server.port}${path}`),
    );
    for (const answer of await Promise.all(asked)) expect(answer.status).toBe(200);
    expect(loading.opened).toBe(1);
  });

  test('are loaded again when that failed: the requests before are answered with 500', async () => {
    loading.failures = 1;
    const server = await start();
    const failed = await fetch(`http://127.0.0.1:${server.port}/ready`);
    expect(failed.status).toBe(500);
    expect((await fetch(`http://127.0.0.1:${server.port}/ready`)).status).toBe(200);
  });

  test.each([
    'ERR_MODULE_NOT_FOUND',
    'ENOENT',
  ])('whose files are gone (%s) are answered for with 503 and the remedy, and the log says it once', async (code) => {
    Object.assign(loading, { failures: 2, code });
    const error = vi.fn();
    const { port } = await start('127.0.0.1', { error } as unknown as Log);
    for (let request = 0; request < 2; request++) {
      const answer = await fetch(`http://127.0.0.1:${port}/metrics`);
      expect(answer.status).toBe(503);
      expect(((await answer.json()) as { error: string }).error).toContain('restart it');
    }
    expect(error).toHaveBeenCalledExactlyOnceWith(
      expect.objectContaining({ err: expect.objectContaining({ code }) }),
      expect.stringContaining('restart it'),
    );
    expect((await fetch(`http://127.0.0.1:${port}/ready`)).status).toBe(200);
  });

  test('are not needed to refuse what cannot be read', async () => {
    const { port } = await start();
    expect(await answerTo(port, 'nonsense\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
    const header = `GET / HTTP/1.1\r\nHost: localhost\r\nX-a: ${'a'.repeat(20_000)}\r\n\r\n`;
    expect(await answerTo(port, header)).toMatch(/^HTTP\/1\.1 431 /);
    expect(loading.opened).toBe(0);
  });
});

test('a server at localhost answers at every address of that name', async () => {
  const server = await start('localhost');
  for (const { address, family } of await lookup('localhost', { all: true })) {
    const host = family === 6 ? `[${address}]` : address;
    expect((await fetch(`http://${host}:${server.port}/ready`)).status).toBe(200);
  }
});
