/**
 * Series of the history, a row each: columns, and the context as one text.
 *
 *   context id ─▶ row ─▶ id │ type │ interval │ rates │ first, last page │ last point
 *                     └▶ name LF host LF tag LF tag …
 *
 * Thread  the control thread.
 * Memory  ROW_BYTES a series and its text; 4 bytes for each context id.
 * Why     an object a series with its context's tags as a list takes 600 bytes, and a garbage collection visits it.
 */
import { ColumnTable } from '../lib/column-table.ts';
import { CONTEXT_TYPES, type Context, type ContextType } from '../model/context.ts';
import { type ByteString, detachText } from '../model/text.ts';

export const NO_PAGE = 0xffffffff;
/** A row, and a string without its characters. */
const ROW_BYTES = 136;

/** How many columns a point of a type has. */
export const COLUMNS: Readonly<Record<ContextType, number>> = {
  counter: 1,
  gauge: 1,
  set: 1,
  histogram: 5,
  distribution: 5,
};
/** The most of them. */
export const VALUES_MAX = 5;

/** One series as it was when it was asked for. */
export interface HeldSeries {
  readonly context: Pick<Context, 'id' | 'name' | 'type' | 'host' | 'tags'>;
  readonly interval: number;
  /** Samples per second, smoothed: who is busiest. */
  readonly rate: number;
  /** The same of the last bucket alone, and smoothed over about ten minutes. */
  readonly lastRate: number;
  readonly slowRate: number;
  readonly row: number;
  /** Which of the series that the row was given to. */
  readonly serial: number;
}

export class SeriesRows {
  /** One more than the highest row in use. */
  end = 0;
  private readonly table = new ColumnTable({
    /** Counted up; 0 for a free row. */
    serials: Uint32Array,
    ids: Uint32Array,
    /** Positions in CONTEXT_TYPES. */
    types: Uint8Array,
    intervals: Float64Array,
    rates: Float64Array,
    lastRates: Float64Array,
    slowRates: Float64Array,
    /** First and last page; NO_PAGE before there is one. */
    firsts: Uint32Array,
    lasts: Uint32Array,
    lastCells: Float64Array,
    /** Bytes used of the last page. */
    used: Uint8Array,
  });
  /** Growing replaces them: keep this object, and no column. */
  readonly columns = this.table.columns;
  private readonly points = new ColumnTable({ values: Float64Array });
  private readonly texts: ByteString[] = [];
  private textBytes = 0;
  private readonly freeRows: number[] = [];
  private serial = 0;
  /** By context id: its row, plus 1. */
  private readonly byId = new ColumnTable({ rows: Uint32Array });

  get size(): number {
    return this.end - this.freeRows.length;
  }

  get bytes(): number {
    return this.size * ROW_BYTES + this.textBytes;
  }

  /** VALUES_MAX a row: the values of its last point. Not to be kept. */
  get before(): Float64Array {
    return this.points.columns.values;
  }

  isUsed(row: number): boolean {
    return this.columns.serials[row] !== 0;
  }

  /** Whether a series that was shown is still there: another may have its row. */
  isHeld({ row, serial }: HeldSeries): boolean {
    return this.columns.serials[row] === serial;
  }

  isNamed(row: number, name: ByteString): boolean {
    const text = this.texts[row] as ByteString;
    return text.startsWith(name) && text[name.length] === '\n';
  }

  /** The row of a context that is known, or -1. */
  findId(id: number): number {
    return (this.byId.columns.rows[id] ?? 0) - 1;
  }

  /** The same in buckets of a width. */
  find(id: number, interval: number): number {
    const row = this.findId(id);
    return row >= 0 && this.columns.intervals[row] === interval ? row : -1;
  }

  /** A row for a series without points. */
  take(context: Context, interval: number, rate: number): number {
    const { id, type } = context;
    const row = this.freeRows.pop() ?? this.end++;
    this.table.reserve(row);
    this.points.reserve((row + 1) * VALUES_MAX - 1);
    const { columns } = this;
    columns.serials[row] = ++this.serial;
    columns.ids[row] = id;
    columns.types[row] = CONTEXT_TYPES.indexOf(type);
    columns.intervals[row] = interval;
    columns.rates[row] = rate;
    columns.lastRates[row] = rate;
    columns.slowRates[row] = rate;
    columns.firsts[row] = NO_PAGE;
    columns.lasts[row] = NO_PAGE;
    columns.lastCells[row] = Number.NEGATIVE_INFINITY;
    this.texts[row] = textOf(context);
    this.textBytes += (this.texts[row] as ByteString).length;
    this.byId.reserve(id);
    this.byId.columns.rows[id] = row + 1;
    return row;
  }

  free(row: number): void {
    this.columns.serials[row] = 0;
    this.textBytes -= (this.texts[row] as ByteString).length;
    this.texts[row] = '';
    this.freeRows.push(row);
    const id = this.columns.ids[row] as number;
    if (this.findId(id) === row) this.byId.columns.rows[id] = 0;
  }

  /** Ids may name other contexts from now on. */
  forget(ids: Iterable<number>): void {
    for (const id of ids) if (id < this.byId.capacity) this.byId.columns.rows[id] = 0;
  }

  show(row: number): HeldSeries {
    const { serials, ids, types, intervals, rates, lastRates, slowRates } = this.columns;
    const [name = '', host = '', ...tags] = (this.texts[row] as ByteString).split('\n');
    const type = CONTEXT_TYPES[types[row] as number] as ContextType;
    return {
      context: { id: ids[row] as number, name, type, host, tags },
      interval: intervals[row] as number,
      rate: rates[row] as number,
      lastRate: lastRates[row] as number,
      slowRate: slowRates[row] as number,
      row,
      serial: serials[row] as number,
    };
  }
}

/** What a series of the context takes beside its pages. */
export function bytesOf({ name, host, tags }: Context): number {
  return tags.reduce((sum, tag) => sum + 1 + tag.length, ROW_BYTES + name.length + 1 + host.length);
}

function textOf({ name, host, tags }: Context): ByteString {
  return detachText([name, host, ...tags].join('\n'));
}
