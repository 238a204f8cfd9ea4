/**
 * Text table: names, hosts and tags by number, each text kept once and counted, so that its memory
 * returns when the last context that uses it is forgotten.
 */
import { isWasteful, shrunk } from '../lib/shrink-column.ts';
import { type ByteString, detachText } from '../model/text.ts';
import { reserve } from './columns.ts';

export class TextTable {
  readonly #ids = new Map<ByteString, number>();
  #texts: ByteString[] = [];
  #free: number[] = [];
  #references = new Uint32Array(0);

  /** Texts in use. */
  get size(): number {
    return this.#ids.size;
  }

  /** The number of `text`, with one more reference to it. */
  take(text: ByteString): number {
    const id = this.#ids.get(text) ?? this.#add(detachText(text));
    (this.#references[id] as number)++;
    return id;
  }

  /** Gives one reference back. */
  release(id: number): void {
    const left = (this.#references[id] as number) - 1;
    this.#references[id] = left;
    if (left > 0) return;
    this.#ids.delete(this.textOf(id));
    this.#texts[id] = '';
    this.#free.push(id);
  }

  /** Gives back the numbers above the highest in use, when most are free. */
  trim(): void {
    if (!isWasteful(this.#texts.length, this.size)) return;
    let end = this.#texts.length;
    while (end > 0 && this.#references[end - 1] === 0) end--;
    this.#texts = this.#texts.slice(0, end);
    this.#free = this.#free.filter((id) => id < end);
    this.#references = shrunk(this.#references, end);
  }

  textOf(id: number): ByteString {
    return this.#texts[id] as ByteString;
  }

  #add(text: ByteString): number {
    const id = this.#free.pop() ?? this.#texts.length;
    this.#references = reserve(this.#references, id);
    this.#texts[id] = text;
    this.#ids.set(text, id);
    return id;
  }
}
