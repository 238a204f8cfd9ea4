/**
 * Text table: names, hosts and tags by number, each text kept once and counted, so that its memory
 * returns when the last context that uses it is forgotten.
 *
 *   text ─▶ bytes ─▶ hash ─▶ part ─▶ │ number + 1 │ 0 │ …    open addressing, linear probing (text-index.ts)
 *   number ─▶ position, references                               columns
 *   position ─▶ bytes                                            text-pages.ts
 *
 * Numbers are given out from the lowest on. Texts with a number below STRINGS_MAX are kept as strings too, once they were
 * asked for: most servers have no more, and tags that many contexts share are among the first. Others are made each time
 * they are asked for, in 0.1 microseconds.
 *
 * Memory  about 16 bytes a text beside its own.
 * Limits  4 GiB of texts.
 */
import { assert } from '../assert.ts';
import { ColumnTable } from '../column-table.ts';
import { findByte, hashBytes, viewOf } from './bytes-by-words.ts';
import { TextIndex } from './text-index.ts';
import { TextPages } from './text-pages.ts';

const STRINGS_MAX = 131_072;
/** What is looked up is made bytes here first; most contexts fit. */
const SCRATCH_BYTES = 4096;
const LINES_AT_FIRST = 64;

/** Bytes of a text, at [start, end). */
export interface TextBytes {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

export class TextTable {
  private readonly pages = new TextPages();
  private readonly rows = new ColumnTable({
    /** In the pages; of a number that is free the next that is, plus 1. */
    positions: Uint32Array,
    references: Uint32Array,
  });
  private readonly index: TextIndex;
  private readonly stringsMax: number;
  /** By number, of the first stringsMax; '' for what was not asked for. */
  private strings: string[] = [];
  /** The bytes of what is looked up now. */
  private scratch: Buffer = Buffer.allocUnsafeSlow(SCRATCH_BYTES);
  /** Whose view this is, made once for many contexts that come in the same bytes. */
  private viewed: Uint8Array = this.scratch;
  private view: DataView = viewOf(this.scratch);
  /** Of the lines that are taken now: where they end, and their hashes. */
  private ends = new Uint32Array(LINES_AT_FIRST);
  private hashes = new Int32Array(LINES_AT_FIRST);
  /** First number that is free, plus 1. */
  private free = 0;
  /** One more than the highest number given out. */
  private _end = 0;

  /** `stringsMax` 0 is for texts that are seldom asked for. */
  constructor(stringsMax = STRINGS_MAX) {
    this.stringsMax = stringsMax;
    const { pages, rows } = this;
    this.index = new TextIndex(pages, (number) => rows.columns.positions[number] as number);
  }

  /** Texts in use. */
  get size(): number {
    return this.index.size;
  }

  /** One more than the highest number that is in use. */
  get end(): number {
    return this._end;
  }

  /** Bytes of pages, index and columns. */
  get bytes(): number {
    return this.pages.bytes + this.index.bytes + 8 * this.rows.capacity;
  }

  /** The number of `text`, with one more reference to it. */
  take(text: string): number {
    // Before `scratch` is read: a long text takes another one.
    const end = this.load(text);
    return this.takeBytes(this.scratch, 0, end);
  }

  /** The number of the text at [start, end) of `bytes`, with one more reference to it. */
  takeBytes(bytes: Uint8Array, start: number, end: number): number {
    const view = this.look(bytes);
    return this.takeHashed(hashBytes(view, start, end), view, start, end);
  }

  /**
   * The numbers of the lines of a text, between which there is the byte `lineFeed`, each with one more reference, into
   * `numbers`, which is emptied before. All are hashed before the first is looked up: most look-ups have to wait for memory,
   * and so they do it together.
   */
  takeLines({ bytes, start, end }: TextBytes, lineFeed: number, numbers: number[]): void {
    const view = this.look(bytes);
    const count = this.hashLines(view, start, end, lineFeed);
    this.index.touch(this.hashes, count);
    numbers.length = 0;
    let first = start;
    for (let i = 0; i < count; i++) {
      const stop = this.ends[i] as number;
      numbers.push(this.takeHashed(this.hashes[i] as number, view, first, stop));
      first = stop + 1;
    }
  }

