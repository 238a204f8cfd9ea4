import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { Command } from 'commander';
import { afterEach, describe, expect, it } from 'vitest';
import { ownPort } from '../../../test/support/own-port.ts';
import { loadLibc, SOCK_DGRAM } from '../../listeners/system/libc.ts';
import { AF_UNIX, sockaddrUnix } from '../../listeners/system/sockaddr.ts';
import { chooseDestination } from './destination.ts';
import { PortableSocket } from './packet-socket.ts';
import { registerSend } from './send.ts';
import { readLines, type SendOptions, sendCommand } from './send-command.ts';

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** A UDP socket on any port, and a function that waits for so many datagrams. */
async function openReceiver() {
  const socket: Socket = createSocket('udp4').bind(0, '127.0.0.1');
  closing.push(() => socket.close());
  await once(socket, 'listening');
  const arrived: string[] = [];
  socket.on('message', (message) => arrived.push(message.toString()));
  const receive = async (packets: number): Promise<string[]> => {
    while (arrived.length < packets) await once(socket, 'message');
    return arrived;
  };
  const { port } = socket.address();
  return { port, to: `udp://127.0.0.1:${port}`, receive };
}

/** Runs the command's work and returns what it printed. */
async function send(lines: string[], options: SendOptions, stdin = ''): Promise<string> {
  let output = '';
  const stdout = { write: (text: string) => (output += text) };
  await sendCommand(lines, options, {
    stdin: Readable.from([Buffer.from(stdin)]),
    stdout,
    stderr: { write: () => undefined },
    env: {},
  });
  return output;
}

describe('send', () => {
  it('packs lines into datagrams and says what it sent', async () => {
    const { to, receive } = await openReceiver();
    expect(await send(['a:1|c', 'b:2|c'], { to })).toBe(`sent 2 lines in 1 packet (11 bytes) to ${to}\n`);
    expect(await send(['a:1|c'], { to, repeat: '3', maxPacket: '11' })).toContain('3 lines in 2 packets');
    expect(await receive(3)).toEqual(['a:1|c\nb:2|c', 'a:1|c\na:1|c', 'a:1|c']);
  });

  it('reads lines from standard input', async () => {
    const { to, receive } = await openReceiver();
    expect(await send(['-'], { to }, 'a:1|c\n\nb:1|c')).toContain('sent 2 lines in 2 packets');
    expect(await receive(2)).toEqual(['a:1|c', 'b:1|c']);
    expect(await send(['-'], { to }, '')).toContain('sent 0 lines in 0 packets');
  });

  it('keeps to the rate', async () => {
    const { to } = await openReceiver();
    const startedAt = performance.now();
    await send(['a:1|c'], { to, repeat: '20', rate: '200' });
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(99);
  });

  it('fails when no one listens', async () => {
    const to = `udp://127.0.0.1:${await ownPort()}`;
    await expect(send(['a:1|c'], { to })).rejects.toMatchObject({
      code: 'ERR_SEND_REFUSED',
      message: expect.stringContaining(`no one listens on ${to}`),
    });
    await expect(send(['a:1|c'], { to: 'unix:///no-such.sock' })).rejects.toMatchObject({
      code: 'ERR_SEND_REFUSED',
      message: expect.stringContaining('--socket /no-such.sock'),
    });
  });

  it('sends what fits and fails for lines that no packet holds', async () => {
    const { to, receive } = await openReceiver();
    const sent = send(['a:1|c', 'long.name:1|c'], { to, maxPacket: '8' });
    await expect(sent).rejects.toMatchObject({ code: 'ERR_SEND_TOO_LONG' });
    expect(await receive(1)).toEqual(['a:1|c']);
  });

  it('refuses options that make no sense', async () => {
    await expect(send(['a'], { to: 'tcp://x' })).rejects.toThrow('--to: not a destination: tcp://x');
    await expect(send(['a'], { rate: '0' })).rejects.toThrow('--rate is a whole number above 0');
    await expect(send(['a'], { maxPacket: '65508' })).rejects.toThrow('--max-packet is at most 65507');
    await expect(send(['-'], { repeat: '2' })).rejects.toThrow('--repeat cannot repeat standard input');
    await expect(send(['a'], { to: `unix:///${'x'.repeat(107)}` })).rejects.toThrow('at most 107');
  });

  it.runIf(process.platform === 'linux')('sends to a Unix socket', async () => {
    const libc = loadLibc();
    const path = `@whippet-send-${process.pid}`;
    const fd = libc.socket(AF_UNIX, SOCK_DGRAM);
    closing.push(() => libc.close(fd));
    libc.bind(fd, sockaddrUnix(path));
    expect(await send(['a:1|c'], { to: `unix://${path}` })).toContain('sent 1 line in 1 packet (5 bytes)');
  });
});

