/** Stream listeners on real sockets, with a shard that only remembers what it was given. */
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { packetsOf } from '../../test/support/packets.ts';
import type { ConnectionReport } from '../model/connection.ts';
import type { ShardMessage } from '../model/shard-message.ts';
import { ControlWord, makeControlBuffer } from '../telemetry/control-word.ts';
import { STREAM_COUNTER_BYTES, type StreamCounter } from '../telemetry/stream-counters.ts';
import { portableClock } from './clock.ts';
import { loadLibc } from './libc.ts';
import { openTcpSocket } from './port-socket.ts';
import { RateLimiter } from './rate-limiter.ts';
import { FrameSender } from './send-frames.ts';
import { StreamIntake } from './stream-intake.ts';
import type { StreamListener, StreamSettings } from './stream-settings.ts';
import { openUnixStream } from './unix-socket.ts';

const PACKET_BYTES_MAX = 8192;
const libc = loadLibc();
let folder: string;
let intakes: RunningIntake[] = [];
const sockets: Socket[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'whippet-stream-'));
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const intake of intakes) await intake.stop();
  intakes = [];
  rmSync(folder, { recursive: true, force: true });
});

interface Setup extends Partial<Omit<StreamSettings, 'kind' | 'listeners' | 'counters'>> {
  readonly listener?: Partial<Omit<StreamListener, 'socket'>>;
  /** Lets the thread open the socket itself, as where there are no system calls. */
  readonly portable?: boolean;
  /** Says how long to hold back, ms; as the rate limiter does. */
  readonly limiter?: RateLimiter;
  /** How long the shard works on each packet, ms. */
  readonly packetMs?: number;
}

class RunningIntake {
  readonly path = join(folder, 's');
  readonly packets: string[] = [];
  readonly reports: ConnectionReport[] = [];
  readonly messages: ShardMessage[] = [];
  readonly intake: StreamIntake;
  readonly kind: StreamListener['kind'];
  finished = false;
  port = 0;
  private readonly fd: number | undefined;
  private readonly control = new ControlWord(makeControlBuffer());
  private run: Promise<void> = Promise.resolve();

  static async start(setup: Setup = {}): Promise<RunningIntake> {
    const { kind = 'unix' } = setup.listener ?? {};
    const address = { host: '127.0.0.1', port: 0, allInterfaces: false };
    const tcp = kind === 'tcp' && !setup.portable ? await openTcpSocket(libc, address, 0, 512) : undefined;
    const intake = new RunningIntake(setup, tcp?.fd);
    intakes.push(intake);
    await intake.intake.listen();
    const [bound] = intake.messages.flatMap((message) => (message.kind === 'bound' ? message.listeners : []));
    if (bound === undefined || !('port' in bound)) throw new Error(JSON.stringify(intake.messages));
    intake.port = bound.port;
    intake.run = intake.intake.run();
    return intake;
  }

  private constructor(
    { listener = {}, portable = false, packetMs = 0, limiter, ...settings }: Setup,
    tcpFd?: number,
  ) {
    const memory = Buffer.from(new ArrayBuffer(1 << 20));
    const clock = portableClock();
    clock.tick();
    const { kind = 'unix', eolRequired = false, tls } = listener;
    this.kind = kind;
    this.fd = portable ? undefined : (tcpFd ?? openUnixStream(libc, this.path, 'key', 512).fd);
    const own = kind === 'tcp' ? { host: '127.0.0.1', port: 0 } : { path: this.path };
    const socket = this.fd === undefined ? own : { fd: this.fd };
    this.intake = new StreamIntake({
      settings: {
        ...{ connectionsMax: 2000, idleTimeoutMs: 0, logTooBig: false, ...settings, kind: 'streams' },
        shares: [],
        counters: new SharedArrayBuffer(STREAM_COUNTER_BYTES),
        listeners: [{ kind, eolRequired, socket, ...(tls === undefined ? {} : { tls }) }],
      },
      packetBytesMax: PACKET_BYTES_MAX,
      libc: portable ? undefined : libc,
      shard: {
        takePacket: (ptr, length) => {
          const until = performance.now() + packetMs;
          while (performance.now() < until);
          this.packets.push(memory.toString('latin1', ptr, ptr + length));
        },
        passTime: () => undefined,
        finish: () => {
          this.finished = true;
        },
      },
      control: this.control,
      clock,
      takeRegion: () => 4096,
      memory: () => memory,
      onAttention: () => undefined,
      limiter,
      forwarder: undefined,
      echoes: false,
      onPacket: () => undefined,
      afterBatch: () => undefined,
      send: (message) => {
        this.messages.push(message);
        if (message.kind === 'connection') this.reports.push(message.report);
      },
    });
  }

