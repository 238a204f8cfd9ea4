/** Stream listeners on real sockets, with a shard that only remembers what it was given. */

import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { FrameSender } from '../../../bench/send-frames.ts';
import { frame, packetsOf } from '../../../test/support/packets.ts';
import {
  endRunningListeners,
  RunningListeners,
  type Setup,
  track,
  until,
} from '../../../test/support/processes/running-listeners.ts';
import { readTlsFixture } from '../../../test/support/tls-fixture.ts';
import { ControlWord, makeControlBuffer } from '../../telemetry/counters/control-word.ts';
import { RateLimiter } from '../memory/rate-limiter.ts';
import { LENGTH_IMPOSSIBLE } from './length-framing.ts';

const PACKET_BYTES_MAX = 8192;
afterEach(endRunningListeners);

describe.each<[string, Setup]>([
  ['system calls', {}],
  ['who has sent it', { containerOf: () => 'a'.repeat(64) }],
  ['Node alone', { portable: true }],
])('a Unix stream with %s', (_, setup) => {
  it('takes frames of many clients and ends their connections at a stop', async () => {
    const server = await RunningListeners.start(setup);
    const clients = await Promise.all(Array.from({ length: 20 }, () => server.connect()));
    for (const [i, client] of clients.entries()) client.write(Buffer.concat([frame(`a${i}`), frame('')]));
    await until(() => server.packets.length === 20);
    expect(server.listeners.view()).toMatchObject({ open: 20, omitted: 0 });
    const ends = clients.map((client) => once(client, 'end'));
    await server.stop();
    await Promise.all(ends);
    expect(server.finished).toBe(true);
    expect(server.open).toBe(0);
    expect(server.count('framesEmpty')).toBe(20);
  });

  it('reads to its end what clients had sent when it stops', async () => {
    const server = await RunningListeners.start({ ...setup, packetMs: 1 });
    const client = await server.connect();
    const packets = Array.from({ length: 300 }, (_, i) => `packet-${i}`);
    await new Promise<void>((resolve) => client.write(Buffer.concat(packets.map(frame)), () => resolve()));
    // A client that connects right before the stop counts, too.
    const late = await server.connect();
    await new Promise<void>((resolve) => late.write(frame('late'), () => resolve()));
    await server.stop();
    expect([...server.packets].sort()).toEqual([...packets, 'late'].sort());
  });
});

