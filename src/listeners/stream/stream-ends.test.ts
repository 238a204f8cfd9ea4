/** How connections end, and what that makes of the last line: in order by the client, or otherwise and then counted. */

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { frame } from '../../../test/support/packets.ts';
import {
  endRunningListeners,
  RunningListeners,
  track,
  until,
} from '../../../test/support/processes/running-listeners.ts';
import { readTlsFixture } from '../../../test/support/tls-fixture.ts';
import type { StreamListener } from './stream-settings.ts';

afterEach(endRunningListeners);

const ca = readTlsFixture('ca.crt');
const TLS = {
  cert: readTlsFixture('server.crt'),
  key: readTlsFixture('server.key'),
  ca,
  requireClientCert: false,
};

type Kind =
  | 'TCP'
  | 'TLS 1.2'
  | 'TLS 1.3'
  | 'a pipe'
  | 'a pipe with its senders'
  | 'TCP with Node alone'
  | 'a pipe with Node alone';

const LISTENERS: Readonly<Record<Kind, Partial<Omit<StreamListener, 'socket'>>>> = {
  TCP: { kind: 'tcp' },
  'TLS 1.2': { kind: 'tcp', tls: TLS },
  'TLS 1.3': { kind: 'tcp', tls: TLS },
  'a pipe': { kind: 'named_pipe' },
  'a pipe with its senders': { kind: 'named_pipe' },
  'TCP with Node alone': { kind: 'tcp' },
  'a pipe with Node alone': { kind: 'named_pipe' },
};
const KINDS = Object.keys(LISTENERS) as Kind[];

interface Client {
  /** What is written to. */
  readonly socket: Socket | TLSSocket;
  /** The TCP connection. */
  readonly below: Socket;
}

async function open(server: RunningListeners, kind: Kind): Promise<Client> {
  const below = await server.connect();
  if (!kind.startsWith('TLS')) return { socket: below, below };
  const version = kind === 'TLS 1.2' ? 'TLSv1.2' : 'TLSv1.3';
  const socket = track(
    connectTls({ socket: below, host: '127.0.0.1', ca, maxVersion: version, minVersion: version }),
  );
  await once(socket, 'secureConnect');
  socket.resume();
  return { socket, below };
}

const startOf = (
  kind: Kind,
  more: { idleTimeoutMs?: number; packetMs?: number } = {},
): Promise<RunningListeners> =>
  RunningListeners.start({
    ...{ listener: LISTENERS[kind], portable: kind.endsWith('Node alone'), ...more },
    ...(kind.endsWith('senders') && { containerOf: () => 'a'.repeat(64) }),
  });

/** Sends lines and half a line, and waits until the lines are there. */
async function begin(server: RunningListeners, kind: Kind): Promise<Client> {
  const client = await open(server, kind);
  client.socket.write('whole:1|c\npage.views:1|c|#region:abcdefgh');
  await until(() => server.packets.length === 1);
  return client;
}

describe.each(KINDS)('over %s', (kind) => {
  it('a last line without its newline counts when the client ends in order', async () => {
    const server = await startOf(kind);
    const { socket } = await begin(server, kind);
    socket.end('ij');
    await until(() => server.open === 0);
    expect(server.packets).toEqual(['whole:1|c\n', 'page.views:1|c|#region:abcdefghij\n']);
    expect(server.count('linesCut')).toBe(0);
  });

  it('a line that our stop cuts is counted and not taken for a whole one', async () => {
    const server = await startOf(kind);
    const { socket } = await begin(server, kind);
    socket.on('error', () => undefined);
    await server.stop();
    expect(server.packets).toEqual(['whole:1|c\n']);
    expect(server.count('linesCut')).toBe(1);
    expect(server.open).toBe(0);
    expect(server.reports).toMatchObject([{ problem: 'cut_line' }]);
  });

  it('a line that is cut by the idle limit is counted', async () => {
    const server = await startOf(kind, { idleTimeoutMs: 50 });
    await begin(server, kind);
    await until(() => server.open === 0);
    expect(server.packets).toEqual(['whole:1|c\n']);
    expect(server.count('linesCut')).toBe(1);
  });
});

const OVER_TCP = KINDS.filter((kind) => !kind.startsWith('a pipe'));