  count(counter: StreamCounter): number {
    return this.intake.counters.get(this.kind, counter);
  }

  /** A client that is connected. */
  async connect(): Promise<Socket> {
    const socket = this.port > 0 ? connect(this.port, '127.0.0.1') : connect(this.path);
    sockets.push(socket);
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    return socket;
  }

  requestStop(): void {
    this.control.requestStop();
  }

  async stop(): Promise<void> {
    this.requestStop();
    await this.run;
    if (this.fd !== undefined) libc.close(this.fd);
  }
}

/** Polls until the condition holds. */
async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`never: ${condition}`);
    await sleep(5);
  }
}

function frame(packet: string): Buffer {
  const bytes = Buffer.alloc(4 + packet.length);
  bytes.writeUInt32LE(packet.length);
  bytes.write(packet, 4, 'latin1');
  return bytes;
}

describe.each([
  ['system calls', false],
  ['Node alone', true],
])('a Unix stream with %s', (_, portable) => {
  it('takes frames of many clients and ends their connections at a stop', async () => {
    const intake = await RunningIntake.start({ portable });
    const clients = await Promise.all(Array.from({ length: 20 }, () => intake.connect()));
    for (const [i, client] of clients.entries()) client.write(Buffer.concat([frame(`a${i}`), frame('')]));
    await until(() => intake.packets.length === 20);
    expect(intake.intake.view()).toMatchObject({ open: 20, omitted: 0 });
    const ends = clients.map((client) => once(client, 'end'));
    await intake.stop();
    await Promise.all(ends);
    expect(intake.finished).toBe(true);
    expect(intake.count('open')).toBe(0);
    expect(intake.count('emptyFrames')).toBe(20);
  });

  it('reads to its end what clients had sent when it stops', async () => {
    const intake = await RunningIntake.start({ portable, packetMs: 1 });
    const client = await intake.connect();
    const packets = Array.from({ length: 300 }, (_, i) => `packet-${i}`);
    await new Promise<void>((resolve) => client.write(Buffer.concat(packets.map(frame)), () => resolve()));
    // A client that connects right before the stop counts, too.
    const late = await intake.connect();
    await new Promise<void>((resolve) => late.write(frame('late'), () => resolve()));
    await intake.stop();
    expect([...intake.packets].sort()).toEqual([...packets, 'late'].sort());
  });
});

