/**
 * The work of `whippet send`: lines, or standard input, to packets, to a socket; then says what was sent.
 *
 *   lines × repeat ─┐
 *   standard input ─┴▶ batches ──pace──▶ LinePacker ──▶ PacketSocket
 *
 * Batches bound the memory and are sent at once, so `tail -f | whippet send -` delivers as lines come.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { isRecording, peekTraffic } from '../../inspect/capture/traffic.ts';
import type { ProgressStream } from '../../lib/progress.ts';
import { count } from '../../lib/text/count.ts';
import { LF } from '../../model/core-border.ts';
import { TrafficInput } from '../capture/traffic-input.ts';
import { chooseDestination, DATAGRAM_BYTES_MAX, format, resolveHost } from './destination.ts';
import { LinePacker } from './pack-lines.ts';
import { openSocket, SendError } from './packet-socket.ts';
import { SendUsageError } from './send-lines.ts';

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

const BATCH_LINES = 4_096;
/** At a rate, lines go out so many times a second. */
const TICKS_PER_SECOND = 50;
const PACKET_BYTES_MAX = { udp: 1_432, unix: 8_192, unixstream: 8_192, tcp: 8_191 } as const;

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
      // A timer drops what is less than a millisecond, and would end before it is due.
      if (dueMs > 0) await sleep(Math.ceil(dueMs));
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

function readWhole(text: string | undefined, what: string): number | undefined {
  if (text === undefined) return undefined;
  if (!/^[1-9]\d{0,14}$/.test(text))
    throw new SendUsageError(`${what} is a whole number above 0; it is "${text}"`);
  return Number(text);
}
