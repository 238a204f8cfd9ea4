/**
 * Chunk builder: turns the partials of one bucket and one partition into chunks, with contexts whose texts are strings.
 *
 *   add(context, partial) … ─▶ finish(first number) ─▶ chunks, each at most about `chunkBytes`
 *
 * For owners and simulations; an edge, which writes the same contexts again in every bucket, has their texts by number
 * (edge/edge-chunks.ts).
 */
import { CONTEXT_TYPES, type ContextType } from '../../model/context.ts';
import type { ByteString } from '../../model/text.ts';
import type { Partial } from '../partials/partial.ts';
import { type BuiltChunk, type ChunkOrigin, ChunkWriter } from './chunk-writer.ts';
import { CONTEXT_HASH_BYTES } from './fleet-hash.ts';

/** A context as chunks name it. */
export interface ChunkContext {
  /** 16 bytes (fleet-hash.ts). */
  readonly hash: Uint8Array;
  readonly type: ContextType;
  readonly name: ByteString;
  readonly tags: readonly ByteString[];
}

export class ChunkBuilder {
  private readonly writer: ChunkWriter;
  private readonly textNumbers = new Map<ByteString, number>();

  constructor(chunkBytes: number) {
    this.writer = new ChunkWriter(chunkBytes);
  }

  add({ hash, type, name, tags }: ChunkContext, partial: Partial): void {
    const writer = this.writer;
    if (writer.isFull) this.endBody();
    const { entries } = writer;
    entries.rawPart(hash, 0, CONTEXT_HASH_BYTES);
    entries.u8(CONTEXT_TYPES.indexOf(type));
    const refs = entries.beginBlock();
    entries.varint(this.numberOf(name));
    entries.varint(tags.length);
    for (const tag of tags) entries.varint(this.numberOf(tag));
    entries.endBlock(refs);
    const block = entries.beginBlock();
    partial.write(entries);
    entries.endBlock(block);
    writer.count++;
  }

  /** The chunks, numbered from `number`. The builder is empty then. */
  finish(origin: ChunkOrigin, number: number): BuiltChunk[] {
    this.textNumbers.clear();
    return this.writer.finish(origin, number);
  }

  private endBody(): void {
    this.writer.endBody();
    this.textNumbers.clear();
  }

  private numberOf(text: ByteString): number {
    const known = this.textNumbers.get(text);
    if (known !== undefined) return known;
    const number = this.writer.textCount++;
    this.textNumbers.set(text, number);
    this.writer.texts.text(text);
    return number;
  }
}
