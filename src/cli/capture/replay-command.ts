/**
 * The work of `whippet replay`: packets of a recording to a server, at the times they came, faster or slower.
 *
 *   records ─▶ due at start + (time − first time) / speed ─▶ together with what is due by then ─▶ socket
 *
 * Packets stay as they were recorded; those that are late are sent at once, never left out. A packet without a time goes
 * when it is read. Over TCP a packet is a block of lines, over a Unix stream a frame.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { FilterError, TrafficFilter } from '../../inspect/capture/filter.ts';
import type { ReadRecord } from '../../inspect/capture/record.ts';
import type { ProgressStream } from '../../lib/progress.ts';
import { count } from '../../lib/text/count.ts';
import { offsetsOf, type PacketList } from '../../listeners/system/send-batch.ts';
import { LF } from '../../model/core-border.ts';
import { REPLAY_GID } from '../../model/replay-senders.ts';
import { serverOf } from '../ask-server.ts';
import {
  type AnyDestination,
  chooseDestination,
  DATAGRAM_BYTES_MAX,
  format,
  resolveHost,
} from '../send/destination.ts';
import { openSocket, type PacketSocket, SendError } from '../send/packet-socket.ts';
import { SendUsageError } from '../send/send-lines.ts';
import { openRemoteReplay, type RemoteReplay } from './replay-session.ts';
import { TrafficInput } from './traffic-input.ts';

export interface ReplayOptions {
  readonly to?: string;
  readonly speed?: string;
  readonly loop?: string;
  readonly filter?: readonly string[];
  readonly port?: string;
  readonly credentials?: boolean;
  /** Server that is to take the packets for those of the captured senders, and its token. */
  readonly url?: string;
  readonly token?: string;
}

export interface ReplaySurroundings {
  readonly stdin: AsyncIterable<Uint8Array>;
  readonly stdout: { write(text: string): unknown };
  readonly stderr: ProgressStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Ends the replay after the packets under way. */
  readonly signal?: AbortSignal;
}

/** Packets handed over together at most: what one system call takes. */
const GROUP_PACKETS_MAX = 64;
/** A packet that is due this soon goes with those before it, ms: timers are no finer. */
const TIMER_MS = 1;

export async function replayCommand(
  file: string,
  options: ReplayOptions,
  { stdin, stdout, stderr, env, signal }: ReplaySurroundings = process,
): Promise<void> {
  const destination = await resolveHost(chooseDestination(options.to, env));
  const speed = parseSpeed(options.speed ?? '1x');
  const loops = parseLoops(options.loop ?? '1');
  const port = options.port === undefined ? undefined : parsePort(options.port);
  const withCredentials = options.credentials === true;
  if (withCredentials && !('path' in destination))
    throw new SendUsageError('--credentials needs a Unix socket: --to unix:///path or unixstream:///path');
  if (file === '-' && loops !== 1) throw new SendUsageError('--loop cannot repeat standard input');
  if (options.url !== undefined && !withCredentials)
    throw new SendUsageError('--url is for --credentials: the server is told whose packets they are');
  if (options.url !== undefined && file === '-')
    throw new SendUsageError('--url needs the senders at the end of the capture: give the file by its name');
  const filter = makeFilter(options.filter ?? []);
  const input = new TrafficInput(file, { stdin, stderr, port, filter, verb: 'replaying' });
  const socket = await openSocket(destination, { withCredentials });
  const session = options.url === undefined ? undefined : await openSession(options, input, env);
  const player = new Player(socket, destination, { speed, withCredentials, signal });
  const startedAt = performance.now();
  let rounds = 0;
  try {
    for (; rounds < loops && signal?.aborted !== true; rounds++) {
      const before = player.records;
      await player.play(input.batches());
      // A file without packets would be read for ever.
      if (player.records === before) break;
    }
  } finally {
    // The server takes what it reads after the end of the session for our own.
    if (session !== undefined) await socket.untilRead?.();
    await session?.close();
    await socket.close();
  }
  if (session !== undefined)
    stdout.write(
      `with the senders of the capture: ${count(session.processes, 'captured sender')}, ${count(session.entities, 'container')} that the server did not know\n`,
    );
  const seconds = (performance.now() - startedAt) / 1000;
  const size = `${count(socket.packets, 'packet')} (${count(socket.bytes, 'byte')})`;
  const times = rounds > 1 ? ` in ${rounds} rounds` : '';
  stdout.write(`replayed ${size}${times} in ${seconds.toFixed(1)} s to ${format(destination)}\n`);
  if (player.latestMs >= 100) stdout.write(`the latest packet was ${Math.round(player.latestMs)} ms late\n`);
  if (player.tooLong > 0) {
    const what = `${count(player.tooLong, 'packet')} longer than ${destination.kind} carries, not sent`;
    throw new SendError('ERR_SEND_TOO_LONG', what);
  }
}

