/**
 * The HTTP API of a running server: packets that come over HTTP, what it tells of contexts, messages as they
 * arrive, a flush on request, tokens.
 */
import { request } from 'node:http';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runWhippet } from '../support/processes/command.ts';
import { type ServerProcess, withServer } from '../support/processes/server-process.ts';
import { wideBucketSeconds } from '../support/wide-bucket.ts';

const PROXY = '/dogstatsd/v2/proxy';
const urlOf = ({ httpPort }: ServerProcess): string => `http://127.0.0.1:${httpPort}`;
const ask = async (server: ServerProcess, path: string, init: RequestInit = {}): Promise<unknown> =>
  (await fetch(urlOf(server) + path, init)).json();
const post = async (server: ServerProcess, packet: string): Promise<number> =>
  (await fetch(urlOf(server) + PROXY, { method: 'POST', body: packet })).status;

/** A GET with a body, as some tracers send it; fetch() does not. */
function getWithBody(options: { port?: number; socketPath?: string }, body: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-length': Buffer.byteLength(body) };
    const sent = request({ ...options, path: PROXY, method: 'GET', headers }, (answer) => {
      answer.resume();
      answer.on('end', () => resolve(answer.statusCode ?? 0));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

describe('a scrape', () => {
  it('sees what came since the last bucket closed, each sample once, and does not need the bucket to end', async () => {
    await withServer({ set: { bucket_seconds: wideBucketSeconds() } }, async (server) => {
      const page = async () => (await fetch(`${urlOf(server)}/metrics`)).text();
      await post(server, 'open.hits:3|c\nopen.load:1.5|g\nopen.lat:7|h\nopen.lat:8|h');
      const first = await page();
      expect(first).toContain('\nopen_hits 3\n');
      expect(first).toContain('\nopen_load 1.5\n');
      expect(first).toContain('\nopen_lat_sum 15\nopen_lat_count 2\n');
      await post(server, 'open.hits:4|c');
      expect(await page()).toContain('\nopen_hits 7\n');
      expect(await page()).toContain('\nopen_hits 7\n');
      await ask(server, '/-/flush', { method: 'POST' });
      await post(server, 'open.hits:1|c');
      expect(await page()).toContain('\nopen_hits 8\n');
    });
  });

  it('sees closed buckets only with open_bucket: false', async () => {
    const set = { bucket_seconds: wideBucketSeconds(), 'outputs.prometheus.open_bucket': false };
    await withServer({ set }, async (server) => {
      await post(server, 'open.hits:3|c');
      expect(await (await fetch(`${urlOf(server)}/metrics`)).text()).not.toContain('open_hits');
    });
  });
});

describe('packets over HTTP', () => {
  it('are aggregated with all others, whatever way they come, and are in the ledger as "http"', async () => {
    await withServer({ set: { bucket_seconds: wideBucketSeconds() } }, async (server) => {
      expect(await post(server, 'hits:1|c\nhits:2|c|#a:b\nbad')).toBe(200);
      expect(await getWithBody({ port: server.httpPort }, 'hits:4|c')).toBe(200);
      await Promise.all(Array.from({ length: 100 }, () => post(server, 'hits:1|c')));
      await ask(server, '/-/flush', { method: 'POST' });
      const { rows } = (await ask(server, '/api/contexts?search=hits')) as { rows: object[] };
      expect(rows).toMatchObject([
        { name: 'hits', type: 'counter', tags: [], samples: 102 },
        { name: 'hits', tags: ['a:b'], samples: 1 },
      ]);
      const page = await (await fetch(`${urlOf(server)}/metrics`)).text();
      expect(page).toContain('\nhits 105\n');
      expect(page).toMatch(/whippet_listener_messages_rejected_total\{.*listener="http".*\} 1/);
    });
  });

  it('are taken in pieces of whole lines from bodies of megabytes, and what is too long or too large is lost by name', async () => {
    await withServer({}, async (server) => {
      const lines = Array.from({ length: 40_000 }, (_, i) => `body.line:1|c|#é:${i % 100}`);
      expect(await post(server, [...lines, 'x'.repeat(70_000), 'body.line:1|c'].join('\n'))).toBe(200);
      expect(await post(server, 'y'.repeat(4 * 1024 * 1024 + 1))).toBe(413);
      const { losses } = await server.ledger();
      expect(losses.filter(({ name }) => name === 'http')).toMatchObject([
        { unit: 'requests', reason: 'too_large', count: 1 },
        { unit: 'messages', reason: 'unknown:line_too_long', count: 1 },
      ]);
      expect((await runWhippet(['status', '--url', urlOf(server)])).code).toBe(3);
      expect(await server.stop()).toBe(0);
      expect(server.total('body.line')).toBe(lines.length + 1);
    });
  });

  it('that are too large are answered while the client still sends', async () => {
    await withServer({}, async (server) => {
      const body = 'y'.repeat(4 * 1024 * 1024 + 1);
      for (let i = 0; i < 20; i++) expect(await post(server, body)).toBe(413);
      // The connection goes on.
      expect(await post(server, 'after:1|c')).toBe(200);
    });
  });

  it('come over a Unix socket too, whose file goes with the server', async () => {
    await withServer({ unix: true }, async (plain) => {
      const socketPath = join(plain.folder, 'apm.sock');
      await withServer({ set: { 'http.proxy_socket': socketPath } }, async (server) => {
        expect(await getWithBody({ socketPath }, 'hits:4|c')).toBe(200);
        await ask(server, '/-/flush', { method: 'POST' });
        expect(await ask(server, '/api/metrics/hits')).toMatchObject({ samples: 1 });
      });
    });
  });

  it('are all delivered when the server stops right after', async () => {
    await withServer({ set: { bucket_seconds: wideBucketSeconds() } }, async (server) => {
      await Promise.all(Array.from({ length: 50 }, () => post(server, 'last:2|c')));
      await server.stop();
      expect(server.total('last')).toBe(100);
    });
  });
});

describe('/api/messages', () => {
  it('shows lines of every listener that hold a text', async () => {
    await withServer({}, async (server) => {
      const reader = (await fetch(`${urlOf(server)}/api/messages?search=env:prod`)).body?.getReader();
      let text = '';
      let hasSeen = false;
      // The threads hear of the watcher within 100 ms, so the line is sent until it shows.
      const sending = (async () => {
        while (!hasSeen) await post(server, 'a:1|c|#env:prod\nb:1|c|#env:dev');
      })();
      while (!text.includes('a:1|c')) {
        const { value, done } = (await reader?.read()) ?? { done: true };
        if (done) throw new Error(`the answer ended: ${text}`);
        text += Buffer.from(value ?? []).toString();
      }
      hasSeen = true;
      await sending;
      await reader?.cancel();
      expect(text).not.toContain('env:dev');
    });
  });
});

describe('a token', () => {
  it('is what /api asks for, and the configuration shows it to nobody', async () => {
    await withServer({ set: { 'http.token': 'hushhush' } }, async (server) => {
      expect((await fetch(`${urlOf(server)}/api/status`)).status).toBe(401);
      const headers = { authorization: 'Bearer hushhush' };
      const config = JSON.stringify(await ask(server, '/api/config', { headers }));
      expect(config).toContain('"http.token":{"value":"********"');
      expect(config + server.stderr).not.toContain('hushhush');
      await server.stop();
    });
  });
});

describe('/api/status and /api/config', () => {
  it('say what runs, and with what', async () => {
    await withServer({ unix: true }, async (server) => {
      expect(await ask(server, '/api/status')).toMatchObject({
        listeners: [{ kind: 'unixgram' }, { kind: 'udp', port: server.udpPort }],
        health: { healthy: true },
        bucket_seconds: 1,
      });
      expect(await ask(server, '/api/config')).toMatchObject({
        bucket_seconds: { value: 1, source: expect.stringContaining('flag') as string },
        'limits.contexts': { source: 'default' },
      });
    });
  });
});