describe('destination', () => {
  const chooses = (to: string | undefined, env: Record<string, string>, want: object): void =>
    expect(chooseDestination(to, env)).toEqual(want);

  it('comes from --to, then from the variables clients read, then is this machine', () => {
    const DD_DOGSTATSD_URL = 'unix:///run/dsd.socket';
    chooses(undefined, {}, { kind: 'udp', host: '127.0.0.1', port: 8125 });
    chooses(undefined, { DD_AGENT_HOST: 'agent' }, { kind: 'udp', host: 'agent', port: 8125 });
    chooses(undefined, { DD_AGENT_HOST: '::1' }, { kind: 'udp', host: '::1', port: 8125 });
    chooses(undefined, { DD_DOGSTATSD_PORT: '9125' }, { kind: 'udp', host: '127.0.0.1', port: 9125 });
    chooses(undefined, { DD_DOGSTATSD_URL, DD_AGENT_HOST: 'x' }, { kind: 'unix', path: '/run/dsd.socket' });
    chooses('udp://b:1', { DD_DOGSTATSD_URL }, { kind: 'udp', host: 'b', port: 1 });
  });

  it('names the variable that is wrong', () => {
    expect(() => chooseDestination(undefined, { DD_DOGSTATSD_URL: 'x' })).toThrow('DD_DOGSTATSD_URL: not a');
    expect(() => chooseDestination(undefined, { DD_DOGSTATSD_PORT: 'x' })).toThrow(
      'DD_DOGSTATSD_PORT: not a',
    );
  });
});

describe('readLines', () => {
  it('finds the same lines wherever the stream is split', async () => {
    const text = Buffer.from('one\n\ntwo\nthree');
    for (let split = 0; split <= text.length; split++) {
      const lines: string[] = [];
      const chunks = Readable.from([text.subarray(0, split), text.subarray(split)]);
      for await (const batch of readLines(chunks, 2)) lines.push(...batch.map((line) => String(line)));
      expect(lines).toEqual(['one', 'two', 'three']);
    }
  });

  it('does not keep a line without end', async () => {
    const chunks = Readable.from(Array.from({ length: 100 }, () => Buffer.alloc(50_000, 0x61)));
    const lengths: number[] = [];
    for await (const batch of readLines(chunks, 2)) lengths.push(...batch.map((line) => line.length));
    expect(lengths).toEqual([250_000]);
  });
});

describe('PortableSocket', () => {
  it('sends over UDP without system calls, and says that no one listens', async () => {
    const { port, receive } = await openReceiver();
    const socket = await PortableSocket.open({ kind: 'udp', host: '127.0.0.1', port });
    const packets = {
      bytes: Buffer.from('aabbb'),
      offsets: Uint32Array.of(0, 2),
      lengths: Uint32Array.of(2, 3),
    };
    await socket.send(packets);
    socket.close();
    expect(await receive(2)).toEqual(['aa', 'bbb']);
    expect([socket.packets, socket.bytes]).toEqual([2, 5]);

    const closed = await PortableSocket.open({
      kind: 'udp',
      host: '127.0.0.1',
      port: await ownPort(),
    });
    await expect(closed.send(packets)).rejects.toMatchObject({ code: 'ERR_SEND_REFUSED' });
    closed.close();
  });
});

describe('whippet send on the command line', () => {
  async function run(...args: string[]): Promise<string[]> {
    const { to, receive } = await openReceiver();
    const program = new Command('whippet').exitOverride().configureOutput({ writeErr: () => {} });
    registerSend(program);
    const write = process.stdout.write;
    process.stdout.write = () => true;
    try {
      await program.parseAsync(['node', 'whippet', 'send', ...args, '--to', to]);
    } finally {
      process.stdout.write = write;
    }
    return await receive(1);
  }

  it('takes lines, metrics, events and checks', async () => {
    expect(await run('page.views:1|c|#env:dev')).toEqual(['page.views:1|c|#env:dev']);
    expect(await run('--count', 'page.views', '1', '--tag', 'env:dev')).toEqual(['page.views:1|c|#env:dev']);
    expect(await run('--gauge', 't', '-5', '--tag', 'a', '--tag', 'b')).toEqual(['t:-5|g|#a,b']);
    expect(await run('event', 'title', 'text', '--alert-type', 'error', '--tag', 'a')).toEqual([
      '_e{5,4}:title|text|t:error|#a',
    ]);
    expect(await run('--tag', 'a', 'check', 'db.up', '0', '--message', 'ok')).toEqual([
      '_sc|db.up|0|#a|m:ok',
    ]);
  });

  it('ends wrong usage with code 2', async () => {
    await expect(run('--count', 'a')).rejects.toMatchObject({ exitCode: 2 });
    await expect(run('check', 'a', 'b')).rejects.toMatchObject({ exitCode: 2 });
    await expect(run('--nonsense')).rejects.toMatchObject({ code: 'commander.unknownOption' });
  });
});
