/** The API's routes over real connections: documents, access, queries, events. */
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { emptyLiveSource } from '../../test/support/live-source.ts';
import type { TailLine } from '../model/live/line-views.ts';
import type { ContextQuery } from '../model/views/context-views.ts';
import type { OriginReport } from '../model/views/origin-report.ts';
import type { MissedBody } from '../telemetry/counters/http-counters.ts';
import type { ApiSource, MessageWatch } from './api-source.ts';
import { renderOpenApi } from './document.ts';
import { PROXY_BODY_BYTES_MAX } from './proxy-routes.ts';
import { type HttpOptions, type HttpServer, startHttp, startProxy } from './server.ts';

const servers: HttpServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

const lineOf = (line: string): TailLine => ({
  ...{ line, at: 1, listener: 'udp', outcome: 'accepted', origin: '', name: 'a', type: 'counter' },
  ...{ reason: '', words: '', remedy: '', caret: null, corrected: null },
});

const NO_CAPTURE: ApiSource['capture'] = {
  start: () => 'stopping',
  stop: () => false,
  view: () => ({ running: null }),
  checkFilter: () => undefined,
};
const NO_ORIGINS: OriginReport = {
  detection: { sockets: false, client: false, unified: false, cardinality: 'low' },
  ...{ collectors: [], problems: [], total: 0, omitted: 0, entities: [] },
  senders: {
    ...{ packets: 0, errors: 0, invisible: 0, truncated: 0, passedDescriptors: 0 },
    ...{ waiting: 0, resolvedLate: 0, gaveUp: 0, noRoom: 0 },
  },
  global: { low: [], orchestrator: [], high: [] },
};
const PAGE = { total: 0, page: 1, perPage: 50, rows: [] };

async function start(source: Partial<ApiSource> = {}, options: Partial<HttpOptions> = {}): Promise<string> {
  const server = await startHttp({
    host: '127.0.0.1',
    port: 0,
    token: '',
    version: '1',
    health: () => ({ healthy: true, parts: [] }),
    ready: () => true,
    source: {
      views: { status: () => ({ up: true }) },
      contexts: async () => PAGE,
      metrics: async () => PAGE,
      metric: async () => undefined,
      origins: (of, limit) => ({ ...NO_ORIGINS, total: limit, global: { ...NO_ORIGINS.global, low: [of] } }),
      startReplay: () => 'off',
      watchMessages: () => undefined,
      live: emptyLiveSource(),
      reload: async () => ({ ok: true }),
      flush: async () => 3,
      acceptPacket: async () => true,
      missPacket: () => undefined,
      noteConnection: () => undefined,
      capture: NO_CAPTURE,
      ...source,
    },
    ...options,
  });
  servers.push(server);
  return `http://127.0.0.1:${server.port}`;
}

const statusOf = async (url: string, init: RequestInit = {}): Promise<number> =>
  (await fetch(url, init)).status;

interface OpenApi {
  readonly paths: Record<string, Record<string, { parameters?: { name: string }[]; security?: unknown }>>;
}

describe('docs/openapi.json', () => {
  const document = JSON.parse(renderOpenApi()) as OpenApi;

  it('is what the routes say; "npm run docs" writes it', () => {
    expect(readFileSync(new URL('../../docs/openapi.json', import.meta.url), 'utf8')).toBe(renderOpenApi());
  });

  it('is what the server answers', async () => {
    const url = await start();
    const answered = (await (await fetch(`${url}/api/openapi.json`)).json()) as OpenApi;
    expect(answered.paths).toEqual(document.paths);
  });

  it.each(Object.entries(document.paths))('%s is answered as it says', async (path, operations) => {
    const url = await start({ metric: async () => undefined });
    for (const [method, operation] of Object.entries(operations)) {
      const answer = await fetch(url + path.replace(/\{\w+\}/, 'a'), { method: method.toUpperCase() });
      await answer.body?.cancel();
      expect(Object.keys((operation as { responses: object }).responses), `${method} ${path}`).toContain(
        String(answer.status),
      );
    }
  });
});

describe('access', () => {
  const withToken = (token: string): RequestInit => ({ headers: { authorization: `Bearer ${token}` } });

  it('to guarded routes needs the token where there is one, on this machine too', async () => {
    const url = await start({}, { token: 's3cret' });
    expect(await statusOf(`${url}/api/status`)).toBe(401);
    expect(await statusOf(`${url}/api/status`, withToken('wrong'))).toBe(401);
    expect(await statusOf(`${url}/api/status`, withToken('s3cret'))).toBe(200);
    expect(await statusOf(`${url}/-/flush`, { method: 'POST' })).toBe(401);
    for (const path of ['/', '/health', '/ready']) expect(await statusOf(url + path), path).toBe(200);
  });

  it('to guarded routes is closed when bound to more than loopback without a token', async () => {
    const url = await start({}, { host: '0.0.0.0' });
    const answer = await fetch(`${url}/api/status`);
    expect(answer.status).toBe(403);
    expect(await answer.text()).toContain('http.token');
    expect(await statusOf(`${url}/health`)).toBe(200);
  });

  it.each([
    '/api/status',
    '/metrics',
    '/nothing',
  ])('to %s is refused to pages of other sites', async (path) => {
    const url = await start();
    expect(await statusOf(url + path, { headers: { origin: 'https://evil.example' } })).toBe(403);
    expect(await statusOf(url + path, { headers: { 'sec-fetch-site': 'cross-site' } })).toBe(403);
  });
});

