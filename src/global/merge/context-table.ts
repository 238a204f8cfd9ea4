/**
 * Context table: the contexts that a partition has seen lately, under dense ids.
 *
 *   hash of a chunk's entry ─▶ id ─▶ name, type, tags, the close it was last used before
 *
 * Texts are read from a chunk once, when the context is new here.
 * Memory  about 250 bytes and the texts a context; one that was in no bucket for IDLE_CLOSES closes is forgotten.
 */
import { ContextIndex } from '../../aggregate/contexts/context-index.ts';
import type { ContextType } from '../../model/context.ts';
import { type ByteString, detachText } from '../../model/text.ts';
import type { Chunk, ChunkEntry } from '../chunk/chunk.ts';

const IDLE_CLOSES = 30;

export interface GlobalContext {
  /** 16 bytes (chunk/fleet-hash.ts). */
  readonly hash: Uint8Array;
  readonly type: ContextType;
  readonly name: ByteString;
  readonly tags: readonly ByteString[];
  /** The ordinal of the close that its newest bucket waits for. */
  usedBefore: number;
}

export class ContextTable {
  private readonly index = new ContextIndex();
  private readonly contexts: (GlobalContext | undefined)[] = [];
  private readonly free: number[] = [];
  private readonly texts = new Map<ByteString, ByteString>();
  private sweptAt = 0;

  get size(): number {
    return this.index.size;
  }

  /** The id of an entry's context. `ordinal` is that of the next close. */
  take(chunk: Chunk, entry: ChunkEntry, ordinal: number): number {
    const known = this.index.find(entry.key);
    if (known >= 0) {
      (this.contexts[known] as GlobalContext).usedBefore = ordinal;
      return known;
    }
    const { name, tags } = chunk.textsOfEntry();
    const id = this.free.pop() ?? this.contexts.length;
    this.contexts[id] = {
      hash: Uint8Array.from(new Uint8Array(entry.key.buffer)),
      type: entry.type,
      name: this.share(name),
      tags: tags.map((tag) => this.share(tag)),
      usedBefore: ordinal,
    };
    this.index.add(entry.key, id);
    return id;
  }

  at(id: number): GlobalContext {
    const context = this.contexts[id];
    if (context === undefined) throw new Error(`context ${id} of a bucket is not in the table`);
    return context;
  }

  /** Forgets what no bucket has had for a while; buckets still open use contexts that were used lately. */
  sweep(ordinal: number): void {
    if (ordinal - this.sweptAt < IDLE_CLOSES) return;
    this.sweptAt = ordinal;
    this.texts.clear();
    this.contexts.forEach((context, id) => {
      if (context === undefined || context.usedBefore > ordinal - IDLE_CLOSES) return;
      this.index.remove(id);
      this.contexts[id] = undefined;
      this.free.push(id);
    });
  }

  /** Equal texts of contexts that came lately are one string. */
  private share(text: ByteString): ByteString {
    const known = this.texts.get(text);
    if (known !== undefined) return known;
    const own = detachText(text);
    this.texts.set(own, own);
    return own;
  }
}
