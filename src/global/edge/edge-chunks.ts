/**
 * Chunks of an edge: what one bucket has for one partition, and how it becomes chunks.
 *
 *   PendingPartials  ids │ encoded partials, one after the other, each behind its length
 *        └──────────▶ EdgeChunks ─▶ entries with hash, type, numbers of texts ─▶ chunks
 *
 * Partials are encoded when they are counted, and get their contexts at the end of the flush, one partition after the other: so
 * one column can say which number a text has in the chunk that is being written, and no text is hashed or encoded again.
 *
 * Why     texts cost most: with a map of strings in each partition, and every text encoded in every chunk, an edge sealed 0.82 to
 *         0.86 M partials in a CPU second; this way 1.13 to 1.27 M (docs/performance.md, scenario `global`).
 * Memory  8 bytes a text; the partials of one flush.
 */
import { ColumnTable } from '../../lib/column-table.ts';
import { ByteWriter } from '../bytes/byte-writer.ts';
import { type BuiltChunk, type ChunkOrigin, ChunkWriter } from '../chunk/chunk-writer.ts';
import { CONTEXT_HASH_BYTES } from '../chunk/fleet-hash.ts';
import type { EdgeContexts } from './edge-contexts.ts';

export class PendingPartials {
  readonly ids: number[] = [];
  readonly partials = new ByteWriter();
  /** Where each of them ends. */
  readonly ends: number[] = [];
  private block = 0;

  /** Begins a partial, to be written to what this returns; end() ends it. */
  begin(id: number): ByteWriter {
    this.ids.push(id);
    this.block = this.partials.beginBlock();
    return this.partials;
  }

  end(): void {
    this.partials.endBlock(this.block);
    this.ends.push(this.partials.length);
  }

  clear(): void {
    this.ids.length = 0;
    this.ends.length = 0;
    this.partials.clear();
  }
}

export class EdgeChunks {
  private readonly contexts: EdgeContexts;
  private readonly writer: ChunkWriter;
  /** By number of a text: the body it was last written to, and its number there, from 0. */
  private readonly texts = new ColumnTable({ bodies: Uint32Array, numbers: Uint32Array });
  /** Bodies so far; none is 0. */
  private body = 1;

  constructor(contexts: EdgeContexts, chunkBytes: number) {
    this.contexts = contexts;
    this.writer = new ChunkWriter(chunkBytes);
  }

  /** The chunks of what is pending, numbered from `number`. */
  build({ ids, ends, partials }: PendingPartials, origin: ChunkOrigin, number: number): BuiltChunk[] {
    const writer = this.writer;
    const { entries } = writer;
    const { hashes } = this.contexts;
    let start = 0;
    for (let i = 0; i < ids.length; i++) {
      const id = ids[i] as number;
      const end = ends[i] as number;
      if (writer.isFull) {
        writer.endBody();
        this.nextBody();
      }
      entries.rawPart(hashes, id * CONTEXT_HASH_BYTES, CONTEXT_HASH_BYTES);
      entries.u8(this.contexts.typeOf(id));
      this.writeTexts(id, entries);
      entries.copy(partials, start, end - start);
      writer.count++;
      start = end;
    }
    this.nextBody();
    this.texts.trim(this.contexts.texts.end);
    return writer.finish(origin, number);
  }

  private writeTexts(id: number, entries: ByteWriter): void {
    const { lists } = this.contexts;
    const count = lists.countOf(id);
    const block = entries.beginBlock();
    entries.varint(this.numberOf(lists.at(id, 0)));
    entries.varint(count - 1);
    for (let i = 1; i < count; i++) entries.varint(this.numberOf(lists.at(id, i)));
    entries.endBlock(block);
  }

  private numberOf(text: number): number {
    const { columns } = this.texts;
    if (columns.bodies[text] === this.body) return columns.numbers[text] as number;
    this.texts.reserve(text);
    const number = this.writer.textCount++;
    columns.bodies[text] = this.body;
    columns.numbers[text] = number;
    this.contexts.texts.writeTo(this.writer.texts, text);
    return number;
  }

  private nextBody(): void {
    if (this.body < 0xffff_ffff) this.body++;
    else {
      this.texts.columns.bodies.fill(0);
      this.body = 1;
    }
  }
}
