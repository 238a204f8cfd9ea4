/**
 * Compression of payloads, in pieces whose compressed size is known before the next piece is chosen.
 *
 *   compress(piece) ─▶ zlib, on Node's thread pool ─▶ everything out (sync flush) ─▶ `byteCount` is exact
 *   finish(piece)   ─▶ the whole body
 *
 * A bound says how many bytes a piece takes at worst, so that the packer can fill a payload to its limit without
 * ever passing it (docs/datadog.md#payloads-and-their-limits).
 *
 * Thread  the control thread asks; the work is done on the thread pool, 64 KiB of output at a time.
 */
import type { Transform } from 'node:stream';
import * as zlib from 'node:zlib';

export const COMPRESSOR_KINDS = ['zstd', 'zlib', 'gzip', 'none'] as const;
export type CompressorKind = (typeof COMPRESSOR_KINDS)[number];

export interface Compressor {
  readonly kind: CompressorKind;
  /** Value of the Content-Encoding header; undefined for none. */
  readonly encoding: string | undefined;
  /** The most that `byteCount` bytes, compressed as one piece, and the end of the body add to a body. */
  bound(byteCount: number): number;
  /** Begins a body. */
  open(): CompressedBody;
}

export interface CompressedBody {
  /** Compressed bytes of all pieces so far. */
  readonly byteCount: number;
  /** Adds a piece. The bytes are borrowed until it resolves. */
  compress(piece: Uint8Array): Promise<void>;
  /** Adds the last piece; resolves with the body. */
  finish(piece: Uint8Array): Promise<Uint8Array>;
  /** Ends without a body. */
  discard(): void;
}

const OUTPUT_CHUNK_BYTES = 64 * 1024;
/** Headers and trailers (18 for gzip), the empty block of a sync flush (5), one more block (5), alignment. */
const DEFLATE_SLACK_BYTES = 40;
/** Header (18), checksum (4), and block headers of 3 bytes, one more at each end of a piece. */
const ZSTD_SLACK_BYTES = 96;

/** Parts of node:zlib that Node.js has from 22.15 on. */
interface ZstdModule {
  createZstdCompress(options: { chunkSize: number; params: Record<number, number> }): Transform & Flushable;
  readonly constants: { ZSTD_c_compressionLevel: number; ZSTD_e_flush: number };
}

interface Flushable {
  flush(kind: number, done: () => void): void;
}

export function hasZstd(): boolean {
  return 'createZstdCompress' in zlib;
}

export function makeCompressor(
  kind: CompressorKind,
  levels: { readonly zstd: number; readonly zlib: number },
): Compressor {
  switch (kind) {
    case 'zstd':
      return {
        kind,
        encoding: 'zstd',
        bound: (byteCount) => byteCount + (byteCount >>> 8) + ZSTD_SLACK_BYTES,
        open: () => openZstd(levels.zstd),
      };
    case 'zlib':
      return { kind, encoding: 'deflate', bound: deflateBound, open: () => openDeflate('zlib', levels.zlib) };
    case 'gzip':
      return { kind, encoding: 'gzip', bound: deflateBound, open: () => openDeflate('gzip', levels.zlib) };
    case 'none':
      return { kind, encoding: undefined, bound: (byteCount) => byteCount, open: () => new PlainBody() };
  }
}

function deflateBound(byteCount: number): number {
  return byteCount + (byteCount >>> 12) + (byteCount >>> 14) + (byteCount >>> 25) + DEFLATE_SLACK_BYTES;
}

function openDeflate(kind: 'zlib' | 'gzip', level: number): CompressedBody {
  const options = { level, chunkSize: OUTPUT_CHUNK_BYTES };
  const stream = kind === 'zlib' ? zlib.createDeflate(options) : zlib.createGzip(options);
  return new StreamBody(stream, zlib.constants.Z_SYNC_FLUSH);
}

function openZstd(level: number): CompressedBody {
  const { createZstdCompress, constants } = zlib as unknown as ZstdModule;
  const params = { [constants.ZSTD_c_compressionLevel]: level };
  return new StreamBody(
    createZstdCompress({ chunkSize: OUTPUT_CHUNK_BYTES, params }),
    constants.ZSTD_e_flush,
  );
}

class StreamBody implements CompressedBody {
  byteCount = 0;
  private readonly stream: Transform & Flushable;
  private readonly flushKind: number;
  private readonly pieces: Uint8Array[] = [];
  /** Tells the call under way that compression failed, which is a bug or a lack of memory. */
  private fail: (error: Error) => void = () => undefined;

  constructor(stream: Transform & Flushable, flushKind: number) {
    this.stream = stream;
    this.flushKind = flushKind;
    stream.on('data', (piece: Uint8Array) => {
      this.pieces.push(piece);
      this.byteCount += piece.length;
    });
    stream.on('error', (error: Error) => this.fail(error));
  }

  compress(piece: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      this.fail = reject;
      this.stream.write(piece);
      this.stream.flush(this.flushKind, () => {
        // What is buffered between the compressor and the listener counts as well.
        while (this.stream.read() !== null);
        resolve();
      });
    });
  }

  finish(piece: Uint8Array): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      this.fail = reject;
      this.stream.once('end', () => resolve(Buffer.concat(this.pieces)));
      this.stream.end(piece);
    });
  }

  discard(): void {
    this.stream.destroy();
  }
}

class PlainBody implements CompressedBody {
  byteCount = 0;
  private readonly pieces: Uint8Array[] = [];

  async compress(piece: Uint8Array): Promise<void> {
    this.pieces.push(piece.slice());
    this.byteCount += piece.length;
  }

  async finish(piece: Uint8Array): Promise<Uint8Array> {
    this.pieces.push(piece);
    return Buffer.concat(this.pieces);
  }

  discard(): void {
    this.pieces.length = 0;
  }
}