describe('a stream listener', () => {
  it('takes what clients have sent whom it had not even accepted when it was told to stop', async () => {
    const intake = await RunningIntake.start({ packetMs: 5 });
    const flood = await intake.connect();
    for (let i = 0; i < 100; i++) flood.write(frame('flood'));
    await until(() => intake.packets.length > 0);
    // Nothing of this lets the event loop, on which the intake runs as well, accept anyone.
    const senders = Array.from({ length: 200 }, () => new FrameSender(intake.path));
    for (const sender of senders) {
      sender.send(packetsOf(['late']));
      sender.close();
    }
    await intake.stop();
    expect(intake.packets.filter((packet) => packet === 'late')).toHaveLength(200);
    expect(intake.count('accepted')).toBe(201);
  });

  it('goes on reading others while one connection floods it with slow packets', async () => {
    const intake = await RunningIntake.start({ packetMs: 0.5 });
    const flood = await intake.connect();
    const quiet = await intake.connect();
    const sent = 1000;
    for (let i = 0; i < sent; i++) flood.write(frame(`flood-${i}`));
    await until(() => intake.packets.length > 10);
    quiet.write(frame('quiet'));
    await until(() => intake.packets.includes('quiet'));
    const floodBefore = intake.packets.indexOf('quiet');
    expect(floodBefore).toBeLessThan(sent / 2);
    expect(intake.count('waits')).toBeGreaterThan(0);
    await until(() => intake.packets.length === sent + 1);
    const flooded = intake.packets.filter((packet) => packet !== 'quiet');
    expect(flooded).toEqual(Array.from({ length: sent }, (_, i) => `flood-${i}`));
  });

  it('closes what comes beyond intake.connections_max, and takes new ones when others have left', async () => {
    const intake = await RunningIntake.start({ connectionsMax: 2 });
    const [first] = [await intake.connect(), await intake.connect()];
    const refused = await intake.connect();
    await once(refused.resume(), 'close');
    expect(intake.count('refusedLimit')).toBe(1);
    expect(intake.reports).toMatchObject([{ problem: 'limit', listener: 'unix' }]);
    first.end();
    await until(() => intake.count('open') === 1);
    const next = await intake.connect();
    next.write(frame('next'));
    await until(() => intake.packets.includes('next'));
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
    const intake = await RunningIntake.start({ limiter });
    const clients = [await intake.connect(), await intake.connect()];
    for (const client of clients) client.write(frame('waits'));
    await until(() => counters.get('limiterHigh') > 5);
    expect(intake.packets).toEqual([]);
    ratio = 0.5;
    await until(() => intake.packets.length === 2);
    ratio = 0.9;
    const late = await intake.connect();
    late.write(frame('late'));
    const before = counters.get('limiterHigh');
    await until(() => counters.get('limiterHigh') > before);
    await intake.stop();
    expect(intake.packets).toEqual(['waits', 'waits', 'late']);
  });

  it('closes idle connections, and says so', async () => {
    const intake = await RunningIntake.start({ idleTimeoutMs: 50 });
    const client = await intake.connect();
    await once(client.resume(), 'close');
    await until(() => intake.count('open') === 0);
    expect(intake.count('idle')).toBe(1);
    expect(intake.reports).toMatchObject([{ problem: 'idle', connection: 1 }]);
  });

  it.each([
    [Buffer.of(6, 0), 'cut_header', 'cutHeaders'],
    [Buffer.concat([frame('whole'), Buffer.of(6, 0, 0, 0, 65)]), 'cut_payload', 'cutPayloads'],
  ] as const)('counts and reports a client that dies within a frame', async (bytes, problem, counter) => {
    const intake = await RunningIntake.start();
    const client = await intake.connect();
    client.end(bytes);
    await until(() => intake.count(counter) === 1);
    expect(intake.reports).toMatchObject([{ problem, connection: 1, peer: { pid: process.pid } }]);
    expect(intake.packets).toEqual(bytes.length > 2 ? ['whole'] : []);
  });

  it('drops a connection whose frame is too long, and only that one', async () => {
    const intake = await RunningIntake.start();
    const [good, bad] = [await intake.connect(), await intake.connect()];
    bad.write(Buffer.concat([frame('before'), frame('x'.repeat(PACKET_BYTES_MAX + 1)), frame('after')]));
    await once(bad.resume(), 'close');
    good.write(frame('x'.repeat(PACKET_BYTES_MAX)));
    await until(() => intake.packets.length === 2);
    expect(intake.packets[0]).toBe('before');
    expect(intake.count('longFrames')).toBe(1);
    expect(intake.reports).toMatchObject([
      { problem: 'frame_too_long', detail: expect.stringContaining('8193') },
    ]);
    expect(intake.reports[0]).not.toHaveProperty('quote');
  });

  it('quotes the start of a frame that is too long when asked to, also when it comes later', async () => {
    const intake = await RunningIntake.start({ logTooBig: true });
    const client = await intake.connect();
    client.setNoDelay(true);
    client.write(Buffer.of(0xff, 0xff, 0, 0));
    await until(() => intake.count('accepted') === 1);
    await sleep(20);
    client.write('GET / HTTP/1.1');
    await once(client.resume(), 'close');
    await until(() => intake.reports.length === 1);
    expect(intake.reports[0]).toMatchObject({ problem: 'frame_too_long', quote: 'GET / HTTP/1.1' });
  });

  it('shows who is connected and what came', async () => {
    const intake = await RunningIntake.start();
    const client = await intake.connect();
    client.write(Buffer.concat([frame('abc'), frame('de')]));
    await until(() => intake.packets.length === 2);
    const { connections } = intake.intake.view();
    expect(connections).toMatchObject([
      { id: 1, listener: 'unix', packets: 2, bytes: 5, waiting: false, lastError: null },
    ]);
    expect(connections[0]?.peer).toMatchObject({ pid: process.pid, uid: process.getuid?.() });
  });

  it('holds back reports when many connections fail alike', async () => {
    const intake = await RunningIntake.start();
    for (let i = 0; i < 30; i++) (await intake.connect()).end(Buffer.of(1));
    await until(() => intake.count('cutHeaders') === 30);
    expect(intake.reports).toHaveLength(5);
  });

  it('leaves nothing behind of 2,000 connections, some with half a frame', async () => {
    const intake = await RunningIntake.start();
    for (let round = 0; round < 20; round++) {
      const clients = await Promise.all(Array.from({ length: 100 }, () => intake.connect()));
      for (const [i, client] of clients.entries()) {
        if (i % 3 === 0) client.end(frame('x').subarray(0, 3));
        else if (i % 3 === 1) client.destroy();
        else client.end(frame('x'));
      }
      await until(() => intake.count('open') === 0);
    }
    expect(intake.intake.view()).toMatchObject({ open: 0, connections: [] });
    expect(intake.count('accepted')).toBe(2000);
    expect(intake.packets.length).toBe(20 * 33);
  });
});