describe('a stream listener', () => {
  it('takes what clients have sent whom it had not even accepted when it was told to stop', async () => {
    const server = await RunningListeners.start({ packetMs: 5 });
    const flood = await server.connect();
    for (let i = 0; i < 100; i++) flood.write(frame('flood'));
    await until(() => server.packets.length > 0);
    // Nothing of this lets the event loop, on which the server runs as well, accept anyone.
    const senders = Array.from({ length: 200 }, () => new FrameSender(server.path));
    for (const sender of senders) {
      sender.send(packetsOf(['late']));
      sender.close();
    }
    await server.stop();
    expect(server.packets.filter((packet) => packet === 'late')).toHaveLength(200);
    expect(server.count('connectionsOpened')).toBe(201);
  });

  it('goes on reading others while one connection floods it with slow packets', async () => {
    const server = await RunningListeners.start({ packetMs: 0.5 });
    const flood = await server.connect();
    const quiet = await server.connect();
    const sent = 1000;
    for (let i = 0; i < sent; i++) flood.write(frame(`flood-${i}`));
    await until(() => server.packets.length > 10);
    quiet.write(frame('quiet'));
    await until(() => server.packets.includes('quiet'));
    const floodBefore = server.packets.indexOf('quiet');
    expect(floodBefore).toBeLessThan(sent / 2);
    expect(server.count('connectionWaits')).toBeGreaterThan(0);
    await until(() => server.packets.length === sent + 1);
    const flooded = server.packets.filter((packet) => packet !== 'quiet');
    expect(flooded).toEqual(Array.from({ length: sent }, (_, i) => `flood-${i}`));
  });

  it('closes what comes beyond listeners.connections_max, and takes new ones when others have left', async () => {
    const server = await RunningListeners.start({ connectionsMax: 2 });
    const [first] = [await server.connect(), await server.connect()];
    const refused = await server.connect();
    await once(refused.resume(), 'close');
    expect(server.count('connectionsRefusedLimit')).toBe(1);
    expect(server.reports).toMatchObject([{ problem: 'limit', listener: 'unix' }]);
    first.end();
    await until(() => server.open === 1);
    const next = await server.connect();
    next.write(frame('next'));
    await until(() => server.packets.includes('next'));
  });

  it('reads nothing while memory is short, loses nothing by it, and does not wait for it when it stops', async () => {
    let ratio = 0.9;
    const counters = new ControlWord(makeControlBuffer()).counters;
    const range = { min: 1, max: 1, factor: 2 };
    const limits = {
      low_soft_limit: 0.6,
      high_soft_limit: 0.8,
      rate_check: range,
      soft_limit_freeos_check: range,
    };
    const limiter = new RateLimiter({ limits, ratio: () => ratio, reclaim: () => undefined, counters });
    const server = await RunningListeners.start({ limiter });
    const clients = [await server.connect(), await server.connect()];
    for (const client of clients) client.write(frame('waits'));
    await until(() => counters.get('limiterHigh') > 5);
    expect(server.packets).toEqual([]);
    ratio = 0.5;
    await until(() => server.packets.length === 2);
    ratio = 0.9;
    const late = await server.connect();
    late.write(frame('late'));
    const before = counters.get('limiterHigh');
    await until(() => counters.get('limiterHigh') > before);
    await server.stop();
    expect(server.packets).toEqual(['waits', 'waits', 'late']);
  });

  it('closes idle connections, and says so', async () => {
    const server = await RunningListeners.start({ idleTimeoutMs: 50 });
    const client = await server.connect();
    await once(client.resume(), 'close');
    await until(() => server.open === 0);
    expect(server.count('connectionsIdle')).toBe(1);
    expect(server.reports).toMatchObject([{ problem: 'idle', connection: 1 }]);
  });

  it.each([
    [Buffer.of(6, 0), 'cut_header', 'framesCut'],
    [Buffer.concat([frame('whole'), Buffer.of(6, 0, 0, 0, 65)]), 'cut_payload', 'framesCut'],
  ] as const)('counts and reports a client that dies within a frame', async (bytes, problem, counter) => {
    const server = await RunningListeners.start();
    const client = await server.connect();
    client.end(bytes);
    await until(() => server.count(counter) === 1);
    expect(server.reports).toMatchObject([{ problem, connection: 1, peer: { pid: process.pid } }]);
    expect(server.packets).toEqual(bytes.length > 2 ? ['whole'] : []);
  });

  it.each([
    PACKET_BYTES_MAX + 1,
    65_536,
    1_000_000,
    LENGTH_IMPOSSIBLE - 1,
  ])('skips a frame of %i bytes, which is too long, and goes on behind it', async (length) => {
    const server = await RunningListeners.start();
    const client = await server.connect();
    const longest = 'x'.repeat(PACKET_BYTES_MAX);
    for (const packet of ['before', 'y'.repeat(length), 'after', 'z'.repeat(length), longest])
      client.write(frame(packet));
    await until(() => server.packets.length === 3);
    expect(server.packets).toEqual(['before', 'after', longest]);
    expect(server.count('framesTooLong')).toBe(2);
    expect(server.open).toBe(1);
    expect(server.reports).toMatchObject([
      { problem: 'frame_too_long', detail: expect.stringContaining(String(length)) },
    ]);
    expect(server.reports[0]).not.toHaveProperty('quote');
  });

  it('ends a connection at a length that no frame has, and only that one', async () => {
    const server = await RunningListeners.start();
    const [good, bad] = [await server.connect(), await server.connect()];
    bad.write(Buffer.concat([frame('before'), Buffer.from('a:1|c\nb:2|c\n')]));
    await once(bad.resume(), 'close');
    good.write(frame('good'));
    await until(() => server.packets.length === 2);
    expect(server.packets).toEqual(['before', 'good']);
    expect(server.count('framesImpossible')).toBe(1);
    expect(server.open).toBe(1);
    expect(server.reports).toMatchObject([{ problem: 'frame_impossible' }]);
  });

  it('quotes the start of a frame that is too long when asked to, also when it comes later', async () => {
    const server = await RunningListeners.start({ logTooBig: true });
    const client = await server.connect();
    client.setNoDelay(true);
    client.write(Buffer.of(0xff, 0xff, 0, 0));
    await until(() => server.count('connectionsOpened') === 1);
    await sleep(20);
    client.write('GET / HTTP/1.1');
    await until(() => server.reports.length === 1);
    expect(server.reports[0]).toMatchObject({ problem: 'frame_too_long', quote: 'GET / HTTP/1.1' });
  });

  it('shows who is connected and what came', async () => {
    const server = await RunningListeners.start();
    const client = await server.connect();
    client.write(Buffer.concat([frame('abc'), frame('de')]));
    await until(() => server.packets.length === 2);
    const { connections } = server.listeners.view();
    expect(connections).toMatchObject([
      { id: 1, listener: 'unix', packets: 2, bytes: 5, waiting: false, lastError: null },
    ]);
    expect(connections[0]?.peer).toMatchObject({ pid: process.pid, uid: process.getuid?.() });
  });

  it('holds back reports when many connections fail alike', async () => {
    const server = await RunningListeners.start();
    for (let i = 0; i < 30; i++) (await server.connect()).end(Buffer.of(1));
    await until(() => server.count('framesCut') === 30);
    expect(server.reports).toHaveLength(5);
  });

  it('leaves nothing behind of 2,000 connections, some with half a frame', async () => {
    const server = await RunningListeners.start();
    for (let round = 0; round < 20; round++) {
      const clients = await Promise.all(Array.from({ length: 100 }, () => server.connect()));
      for (const [i, client] of clients.entries()) {
        if (i % 3 === 0) client.end(frame('x').subarray(0, 3));
        else if (i % 3 === 1) client.destroy();
        else client.end(frame('x'));
      }
      // Those that are yet to be accepted are not open either.
      await until(() => server.count('connectionsOpened') === 100 * (round + 1) && server.open === 0);
    }
    expect(server.listeners.view()).toMatchObject({ open: 0, connections: [] });
    expect(server.packets.length).toBe(20 * 33);
  });
});

