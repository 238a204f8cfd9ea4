/** Clients that do not take their answers, send half a request or hold connections: each ends, and honest ones are served. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { startFakeIntake } from '../testing/fake-intake/fake-intake.ts';
import type { ApiSource } from './api-source.ts';
import { type HttpOptions, type HttpServer, startHttp, startProxy } from './server.ts';

/** Larger than what the kernel holds for both ends of a connection. */
const HUGE_CHUNKS = 400;
const CHUNK = `${'x'.repeat(64 * 1024)}\n`;
const GUARD = { windowMs: 400, lookMs: 50 };
const WAIT = { timeout: 60_000, interval: 20 };

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

const nothing = { total: 0, page: 1, perPage: 50, rows: [] };
const source = {
  views: { status: () => ({ text: CHUNK.repeat(HUGE_CHUNKS) }) },
  contexts: async () => nothing,
  metrics: async () => nothing,
  metric: async () => undefined,
  watchMessages: () => undefined,
  reload: async () => ({ ok: false, problems: [] }),
  flush: () => new Promise<number>(() => undefined),
  acceptPacket: async () => true,
  noteConnection: () => undefined,
  noteMissed: () => undefined,
} as unknown as ApiSource;

async function start(options: Partial<HttpOptions> = {}): Promise<HttpServer> {
  const server = await startHttp({
    host: '127.0.0.1',
    port: 0,
    token: '',
    version: '1.2.3',
    health: () => ({ healthy: true, parts: [] }),
    ready: () => true,
    source,
    guard: GUARD,
    prometheus: { page: () => ({ contentType: 'text/plain', chunks: hugePage() }) },
    ...options,
  });
  cleanUps.push(() => server.close());
  return server;
}

function* hugePage(): Generator<string> {
  for (let i = 0; i < HUGE_CHUNKS; i++) yield CHUNK;
}

const GET_METRICS = 'GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n';

/** A client that asks, and reads nothing of what it is answered. */
function askAndWait(port: number, text: string): Socket {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.pause();
  socket.write(text);
  cleanUps.push(() => socket.destroy());
  return socket;
}

/** Resolves when the other side has closed the connection; a paused socket does not hear of it. */
async function closed(socket: Socket): Promise<void> {
  socket.resume();
  if (!socket.closed) await once(socket, 'close');
}

describe('a client that never reads', () => {
  it('loses its connection, and the slot of the page it asked for', async () => {
    const server = await start();
    const clients = Array.from({ length: 8 }, () => askAndWait(server.port, GET_METRICS));
    await vi.waitFor(() => expect(server.counts().stalled).toBe(8), WAIT);
    await Promise.all(clients.map(closed));
    expect((await fetch(`http://127.0.0.1:${server.port}/metrics`)).status).toBe(200);
  });

  it('makes room at once for one that reads', async () => {
    const server = await start({ guard: { windowMs: 60_000 } });
    for (let i = 0; i < 8; i++) askAndWait(server.port, GET_METRICS);
    await vi.waitFor(async () => {
      const answer = await fetch(`http://127.0.0.1:${server.port}/metrics`);
      expect(answer.status).toBe(200);
      expect((await answer.text()).length).toBe(CHUNK.length * HUGE_CHUNKS);
    }, WAIT);
  });

  it('loses its connection when the answer is one large piece, too', async () => {
    const server = await start();
    askAndWait(server.port, 'GET /api/status HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await vi.waitFor(() => expect(server.counts().stalled).toBe(1), WAIT);
  });

  it('keeps its connection while it takes its answer, however long that is', async () => {
    const guard = { windowMs: 200, lookMs: 10, bytesMin: 1000 };
    const server = await start({ guard });
    const socket = askAndWait(server.port, GET_METRICS);
    let bytes = 0;
    // A piece every few milliseconds, for many windows: far more than the least a client has to take.
    for (const end = performance.now() + 10 * guard.windowMs; performance.now() < end; ) {
      const chunk = socket.read() as Buffer | null;
      bytes += chunk?.length ?? 0;
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    expect(server.counts().stalled).toBe(0);
    expect(bytes).toBeGreaterThan(0);
    expect(socket.destroyed).toBe(false);
  });
});

it('a server that has stood still blames no client for it', async () => {
  const server = await start();
  const socket = askAndWait(server.port, GET_METRICS);
  // Some of the answer is here, so the rest waits in the server.
  await once(socket, 'readable');
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3 * GUARD.windowMs);
  let bytes = 0;
  socket.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
  });
  await vi.waitFor(() => expect(bytes).toBeGreaterThan(CHUNK.length * HUGE_CHUNKS), WAIT);
  expect(server.counts().stalled).toBe(0);
});

describe('a connection that is held', () => {
  it('between two requests is closed when a new client needs the place', async () => {
    const server = await start();
    const idle = await Promise.all(
      Array.from({ length: 256 }, async () => {
        const socket = connect(server.port, '127.0.0.1');
        cleanUps.push(() => socket.destroy());
        socket.on('error', () => undefined);
        socket.write('GET /ready HTTP/1.1\r\nHost: localhost\r\n\r\n');
        await Promise.race([once(socket, 'data'), once(socket, 'close')]);
        return socket;
      }),
    );
    expect(idle.length).toBe(256);
    expect((await fetch(`http://127.0.0.1:${server.port}/ready`)).status).toBe(200);
  });

  it.each([
    ['nothing at all', ''],
    ['half a request', 'GET /metrics HTTP/1.1\r\nHost: local'],
    ['half a body', 'POST /dogstatsd/v2/proxy HTTP/1.1\r\nHost: localhost\r\nContent-Length: 90\r\n\r\na:1'],
  ])('with %s is closed in time', async (_, text) => {
    const server = await start({ requestTimeoutMs: 300 });
    const socket = connect(server.port, '127.0.0.1');
    socket.on('error', () => undefined);
    if (text !== '') socket.write(text);
    await closed(socket);
  });
});

it('an answer that does not begin is one: 503', async () => {
  const server = await start({ answerMs: 100 });
  const answer = await fetch(`http://127.0.0.1:${server.port}/-/flush`, { method: 'POST' });
  expect(answer.status).toBe(503);
});

it('the proxy on a Unix socket closes what is held, like the server', async () => {
  const path = join(tmpdir(), `whippet-slow-${process.pid}.sock`);
  const server = await startProxy({ path }, 'a key', source);
  cleanUps.push(() => server.close());
  const socket = connect(path);
  socket.on('error', () => undefined);
  socket.write('POST /dogstatsd/v2/proxy HTTP/1.1\r\nHost: localhost\r\nContent-Length: 90\r\n\r\na:1');
  await closed(socket);
}, 20_000);

it('a fake intake ends answers that nobody takes', async () => {
  const intake = await startFakeIntake({ guard: GUARD });
  cleanUps.push(() => intake.close());
  const body = CHUNK.repeat(HUGE_CHUNKS);
  expect(intake.override({ method: 'GET', endpoint: '/big', statusCode: 200, body })).toBe(true);
  const socket = askAndWait(intake.port, 'GET /big HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await vi.waitFor(() => expect(intake.stalledClients).toBe(1), WAIT);
  await closed(socket);
  expect(socket.bytesRead).toBeLessThan(CHUNK.length * HUGE_CHUNKS);
});
