/**
 * Text table: names, hosts and tags by number, each text kept once and counted, so that its memory
 * returns when the last context that uses it is forgotten.
 */
import { assert } from '../../lib/assert.ts';
import { ColumnTable } from '../../lib/column-table.ts';
import { type ByteString, detachText } from '../../model/text.ts';

export class TextTable {
  private readonly ids = new Map<ByteString, number>();
  private texts: ByteString[] = [];
  private free: number[] = [];
  private readonly rows = new ColumnTable({ references: Uint32Array });

  /** Texts in use. */
  get size(): number {
    return this.ids.size;
  }

  /** One more than the highest number that is in use. */
  get end(): number {
    return this.texts.length;
  }

  /** The number of `text`, with one more reference to it. */
  take(text: ByteString): number {
    const id = this.ids.get(text) ?? this.add(detachText(text));
    (this.rows.columns.references[id] as number)++;
    return id;
  }

  /** The number of `text`; undefined when it is not in use. */
  numberOf(text: ByteString): number | undefined {
    return this.ids.get(text);
  }

  /** Gives one reference back. */
  release(id: number): void {
    const references = this.rows.columns.references[id];
    assert(references !== undefined && references > 0, 'a text is released as often as it was taken');
    const left = references - 1;
    this.rows.columns.references[id] = left;
    if (left > 0) return;
    this.ids.delete(this.textOf(id));
    this.texts[id] = '';
    this.free.push(id);
  }

  /** Gives back the numbers above the highest in use, when most are free. */
  trim(): void {
    const end = this.rows.trimUnused('references', this.size);
    if (end === undefined) return;
    this.texts = this.texts.slice(0, end);
    this.free = this.free.filter((id) => id < end);
  }

  textOf(id: number): ByteString {
    return this.texts[id] as ByteString;
  }

  private add(text: ByteString): number {
    const id = this.free.pop() ?? this.texts.length;
    this.rows.reserve(id);
    this.texts[id] = text;
    this.ids.set(text, id);
    return id;
  }
}
