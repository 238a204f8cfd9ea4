/**
 * Decompresses a Zstandard stream (RFC 8878) from pieces of any size, a block at a time.
 *
 *   frame   magic │ descriptor │ window? │ dictionary? │ content size? │ block … │ checksum?
 *   block   │ last, 1 bit │ type, 2 bits │ size, 21 bits │ content
 *
 * The frames are taken apart here, so that memory has a bound whatever the file says and a cut or damaged file still
 * gives every whole block before the damage; what is in a block fzstd decodes.
 *
 * Memory  the window, WINDOW_BYTES_MAX at most, and a block of 128 KiB.
 * Limits  checksums are not verified; dictionaries are not supported.
 */
import { Decompress } from 'fzstd';

/** What `zstd --long=27` asks for; other levels need 8 MiB at most. */
const WINDOW_BYTES_MAX = 128 * 1024 * 1024;
const BLOCK_BYTES_MAX = 128 * 1024;
const MAGIC = 0xfd2fb528;
const SKIPPABLE_MAGIC = 0x184d2a50;
const BLOCK_HEADER_BYTES = 3;
const CHECKSUM_BYTES = 4;
const RUN = 1;
const RESERVED = 3;
const DICTIONARY_BYTES = [0, 1, 2, 4];
const CONTENT_SIZE_BYTES = [0, 2, 4, 8];

export function isZstd(head: Uint8Array): boolean {
  return head.length >= 4 && head[0] === 0x28 && head[1] === 0xb5 && head[2] === 0x2f && head[3] === 0xfd;
}

interface Frame {
  readonly inner: Decompress;
  readonly blockBytesMax: number;
  readonly hasChecksum: boolean;
}

export class ZstdDecoder {
  /** Why no more is decompressed; undefined as long as nothing is wrong. */
  problem: string | undefined;
  private pending: Uint8Array = new Uint8Array(0);
  private frame: Frame | undefined;
  private isLast = false;
  private skip = 0;
  private out: Uint8Array[] = [];
  /** Compressed bytes that have been dealt with. */
  private at = 0;

  /** What this piece decompresses to, a part for each block; yields between blocks, so that memory has a bound. */
  *push(piece: Uint8Array): Generator<Uint8Array> {
    if (this.problem !== undefined) return;
    const bytes = this.pending.length === 0 ? piece : Buffer.concat([this.pending, piece]);
    let at = 0;
    for (;;) {
      const used = this.step(bytes.subarray(at));
      if (this.problem !== undefined) return;
      yield* this.out.splice(0);
      if (used === 0) break;
      at += used;
      this.at += used;
    }
    this.pending = bytes.slice(at);
  }

  /** There is no more; sets `problem` when the stream is cut. */
  finish(): void {
    if (this.problem !== undefined) return;
    if (this.frame === undefined && this.pending.length === 0 && this.skip === 0) return;
    const where = this.frame === undefined ? 'a frame header' : 'a block';
    this.problem = `the compressed data ends within ${where}, after ${this.at + this.pending.length} bytes`;
  }

  /** Deals with what `bytes` begin with; how many of them, 0 when more have to come. */
  private step(bytes: Uint8Array): number {
    if (this.skip > 0) {
      const skipped = Math.min(this.skip, bytes.length);
      this.skip -= skipped;
      return skipped;
    }
    return this.frame === undefined ? this.openFrame(bytes) : this.block(bytes, this.frame);
  }

  private openFrame(bytes: Uint8Array): number {
    if (bytes.length < 8)
      return bytes.length >= 4 && !isFrame(bytes) ? this.fail('this is no Zstandard frame') : 0;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    if ((view.getUint32(0, true) & 0xfffffff0) >>> 0 === SKIPPABLE_MAGIC) {
      this.skip = view.getUint32(4, true);
      return 8;
    }
    if (view.getUint32(0, true) !== MAGIC) return this.fail('this is no Zstandard frame');
    const descriptor = bytes[4] as number;
    const isSingle = (descriptor & 32) !== 0;
    const sizeBytes = isSingle
      ? CONTENT_SIZE_BYTES[descriptor >> 6] || 1
      : CONTENT_SIZE_BYTES[descriptor >> 6];
    const dictionaryBytes = DICTIONARY_BYTES[descriptor & 3] as number;
    const headerBytes = 5 + (isSingle ? 0 : 1) + dictionaryBytes + (sizeBytes as number);
    if (bytes.length < headerBytes) return 0;
    if ((descriptor & 8) !== 0) return this.fail('a reserved bit of the frame header is set');
    if (
      bytes
        .subarray(5 + (isSingle ? 0 : 1))
        .subarray(0, dictionaryBytes)
        .some((byte) => byte !== 0)
    )
      return this.fail('the frame needs a dictionary');
    const windowBytes = isSingle
      ? contentSize(view, headerBytes - (sizeBytes as number), sizeBytes as number)
      : windowSize(bytes[5] as number);
    if (windowBytes > WINDOW_BYTES_MAX)
      return this.fail(
        `the frame needs a window of ${windowBytes} bytes; at most ${WINDOW_BYTES_MAX} are given`,
      );
    const inner = new Decompress((part) => {
      if (part.length > 0) this.out.push(part);
    });
    this.frame = {
      inner,
      blockBytesMax: Math.min(windowBytes, BLOCK_BYTES_MAX),
      hasChecksum: (descriptor & 4) !== 0,
    };
    return this.feed(inner, bytes.subarray(0, headerBytes), false) ? headerBytes : 0;
  }

  private block(bytes: Uint8Array, { inner, blockBytesMax, hasChecksum }: Frame): number {
    if (bytes.length < BLOCK_HEADER_BYTES) return 0;
    const header = (bytes[0] as number) | ((bytes[1] as number) << 8) | ((bytes[2] as number) << 16);
    const type = (header >> 1) & 3;
    const size = header >> 3;
    if (type === RESERVED) return this.fail('a block has a reserved type');
    if (size > blockBytesMax)
      return this.fail(`a block has ${size} bytes; at most ${blockBytesMax} are allowed`);
    this.isLast = (header & 1) !== 0;
    const end =
      BLOCK_HEADER_BYTES + (type === RUN ? 1 : size) + (this.isLast && hasChecksum ? CHECKSUM_BYTES : 0);
    if (bytes.length < end) return 0;
    if (!this.feed(inner, bytes.subarray(0, end), this.isLast)) return 0;
    if (this.out.some((part) => part.length > BLOCK_BYTES_MAX)) return this.fail('a block is too long');
    if (this.isLast) this.frame = undefined;
    return end;
  }

  /** fzstd keeps what it is given until it is decoded, so it gets a copy. */
  private feed(inner: Decompress, bytes: Uint8Array, isLast: boolean): boolean {
    try {
      inner.push(bytes.slice(), isLast);
      return true;
    } catch (error) {
      this.fail(`the compressed data is damaged: ${(error as Error).message}`);
      return false;
    }
  }

  private fail(problem: string): 0 {
    this.problem = `${problem}, at byte ${this.at}`;
    return 0;
  }
}

function isFrame(bytes: Uint8Array): boolean {
  const magic = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  return magic === MAGIC || (magic & 0xfffffff0) >>> 0 === SKIPPABLE_MAGIC;
}

function windowSize(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >> 3));
  return base + (base / 8) * (descriptor & 7);
}

function contentSize(view: DataView, at: number, bytes: number): number {
  switch (bytes) {
    case 1:
      return view.getUint8(at);
    case 2:
      return view.getUint16(at, true) + 256;
    case 4:
      return view.getUint32(at, true);
    default:
      return Number(view.getBigUint64(at, true));
  }
}
