/**
 * Captures of a running server: every transport, read back by an independent reader; replayed into another server and
 * through the virtual one they give the same; looking back; what is refused.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type IndependentCapture, readIndependently } from '../support/decode/capture-reader.ts';
import { runWhippet } from '../support/processes/command.ts';
import {
  type ServerProcess,
  type ServerProcessOptions,
  TRANSPORTS,
  withServer,
} from '../support/processes/server-process.ts';

const folder = mkdtempSync(join(tmpdir(), 'whippet-capture-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const ALL: ServerProcessOptions = { unix: true, stream: true, args: ['--tcp-port', '0'] };
const LINES = ['cap.count:3|c|#env:dev', 'cap.count:4|c|#env:dev', 'cap.dist:1:2:3|d', 'cap.set:one|s'];

const url = (server: ServerProcess): string => `http://127.0.0.1:${server.httpPort}`;
const view = async (server: ServerProcess) =>
  JSON.parse((await server.get('/api/capture')).text) as {
    running: { packets: number } | null;
    last: { packets: number; dropped_packets: number; held_seconds?: number } | null;
  };

/** Sends the lines once over every transport; five packets. */
async function sendEverywhere(server: ServerProcess): Promise<void> {
  const targets = TRANSPORTS.map((transport) => server.addressOf(transport));
  for (const to of targets) {
    const { code, stderr } = await runWhippet(['send', ...LINES, '--to', to]);
    expect([code, stderr]).toEqual([0, '']);
  }
  await fetch(`${url(server)}/dogstatsd/v2/proxy`, { method: 'POST', body: LINES.join('\n') });
}

/** Captures while `work` is done, until so many packets have come. */
async function capture(
  server: ServerProcess,
  packets: number,
  work: () => Promise<void>,
  query = '',
): Promise<Buffer> {
  const response = await fetch(`${url(server)}/api/capture?duration=10m${query}`, { method: 'POST' });
  expect(response.status).toBe(200);
  await work();
  await server.until(async () => (await view(server)).running?.packets === packets, `${packets} packets`);
  expect((await fetch(`${url(server)}/api/capture/stop`, { method: 'POST' })).status).toBe(200);
  return Buffer.from(await response.arrayBuffer());
}

const listenersOf = ({ records }: IndependentCapture): string[] =>
  records.map((one) => one?.others[100] ?? '').sort();