describe.each([
  ['TCP', 'tcp', false],
  ['TCP with Node alone', 'tcp', true],
  ['a named pipe', 'named_pipe', false],
  ['a named pipe with Node alone', 'named_pipe', true],
] as const)('%s', (_, kind, portable) => {
  it('takes lines, and the last one without its end', async () => {
    const server = await RunningListeners.start({ listener: { kind }, portable });
    const client = await server.connect();
    client.write('a:1|c\nb:2');
    await until(() => server.packets.length === 1);
    client.end('|c\nc:3|c');
    await until(() => server.open === 0);
    expect(server.packets.join('')).toBe('a:1|c\nb:2|c\nc:3|c\n');
    expect(server.listeners.view().connections).toEqual([]);
  });

  it('counts the last line without its end when an end is required', async () => {
    const server = await RunningListeners.start({ listener: { kind, eolRequired: true }, portable });
    (await server.connect()).end('a:1|c\nb:2|c');
    await until(() => server.count('linesUnterminated') === 1);
    expect(server.packets).toEqual(['a:1|c\n']);
  });

  it('leaves out a line that is too long, and goes on', async () => {
    const server = await RunningListeners.start({ listener: { kind }, portable });
    (await server.connect()).end(`${'x'.repeat(100_000)}\nb:2|c\n`);
    await until(() => server.packets.length === 1);
    expect(server.packets).toEqual(['b:2|c\n']);
    expect(server.count('linesTooLong')).toBe(1);
  });
});

describe('TCP with TLS', () => {
  const ca = readTlsFixture('ca.crt');
  const tls = {
    cert: readTlsFixture('server.crt'),
    key: readTlsFixture('server.key'),
    ca,
    requireClientCert: true,
  };

  async function send(server: RunningListeners, client: string | undefined, text: string): Promise<void> {
    const identity =
      client === undefined
        ? {}
        : { cert: readTlsFixture(`${client}.crt`), key: readTlsFixture(`${client}.key`) };
    const socket = connectTls({ port: server.port, host: '127.0.0.1', ca, ...identity });
    track(socket);
    socket.resume().end(text);
    await new Promise((resolve) => socket.once('close', resolve));
  }

  it('takes lines of a client with a certificate, and knows its name', async () => {
    const server = await RunningListeners.start({ listener: { kind: 'tcp', tls } });
    const socket = connectTls({
      port: server.port,
      host: '127.0.0.1',
      ca,
      cert: readTlsFixture('client.crt'),
      key: readTlsFixture('client.key'),
    });
    track(socket);
    socket.write('a:1|c\n');
    await until(() => server.packets.length === 1);
    expect(server.listeners.view().connections).toMatchObject([
      { peer: { certificate: 'whippet TEST ONLY client' }, packets: 1 },
    ]);
    socket.end('b:2|c\n');
    await until(() => server.open === 0);
    expect(server.packets.join('')).toBe('a:1|c\nb:2|c\n');
  });

  it.each([
    ['no certificate', undefined],
    ['a certificate of someone else', 'stranger'],
  ])('lets in no client with %s', async (_, client) => {
    const server = await RunningListeners.start({ listener: { kind: 'tcp', tls } });
    await send(server, client, 'a:1|c\n');
    await until(() => server.count('connectionsTlsFailed') === 1 && server.open === 0);
    expect(server.packets).toEqual([]);
    expect(server.reports).toMatchObject([
      { problem: 'tls', peer: { address: expect.stringMatching(/^127/) } },
    ]);
  });

  it('refuses a client that does not speak TLS, and goes on', async () => {
    const server = await RunningListeners.start({
      listener: { kind: 'tcp', tls: { ...tls, requireClientCert: false } },
    });
    const plain = await server.connect();
    plain.resume().write('a:1|c\n');
    await once(plain, 'close');
    await send(server, undefined, 'b:2|c\n');
    await until(() => server.packets.length === 1 && server.open === 0);
    expect(server.packets).toEqual(['b:2|c\n']);
    expect(server.count('connectionsTlsFailed')).toBe(1);
  });
});