describe.each([
  ['TCP', 'tcp', false],
  ['TCP with Node alone', 'tcp', true],
  ['a named pipe', 'named_pipe', false],
  ['a named pipe with Node alone', 'named_pipe', true],
] as const)('%s', (_, kind, portable) => {
  it('takes lines, and the last one without its end', async () => {
    const intake = await RunningIntake.start({ listener: { kind }, portable });
    const client = await intake.connect();
    client.write('a:1|c\nb:2');
    await until(() => intake.packets.length === 1);
    client.end('|c\nc:3|c');
    await until(() => intake.count('open') === 0);
    expect(intake.packets.join('')).toBe('a:1|c\nb:2|c\nc:3|c\n');
    expect(intake.intake.view().connections).toEqual([]);
  });

  it('counts the last line without its end when an end is required', async () => {
    const intake = await RunningIntake.start({ listener: { kind, eolRequired: true }, portable });
    (await intake.connect()).end('a:1|c\nb:2|c');
    await until(() => intake.count('unterminatedLines') === 1);
    expect(intake.packets).toEqual(['a:1|c\n']);
  });

  it('leaves out a line that is too long, and goes on', async () => {
    const intake = await RunningIntake.start({ listener: { kind }, portable });
    (await intake.connect()).end(`${'x'.repeat(100_000)}\nb:2|c\n`);
    await until(() => intake.packets.length === 1);
    expect(intake.packets).toEqual(['b:2|c\n']);
    expect(intake.count('longLines')).toBe(1);
  });
});

describe('TCP with TLS', () => {
  const pem = (name: string): string =>
    readFileSync(
      fileURLToPath(new URL(`../../test/fixtures/tls/test-only-${name}`, import.meta.url)),
      'utf8',
    );
  const ca = pem('ca.crt');
  const tls = { cert: pem('server.crt'), key: pem('server.key'), ca, requireClientCert: true };

  async function send(intake: RunningIntake, client: string | undefined, text: string): Promise<void> {
    const identity = client === undefined ? {} : { cert: pem(`${client}.crt`), key: pem(`${client}.key`) };
    const socket = connectTls({ port: intake.port, host: '127.0.0.1', ca, ...identity });
    sockets.push(socket);
    socket.on('error', () => undefined);
    socket.resume().end(text);
    await new Promise((resolve) => socket.once('close', resolve));
  }

  it('takes lines of a client with a certificate, and knows its name', async () => {
    const intake = await RunningIntake.start({ listener: { kind: 'tcp', tls } });
    const socket = connectTls({
      port: intake.port,
      host: '127.0.0.1',
      ca,
      cert: pem('client.crt'),
      key: pem('client.key'),
    });
    sockets.push(socket);
    socket.write('a:1|c\n');
    await until(() => intake.packets.length === 1);
    expect(intake.intake.view().connections).toMatchObject([
      { peer: { certificate: 'whippet TEST ONLY client' }, packets: 1 },
    ]);
    socket.end('b:2|c\n');
    await until(() => intake.count('open') === 0);
    expect(intake.packets.join('')).toBe('a:1|c\nb:2|c\n');
  });

  it.each([
    ['no certificate', undefined],
    ['a certificate of someone else', 'stranger'],
  ])('lets in no client with %s', async (_, client) => {
    const intake = await RunningIntake.start({ listener: { kind: 'tcp', tls } });
    await send(intake, client, 'a:1|c\n');
    await until(() => intake.count('tlsErrors') === 1 && intake.count('open') === 0);
    expect(intake.packets).toEqual([]);
    expect(intake.reports).toMatchObject([
      { problem: 'tls', peer: { address: expect.stringMatching(/^127/) } },
    ]);
  });

  it('refuses a client that does not speak TLS, and goes on', async () => {
    const intake = await RunningIntake.start({
      listener: { kind: 'tcp', tls: { ...tls, requireClientCert: false } },
    });
    const plain = await intake.connect();
    plain.resume().write('a:1|c\n');
    await once(plain, 'close');
    await send(intake, undefined, 'b:2|c\n');
    await until(() => intake.packets.length === 1 && intake.count('open') === 0);
    expect(intake.packets).toEqual(['b:2|c\n']);
    expect(intake.count('tlsErrors')).toBe(1);
  });
});
