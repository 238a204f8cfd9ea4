import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { encodeDog } from '../../inspect/capture/dog-encoder.ts';
import { SendUsageError } from '../send/send-lines.ts';
import { type ReplayOptions, replayCommand } from './replay-command.ts';

const folder = mkdtempSync(join(tmpdir(), 'whippet-replay-'));
const file = join(folder, 'day.dog');
const START = 1_700_000_000_000_000_000n;
let socket: Socket;
let port = 0;
let received: { text: string; at: number }[] = [];

beforeAll(async () => {
  socket = createSocket('udp4').bind(0, '127.0.0.1');
  socket.on('message', (bytes) => received.push({ text: bytes.toString(), at: performance.now() }));
  await once(socket, 'listening');
  port = socket.address().port;
  const record = (text: string, ms: number, pid = 0) => ({
    timestamp: START + BigInt(ms) * 1_000_000n,
    payload: Buffer.from(text),
    ...{ pid, ancillary: new Uint8Array(0), listener: 'udp', peer: '' },
  });
  writeFileSync(
    file,
    encodeDog([record('a:1|c\n', 0), record('b:1|c', 400, 7), record('c:1|c', 200), record('d:1|c', 1000)]),
  );
});
afterAll(() => {
  socket.close();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(() => {
  received = [];
});

async function replay(options: ReplayOptions, path = file, input = Buffer.alloc(0)): Promise<string> {
  let printed = '';
  const write = (text: string): void => {
    printed += text;
  };
  const streams = { stdin: Readable.from([input]), stdout: { write }, stderr: { write }, env: {} };
  await replayCommand(path, { to: `udp://127.0.0.1:${port}`, ...options }, streams);
  const deadline = performance.now() + 60_000;
  const wanted = Number(/replayed (\d+) packet/.exec(printed)?.[1] ?? 0);
  while (received.length < wanted && performance.now() < deadline)
    await new Promise((done) => setImmediate(done));
  return printed;
}

const texts = (): string[] => received.map(({ text }) => text);

describe('whippet replay', () => {
  it('sends packets as they were, in the order of the file', async () => {
    const printed = await replay({ speed: 'max' });
    expect(texts()).toEqual(['a:1|c\n', 'b:1|c', 'c:1|c', 'd:1|c']);
    expect(printed).toMatch(/^replayed 4 packets \(21 bytes\) in \d+\.\d s to udp:\/\/127\.0\.0\.1:\d+\n$/);
  });

  it('keeps the times, scaled; a packet whose time is past goes at once', async () => {
    const startedAt = performance.now();
    await replay({ speed: '4x' });
    const [, b, c, d] = received.map(({ at }) => at - startedAt) as [number, number, number, number];
    // No earlier than 100 ms and 250 ms after the first, which is after the start; how much later depends on the machine.
    expect(b).toBeGreaterThanOrEqual(99);
    expect(c).toBeLessThan(d);
    expect(d).toBeGreaterThanOrEqual(249);
  });

  it('repeats, filters, and reads standard input', async () => {
    expect(await replay({ speed: 'max', loop: '3', filter: ['name=a'] })).toContain('in 3 rounds');
    expect(texts()).toEqual(['a:1|c\n', 'a:1|c\n', 'a:1|c\n']);
    received = [];
    await replay({ speed: 'max', filter: ['pid=7'] }, '-', Buffer.from(encodeDog([])));
    expect(texts()).toEqual([]);
    await replay({ speed: 'max' }, '-', Buffer.from('x:1|c\n@5 y:1|c\n'));
    expect(texts()).toEqual(['x:1|c', 'y:1|c']);
  });

  it('ends when an endless loop has nothing to send', async () => {
    expect(await replay({ speed: 'max', loop: '0', filter: ['name=none'] })).toContain('replayed 0 packets');
  });

  it.each([
    [{ speed: 'fast' }, '--speed is a factor'],
    [{ speed: '0x' }, '--speed is a factor'],
    [{ loop: '-1' }, '--loop is a whole number'],
    [{ filter: ['x=1'] }, '--filter: "x=1" is no filter'],
    [{ port: '0' }, '--port is a port'],
    [{ credentials: true }, '--credentials needs a Unix socket'],
  ])('refuses %j', async (options, message) => {
    await expect(replay(options)).rejects.toThrow(SendUsageError);
    await expect(replay(options)).rejects.toThrow(message);
  });
});
