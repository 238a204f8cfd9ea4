/**
 * Bin store: the bins of many distributions since each began, by context id.
 *
 *   id ─▶ page, offset, length          page   │ run │ run │ run │ …   runs of one page have room for equally many bins
 *
 * A run has room for a power of two of bins. One that outgrows its room moves to a page of the next size; its place is
 * used again, and a page without runs is let go, so that nothing is ever copied as a whole or compacted.
 *
 * Memory  10 bytes a bin of room (int16 key, float64 count, exact to 2^53) and 16 bytes a context. Pages have PAGE_BINS bins.
 * Limits  binsMax bins in all pages together.
 * Full    add() returns false and changes nothing.
 */
import { assert } from '../../lib/assert.ts';
import { ColumnTable } from '../../lib/column-table.ts';

const PAGE_BINS = 16_384;
const ROOM_MIN = 4;
const IDS_AT_START = 64;
const BINS_AT_START = 64;

interface Page {
  readonly keys: Int16Array;
  readonly counts: Float64Array;
  /** Bins that each run has room for. */
  readonly room: number;
  /** Offsets of runs that are free. */
  readonly free: number[];
  used: number;
}

/** Bins side by side: keys ascending, each once, and whole counts. */
export interface BinColumns {
  readonly keys: Int16Array;
  readonly counts: Float64Array;
  readonly length: number;
}

export class BinStore {
  private readonly binsMax: number;
  private roomInPages = 0;
  private readonly pageOf: (Page | undefined)[] = [];
  /** By context id. */
  private readonly runs = new ColumnTable({ offset: Uint32Array, length: Uint32Array }, IDS_AT_START);
  /** Pages that have room for another run, by the room of their runs. */
  private readonly open = new Map<number, Page[]>();
  // Where add() merges before it knows how much room that needs.
  private readonly scratch = new ColumnTable({ keys: Int16Array, counts: Float64Array }, BINS_AT_START);

  constructor(binsMax: number) {
    this.binsMax = binsMax;
  }

  /** Bins that all pages have room for. */
  get bins(): number {
    return this.roomInPages;
  }

  /** Adds bins to context `id`; false when there is no room, and then nothing has changed. */
  add(id: number, bins: BinColumns): boolean {
    if (bins.length === 0) return true;
    const length = this.merge(this.read(id), bins);
    const old = this.pageOf[id];
    if (old === undefined || length > old.room) {
      const room = Math.max(ROOM_MIN, 2 ** Math.ceil(Math.log2(length)));
      const page = this.takePage(room);
      if (page === undefined) return false;
      this.forget(id);
      this.assign(id, page);
    }
    const page = this.pageOf[id];
    assert(page !== undefined, 'a context with bins has a page');
    const offset = this.runs.columns.offset[id] as number;
    page.keys.set(this.scratch.columns.keys.subarray(0, length), offset);
    page.counts.set(this.scratch.columns.counts.subarray(0, length), offset);
    this.runs.columns.length[id] = length;
    return true;
  }

  /** The bins of context `id`, none when there are no. Borrowed: valid until the next change. */
  read(id: number): BinColumns {
    const page = this.pageOf[id];
    if (page === undefined) return NO_BINS;
    const offset = this.runs.columns.offset[id] as number;
    const length = this.runs.columns.length[id] as number;
    return {
      keys: page.keys.subarray(offset, offset + length),
      counts: page.counts.subarray(offset, offset + length),
      length,
    };
  }

  /** Gives the room of context `id` back. */
  forget(id: number): void {
    const page = this.pageOf[id];
    if (page === undefined) return;
    this.pageOf[id] = undefined;
    page.free.push(this.runs.columns.offset[id] as number);
    const open = this.open.get(page.room);
    assert(open !== undefined, 'pages of each room are listed');
    if (page.free.length === 1) open.push(page);
    if (--page.used > 0) return;
    open.splice(open.indexOf(page), 1);
    this.roomInPages -= page.keys.length;
  }

  /** Shortens what is kept by id after a burst of contexts: ids from `idEnd` on hold nothing. */
  trim(idEnd: number): void {
    if (this.pageOf.length > idEnd) this.pageOf.length = idEnd;
    this.runs.trim(idEnd);
    this.scratch.clear();
  }

  private assign(id: number, page: Page): void {
    this.runs.reserve(id);
    while (this.pageOf.length <= id) this.pageOf.push(undefined);
    this.pageOf[id] = page;
    this.runs.columns.offset[id] = page.free.pop() as number;
    page.used++;
    if (page.free.length > 0) return;
    const open = this.open.get(page.room);
    assert(open !== undefined, 'pages of each room are listed');
    open.splice(open.indexOf(page), 1);
  }

  /** A page with room for another run; undefined when there may be no further page. */
  private takePage(room: number): Page | undefined {
    const open = this.open.get(room) ?? [];
    this.open.set(room, open);
    const known = open.at(-1);
    if (known !== undefined) return known;
    const bins = Math.max(room, PAGE_BINS);
    if (this.roomInPages + bins > this.binsMax) return undefined;
    this.roomInPages += bins;
    const free: number[] = [];
    for (let offset = bins - room; offset >= 0; offset -= room) free.push(offset);
    const page = { keys: new Int16Array(bins), counts: new Float64Array(bins), room, free, used: 0 };
    open.push(page);
    return page;
  }

  /** Merges into the scratch columns; the number of bins. */
  private merge(a: BinColumns, b: BinColumns): number {
    this.scratch.reserve(a.length + b.length);
    const { keys, counts } = this.scratch.columns;
    let [i, j, to] = [0, 0, 0];
    while (i < a.length || j < b.length) {
      const left = i < a.length ? (a.keys[i] as number) : Number.POSITIVE_INFINITY;
      const right = j < b.length ? (b.keys[j] as number) : Number.POSITIVE_INFINITY;
      let count = 0;
      if (left <= right) count += a.counts[i++] as number;
      if (right <= left) count += b.counts[j++] as number;
      keys[to] = Math.min(left, right);
      counts[to++] = count;
    }
    return to;
  }
}

const NO_BINS: BinColumns = { keys: new Int16Array(0), counts: new Float64Array(0), length: 0 };