  /** The number of `text`; undefined when it is not in use. */
  numberOf(text: string): number | undefined {
    const end = this.load(text);
    const view = this.look(this.scratch);
    return this.index.find(hashBytes(view, 0, end), view, 0, end);
  }

  /** Gives one reference back. */
  release(number: number): void {
    const references = this.rows.columns.references[number];
    assert(references !== undefined && references > 0, 'a text is released as often as it was taken');
    this.rows.columns.references[number] = references - 1;
    if (references > 1) return;
    const position = this.positionOf(number);
    this.index.remove(number);
    this.rows.columns.positions[number] = this.free;
    this.free = number + 1;
    if (number < this.strings.length) this.strings[number] = '';
    if (this.pages.remove(position)) this.clearPage(position);
  }

  /** Gives back the numbers above the highest in use, when most are free. */
  trim(): void {
    const end = this.rows.trimUnused('references', this.size);
    if (end === undefined) return;
    this._end = end;
    this.strings.length = Math.min(this.strings.length, end);
    this.free = 0;
    const { positions, references } = this.rows.columns;
    for (let number = end - 1; number >= 0; number--) {
      if (references[number] !== 0) continue;
      positions[number] = this.free;
      this.free = number + 1;
    }
  }

  textOf(number: number): string {
    if (number >= this.stringsMax) return this.pages.textAt(this.positionOf(number));
    const kept = this.strings[number];
    if (kept !== undefined && kept !== '') return kept;
    const text = this.pages.textAt(this.positionOf(number));
    while (this.strings.length <= number) this.strings.push('');
    this.strings[number] = text;
    return text;
  }

  /** Writes `text` to the scratch bytes; where it ends. */
  private load(text: string): number {
    if (text.length > this.scratch.length) this.scratch = Buffer.allocUnsafeSlow(2 * text.length);
    return this.scratch.write(text, 0, 'latin1');
  }

  /** A view of `bytes`, kept until others are looked at. */
  private look(bytes: Uint8Array): DataView {
    if (this.viewed !== bytes) {
      this.viewed = bytes;
      this.view = viewOf(bytes);
    }
    return this.view;
  }

  /** Finds the ends of lines and hashes them; how many there are. */
  private hashLines(view: DataView, start: number, end: number, lineFeed: number): number {
    let count = 0;
    for (let first = start; first <= end; count++) {
      const stop = findByte(view, lineFeed, first, end);
      if (count === this.ends.length) this.growLines();
      this.ends[count] = stop;
      this.hashes[count] = hashBytes(view, first, stop);
      first = stop + 1;
    }
    return count;
  }

  private growLines(): void {
    const { ends, hashes } = this;
    this.ends = new Uint32Array(2 * ends.length);
    this.hashes = new Int32Array(2 * hashes.length);
    this.ends.set(ends);
    this.hashes.set(hashes);
  }

  private takeHashed(hash: number, view: DataView, start: number, end: number): number {
    const number = this.index.find(hash, view, start, end) ?? this.add(hash, view, start, end);
    (this.rows.columns.references[number] as number)++;
    return number;
  }

  private add(hash: number, view: DataView, start: number, end: number): number {
    const number = this.takeNumber();
    this.rows.columns.positions[number] = this.pages.append(view, start, end);
    this.index.add(number, hash);
    return number;
  }

  private takeNumber(): number {
    if (this.free === 0) {
      this.rows.reserve(this._end);
      return this._end++;
    }
    const number = this.free - 1;
    this.free = this.positionOf(number);
    return number;
  }

  private positionOf(number: number): number {
    return this.rows.columns.positions[number] as number;
  }

  /** Moves what lives in the page of `position`, most of which is dead. */
  private clearPage(position: number): void {
    for (const at of this.pages.positionsIn(position)) {
      const number = this.index.findAt(at);
      if (number !== undefined) this.rows.columns.positions[number] = this.pages.move(at);
    }
    this.pages.drop(position);
  }
}