describe('/api/contexts', () => {
  it('passes the query on, with defaults, as contexts or as metrics', async () => {
    const asked: [string, ContextQuery][] = [];
    const url = await start({
      contexts: async (query) => {
        asked.push(['contexts', query]);
        return PAGE;
      },
      metrics: async (query) => {
        asked.push(['metrics', query]);
        return PAGE;
      },
    });
    await fetch(`${url}/api/contexts`);
    await fetch(`${url}/api/contexts?by=metric&search=env&type=gauge&sort=bytes&page=2&per_page=5`);
    expect(asked).toEqual([
      ['contexts', { search: '', type: undefined, sort: 'samples', page: 1, perPage: 50 }],
      ['metrics', { search: 'env', type: 'gauge', sort: 'bytes', page: 2, perPage: 5 }],
    ]);
  });

  it.each([
    'page=0',
    'page=x',
    'per_page=1001',
    'sort=size',
    'type=set2',
    'by=tag',
  ])('answers 400 to %s and says what is wrong', async (query) => {
    const url = await start();
    const answer = await fetch(`${url}/api/contexts?${query}`);
    expect(answer.status).toBe(400);
    expect(await answer.text()).toContain(query.split('=')[0]);
  });
});

describe('/api/messages', () => {
  it('sends lines as events until the reader goes', async () => {
    let watch: MessageWatch | undefined;
    let stopped: () => void = () => undefined;
    const gone = new Promise<void>((resolve) => {
      stopped = resolve;
    });
    const url = await start({
      watchMessages: (given) => {
        watch = given;
        return () => stopped();
      },
    });
    const reader = (
      await fetch(`${url}/api/messages?search=env:prod&tag=team&outcome=accepted,filtered`)
    ).body?.getReader();
    expect(watch?.search).toEqual({ parts: ['env:prod', 'team'], rejected: false });
    watch?.accept([lineOf('a:1|c|#env:prod'), lineOf('é:1|c')], 2);
    let text = '';
    while (!text.includes('leftOut')) text += Buffer.from((await reader?.read())?.value ?? []).toString();
    const [, data = ''] = /event: messages\ndata: (.*)\n\n/.exec(text) ?? [];
    expect(JSON.parse(data)).toEqual({ messages: [lineOf('a:1|c|#env:prod'), lineOf('é:1|c')], leftOut: 2 });
    expect(watch?.fits(lineOf('a:1|c|#env:prod,team:x'))).toBe(true);
    expect(watch?.fits({ ...lineOf('a:1|c|#env:prod,team:x'), outcome: 'rejected' })).toBe(false);
    await reader?.cancel();
    await gone;
  });

  it('tells the threads to look for rejected lines when these alone are wanted', async () => {
    let watch: MessageWatch | undefined;
    const url = await start({
      watchMessages: (given) => {
        watch = given;
        return () => undefined;
      },
    });
    const reader = (await fetch(`${url}/api/messages?outcome=rejected`)).body?.getReader();
    expect(watch?.search).toEqual({ parts: [], rejected: true });
    await reader?.cancel();
  });

  it('refuses an outcome that does not exist', async () => {
    expect(await statusOf(`${await start()}/api/messages?outcome=lost`)).toBe(400);
  });

  it('answers 503 when too many watch', async () => {
    const url = await start();
    expect(await statusOf(`${url}/api/messages`)).toBe(503);
  });
});