describe('a capture of a running server', () => {
  it('has the packets of every transport, with their senders, in a file the Agent reads', async () => {
    await withServer(ALL, async (server) => {
      const before = Date.now();
      const bytes = await capture(server, 5, () => sendEverywhere(server));
      const read = readIndependently(bytes);
      expect(listenersOf(read)).toEqual(['http', 'tcp', 'udp', 'unix', 'unixgram']);
      for (const record of read.records) {
        expect(record?.payload.trimEnd()).toBe(LINES.join('\n'));
        expect(record?.payloadSize).toBe(record?.payload.length);
        expect(Number((record?.timestamp ?? 0n) / 1_000_000n)).toBeGreaterThanOrEqual(before - 1000);
        const isUnix = (record?.others[100] ?? '').startsWith('unix');
        expect((record?.pid ?? 0) > 0).toBe(isUnix);
        expect(record?.ancillary.length).toBe(isUnix ? 32 : 0);
        if (isUnix) expect(Buffer.from(record?.ancillary ?? '', 'latin1').readInt32LE(16)).toBe(record?.pid);
        if (['udp', 'tcp'].includes(record?.others[100] ?? ''))
          expect(record?.others[101]).toMatch(/^127\.0\.0\.1:\d+$/);
      }
      const times = read.records.map((one) => one?.timestamp ?? 0n);
      expect(times).toEqual([...times].sort((a, b) => (a < b ? -1 : 1)));
      expect(await server.stop()).toBe(0);
      expect(server.total('cap.count')).toBe(5 * 7);
    });
  });

  it('replayed into another server over every transport, and simulated, gives the same series', async () => {
    const file = join(folder, 'mixed.dog');
    await withServer(ALL, async (server) => {
      writeFileSync(file, await capture(server, 5, () => sendEverywhere(server)));
    });
    const simulated = await runWhippet(['simulate', file, '--json']);
    const series = JSON.parse(simulated.stdout) as {
      name: string;
      type: string;
      points?: [number, number][];
    }[];
    const rates = series.filter(({ name }) => name === 'cap.count').flatMap(({ points = [] }) => points);
    expect(rates.reduce((sum, [, rate]) => sum + rate * 10, 0)).toBeCloseTo(35);
    await withServer(ALL, async (server) => {
      const targets = TRANSPORTS.map((transport) => server.addressOf(transport));
      for (const to of targets) {
        const { code, stdout, stderr } = await runWhippet(['replay', file, '--to', to, '--speed', 'max']);
        expect([code, stderr]).toEqual([0, '']);
        expect(stdout).toMatch(/^replayed 5 packets \(\d+ bytes\) in [\d.]+ s to /);
      }
      await runWhippet(['replay', file, '--to', targets[1] as string, '--speed', 'max', '--credentials']);
      expect(await server.stop()).toBe(0);
      expect(server.total('cap.count')).toBe(5 * 35);
    });
  });

  it('is compressed and filtered on request, and written by the command with mode 0600', async () => {
    await withServer(ALL, async (server) => {
      const out = join(folder, 'small.dog.zstd');
      const running = runWhippet([
        ...['capture', '--url', url(server), '--duration', '10m', '--out', out],
        ...['--compress', '--filter', 'name=cap.count', '--filter', 'listener=unix*'],
      ]);
      await server.until(async () => (await view(server)).running !== null, 'the capture has begun');
      await sendEverywhere(server);
      await server.until(async () => (await view(server)).running?.packets === 2, '2 packets');
      expect((await fetch(`${url(server)}/api/capture/stop`, { method: 'POST' })).status).toBe(200);
      const { code, stdout, stderr } = await running;
      expect([code, stderr]).toEqual([0, '']);
      expect(stdout).toMatch(/^captured 2 packets, \d+ B to /);
      expect(statSync(out).mode & 0o777).toBe(0o600);
      expect(readFileSync(out).readUInt32LE()).toBe(0xfd2fb528);
      const report = JSON.parse((await runWhippet(['analyze', out, '--json'])).stdout) as { lines: number };
      expect(report.lines).toBe(4);
      const again = await runWhippet(['capture', '--url', url(server), '--duration', '1s', '--out', out]);
      expect(again.code).toBe(1);
      expect(again.stderr).toMatch(/^whippet: ERR_CAPTURE_FAILED: .* exists already; give another --out\n$/);
    });
  });

  it('ends whole when the server stops', async () => {
    await withServer(ALL, async (server) => {
      const response = await fetch(`${url(server)}/api/capture?duration=1h`, { method: 'POST' });
      await sendEverywhere(server);
      const [bytes] = await Promise.all([response.arrayBuffer(), server.stop()]);
      const read = readIndependently(Buffer.from(bytes));
      expect(read.records).toHaveLength(5);
      expect(read.end).toBe('separator, state');
    });
  });

  it('is refused while another runs, without a ring, and for bad queries', async () => {
    await withServer(ALL, async (server) => {
      const post = async (query: string): Promise<number> =>
        (await fetch(`${url(server)}/api/capture${query}`, { method: 'POST' })).status;
      expect(await post('?last=30s')).toBe(400);
      expect(await post('?duration=soon')).toBe(400);
      expect(await post('?filter=nam=x')).toBe(400);
      expect(await post('/stop')).toBe(404);
      const response = await fetch(`${url(server)}/api/capture?duration=60s`, { method: 'POST' });
      expect(await post('?duration=1s')).toBe(409);
      // A client that goes away ends its capture.
      await response.body?.cancel();
      await server.until(async () => (await view(server)).running === null, 'the capture has ended');
      expect(await post('?duration=1ms')).toBe(200);
    });
  });
});

describe('looking back', () => {
  const RING = { set: { 'capture.ring_bytes': 1_048_576 } };

  it('saves the last packets of all listeners, and says how far it reached', async () => {
    await withServer({ ...ALL, ...RING }, async (server) => {
      await sendEverywhere(server);
      const out = join(folder, 'last.dog');
      const { code, stdout } = await runWhippet([
        'capture',
        '--url',
        url(server),
        '--last',
        '10m',
        '--out',
        out,
      ]);
      expect(code).toBe(0);
      expect(stdout).toMatch(/^captured 5 packets, .*\nthe memory held [\d.]+ s of the 600 s asked for\n$/);
      expect(listenersOf(readIndependently(readFileSync(out)))).toEqual([
        'http',
        'tcp',
        'udp',
        'unix',
        'unixgram',
      ]);
      const { last } = await view(server);
      expect(last?.packets).toBe(5);
      expect(last?.held_seconds).toBeGreaterThan(0);
    });
  });

  it('happens by itself when a trigger finds something, with the moment marked', async () => {
    const directory = mkdtempSync(join(folder, 'triggers-'));
    const set = {
      ...RING.set,
      'capture.directory': directory,
      'capture.triggers': 'rejects drop',
      'capture.reject_percent': 50,
    };
    await withServer({ ...ALL, set }, async (server) => {
      const bad = Array.from({ length: 20 }, (_, i) => `nonsense ${i}`);
      const files = (): string[] => readdirSync(directory);
      await server.until(async () => {
        if (files().length > 0) return true;
        await server.sendUdp('127.0.0.1', [bad.join('\n')]);
        return false;
      }, 'a capture is saved');
      await server.until(
        () => server.log.some(({ msg }) => msg === 'saved the most recent packets'),
        'the log says so',
      );
      const path = join(directory, files()[0] as string);
      expect(path).toMatch(/whippet-[\dT.-]+Z-rejects\.dog$/);
      expect(statSync(path).mode & 0o777).toBe(0o600);
      const { stdout } = await runWhippet(['analyze', path]);
      expect(stdout).toMatch(/^.*capture, version 3; saved because of rejects at \d{4}-/);
      expect(stdout).toContain('rejected');
    });
  });
});
