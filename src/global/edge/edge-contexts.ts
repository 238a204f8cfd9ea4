/**
 * Contexts of an edge as the fleet has them, by the id they have here: what is computed once, on the cold path, for all buckets.
 *
 *   id ─▶ type │ hash │ partition        columns
 *     └─▶ numbers of its name and tags   tag-lists.ts ─▶ edge-texts.ts
 *
 * Memory  about 30 bytes a context, 4 a tag, and every text once.
 */
import { TagLists } from '../../aggregate/contexts/tag-lists.ts';
import { ColumnTable } from '../../lib/column-table.ts';
import { CONTEXT_TYPES, type Context } from '../../model/context.ts';
import type { ByteString } from '../../model/text.ts';
import { CONTEXT_HASH_BYTES, contextHash, partitionOf } from '../chunk/fleet-hash.ts';
import { EdgeTexts } from './edge-texts.ts';

const UNKNOWN = 0;

export class EdgeContexts {
  readonly texts = new EdgeTexts();
  /** Name first, then the tags. */
  readonly lists = new TagLists();
  private readonly hashKey: string;
  private readonly partitions: number;
  private readonly rows = new ColumnTable({
    /** Number of the type in CONTEXT_TYPES, from 1. */
    types: Uint8Array,
    partitions: Uint32Array,
  });
  /** Bytes of hashes: CONTEXT_HASH_BYTES for each id. */
  private readonly _hashes = new ColumnTable({ bytes: Uint8Array });
  private size = 0;

  constructor(hashKey: string, partitions: number) {
    this.hashKey = hashKey;
    this.partitions = partitions;
  }

  /** CONTEXT_HASH_BYTES for each id. Borrowed: valid until a context is added. */
  get hashes(): Uint8Array {
    return this._hashes.columns.bytes;
  }

  /** Notes a context unless it is known; `tags` are those it has in the fleet. The partition it belongs to. */
  partitionOf({ id, name, type }: Context, tags: readonly ByteString[]): number {
    if ((this.rows.columns.types[id] ?? UNKNOWN) === UNKNOWN)
      this.add(id, name, CONTEXT_TYPES.indexOf(type), tags);
    return this.rows.columns.partitions[id] as number;
  }

  /** Number of a context's type, as chunks have it. */
  typeOf(id: number): number {
    return (this.rows.columns.types[id] as number) - 1;
  }

  /** A copy of its hash, as a key. */
  hashKeyOf(id: number): string {
    const at = id * CONTEXT_HASH_BYTES;
    return Buffer.from(this.hashes.buffer, at, CONTEXT_HASH_BYTES).toString('latin1');
  }

  forget(ids: readonly number[]): void {
    for (const id of ids) {
      if ((this.rows.columns.types[id] ?? UNKNOWN) === UNKNOWN) continue;
      this.rows.columns.types[id] = UNKNOWN;
      this.size--;
      const { lists } = this;
      for (let i = 0, count = lists.countOf(id); i < count; i++) this.texts.release(lists.at(id, i));
      lists.delete(id);
    }
    this.trim();
  }

  /** All of them; they are noted anew when they come again. */
  forgetAll(): void {
    this.forget(Array.from(this.rows.columns.types.keys()));
  }

  /** Gives back what a burst of contexts needed. */
  private trim(): void {
    const end = this.rows.trimUnused('types', this.size);
    if (end === undefined) return;
    this._hashes.trim(end * CONTEXT_HASH_BYTES);
    this.lists.trim(end);
    this.texts.trim();
  }

  private add(id: number, name: ByteString, type: number, tags: readonly ByteString[]): void {
    this.rows.reserve(id);
    this._hashes.reserve((id + 1) * CONTEXT_HASH_BYTES - 1);
    const known = CONTEXT_TYPES[type];
    if (known === undefined) throw new Error('a context is of no known type');
    const hash = contextHash({ name, type: known, host: '', tags }, this.hashKey);
    this.hashes.set(hash, id * CONTEXT_HASH_BYTES);
    this.rows.columns.partitions[id] = partitionOf(hash, this.partitions);
    this.lists.set(id, [this.texts.take(name), ...tags.map((tag) => this.texts.take(tag))]);
    this.rows.columns.types[id] = type + 1;
    this.size++;
  }
}
