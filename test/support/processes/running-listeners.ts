/** Stream listeners on real sockets, with a shard that only remembers what it was given. */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RateLimiter } from '../../../src/listeners/memory/rate-limiter.ts';
import { PacketOrigins } from '../../../src/listeners/origin/packet-origins.ts';
import { openTcpSocket } from '../../../src/listeners/sockets/port-socket.ts';
import { openUnixStream } from '../../../src/listeners/sockets/unix-socket.ts';
import { StreamListeners } from '../../../src/listeners/stream/stream-listeners.ts';
import type { StreamListener, StreamSettings } from '../../../src/listeners/stream/stream-settings.ts';
import { loadLibc } from '../../../src/listeners/system/libc.ts';
import { portableClock } from '../../../src/listeners/thread/clock.ts';
import type { ConnectionReport } from '../../../src/model/connection.ts';
import type { ShardMessage } from '../../../src/model/shard-message.ts';
import { CONTAINER } from '../../../src/origin/entity.ts';
import { ProcessResolver } from '../../../src/origin/process/process-resolver.ts';
import { Senders } from '../../../src/shard/senders.ts';
import { ControlWord, makeControlBuffer } from '../../../src/telemetry/counters/control-word.ts';
import type { ShardCounters } from '../../../src/telemetry/counters/shard-counters.ts';
import type { StreamCounter } from '../../../src/telemetry/counters/stream-counters.ts';

export interface Setup extends Partial<Omit<StreamSettings, 'kind' | 'listeners'>> {
  readonly listener?: Partial<Omit<StreamListener, 'socket'>>;
  /** Lets the thread open the socket itself, as where there are no system calls. */
  readonly portable?: boolean;
  /** Says how long to hold back, ms; as the rate limiter does. */
  readonly limiter?: RateLimiter;
  /** How long the shard works on each packet, ms. */
  readonly packetMs?: number;
  /** Has the kernel say who sends; the id of the container that a process runs in. */
  readonly containerOf?: (pid: number) => string;
}

const PACKET_BYTES_MAX = 8192;
const libc = loadLibc();
let running: RunningListeners[] = [];
const sockets: Socket[] = [];

/** To be called after each test: ends clients and servers. */
export async function endRunningListeners(): Promise<void> {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const server of running) await server.stop();
  running = [];
}

/** A client's socket that endRunningListeners() ends. */
export function track<S extends Socket>(socket: S): S {
  sockets.push(socket);
  socket.on('error', () => undefined);
  return socket;
}

export class RunningListeners {
  readonly folder = mkdtempSync(join(tmpdir(), 'whippet-stream-'));
  readonly path = join(this.folder, 's');
  readonly packets: string[] = [];
  /** The id of the container that has sent each packet; empty when there is none. */
  readonly containers: string[] = [];
  readonly origins: PacketOrigins | undefined;
  readonly reports: ConnectionReport[] = [];
  readonly messages: ShardMessage[] = [];
  readonly listeners: StreamListeners;
  readonly kind: StreamListener['kind'];
  finished = false;
  private isStopped = false;
  port = 0;
  private readonly fd: number | undefined;
  private readonly control = new ControlWord(makeControlBuffer());
  private run: Promise<void> = Promise.resolve();

  static async start(setup: Setup = {}): Promise<RunningListeners> {
    const { kind = 'unix' } = setup.listener ?? {};
    const address = { host: '127.0.0.1', port: 0, allInterfaces: false };
    const tcp = kind === 'tcp' && !setup.portable ? await openTcpSocket(libc, address, 0, 512) : undefined;
    const server = new RunningListeners(setup, tcp?.fd);
    running.push(server);
    await server.listeners.listen();
    const [bound] = server.messages.flatMap((message) => (message.kind === 'bound' ? message.listeners : []));
    if (bound === undefined || !('port' in bound)) throw new Error(JSON.stringify(server.messages));
    server.port = bound.port;
    server.run = server.listeners.run();
    return server;
  }

  private constructor(
    { listener = {}, portable = false, packetMs = 0, limiter, containerOf, ...settings }: Setup,
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
    const senders = new Senders();
    this.origins = containerOf && originsOf(senders, this.control.counters, containerOf);
    this.listeners = new StreamListeners({
      settings: {
        ...{ connectionsMax: 2000, idleTimeoutMs: 0, logTooBig: false, ...settings, kind: 'streams' },
        shares: [],
        listeners: [{ kind, eolRequired, socket, ...(tls === undefined ? {} : { tls }) }],
      },
      packetBytesMax: PACKET_BYTES_MAX,
      libc: portable ? undefined : libc,
      shard: {
        takePacket: (ptr, length, origin) => {
          const until = performance.now() + packetMs;
          while (performance.now() < until);
          this.packets.push(memory.toString('latin1', ptr, ptr + length));
          this.containers.push(senders.senderOf(origin).socket.replace(CONTAINER, ''));
        },
        passTime: () => undefined,
        finish: () => {
          this.finished = true;
        },
      },
      control: this.control,
      ...(this.origins && { origins: this.origins }),
      tap: { isOn: false, take: () => undefined },
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
    return this.listeners.counters.get(counter);
  }

  get open(): number {
    return this.count('connectionsOpened') - this.count('connectionsEnded');
  }

  /** A client that is connected. */
  async connect(): Promise<Socket> {
    const socket = track(this.port > 0 ? connect(this.port, '127.0.0.1') : connect(this.path));
    await once(socket, 'connect');
    return socket;
  }

  requestStop(): void {
    this.control.requestStop();
  }

  async stop(): Promise<void> {
    this.requestStop();
    await this.run;
    if (this.isStopped) return;
    this.isStopped = true;
    if (this.fd !== undefined) libc.close(this.fd);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function originsOf(
  senders: Senders,
  counters: ShardCounters,
  containerOf: (pid: number) => string,
): PacketOrigins {
  const clock = (): number => performance.now();
  const processes = new ProcessResolver({
    ...{ procRoot: '/p', clock },
    read: (path) => {
      const [, , pid, file] = path.split('/');
      if (file === 'stat') return `${pid} (x) S ${'0 '.repeat(18)}5 0`;
      return `0::/docker/${containerOf(Number(pid))}\n`;
    },
  });
  return new PacketOrigins({ processes, senders, counters, clock });
}

/** Polls until the condition holds. */
export async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 60_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`never: ${condition}`);
    await sleep(5);
  }
}