describe('/dogstatsd/v2/proxy', () => {
  const packetsOf = (): { packets: string[]; acceptPacket: ApiSource['acceptPacket'] } => {
    const packets: string[] = [];
    return { packets, acceptPacket: async (packet) => packets.push(Buffer.from(packet).toString()) > 0 };
  };

  it('takes packets whatever type they say they are, and refuses what is too large', async () => {
    const { packets, acceptPacket } = packetsOf();
    const url = `${await start({ acceptPacket })}/dogstatsd/v2/proxy`;
    for (const type of ['text/plain', 'application/json', 'application/octet-stream']) {
      const headers = { 'content-type': type };
      expect(await statusOf(url, { method: 'POST', body: 'a:1|c', headers })).toBe(200);
    }
    expect(await statusOf(url, { method: 'POST' })).toBe(200);
    expect(packets).toEqual(['a:1|c', 'a:1|c', 'a:1|c']);
    expect(await statusOf(url, { method: 'POST', body: 'x'.repeat(PROXY_BODY_BYTES_MAX) })).toBe(200);
    expect(await statusOf(url, { method: 'POST', body: 'x'.repeat(PROXY_BODY_BYTES_MAX + 1) })).toBe(413);
  });

  describe('counts every body that is not taken, once', () => {
    const missing = async (): Promise<{ url: string; missed: MissedBody[]; taken: () => number }> => {
      const missed: MissedBody[] = [];
      let taken = 0;
      const url = await start(
        {
          acceptPacket: async () => ++taken > 0,
          missPacket: (reason) => missed.push(reason),
        },
        { requestTimeoutMs: 300 },
      );
      return { url, missed, taken: () => taken };
    };
    const send = async (url: string, ...parts: readonly string[]): Promise<Socket> => {
      const socket = connect(Number(new URL(url).port), '127.0.0.1');
      socket.on('error', () => undefined);
      await new Promise((resolve) => socket.once('connect', resolve));
      socket.write(parts.join('\r\n'));
      return socket;
    };
    const POST = 'POST /dogstatsd/v2/proxy HTTP/1.1';

    it.each([
      ['too large by its length', [POST, 'Host: localhost', 'Content-Length: 99999999', '', 'a'], 'tooLarge'],
      [
        'too large in chunks',
        [
          POST,
          'Host: localhost',
          'Transfer-Encoding: chunked',
          '',
          '500000',
          'a'.repeat(0x500000),
          '0',
          '',
          '',
        ],
        'tooLarge',
      ],
      ['slow', [POST, 'Host: localhost', 'Content-Length: 9', '', 'a'], 'cut'],
      [
        'of a web page',
        [POST, 'Host: localhost', 'Origin: http://evil.example', 'Content-Length: 1', '', 'a'],
        'forbidden',
      ],
    ] as const)('%s', async (_, parts, reason) => {
      const { url, missed, taken } = await missing();
      const socket = await send(url, ...parts);
      await vi.waitUntil(() => missed.length > 0, 60_000);
      socket.destroy();
      expect(await statusOf(`${url}/dogstatsd/v2/proxy`, { method: 'POST', body: 'a:1|c' })).toBe(200);
      expect(missed).toEqual([reason]);
      expect(taken()).toBe(1);
    });

    it('broken off', async () => {
      const { url, missed } = await missing();
      const socket = await send(url, POST, 'Host: localhost', 'Content-Length: 9', '', 'a');
      socket.destroy();
      await vi.waitUntil(() => missed.length > 0, 60_000);
      expect(missed).toEqual(['cut']);
    });
  });

  it('answers 503 when there is no room', async () => {
    const url = await start({ acceptPacket: async () => false });
    expect(await statusOf(`${url}/dogstatsd/v2/proxy`, { method: 'POST', body: 'a:1|c' })).toBe(503);
  });

  it('is all there is where a trace agent would be', async () => {
    const { packets, acceptPacket } = packetsOf();
    const server = await startProxy({ host: '127.0.0.1', port: 0 }, 'a key', {
      ...{ acceptPacket, missPacket: () => undefined, noteConnection: () => undefined },
    });
    servers.push(server);
    const url = `http://127.0.0.1:${server.port}`;
    expect(await statusOf(`${url}/dogstatsd/v2/proxy`, { method: 'POST', body: 'a:1|c' })).toBe(200);
    expect(await statusOf(`${url}/api/status`)).toBe(404);
    expect(packets).toEqual(['a:1|c']);
  });
});

describe('a client that sends slowly', () => {
  it.each([
    ['its headers', 'GET /metrics HTTP/1.1\r\nHost: localhost\r\nX-a: '],
    ['its body', 'POST /dogstatsd/v2/proxy HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\na'],
  ])('%s is answered 408 and closed', async (_, beginning) => {
    const url = await start({}, { requestTimeoutMs: 200 });
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    socket.write(beginning);
    let answer = '';
    for await (const chunk of socket) answer += String(chunk);
    expect(answer).toMatch(/^HTTP\/1.1 408/);
  });
});

describe('/-/', () => {
  it('flushes and reloads', async () => {
    const url = await start({ reload: async () => ({ ok: false, problems: ['x'] }) });
    const flushed = await fetch(`${url}/-/flush`, { method: 'POST' });
    expect(await flushed.json()).toEqual({ aggregates: 3 });
    expect(await statusOf(`${url}/-/reload`, { method: 'POST' })).toBe(400);
    expect(await statusOf(`${url}/-/flush`)).toBe(404);
  });
});
