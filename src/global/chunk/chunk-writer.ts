/**
 * Chunk writer: how chunks are laid out (chunk.ts), whoever numbers their texts.
 *
 *   texts, entries ──endBody()──▶ a body, … ──finish(origin, first number)──▶ chunks, seq 0 … last seq
 *
 * A body ends with the entry that makes it longer than `chunkBytes`; who writes entries asks isFull before each.
 * Memory  two buffers, which are used again, and the bodies.
 */
import { ByteWriter } from '../bytes/byte-writer.ts';
import type { Source } from '../partials/partial.ts';
import { CHUNK_HEAD_BYTES, CHUNK_VERSION, sealChunk } from './chunk.ts';

/** The highest seq that a chunk can have. */
export const SEQ_MAX = 65_535;

export interface ChunkOrigin {
  readonly edge: Source;
  readonly epoch: number;
  /** Start and width of the bucket, seconds. */
  readonly start: number;
  readonly width: number;
}

/** A finished chunk. */
export interface BuiltChunk {
  readonly number: number;
  readonly count: number;
  readonly bytes: Buffer;
}

/** A chunk without what is known when all of them are there: whose it is, its number, its place. */
interface Body {
  readonly count: number;
  readonly bytes: Buffer;
}

export class ChunkWriter {
  readonly texts = new ByteWriter();
  readonly entries = new ByteWriter();
  /** Texts and entries of the body that is being written. */
  textCount = 0;
  count = 0;
  private readonly chunkBytes: number;
  private readonly bodies: Body[] = [];

  constructor(chunkBytes: number) {
    this.chunkBytes = chunkBytes;
  }

  get isFull(): boolean {
    return this.count > 0 && this.texts.length + this.entries.length >= this.chunkBytes;
  }

  endBody(): void {
    const texts = this.texts.view();
    const entries = this.entries.view();
    const bytes = Buffer.allocUnsafe(CHUNK_HEAD_BYTES + texts.length + entries.length);
    bytes.writeUInt32LE(this.count, 56);
    bytes.writeUInt32LE(this.textCount, 60);
    bytes.writeUInt32LE(texts.length, 64);
    bytes.set(texts, CHUNK_HEAD_BYTES);
    bytes.set(entries, CHUNK_HEAD_BYTES + texts.length);
    this.bodies.push({ count: this.count, bytes });
    this.count = 0;
    this.textCount = 0;
    this.texts.clear();
    this.entries.clear();
  }

  /** The chunks, numbered from `number`. The writer is empty then. */
  finish(origin: ChunkOrigin, number: number): BuiltChunk[] {
    if (this.count > 0) this.endBody();
    const bodies = this.bodies.splice(0);
    const lastSeq = Math.min(bodies.length - 1, SEQ_MAX);
    return bodies.map(({ count, bytes }, i) => {
      writeHead(bytes, origin, number + i, Math.min(i, SEQ_MAX), lastSeq);
      return { number: number + i, count, bytes: sealChunk(bytes) };
    });
  }
}

function writeHead(bytes: Buffer, origin: ChunkOrigin, number: number, seq: number, lastSeq: number): void {
  bytes[0] = CHUNK_VERSION;
  bytes[1] = 0;
  bytes.writeUInt16LE(seq, 2);
  bytes.write(origin.edge, 8, 'latin1');
  bytes.writeDoubleLE(origin.epoch, 24);
  bytes.writeDoubleLE(number, 32);
  bytes.writeDoubleLE(origin.start, 40);
  bytes.writeUInt32LE(origin.width, 48);
  bytes.writeUInt16LE(lastSeq, 52);
  bytes.writeUInt16LE(0, 54);
}
