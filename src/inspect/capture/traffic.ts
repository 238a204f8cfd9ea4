/**
 * Recorded traffic of every kind, as one stream of records.
 *
 *   bytes ─▶ Zstandard? ─▶ .dog | pcap | pcapng | strace | lines ─▶ batches of records, and what there is to say
 *
 * What a file is shows in its first bytes, never in its name. A file that is none of these is refused with what it
 * begins with.
 *
 * Memory  a piece of the file and what it decompresses to, 128 KiB at a time, and one unfinished record.
 */
import { isZstd, ZstdDecoder } from '../../lib/zstd/zstd-decoder.ts';
import { CaptureFormatError, DogDecoder, type DogFacts, startsAsDog } from './dog-decoder.ts';
import { isPcap, isPcapng, PcapDecoder, type PcapFacts } from './pcap-decoder.ts';
import type { ReadRecord } from './record.ts';
import type { TaggerState } from './tagger-state.ts';
import { TimedLineDecoder } from './timed-line-decoder.ts';
import { isTrace, TraceDecoder, type TraceFacts } from './trace-decoder.ts';

export type TrafficKind = 'capture' | 'pcap' | 'pcapng' | 'trace' | 'lines';

export interface TrafficOptions {
  /** Of a network recording: datagrams to this port; 8125 by default. */
  readonly port?: number;
  /** Of a capture: only the state at its end is wanted, and no records are given. */
  readonly stateOnly?: boolean;
}

export interface Traffic {
  readonly kind: TrafficKind;
  readonly isCompressed: boolean;
  /** The records, in the order of the file; to be read once. Rejects with the error of the source. */
  readonly batches: AsyncIterable<readonly ReadRecord[]>;
  /** What is known when the batches have ended. */
  facts(): TrafficFacts;
}

export interface TrafficFacts {
  readonly capture?: DogFacts;
  readonly network?: PcapFacts;
  readonly trace?: TraceFacts;
  /** What is wrong with the compression. */
  readonly compression?: string;
  /** Bytes of traffic, uncompressed file. */
  readonly fileBytes: number;
  readonly state: TaggerState | undefined;
}

/** Enough to tell every kind. */
const HEAD_BYTES = 4096;
/** Text of a few control characters is text; that of a binary file is full of them. */
const CONTROL_SHARE_MAX = 0.05;
const CONTROLS_MIN = 8;

/** What decodes one kind. */
interface Decoder {
  readonly kind: TrafficKind;
  push(piece: Uint8Array): ReadRecord[];
  finish(): {
    readonly rest: readonly ReadRecord[];
    readonly facts: Omit<TrafficFacts, 'fileBytes' | 'state'>;
  };
}

/** Looks at what the stream begins with. Throws CaptureFormatError when it is nothing that can be read. */
export async function openTraffic(
  source: AsyncIterable<Uint8Array>,
  options: TrafficOptions = {},
): Promise<Traffic> {
  const pieces = new Unzipped(source);
  const parts: Uint8Array[] = [];
  let headBytes = 0;
  while (headBytes < HEAD_BYTES) {
    const next = await pieces.next();
    if (next.done === true) break;
    parts.push(next.value);
    headBytes += next.value.length;
  }
  const head = parts.length === 1 ? (parts[0] as Uint8Array) : Buffer.concat(parts);
  const decoder = decoderFor(head, options);
  let facts: TrafficFacts | undefined;
  async function* batches(): AsyncGenerator<readonly ReadRecord[]> {
    let fileBytes = head.length;
    if (head.length > 0) yield decoder.push(head);
    for (let next = await pieces.next(); next.done !== true; next = await pieces.next()) {
      fileBytes += next.value.length;
      const records = decoder.push(next.value);
      if (records.length > 0) yield records;
    }
    const end = decoder.finish();
    if (end.rest.length > 0) yield end.rest;
    const { capture } = end.facts;
    const state = capture?.end.kind === 'separator' ? capture.end.state : undefined;
    const { problem } = pieces;
    facts = { ...end.facts, ...(problem !== undefined && { compression: problem }), fileBytes, state };
  }
  return {
    kind: decoder.kind,
    isCompressed: pieces.isCompressed,
    batches: batches(),
    facts: () => {
      if (facts === undefined) throw new TypeError('the traffic has not been read to its end');
      return facts;
    },
  };
}

