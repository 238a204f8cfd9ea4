/**
 * Reads what strace shows of a socket, because nothing records Unix datagrams as tcpdump records UDP.
 *
 *   strace -f -ttt -s 65536 -e trace=network,write -p PID
 *
 *   [pid 77] 1700000000.25 sendto(5, "page.views:1|c|#env:dev\n", 24, 0, NULL, 0) = 24
 *            └ time         └ call    └ the packet, escaped as in C                 └ what the call took
 *
 * Calls that send or receive count when what they carry looks like DogStatsD. The first of them decides the direction:
 * a trace of a client and its server shows each packet twice. Frames of a Unix stream lose their length.
 */
import type { ByteString } from '../../model/text.ts';
import type { ReadRecord } from './record.ts';
import { LineCutter } from './text-lines.ts';

export interface TraceFacts {
  readonly records: number;
  /** Calls that carried DogStatsD the other way. */
  readonly otherWay: number;
  /** Calls that strace showed in two parts, or whose text it cut. */
  readonly cutCalls: number;
}

const CALL =
  /^(?:\[pid\s+(\d+)\]\s+|(\d+)\s+)?(?:(\d{9,}\.\d+|\d+:\d\d:\d\d(?:\.\d+)?)\s+)?(sendto|sendmsg|sendmmsg|send|write|writev|recvfrom|recvmsg|recvmmsg|recv|read|readv)\(\d+(?:<[^>]*>)?, (.*)$/;
const TEXT = /"((?:[^"\\]|\\.)*)"(\.\.\.)?/g;
const RESULT = /\)\s+=\s+(-?\d+)/;
const SENDS = new Set(['sendto', 'sendmsg', 'sendmmsg', 'send', 'write', 'writev']);
/** How a packet of metrics, events or service checks begins. */
const DOGSTATSD = /^(?:_e\{\d|_sc\||[^\n|]+:[^\n|]*\|(?:c|g|ms|h|s|d)(?![^\n|]))/;
const ESCAPES: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  v: '\v',
  f: '\f',
  a: '\x07',
  b: '\b',
};
const FRAME_HEADER_BYTES = 4;

/** Whether text that begins like this comes from strace. */
export function isTrace(head: ByteString): boolean {
  return head.split('\n', 50).some((line) => CALL.test(line) && line.includes('"'));
}

export class TraceDecoder {
  private readonly cutter = new LineCutter();
  private records = 0;
  private otherWay = 0;
  private cutCalls = 0;
  /** Whether packets are those that were sent; undefined before the first. */
  private countsSends: boolean | undefined;

  push(piece: Uint8Array): ReadRecord[] {
    return this.cutter.push(piece).flatMap((line) => this.line(line));
  }

  finish(): { readonly rest: ReadRecord[]; readonly facts: TraceFacts } {
    const rest = this.cutter.finish().flatMap((line) => this.line(line));
    const { records, otherWay, cutCalls } = this;
    return { rest, facts: { records, otherWay, cutCalls } };
  }

  private line(line: ByteString): ReadRecord[] {
    const call = CALL.exec(line);
    if (call === null) return [];
    const [, pidInBrackets, pid, time = '', name = '', rest = ''] = call;
    const result = Number(RESULT.exec(rest)?.[1] ?? Number.NaN);
    const isUnfinished = Number.isNaN(result);
    if (result < 0) return [];
    const packets = packetsOf(name, rest).filter(({ payload }) => DOGSTATSD.test(payload));
    if (packets.length === 0) return [];
    const isSend = SENDS.has(name);
    this.countsSends ??= isSend;
    if (this.countsSends !== isSend) {
      this.otherWay += packets.length;
      return [];
    }
    this.records += packets.length;
    if (isUnfinished || packets.some(({ isCut }) => isCut)) this.cutCalls++;
    return packets.map(({ payload, isCut }) => ({
      timestamp: timeOf(time),
      payload: Buffer.from(payload, 'latin1'),
      pid: Number(pidInBrackets ?? pid ?? 0),
      ancillary: new Uint8Array(0),
      listener: '',
      peer: '',
      missingBytes: isCut
        ? Math.max((packets.length === 1 && !isUnfinished ? result : 0) - payload.length, 1)
        : 0,
    }));
  }
}

interface TracedPacket {
  readonly payload: ByteString;
  readonly isCut: boolean;
}

/** What a call carried: one packet, or one for each message of sendmmsg and recvmmsg. */
function packetsOf(name: string, rest: string): TracedPacket[] {
  if (name.endsWith('mmsg')) return rest.split('msg_hdr=').slice(1).map(joined);
  if (name.endsWith('msg')) return [joined(rest.split('msg_iov=')[1] ?? '')];
  if (name.endsWith('v')) return [joined(rest)];
  const text = [...rest.matchAll(TEXT)][0];
  return text === undefined ? [] : [unframed(unescapeText(text[1] as string), text[2] !== undefined)];
}

/** The parts of a message put together. */
function joined(message: string): TracedPacket {
  const parts = [...message.matchAll(/iov_base="((?:[^"\\]|\\.)*)"(\.\.\.)?/g)];
  const payload = parts.map((part) => unescapeText(part[1] as string)).join('');
  return unframed(
    payload,
    parts.some((part) => part[2] !== undefined),
  );
}

/** Without the length that goes before a frame of a Unix stream. */
function unframed(payload: ByteString, isCut: boolean): TracedPacket {
  const bytes = Buffer.from(payload.slice(0, FRAME_HEADER_BYTES), 'latin1');
  const isFrame =
    bytes.length === FRAME_HEADER_BYTES && bytes.readUInt32LE() === payload.length - FRAME_HEADER_BYTES;
  return { payload: isFrame ? payload.slice(FRAME_HEADER_BYTES) : payload, isCut };
}

function unescapeText(text: string): ByteString {
  return text.replace(/\\(x[0-9a-fA-F]{1,2}|[0-7]{1,3}|.)/g, (_, code: string) => {
    if (code[0] === 'x' && code.length > 1) return String.fromCharCode(Number.parseInt(code.slice(1), 16));
    if (/^[0-7]/.test(code)) return String.fromCharCode(Number.parseInt(code, 8) & 255);
    return ESCAPES[code] ?? code;
  });
}

/** Nanoseconds: Unix time (-ttt), or the time of day on the first day of all (-tt). */
function timeOf(text: string): bigint {
  if (text === '') return 0n;
  const [whole = '0', fraction = ''] = text.split('.');
  const seconds = whole.split(':').reduce((sum, part) => sum * 60n + BigInt(part), 0n);
  return seconds * 1_000_000_000n + BigInt(fraction.padEnd(9, '0').slice(0, 9));
}
