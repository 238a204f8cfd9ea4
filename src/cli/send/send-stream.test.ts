import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sendCommand } from './send-command.ts';
import { formatStreamDestination, parseStreamDestination } from './send-stream.ts';

let folder: string;
let server: Server | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'whippet-send-'));
});
afterEach(() => {
  server?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Listens; the promise is what the first client sent. */
async function listen(at: string | number): Promise<{ port: number; received: Promise<string> }> {
  const received = new Promise<string>((resolve) => {
    server = createServer(async (socket) => {
      const chunks: Buffer[] = [];
      for await (const chunk of socket) chunks.push(chunk as Buffer);
      resolve(Buffer.concat(chunks).toString('latin1'));
    });
  });
  server?.listen(at);
  await once(server as Server, 'listening');
  const address = server?.address() as AddressInfo;
  return { port: address.port, received };
}

async function send(lines: readonly string[], to: string, maxPacket?: string): Promise<string> {
  let output = '';
  const stdout = { write: (text: string) => (output += text) };
  const options = maxPacket === undefined ? { to } : { to, maxPacket };
  await sendCommand(lines, options, {
    stdin: [] as never,
    stdout,
    stderr: { write: () => undefined },
    env: {},
  });
  return output;
}

describe('send over a stream', () => {
  it('puts packets into frames for a Unix stream socket', async () => {
    const path = join(folder, 's');
    const { received } = await listen(path);
    const to = `unixstream://${path}`;
    expect(await send(['a:1|c', 'b:22|c', 'c:3|c'], to, '12')).toBe(
      `sent 3 lines in 2 packets (17 bytes) to ${to}\n`,
    );
    expect(await received).toBe('\x0c\0\0\0a:1|c\nb:22|c\x05\0\0\0c:3|c');
  });

  it('ends packets with a newline over TCP', async () => {
    const { port, received } = await listen(0);
    await send(['a:1|c', 'b:22|c', 'c:3|c'], `tcp://localhost:${port}`, '12');
    expect(await received).toBe('a:1|c\nb:22|c\nc:3|c\n');
  });

  it('says that no one listens, and how to change that', async () => {
    const path = join(folder, 'nobody');
    await expect(send(['a:1|c'], `unixstream://${path}`)).rejects.toMatchObject({
      code: 'ERR_SEND_REFUSED',
      message: expect.stringContaining(`--stream-socket ${path}`),
    });
    await expect(send(['a:1|c'], 'tcp://127.0.0.1:1')).rejects.toMatchObject({
      code: 'ERR_SEND_REFUSED',
      message: expect.stringContaining('--tcp-port 1'),
    });
  });

  it.each(['unixstream:///run/s', 'tcp://127.0.0.1:8125', 'tcp://[::1]:8125'])('reads %s', (text) => {
    const destination = parseStreamDestination(text);
    expect(destination && formatStreamDestination(destination)).toBe(text);
  });

  it.each([
    'unix:///run/s',
    'tcp://127.0.0.1',
    'tcp://host:0',
    'unixstream://',
  ])('does not read %s', (text) => {
    expect(parseStreamDestination(text)).toBeUndefined();
  });
});