/** What a stream begins with, and the whole of it: to be looked at before it is read. */
export async function peekTraffic(
  source: AsyncIterable<Uint8Array>,
): Promise<{ readonly head: Uint8Array; readonly all: AsyncIterable<Uint8Array> }> {
  const pieces = source[Symbol.asyncIterator]();
  const first = await pieces.next();
  const head = first.done === true ? new Uint8Array(0) : first.value;
  async function* all(): AsyncGenerator<Uint8Array> {
    if (first.done === true) return;
    yield head;
    for (let next = await pieces.next(); next.done !== true; next = await pieces.next()) yield next.value;
  }
  return { head, all: all() };
}

/** Whether bytes begin what openTraffic() reads as something other than lines. */
export function isRecording(head: Uint8Array): boolean {
  return (
    isZstd(head) ||
    startsAsDog(head) ||
    isPcap(head) ||
    isPcapng(head) ||
    isTrace(latin1(head)) ||
    isBinary(head)
  );
}

/** The pieces of a stream, decompressed when they begin as Zstandard does. */
class Unzipped {
  isCompressed = false;
  private readonly source: AsyncIterator<Uint8Array>;
  private decoder: ZstdDecoder | undefined;
  private parts: Iterator<Uint8Array> | undefined;
  private held: Uint8Array | undefined;
  private started = false;
  private ended = false;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.source = source[Symbol.asyncIterator]();
  }

  get problem(): string | undefined {
    return this.decoder?.problem;
  }

  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    if (!this.started) await this.start();
    for (;;) {
      const part = this.parts?.next();
      if (part !== undefined && part.done !== true) return { done: false, value: part.value };
      this.parts = undefined;
      const piece = this.held ?? (await this.read());
      this.held = undefined;
      if (piece === undefined) {
        this.decoder?.finish();
        return { done: true, value: undefined };
      }
      if (this.decoder === undefined) return { done: false, value: piece };
      if (this.decoder.problem !== undefined) continue;
      this.parts = this.decoder.push(piece);
    }
  }

  /** Reads as much as tells whether it is compressed. */
  private async start(): Promise<void> {
    this.started = true;
    let head: Uint8Array = new Uint8Array(0);
    while (head.length < 4) {
      const piece = await this.read();
      if (piece === undefined) break;
      head = head.length === 0 ? piece : Buffer.concat([head, piece]);
    }
    this.isCompressed = isZstd(head);
    if (this.isCompressed) this.decoder = new ZstdDecoder();
    if (head.length > 0) this.held = head;
  }

  private async read(): Promise<Uint8Array | undefined> {
    if (this.ended) return undefined;
    const { done, value } = await this.source.next();
    if (done !== true) return value;
    this.ended = true;
    return undefined;
  }
}

function decoderFor(head: Uint8Array, { port, stateOnly = false }: TrafficOptions): Decoder {
  if (startsAsDog(head)) {
    const decoder = new DogDecoder({ stateOnly });
    return {
      kind: 'capture',
      push: (piece) => decoder.push(piece),
      finish: () => ({ rest: [], facts: { capture: decoder.finish() } }),
    };
  }
  if (isPcap(head) || isPcapng(head)) {
    const decoder = new PcapDecoder(port);
    return {
      kind: isPcap(head) ? 'pcap' : 'pcapng',
      push: (piece) => decoder.push(piece),
      finish: () => ({ rest: [], facts: { network: decoder.finish() } }),
    };
  }
  if (isBinary(head)) {
    const shown = Buffer.from(head.subarray(0, 8)).toString('hex');
    throw new CaptureFormatError(
      `this is neither a capture, a pcap file nor text: it begins with the bytes ${shown}`,
    );
  }
  if (isTrace(latin1(head))) {
    const decoder = new TraceDecoder();
    return {
      kind: 'trace',
      push: (piece) => decoder.push(piece),
      finish: () => {
        const { rest, facts } = decoder.finish();
        return { rest, facts: { trace: facts } };
      },
    };
  }
  const decoder = new TimedLineDecoder();
  return {
    kind: 'lines',
    push: (piece) => decoder.push(piece),
    finish: () => ({ rest: decoder.finish(), facts: {} }),
  };
}

function isBinary(head: Uint8Array): boolean {
  const part = head.subarray(0, HEAD_BYTES);
  let controls = 0;
  for (const byte of part) {
    if (byte === 0) return true;
    if (byte < 32 && byte !== 9 && byte !== 10 && byte !== 13 && byte !== 27) controls++;
  }
  return controls >= CONTROLS_MIN && controls > part.length * CONTROL_SHARE_MAX;
}

function latin1(head: Uint8Array): string {
  return Buffer.from(head.buffer, head.byteOffset, Math.min(head.length, HEAD_BYTES)).toString('latin1');
}