async function openSession(
  options: ReplayOptions,
  input: TrafficInput,
  env: ReplaySurroundings['env'],
): Promise<RemoteReplay> {
  const state = await input.readState();
  if (state === undefined)
    throw new SendUsageError('--url: this recording does not say who its senders were');
  return await openRemoteReplay(await serverOf(options, env), state);
}

interface PlayerOptions {
  /** Infinity for as fast as possible. */
  readonly speed: number;
  readonly withCredentials: boolean;
  readonly signal: AbortSignal | undefined;
}

class Player {
  records = 0;
  tooLong = 0;
  /** How late a packet was at most, ms. */
  latestMs = 0;
  private readonly socket: PacketSocket;
  private readonly isTcp: boolean;
  private readonly bytesMax: number;
  private readonly options: PlayerOptions;

  constructor(socket: PacketSocket, { kind }: AnyDestination, options: PlayerOptions) {
    this.socket = socket;
    this.isTcp = kind === 'tcp';
    this.bytesMax = DATAGRAM_BYTES_MAX[kind];
    this.options = options;
  }

  /** Sends all records, by a clock that starts now. */
  async play(batches: AsyncIterable<readonly ReadRecord[]>): Promise<void> {
    const { speed, signal } = this.options;
    const startedAt = performance.now();
    let first: bigint | undefined;
    let group: ReadRecord[] = [];
    for await (const batch of batches) {
      for (const record of batch) {
        this.records++;
        if (record.payload.length > this.bytesMax) {
          this.tooLong++;
          continue;
        }
        if (record.timestamp !== 0n) first ??= record.timestamp;
        const sinceNs = record.timestamp === 0n ? 0 : Number(record.timestamp - (first ?? 0n));
        const dueAt = startedAt + Math.max(sinceNs, 0) / 1e6 / speed;
        const waitMs = dueAt - performance.now();
        if (waitMs > TIMER_MS) {
          await this.send(group);
          group = [];
          await this.wait(dueAt);
        } else if (speed !== Number.POSITIVE_INFINITY) this.latestMs = Math.max(this.latestMs, -waitMs);
        if (signal?.aborted === true) return;
        group.push(record);
        if (group.length < GROUP_PACKETS_MAX) continue;
        await this.send(group);
        group = [];
      }
    }
    await this.send(group);
  }

  private async wait(dueAt: number): Promise<void> {
    const { signal } = this.options;
    const ms = dueAt - performance.now();
    if (ms <= 0) return;
    await sleep(ms, undefined, signal === undefined ? {} : { signal }).catch((error: Error) => {
      if (error.name !== 'AbortError') throw error;
    });
  }

  private async send(group: readonly ReadRecord[]): Promise<void> {
    if (group.length === 0) return;
    const payloads = group.map(({ payload }) => (this.isTcp ? withoutLastFeed(payload) : payload));
    const lengths = Uint32Array.from(payloads, ({ length }) => length);
    const packets: PacketList = {
      bytes: Buffer.concat(payloads),
      ...{ offsets: offsetsOf(lengths), lengths },
      ...(this.options.withCredentials && { credentials: credentialsOf(group) }),
    };
    try {
      await this.socket.send(packets);
    } catch (error) {
      if (!this.options.withCredentials || !/operation not permitted/.test((error as Error).message))
        throw error;
      const message =
        'the system does not let this process speak for others; --credentials needs the capabilities of root';
      throw new SendError('ERR_SEND_STOPPED', message, error);
    }
  }
}

/** As the Agent's replay has it: this process, the captured process as user, and a group that says so. */
function credentialsOf(group: readonly ReadRecord[]): Int32Array {
  return Int32Array.from(group.flatMap(({ pid }) => (pid > 0 ? [process.pid, pid, REPLAY_GID] : [0, 0, 0])));
}

/** A line feed is added between packets on their way. */
function withoutLastFeed(payload: Uint8Array): Uint8Array {
  return payload.at(-1) === LF ? payload.subarray(0, -1) : payload;
}

function parseSpeed(text: string): number {
  if (text === 'max') return Number.POSITIVE_INFINITY;
  const speed = Number(/^(\d+(?:\.\d+)?)x?$/.exec(text)?.[1] ?? Number.NaN);
  if (speed > 0) return speed;
  throw new SendUsageError(`--speed is a factor such as 10x or 0.5x, or max; it is "${text}"`);
}

/** Infinity for 0, as the Agent has it. */
function parseLoops(text: string): number {
  if (!/^\d{1,9}$/.test(text))
    throw new SendUsageError(`--loop is a whole number, 0 for ever; it is "${text}"`);
  return Number(text) === 0 ? Number.POSITIVE_INFINITY : Number(text);
}

export function parsePort(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 65_535) return Number(text);
  throw new SendUsageError(`--port is a port from 1 to 65535; it is "${text}"`);
}

export function makeFilter(texts: readonly string[]): TrafficFilter {
  try {
    return new TrafficFilter(texts);
  } catch (error) {
    if (!(error instanceof FilterError)) throw error;
    throw new SendUsageError(`--filter: ${error.message}`);
  }
}
