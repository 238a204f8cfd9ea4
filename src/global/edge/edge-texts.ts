/**
 * Texts of an edge by number, encoded once as chunks have them: names and tags of contexts that are sent in every bucket.
 *
 *   number ─▶ start, end ─▶ │ length varint, bytes │ dead │ length varint, bytes │ …
 *
 * Memory  each text once in a table (text-table.ts) and once encoded. Bytes of texts that are gone are dead; when they are
 *         more than those alive, all move together.
 */

import { ColumnTable } from '../../lib/column-table.ts';
import { TextTable } from '../../lib/texts/text-table.ts';
import type { ByteString } from '../../model/text.ts';
import { ByteWriter } from '../bytes/byte-writer.ts';

const COMPACT_MIN_BYTES = 65_536;

export class EdgeTexts {
  private readonly table = new TextTable();
  private bytes = new ByteWriter();
  private readonly encoded = new ColumnTable({ starts: Uint32Array, ends: Uint32Array });
  private dead = 0;

  /** Texts in use. */
  get size(): number {
    return this.table.size;
  }

  /** Bytes that are kept, dead ones included. */
  get length(): number {
    return this.bytes.length;
  }

  /** The number of a text, with one more reference to it. */
  take(text: ByteString): number {
    const before = this.table.size;
    const number = this.table.take(text);
    if (this.table.size === before) return number;
    this.encoded.reserve(number);
    this.encoded.columns.starts[number] = this.bytes.length;
    this.bytes.text(text);
    this.encoded.columns.ends[number] = this.bytes.length;
    return number;
  }

  /** Gives one reference back. */
  release(number: number): void {
    const before = this.table.size;
    this.table.release(number);
    if (this.table.size === before) return;
    this.dead +=
      (this.encoded.columns.ends[number] as number) - (this.encoded.columns.starts[number] as number);
    this.encoded.columns.ends[number] = this.encoded.columns.starts[number] as number;
    if (this.dead > COMPACT_MIN_BYTES && this.dead * 2 > this.bytes.length) this.compact();
  }

  /** One more than the highest number that is in use. */
  get end(): number {
    return this.table.end;
  }

  /** Gives back what a burst of texts needed. */
  trim(): void {
    this.table.trim();
    this.encoded.trim(this.table.end);
  }

  /** Copies a text as it stands in a chunk. */
  writeTo(writer: ByteWriter, number: number): void {
    const start = this.encoded.columns.starts[number] as number;
    writer.copy(this.bytes, start, (this.encoded.columns.ends[number] as number) - start);
  }

  private compact(): void {
    const old = this.bytes;
    this.bytes = new ByteWriter();
    this.dead = 0;
    for (let number = 0; number < this.encoded.capacity; number++) {
      const start = this.encoded.columns.starts[number] as number;
      const end = this.encoded.columns.ends[number] as number;
      this.encoded.columns.starts[number] = this.bytes.length;
      this.bytes.copy(old, start, end - start);
      this.encoded.columns.ends[number] = this.bytes.length;
    }
  }
}
