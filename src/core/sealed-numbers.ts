/**
 * Values and bins behind the cells of a sealed bucket, as the control thread reads them. The core writes them
 * (assembly/value-list.ts, key-list.ts, bin-pages.ts draw the chunks); layout: model/core-border.ts.
 */
import * as layout from '../model/core-border.ts';
import type { NumberBatch } from '../model/number-batch.ts';

const LONG_HEAD = layout.CHUNK_LONG_HEAD;

export class SealedNumbers {
  private readonly u32: Uint32Array;
  private readonly f64: Float64Array;
  private readonly i16: Int16Array;

  constructor(memory: WebAssembly.Memory) {
    this.u32 = new Uint32Array(memory.buffer);
    this.f64 = new Float64Array(memory.buffer);
    this.i16 = new Int16Array(memory.buffer);
  }

  /** Reads what is behind the cell at address `cell`. */
  read(cell: number, batch: NumberBatch): void {
    const at = this.word(cell + layout.CELL_AT);
    const list = this.word(cell + layout.CELL_LIST);
    if (list === 0 || at === layout.AT_TABLE) {
      batch.begin(false);
      return;
    }
    const kind = this.word(list + layout.CHUNK_META) & ~layout.CHUNK_SIZE_MASK & 0xffff;
    batch.begin(kind !== layout.CHUNK_VALUES);
    if (kind === layout.CHUNK_VALUES) this.readValues(list, (at & ~1) >>> 0, batch);
    else if (kind === layout.CHUNK_KEYS) this.readKeys(list, at, batch);
    else if (kind === layout.CHUNK_PAGES) this.readPages(list, this.u32, 4, batch);
    else if (kind === layout.CHUNK_WIDE_PAGES) this.readPages(list, this.f64, 8, batch);
    else throw new Error(`a chunk of an unknown kind at ${list}`);
  }

  /** The chunks of values up to `list`, which is filled up to `end`; the others are full. */
  private readValues(list: number, end: number, batch: NumberBatch): void {
    const { u32, f64 } = this;
    let chunk = list;
    do {
      chunk = this.word(chunk);
      const meta = this.word(chunk + layout.CHUNK_META);
      const size = meta & layout.CHUNK_SIZE_MASK;
      let i = (chunk + (size === layout.CHUNK_LONG ? LONG_HEAD : layout.CHUNK_HEAD)) / 8;
      const stop = (chunk === list ? end : chunk + size) / 8;
      for (const words = i + 2 * (meta >>> layout.CHUNK_PAIRS_SHIFT); i < words; i += 2) {
        batch.add(f64[i] as number, f64[i + 1] as number);
      }
      let weight = 1;
      for (; i < stop; i++) {
        const value = f64[i] as number;
        if (!Number.isNaN(value)) batch.add(value, weight);
        else if (u32[2 * i + 1] === layout.ESCAPE_F64) weight = f64[++i] as number;
        else weight = u32[2 * i] as number;
      }
    } while (chunk !== list);
  }

  private readKeys(list: number, end: number, batch: NumberBatch): void {
    const { i16 } = this;
    let chunk = list;
    do {
      chunk = this.word(chunk);
      const size = this.word(chunk + layout.CHUNK_META) & layout.CHUNK_SIZE_MASK;
      const stop = (chunk === list ? end : chunk + size) >>> 1;
      for (let i = (chunk + layout.CHUNK_HEAD) >>> 1; i < stop; i++) batch.add(i16[i] as number, 1);
    } while (chunk !== list);
  }

  /** The pages behind `directory`, whose weights have so many bytes and are in `column`. */
  private readPages(
    directory: number,
    column: Uint32Array | Float64Array,
    bytes: 4 | 8,
    batch: NumberBatch,
  ): void {
    const first = this.word(directory);
    const pages = this.word(directory + layout.DIRECTORY_PAGES);
    const entries = (directory + layout.CHUNK_HEAD) >>> 2;
    for (let i = 0; i < pages; i++) {
      const page = this.u32[entries + i] as number;
      if (page === 0) continue;
      const key = (first + i) * layout.SKETCH_PAGE_BINS - layout.SKETCH_KEY_MAX - 1;
      for (let bin = 0; bin < layout.SKETCH_PAGE_BINS; bin++) {
        const weight = column[page / bytes + bin] as number;
        if (weight !== 0) batch.add(key + bin, weight);
      }
    }
  }

  private word(address: number): number {
    return this.u32[address >>> 2] as number;
  }
}
