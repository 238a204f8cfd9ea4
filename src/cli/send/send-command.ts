/**
 * The work of `whippet send`: lines, or standard input, to packets, to a socket; then says what was sent.
 *
 *   lines × repeat ─┐
 *   standard input ─┴▶ batches ──pace──▶ LinePacker ──▶ BatchSender, or node:dgram where libc is missing,
 *                                                       or StreamSender
 *
 * Batches bound the memory and are sent at once, so `tail -f | whippet send -` delivers as lines come.
 */

import { createSocket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { isIP } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { isRecording, peekTraffic } from '../../inspect/capture/traffic.ts';
import type { ProgressStream } from '../../lib/progress.ts';
import { ECONNREFUSED, errnoText, LibcUnavailable, SystemCallError } from '../../listeners/system/libc.ts';
import {
  BatchSender,
  type Destination,
  formatDestination,
  type PacketList,
  parseDestination,
} from '../../listeners/system/send-batch.ts';
import { LF } from '../../model/core-border.ts';
import { TrafficInput } from '../capture/traffic-input.ts';
import { LinePacker } from './pack-lines.ts';
import { SendUsageError } from './send-lines.ts';
import {
  formatStreamDestination,
  parseStreamDestination,
  type StreamDestination,
  StreamSender,
} from './send-stream.ts';

export interface SendOptions {
  readonly to?: string;
  readonly maxPacket?: string;
  readonly rate?: string;
  readonly repeat?: string;
  /** Lines, a capture or another recording to send. */
  readonly file?: string;
  /** Of a network recording: the port that counts. */
  readonly port?: string;
}

/** Where the command reads, writes and looks around; the process itself in the program. */
export interface SendSurroundings {
  readonly stdin: AsyncIterable<Buffer>;
  readonly stdout: { write(text: string): unknown };
  readonly stderr: ProgressStream;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** What was to be sent did not get out. */
export class SendError extends Error {
  readonly code: 'ERR_SEND_REFUSED' | 'ERR_SEND_STOPPED' | 'ERR_SEND_TOO_LONG';

  constructor(code: SendError['code'], message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'SendError';
    this.code = code;
  }
}

const BATCH_LINES = 4_096;
/** At a rate, lines go out so many times a second. */
const TICKS_PER_SECOND = 50;
const PACKET_BYTES_MAX = { udp: 1_432, unix: 8_192, unixstream: 8_192, tcp: 8_191 } as const;
export const DATAGRAM_BYTES_MAX = { udp: 65_507, unix: 200_000, unixstream: 65_536, tcp: 65_535 } as const;

export type AnyDestination = Destination | StreamDestination;

export async function sendCommand(
  lines: readonly string[],
  options: SendOptions,
  { stdin, stdout, stderr, env }: SendSurroundings = process,
): Promise<void> {
  const destination = await resolveHost(chooseDestination(options.to, env));
  const packetBytesMax = readWhole(options.maxPacket, '--max-packet') ?? PACKET_BYTES_MAX[destination.kind];
  if (packetBytesMax > DATAGRAM_BYTES_MAX[destination.kind]) {
    throw new SendUsageError(`--max-packet is at most ${DATAGRAM_BYTES_MAX[destination.kind]} here`);
  }
  const rate = readWhole(options.rate, '--rate') ?? Number.POSITIVE_INFINITY;
  const repeat = readWhole(options.repeat, '--repeat') ?? 1;
  const batchLines = Math.max(1, Math.min(BATCH_LINES, Math.floor(rate / TICKS_PER_SECOND)));
  const fromStdin = lines.length === 1 && lines[0] === '-';
  if (fromStdin && repeat > 1) throw new SendUsageError('--repeat cannot repeat standard input');

  const packer = new LinePacker(packetBytesMax);
  const port = readWhole(options.port, '--port');
  const batches =
    options.file !== undefined
      ? fileLines(new TrafficInput(options.file, { stderr, port, verb: 'sending' }), repeat, batchLines)
      : fromStdin
        ? stdinLines(stdin, batchLines, { stderr, port })
        : repeatLines(lines, repeat, batchLines);
  const socket = await openSocket(destination);
  const startedAt = performance.now();
  let sent = 0;
  let tooLong = 0;
  try {
    for await (const batch of batches) {
      const fits = batch.filter((line) => packer.add(line)).length;
      tooLong += batch.length - fits;
      await socket.send(packer.take());
      sent += fits;
      const dueMs = startedAt + (1000 * sent) / rate - performance.now();
      if (dueMs > 0) await sleep(dueMs);
    }
  } finally {
    await socket.close();
  }
  const size = `${count(sent, 'line')} in ${count(socket.packets, 'packet')} (${count(socket.bytes, 'byte')})`;
  stdout.write(`sent ${size} to ${format(destination)}\n`);
  if (tooLong > 0) {
    const what = `${count(tooLong, 'line')} longer than a packet of ${packetBytesMax} bytes, not sent`;
    throw new SendError('ERR_SEND_TOO_LONG', `${what}; see --max-packet`);
  }
}

/** What --to says, or the variables DogStatsD clients read, or this machine. Throws SendUsageError. */
export function chooseDestination(to: string | undefined, env: SendSurroundings['env']): AnyDestination {
  const url = to ?? (env.DD_DOGSTATSD_URL || undefined);
  if (url === undefined) {
    const host = env.DD_AGENT_HOST || '127.0.0.1';
    const port = env.DD_DOGSTATSD_PORT || '8125';
    return parse(
      `udp://${isIP(host) === 6 ? `[${host}]` : host}:${port}`,
      'DD_AGENT_HOST, DD_DOGSTATSD_PORT',
    );
  }
  return parse(url, to === undefined ? 'DD_DOGSTATSD_URL' : '--to');
}

function parse(text: string, source: string): AnyDestination {
  try {
    return parseStreamDestination(text) ?? parseDestination(text);
  } catch (error) {
    throw new SendUsageError(`${source}: ${(error as Error).message}`);
  }
}

export function format(destination: AnyDestination): string {
  return destination.kind === 'udp' || destination.kind === 'unix'
    ? formatDestination(destination)
    : formatStreamDestination(destination);
}

export async function resolveHost(destination: AnyDestination): Promise<AnyDestination> {
  if ('path' in destination || isIP(destination.host) !== 0) return destination;
  const { address } = await lookup(destination.host);
  return { ...destination, host: address };
}

/** Lines of a byte stream as they come, at most `batchLines` at once. Empty lines are left out. */
export async function* readLines(
  input: AsyncIterable<Uint8Array>,
  batchLines: number,
): AsyncGenerator<Uint8Array[]> {
  let rest: Buffer[] = [];
  for await (const chunk of input) {
    const lines: Uint8Array[] = [];
    let start = 0;
    for (let end = chunk.indexOf(0x0a); end >= 0; end = chunk.indexOf(0x0a, start)) {
      const line = Buffer.concat([...rest, chunk.subarray(start, end)]);
      rest = [];
      start = end + 1;
      if (line.length > 0) lines.push(line);
    }
    // A line may come in many chunks; beyond the longest datagram its text no longer matters, only its length.
    if (start < chunk.length && Buffer.concat(rest).length <= DATAGRAM_BYTES_MAX.unix) {
      rest.push(Buffer.from(chunk.subarray(start)));
    }
    for (let i = 0; i < lines.length; i += batchLines) yield lines.slice(i, i + batchLines);
  }
  if (rest.length > 0) yield [Buffer.concat(rest)];
}

/** Lines as they come, or those in the packets of a recording. */
async function* stdinLines(
  stdin: AsyncIterable<Buffer>,
  batchLines: number,
  options: { readonly stderr: ProgressStream; readonly port: number | undefined },
): AsyncGenerator<Uint8Array[]> {
  const { head, all } = await peekTraffic(stdin);
  if (isRecording(head)) yield* fileLines(new TrafficInput('-', { ...options, stdin: all }), 1, batchLines);
  else yield* readLines(all, batchLines);
}

/** The lines of a file, or those in the packets of a recording, `repeat` times, at most `batchLines` at once. */
async function* fileLines(
  input: TrafficInput,
  repeat: number,
  batchLines: number,
): AsyncGenerator<Uint8Array[]> {
  for (let i = 0; i < repeat; i++) {
    for await (const batch of input.batches()) {
      const lines = batch.flatMap(({ payload }) => linesOf(payload));
      for (let at = 0; at < lines.length; at += batchLines) yield lines.slice(at, at + batchLines);
    }
  }
}

function linesOf(payload: Uint8Array): Uint8Array[] {
  const lines: Uint8Array[] = [];
  for (let start = 0; start < payload.length; ) {
    const feed = payload.indexOf(LF, start);
    const end = feed < 0 ? payload.length : feed;
    if (end > start) lines.push(payload.subarray(start, end));
    start = end + 1;
  }
  return lines;
}

/** All lines `repeat` times, `batchLines` at once. */
function* repeatLines(lines: readonly string[], repeat: number, batchLines: number): Generator<Uint8Array[]> {
  const bytes = lines.map((line) => Buffer.from(line, 'utf8'));
  const total = bytes.length * repeat;
  for (let i = 0; i < total; i += batchLines) {
    const length = Math.min(batchLines, total - i);
    yield Array.from({ length }, (_, j) => bytes[(i + j) % bytes.length] as Uint8Array);
  }
}

export interface PacketSocket {
  packets: number;
  bytes: number;
  /** Throws SendError when they cannot be sent, or no one listens. */
  send(packets: PacketList): Promise<void>;
  close(): void | Promise<void>;
}

export async function openSocket(destination: AnyDestination): Promise<PacketSocket> {
  if (destination.kind === 'unixstream' || destination.kind === 'tcp') return StreamSocket.open(destination);
  try {
    return new NativeSocket(destination);
  } catch (error) {
    if (error instanceof SystemCallError) throw explainConnect(destination, error);
    if (error instanceof RangeError || error instanceof TypeError) throw new SendUsageError(error.message);
    // Node has no Unix datagram sockets; the message says what is missing here.
    if (!(error instanceof LibcUnavailable) || destination.kind === 'unix') throw error;
    return await PortableSocket.open(destination);
  }
}

class NativeSocket implements PacketSocket {
  private readonly destination: Destination;
  private readonly sender: BatchSender;

  constructor(destination: Destination) {
    this.destination = destination;
    this.sender = new BatchSender(destination);
  }

  get packets(): number {
    return this.sender.packets;
  }

  get bytes(): number {
    return this.sender.bytes;
  }

  async send(packets: PacketList): Promise<void> {
    const { sender, destination } = this;
    sender.send(packets);
    sender.noteRefusal();
    if (sender.refused > 0 || sender.stoppedBy === ECONNREFUSED) throw refused(destination);
    if (sender.stoppedBy !== 0) {
      const where = formatDestination(destination);
      const why = destination.kind === 'unix' ? 'the receiver does not read' : errnoText(sender.stoppedBy);
      throw new SendError(
        'ERR_SEND_STOPPED',
        `${where} took ${count(sender.packets, 'packet')}, then stopped: ${why}`,
      );
    }
    if (sender.oversized > 0) {
      throw new SendError(
        'ERR_SEND_TOO_LONG',
        'the system takes no datagram as long; use a smaller --max-packet',
      );
    }
  }

  close(): void {
    this.sender.close();
  }
}

/** A stream, with its failures in words. */
class StreamSocket implements PacketSocket {
  private readonly destination: StreamDestination;
  private readonly sender: StreamSender;

  static async open(destination: StreamDestination): Promise<StreamSocket> {
    try {
      return new StreamSocket(destination, await StreamSender.open(destination));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ECONNREFUSED' || code === 'ENOENT') throw refused(destination, error);
      if (code !== 'EPROTOTYPE') throw error;
      const message = `${format(destination)} is a datagram socket; write unix:// instead of unixstream://`;
      throw new SendError('ERR_SEND_REFUSED', message, error);
    }
  }

  private constructor(destination: StreamDestination, sender: StreamSender) {
    this.destination = destination;
    this.sender = sender;
  }

  get packets(): number {
    return this.sender.packets;
  }

  get bytes(): number {
    return this.sender.bytes;
  }

  async send(packets: PacketList): Promise<void> {
    try {
      await this.sender.send(packets);
    } catch (error) {
      const taken = `${format(this.destination)} took ${count(this.packets, 'packet')}, then stopped`;
      throw new SendError('ERR_SEND_STOPPED', `${taken}: ${(error as Error).message}`, error);
    }
  }

  close(): Promise<void> {
    return this.sender.close();
  }
}

/** UDP through Node, one datagram a call. */
export class PortableSocket implements PacketSocket {
  packets = 0;
  bytes = 0;
  private readonly destination: Destination;
  private readonly socket;
  private error: Error | undefined;

  static async open(destination: Destination & { kind: 'udp' }): Promise<PortableSocket> {
    const portable = new PortableSocket(destination);
    portable.socket.connect(destination.port, destination.host);
    await once(portable.socket, 'connect');
    return portable;
  }

  private constructor(destination: Destination & { kind: 'udp' }) {
    this.destination = destination;
    this.socket = createSocket(isIP(destination.host) === 6 ? 'udp6' : 'udp4');
    this.socket.on('error', (error) => {
      this.error = error;
    });
  }

  async send({ bytes, offsets, lengths }: PacketList): Promise<void> {
    for (const [i, length] of lengths.entries()) {
      await new Promise<void>((resolve, reject) => {
        const done = (error: Error | null): void => (error ? reject(this.explain(error)) : resolve());
        this.socket.send(bytes, offsets[i] as number, length, done);
      });
      this.packets++;
      this.bytes += length;
    }
    // A refusal of the last datagram arrives as an event of the socket.
    await sleep(0);
    if (this.error) throw this.explain(this.error);
  }

  close(): void {
    this.socket.close();
  }

  private explain(error: Error): Error {
    return (error as NodeJS.ErrnoException).code === 'ECONNREFUSED' ? refused(this.destination) : error;
  }
}

function explainConnect(destination: Destination, error: SystemCallError): Error {
  if (error.code === 'ECONNREFUSED' || error.code === 'ENOENT') return refused(destination, error);
  if (error.code === 'EPROTOTYPE') {
    const message = `${formatDestination(destination)} is a stream socket; write unixstream:// instead of unix://`;
    return new SendError('ERR_SEND_REFUSED', message, error);
  }
  return error;
}

function refused(destination: AnyDestination, cause?: unknown): SendError {
  const flag =
    'path' in destination
      ? `${destination.kind === 'unix' ? '--socket' : '--stream-socket'} ${destination.path}`
      : `${destination.kind === 'udp' ? '--port' : '--tcp-port'} ${destination.port}`;
  const message = `no one listens on ${format(destination)}; start "whippet run ${flag}", or choose with --to`;
  return new SendError('ERR_SEND_REFUSED', message, cause);
}

function readWhole(text: string | undefined, what: string): number | undefined {
  if (text === undefined) return undefined;
  if (!/^[1-9]\d{0,14}$/.test(text))
    throw new SendUsageError(`${what} is a whole number above 0; it is "${text}"`);
  return Number(text);
}

export function count(number: number, noun: string): string {
  return `${number.toLocaleString('en-US')} ${noun}${number === 1 ? '' : 's'}`;
}
