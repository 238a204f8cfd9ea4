/**
 * Records of the two streams. Little-endian; every kind starts with its number.
 *
 *   chunk      1 │ sent at f64 ms │ chunk (chunk.ts, with a checksum of its own)
 *   close      2 │ version │ crc32 │ through f64 │ writer 16
 *   result     3 │ version │ crc32 │ ordinal f64 │ index u32 │ of u32 │ writer 16 │ flags u8 │ chunk
 *   state      4 │ version │ crc32 │ ordinal f64 │ index u32 │ of u32 │ writer 16 │ part of a state
 *   delivered  5 │ version │ crc32 │ ordinal f64 │ ordinal of sketches f64 │ writer 16
 *
 * "Sent at" is the time of the attempt, and not part of the chunk: a chunk that waited for an hour says nothing about
 * the edge's clock when it was made, but the attempt that reached the log was just before the log's own time.
 */
import { crc32 } from 'node:zlib';
import { EDGE_ID_BYTES } from '../chunk/chunk.ts';
import type { Source } from '../partials/partial.ts';

const KIND = { chunk: 1, close: 2, result: 3, state: 4, delivered: 5 } as const;
const FLAG = { late: 1, forwarded: 2 } as const;
const VERSION = 1;
const FRAME_BYTES = 6;
const CHUNK_AT = 9;

/** A place in a sequence of records that belong together. */
export interface Part {
  /** Which close of the partition it is, from 1. */
  readonly ordinal: number;
  readonly index: number;
  readonly of: number;
  readonly writer: Source;
}

export type DecodedRecord =
  | { readonly kind: 'chunk'; readonly sentAt: number; readonly chunk: Buffer }
  | { readonly kind: 'close'; readonly through: number; readonly writer: Source }
  | ({ readonly kind: 'result'; readonly part: Part; readonly chunk: Buffer } & ResultFlags)
  | { readonly kind: 'state'; readonly part: Part; readonly state: Buffer }
  | {
      readonly kind: 'delivered';
      readonly ordinal: number;
      readonly sketches: number;
      readonly writer: Source;
    };

export interface ResultFlags {
  /** It is a difference to what was sent before. */
  readonly isLate: boolean;
  /** It is for the log that follows this one, and not for outputs. */
  readonly isForwarded: boolean;
}

/** `sentAt` in milliseconds. */
export function encodeChunkRecord(chunk: Uint8Array, sentAt: number): Buffer {
  const bytes = Buffer.allocUnsafe(CHUNK_AT + chunk.length);
  bytes[0] = KIND.chunk;
  bytes.writeDoubleLE(sentAt, 1);
  bytes.set(chunk, CHUNK_AT);
  return bytes;
}

/** `through` is the end of the last bucket that is closed, Unix seconds. */
export function encodeClose(through: number, writer: Source): Buffer {
  const bytes = frame(KIND.close, 8 + EDGE_ID_BYTES);
  bytes.writeDoubleLE(through, FRAME_BYTES);
  bytes.write(writer, FRAME_BYTES + 8, 'latin1');
  return sealed(bytes);
}

export function encodeResult(part: Part, { isLate, isForwarded }: ResultFlags, chunk: Uint8Array): Buffer {
  const bytes = frame(KIND.result, PART_BYTES + 1 + chunk.length);
  writePart(bytes, part);
  bytes[FRAME_BYTES + PART_BYTES] = (isLate ? FLAG.late : 0) | (isForwarded ? FLAG.forwarded : 0);
  bytes.set(chunk, FRAME_BYTES + PART_BYTES + 1);
  return sealed(bytes);
}

export function encodeState(part: Part, state: Uint8Array): Buffer {
  const bytes = frame(KIND.state, PART_BYTES + state.length);
  writePart(bytes, part);
  bytes.set(state, FRAME_BYTES + PART_BYTES);
  return sealed(bytes);
}

export function encodeDelivered(ordinal: number, sketches: number, writer: Source): Buffer {
  const bytes = frame(KIND.delivered, 16 + EDGE_ID_BYTES);
  bytes.writeDoubleLE(ordinal, FRAME_BYTES);
  bytes.writeDoubleLE(sketches, FRAME_BYTES + 8);
  bytes.write(writer, FRAME_BYTES + 16, 'latin1');
  return sealed(bytes);
}

/** What a record says; undefined when it is none of these, or damaged. Borrows the bytes. */
export function decodeRecord(bytes: Buffer): DecodedRecord | undefined {
  if (bytes[0] === KIND.chunk && bytes.length >= CHUNK_AT)
    return { kind: 'chunk', sentAt: bytes.readDoubleLE(1), chunk: bytes.subarray(CHUNK_AT) };
  const body = FRAME_BYTES;
  if (bytes.length < body + 8 + EDGE_ID_BYTES || bytes[1] !== VERSION) return undefined;
  if (crc32(bytes.subarray(body)) !== bytes.readUInt32LE(2)) return undefined;
  switch (bytes[0]) {
    case KIND.close:
      return {
        kind: 'close',
        through: bytes.readDoubleLE(body),
        writer: bytes.toString('latin1', body + 8, body + 8 + EDGE_ID_BYTES),
      };
    case KIND.result: {
      if (bytes.length < body + PART_BYTES + 1) return undefined;
      const at = body + PART_BYTES;
      return {
        kind: 'result',
        part: readPart(bytes),
        isLate: ((bytes[at] as number) & FLAG.late) !== 0,
        isForwarded: ((bytes[at] as number) & FLAG.forwarded) !== 0,
        chunk: bytes.subarray(at + 1),
      };
    }
    case KIND.state:
      if (bytes.length < body + PART_BYTES) return undefined;
      return { kind: 'state', part: readPart(bytes), state: bytes.subarray(body + PART_BYTES) };
    case KIND.delivered:
      if (bytes.length < body + 16 + EDGE_ID_BYTES) return undefined;
      return {
        kind: 'delivered',
        ordinal: bytes.readDoubleLE(body),
        sketches: bytes.readDoubleLE(body + 8),
        writer: bytes.toString('latin1', body + 16, body + 16 + EDGE_ID_BYTES),
      };
    default:
      return undefined;
  }
}

const PART_BYTES = 16 + EDGE_ID_BYTES;

function writePart(bytes: Buffer, { ordinal, index, of, writer }: Part): void {
  bytes.writeDoubleLE(ordinal, FRAME_BYTES);
  bytes.writeUInt32LE(index, FRAME_BYTES + 8);
  bytes.writeUInt32LE(of, FRAME_BYTES + 12);
  bytes.write(writer, FRAME_BYTES + 16, 'latin1');
}

function readPart(bytes: Buffer): Part {
  return {
    ordinal: bytes.readDoubleLE(FRAME_BYTES),
    index: bytes.readUInt32LE(FRAME_BYTES + 8),
    of: bytes.readUInt32LE(FRAME_BYTES + 12),
    writer: bytes.toString('latin1', FRAME_BYTES + 16, FRAME_BYTES + PART_BYTES),
  };
}

function frame(kind: number, bodyBytes: number): Buffer {
  const bytes = Buffer.alloc(FRAME_BYTES + bodyBytes);
  bytes[0] = kind;
  bytes[1] = VERSION;
  return bytes;
}

function sealed(bytes: Buffer): Buffer {
  bytes.writeUInt32LE(crc32(bytes.subarray(FRAME_BYTES)), 2);
  return bytes;
}
