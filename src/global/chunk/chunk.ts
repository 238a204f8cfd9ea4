/**
 * A chunk: partials of one edge, of one bucket, for one partition. It is sent again byte for byte.
 *
 *   0   version u8 │ 0 u8 │ seq u16 │ crc32 u32, of all that follows
 *   8   edge 16 bytes │ epoch f64 │ number f64
 *   40  bucket start f64 │ width u32 │ last seq u16 │ 0 u16
 *   56  count u32 │ number of texts u32 │ their bytes u32
 *   68  texts: length varint, bytes …
 *       entries: hash 16 │ type u8 │ length varint │ name, tag count, tags as numbers of texts │ length varint │ partial
 *
 * Epoch and number say whether it is a repeat: an edge numbers the chunks of a partition upwards within an epoch, and
 * starts a later epoch whenever it starts. Seq and last seq say whether an edge's bucket is complete. The start of the
 * bucket alone would not do for the first: an edge's clock may step back, and buckets of several widths end together.
 *
 * Texts are in every chunk, each once, so a reader needs nothing that came before. Who knows a context already skips them.
 */
import { crc32 } from 'node:zlib';
import { CONTEXT_TYPES, type ContextType } from '../../model/context.ts';
import type { ByteString } from '../../model/text.ts';
import { ByteReader } from '../bytes/byte-reader.ts';
import type { Source } from '../partials/partial.ts';

/** Readers take this version and the one before; roll them out before the edges. */
export const CHUNK_VERSION = 1;
export const CHUNK_HEAD_BYTES = 68;
export const EDGE_ID_BYTES = 16;
/** Bytes before those that the checksum covers. */
const UNCHECKED_BYTES = 8;
const COUNT_AT = 56;

/** Why a chunk cannot be read. */
export type ChunkProblem = 'damaged' | 'version';

export interface ChunkHead {
  readonly edge: Source;
  readonly epoch: number;
  readonly number: number;
  /** Start of the bucket, Unix seconds, by the edge's clock. */
  readonly start: number;
  readonly width: number;
  readonly seq: number;
  readonly lastSeq: number;
  /** Partials. */
  readonly count: number;
}

/** One entry. Borrowed: valid until the next one. */
export interface ChunkEntry {
  /** Four words of the context's hash. */
  readonly key: Uint32Array;
  type: ContextType;
  /** Where `reader` has to be to read the partial, and where that ends. */
  partialStart: number;
  partialEnd: number;
}

export class Chunk {
  readonly head: ChunkHead;
  readonly reader: ByteReader;
  private readonly textsAt: number;
  private readonly textCount: number;
  private readonly entriesAt: number;
  private readonly entry: ChunkEntry = {
    key: new Uint32Array(4),
    type: 'counter',
    partialStart: 0,
    partialEnd: 0,
  };
  private refsAt = 0;
  private texts: readonly ByteString[] | undefined;

  private constructor(head: ChunkHead, reader: ByteReader, textCount: number, textBytes: number) {
    this.head = head;
    this.reader = reader;
    this.textsAt = CHUNK_HEAD_BYTES;
    this.textCount = textCount;
    this.entriesAt = CHUNK_HEAD_BYTES + textBytes;
  }

  /** The chunk in `bytes`, or why it cannot be read. Borrows the bytes. */
  static open(bytes: Buffer): Chunk | ChunkProblem {
    if (bytes.length < CHUNK_HEAD_BYTES) return 'damaged';
    const version = bytes[0] as number;
    if (version > CHUNK_VERSION || version === 0 || version < CHUNK_VERSION - 1) return 'version';
    if (checksumOf(bytes) !== bytes.readUInt32LE(4)) return 'damaged';
    const reader = new ByteReader(bytes, UNCHECKED_BYTES);
    const head: ChunkHead = {
      edge: reader.raw(EDGE_ID_BYTES).toString('latin1'),
      epoch: reader.f64(),
      number: reader.f64(),
      start: reader.f64(),
      width: reader.u32(),
      seq: bytes.readUInt16LE(2),
      lastSeq: reader.u16(),
      count: bytes.readUInt32LE(COUNT_AT),
    };
    reader.at = COUNT_AT + 4;
    const textCount = reader.u32();
    const textBytes = reader.u32();
    const isSound =
      Number.isFinite(head.start) &&
      head.width > 0 &&
      head.start % head.width === 0 &&
      Number.isFinite(head.epoch) &&
      Number.isFinite(head.number) &&
      textBytes <= reader.left &&
      textCount <= textBytes;
    return isSound ? new Chunk(head, reader, textCount, textBytes) : 'damaged';
  }

  /** Visits the entries; throws a RangeError where one does not follow the layout. */
  forEach(visit: (entry: ChunkEntry) => void): void {
    const { reader } = this;
    const entry = this.entry;
    reader.at = this.entriesAt;
    for (let i = 0; i < this.head.count; i++) {
      for (let word = 0; word < 4; word++) entry.key[word] = reader.u32();
      const type = CONTEXT_TYPES[reader.u8()];
      if (type === undefined) throw new RangeError('an entry is of no known type');
      entry.type = type;
      const refsBytes = reader.count();
      this.refsAt = reader.at;
      reader.skip(refsBytes);
      const partialBytes = reader.count();
      entry.partialStart = reader.at;
      entry.partialEnd = reader.at + partialBytes;
      visit(entry);
      reader.at = entry.partialEnd;
    }
  }

  /** Name and tags of the entry that is visited. */
  textsOfEntry(): { readonly name: ByteString; readonly tags: readonly ByteString[] } {
    const texts = this.readTexts();
    const reader = new ByteReader(this.reader.bytes, this.refsAt);
    const name = textAt(texts, reader.varint());
    const tags: ByteString[] = [];
    for (let left = reader.count(); left > 0; left--) tags.push(textAt(texts, reader.varint()));
    return { name, tags };
  }

  private readTexts(): readonly ByteString[] {
    if (this.texts !== undefined) return this.texts;
    const reader = new ByteReader(this.reader.bytes, this.textsAt, this.entriesAt);
    const texts: ByteString[] = [];
    for (let i = 0; i < this.textCount; i++) texts.push(reader.text());
    this.texts = texts;
    return texts;
  }
}

/** Writes the checksum into a chunk whose other bytes are final. */
export function sealChunk(bytes: Buffer): Buffer {
  bytes.writeUInt32LE(checksumOf(bytes), 4);
  return bytes;
}

/** Covers the first four bytes too, so that a damaged seq does not pass. */
function checksumOf(bytes: Buffer): number {
  return crc32(bytes.subarray(UNCHECKED_BYTES), crc32(bytes.subarray(0, 4)));
}

function textAt(texts: readonly ByteString[], index: number): ByteString {
  const text = texts[index];
  if (text === undefined) throw new RangeError('an entry names a text that is not there');
  return text;
}