describe.each(OVER_TCP)('over %s', (kind) => {
  it('a line that a reset cuts is counted', async () => {
    const server = await startOf(kind);
    const { below } = await begin(server, kind);
    below.resetAndDestroy();
    await until(() => server.open === 0);
    expect(server.packets).toEqual(['whole:1|c\n']);
    expect(server.count('linesCut')).toBe(1);
  });
});

// Without system calls a reset right behind bytes looks like an end.
describe.each(OVER_TCP.filter((kind) => !kind.endsWith('Node alone')))('over %s', (kind) => {
  it('what came before a reset is taken although the connection waited for its turn', async () => {
    const server = await startOf(kind, { packetMs: 3 });
    const { socket, below } = await open(server, kind);
    const lines = Array.from({ length: 200 }, (_, i) => `line.${i}:1|c\n`);
    for (const line of lines) await new Promise((resolve) => socket.write(line, resolve));
    await new Promise((resolve) => socket.write('half', resolve));
    await until(() => server.packets.length > 0);
    below.resetAndDestroy();
    await until(() => server.open === 0);
    const taken = server.packets.join('');
    expect(lines.join('').startsWith(taken)).toBe(true);
    // What the kernel had not given away yet when the reset came is the client's loss; half a line is never a line.
    expect(taken.endsWith('\n')).toBe(true);
  });
});

describe.each(['TLS 1.2', 'TLS 1.3'] as const)('over %s', (kind) => {
  it('a line is cut when TCP ends and TLS did not say so', async () => {
    const server = await startOf(kind);
    const { below } = await begin(server, kind);
    below.end();
    await until(() => server.open === 0);
    expect(server.packets).toEqual(['whole:1|c\n']);
    expect(server.count('linesCut')).toBe(1);
  });
});

it('a rest counts exactly when the client has ended in order, wherever the lines are cut', async () => {
  const server = await startOf('TCP');
  const line = fc.string({ minLength: 1, maxLength: 30, unit: fc.constantFrom('a', ':', '|', '#', 'é') });
  await fc.assert(
    fc.asyncProperty(
      fc.array(line, { minLength: 1, maxLength: 5 }),
      fc.boolean(),
      fc.nat(),
      async (lines, resets, at) => {
        server.packets.length = 0;
        const before = server.count('linesCut');
        const text = Buffer.from(lines.join('\n'));
        const sent = text.subarray(0, 1 + (at % text.length));
        const { socket } = await open(server, 'TCP');
        await new Promise((resolve) => socket.write(sent, resolve));
        const whole = sent.subarray(0, sent.lastIndexOf(0x0a) + 1);
        const hasRest = whole.length < sent.length;
        if (resets) {
          await until(
            () => server.packets.join('').length === whole.length && server.listeners.view().open === 1,
          );
          socket.resetAndDestroy();
        } else socket.end();
        await until(() => server.open === 0);
        const want = resets ? whole : hasRest ? Buffer.concat([sent, Buffer.from('\n')]) : sent;
        expect(server.packets.join('')).toBe(want.toString('latin1'));
        expect(server.count('linesCut') - before).toBeLessThanOrEqual(resets && hasRest ? 1 : 0);
      },
    ),
    { numRuns: 60 },
  );
});

it('loses nothing of what a TCP client has got acknowledged when the server stops', async () => {
  const server = await startOf('TCP');
  const client = await server.connect();
  const line = 'a:1|c\n';
  let open = true;
  client.on('close', () => {
    open = false;
  });
  let written = 0;
  const send = (): void => {
    if (!open) return;
    client.write(line, (error) => {
      if (!error) written++;
    });
    setTimeout(send, 0);
  };
  send();
  await until(() => server.packets.length > 20);
  await server.stop();
  const taken = server.packets.join('').length / line.length;
  // What the system had taken of the client and not sent when the reset came is the client's to know.
  expect(taken).toBeLessThanOrEqual(written);
  expect(server.count('linesCut')).toBeLessThanOrEqual(1);
  expect(server.open).toBe(0);
});

it('counts a frame that our stop cuts', async () => {
  const server = await RunningListeners.start();
  const client = track(connect(server.path));
  client.write(Buffer.concat([frame('whole:1|c'), frame('half:1|c').subarray(0, 7)]));
  await until(() => server.packets.length === 1);
  await server.stop();
  expect(server.packets).toEqual(['whole:1|c']);
  expect(server.count('framesCut')).toBe(1);
});
