/**
 * The last hour of every series, in fixed memory: pages of delta-coded points, the busiest series first.
 *
 *   series ─▶ page ─▶ page ─▶ page        pages of PAGE_BYTES, each readable by itself
 *   page   │ start cell f64 │ next u32 │ points u8 │ point │ point │ …
 *   point  │ cells skipped, varint │ value │ value …          a value for each column of the type (point-codec.ts)
 *
 *   counter  sum     gauge  last     set  distinct     histogram, distribution  count, p50, p95, p99, max
 *
 * When the pages are used up, the series with the lowest rate give theirs away, a tenth of the memory at a time, and
 * series below that rate are not taken up until there is room again. What is left out is told (held()).
 *
 * Thread  the control thread.
 * Memory  memoryBytes in all: pages in slabs that are made when needed, and SERIES_BYTES a series for its
 *         columns, its context and its place in the index.
 */
import type { Context, ContextType } from '../model/context.ts';
import type { ByteString } from '../model/text.ts';
import {
  quantise,
  unquantise,
  VALUE_BYTES_MAX,
  ValueReader,
  writeValue,
  writeVarint,
} from './point-codec.ts';

const PAGE_BYTES = 128;
const HEADER_BYTES = 13;
const SLAB_BITS = 12;
const SLAB_PAGES = 1 << SLAB_BITS;
const SLAB_MASK = SLAB_PAGES - 1;
/** Where a page counts its points. */
const POINTS_AT = 12;
const NO_PAGE = 0xffffffff;
/** Columns in typed arrays, the context's object and its list of tags, by measurement about. */
const SERIES_BYTES = 260;
const HISTORY_SECONDS = 3600;
/** Series that are looked through after a flush: a share of them, but not fewer. */
const SWEEPS = 16;
const SWEEP_MIN = 1024;
/** Share of the memory that is freed at a time. */
const GIVE_UP = 0.1;
/** Weight of the last bucket in the rate that decides who stays. */
const RATE_WEIGHT = 0.2;
const SLOW_WEIGHT = 0.02;
/** A new series must be so much busier than those that were given up, so that they do not take turns. */
const HYSTERESIS = 1.2;

/** How many columns a point of a type has. */
export const COLUMNS: Readonly<Record<ContextType, number>> = {
  counter: 1,
  gauge: 1,
  set: 1,
  histogram: 5,
  distribution: 5,
};

/** One series while it is held. */
export interface HeldSeries {
  readonly context: Context;
  readonly interval: number;
  /** Samples per second, smoothed: who is busiest. */
  readonly rate: number;
  /** The same of the last bucket alone, and smoothed over about ten minutes. */
  readonly lastRate: number;
  readonly slowRate: number;
}

interface Series extends HeldSeries {
  rate: number;
  lastRate: number;
  slowRate: number;
  first: number;
  last: number;
  lastCell: number;
  pages: number;
  /** Bytes used of the last page; all of it before there is one. */
  used: number;
  readonly before: Float64Array;
}

export type VisitPoint = (at: number, values: Float64Array) => void;

export class SeriesHistory {
  private readonly memoryMax: number;
  private readonly slabs: Uint8Array[] = [];
  private readonly views: DataView[] = [];
  private readonly freePages: number[] = [];
  private pageCount = 0;
  private readonly series = new Set<Series>();
  private byId: (Series | undefined)[] = [];
  private sweeping = this.series.values();
  /** Series below this rate are not taken up. */
  private threshold = 0;
  /** Contexts that had a value in the last flush and were not taken, and in this one so far. */
  private refused = 0;
  private refusing = 0;
  /** Nothing is less busy than this, as far as was looked since the last flush: looking again is of no use. */
  private leastBusy = Number.NEGATIVE_INFINITY;

  constructor(memoryMax: number) {
    this.memoryMax = memoryMax;
  }

  /** Bytes in use. */
  get memoryBytes(): number {
    return (this.pageCount - this.freePages.length) * PAGE_BYTES + this.series.size * SERIES_BYTES;
  }

  get memoryBytesMax(): number {
    return this.memoryMax;
  }

  /** Series held, and those that had a value in the last flush and are not held. */
  get counts(): { readonly held: number; readonly refused: number } {
    return { held: this.series.size, refused: this.refused };
  }

  /** Adds a point of a context: `weight` is how many samples it stands for. `values` are those of COLUMNS. */
  add(context: Context, at: number, interval: number, weight: number, values: readonly number[]): void {
    let series = this.byId[context.id];
    if (series === undefined || series.interval !== interval) {
      series = this.takeUp(context, interval, weight / interval);
      if (series === undefined) {
        this.refusing++;
        return;
      }
    }
    series.lastRate = weight / interval;
    series.rate += RATE_WEIGHT * (series.lastRate - series.rate);
    series.slowRate += SLOW_WEIGHT * (series.lastRate - series.slowRate);
    const cell = Math.floor(at / interval);
    // A second part of a bucket, or one that came late: what is there stays.
    if (cell <= series.lastCell || this.append(series, cell, values)) return;
    this.refusing++;
    if (series.first === NO_PAGE) this.drop(series);
  }

  /** Whether add() would take a point, so that one that is dear need not be made. */
  wants(context: Context, interval: number, weight: number): boolean {
    const series = this.byId[context.id];
    return (
      (series !== undefined && series.interval === interval) ||
      weight / interval > this.threshold * HYSTERESIS ||
      this.threshold === 0
    );
  }

  /** Counts a context whose point add() would not take. */
  refuse(): void {
    this.refusing++;
  }

  /** Contexts are gone; their history stays until it is old. */
  forget(ids: Iterable<number>): void {
    for (const id of ids) this.byId[id] = undefined;
  }

  /** After a flush at `now`: drops what is older than an hour. */
  settle(now: number): void {
    this.refused = this.refusing;
    this.refusing = 0;
    this.leastBusy = Number.NEGATIVE_INFINITY;
    this.sweep(now - HISTORY_SECONDS);
    if (this.memoryBytes < this.memoryMax * (1 - 2 * GIVE_UP)) this.threshold = 0;
  }

  /** Series of the metric `name`; all when it is undefined. */
  *of(name: ByteString | undefined): Generator<HeldSeries> {
    for (const series of this.series) if (name === undefined || series.context.name === name) yield series;
  }

  /** The series of a context that is known now. */
  ofId(id: number): HeldSeries | undefined {
    return this.byId[id];
  }

  /** The last point of a series: when, and the values of COLUMNS; undefined when there is none. */
  lastOf(held: HeldSeries): { readonly at: number; readonly values: readonly number[] } | undefined {
    const { lastCell, interval, before } = held as Series;
    if (lastCell === Number.NEGATIVE_INFINITY) return undefined;
    const values = Array.from(before, (value, i) => (before.length > 1 && i > 0 ? unquantise(value) : value));
    return { at: lastCell * interval, values };
  }

  /** Visits the points of a series in order. `values` is borrowed: valid until the next one. */
  visit(held: HeldSeries, visit: VisitPoint): void {
    const series = held as Series;
    const columns = COLUMNS[series.context.type];
    const isQuantised = columns > 1;
    const values = new Float64Array(columns);
    const shown = new Float64Array(columns);
    for (let page = series.first; page !== NO_PAGE; page = this.nextOf(page)) {
      const [bytes, view, at] = this.pageAt(page);
      let cell = view.getFloat64(at);
      const reader = new ValueReader(bytes, at + HEADER_BYTES);
      values.fill(0);
      for (let left = bytes[at + POINTS_AT] as number; left > 0; left--) {
        cell += reader.varint();
        for (let i = 0; i < columns; i++) {
          values[i] = reader.value(values[i] as number);
          shown[i] = isQuantised && i > 0 ? unquantise(values[i] as number) : (values[i] as number);
        }
        visit(cell * series.interval, shown);
      }
    }
  }

  /** Drops what is old of the next series, a share of them: all have their turn in a few minutes. */
  private sweep(oldest: number): void {
    const count = Math.max(SWEEP_MIN, Math.ceil(this.series.size / SWEEPS));
    for (let i = 0; i < count; i++) {
      const { value, done } = this.sweeping.next();
      if (done === true) {
        this.sweeping = this.series.values();
        return;
      }
      this.dropOld(value, oldest);
    }
  }

  private takeUp(context: Context, interval: number, rate: number): Series | undefined {
    if (this.threshold > 0 && rate <= this.threshold * HYSTERESIS) return undefined;
    if (this.memoryBytes + SERIES_BYTES + PAGE_BYTES > this.memoryMax && !this.giveUp(rate)) return undefined;
    const series: Series = {
      ...{ context, interval, rate, lastRate: rate, slowRate: rate, first: NO_PAGE, last: NO_PAGE, pages: 0 },
      lastCell: Number.NEGATIVE_INFINITY,
      used: PAGE_BYTES,
      before: new Float64Array(COLUMNS[context.type]),
    };
    this.series.add(series);
    this.byId[context.id] = series;
    return series;
  }

  /** False when the memory is used up by busier series. */
  private append(series: Series, cell: number, values: readonly number[]): boolean {
    const { before } = series;
    const columns = before.length;
    if (series.used + 5 + columns * VALUE_BYTES_MAX > PAGE_BYTES && !this.addPage(series, cell)) return false;
    const bytes = this.slabs[series.last >>> SLAB_BITS] as Uint8Array;
    const at = (series.last & SLAB_MASK) * PAGE_BYTES;
    const isFirst = series.used === HEADER_BYTES;
    if (isFirst) {
      (this.views[series.last >>> SLAB_BITS] as DataView).setFloat64(at, cell);
      before.fill(0);
    }
    let to = writeVarint(bytes, at + series.used, isFirst ? 0 : cell - series.lastCell);
    for (let i = 0; i < columns; i++) {
      const value = columns > 1 && i > 0 ? quantise(values[i] as number) : (values[i] as number);
      to = writeValue(bytes, to, value, before[i] as number);
      before[i] = value;
    }
    series.used = to - at;
    (bytes[at + POINTS_AT] as number)++;
    series.lastCell = cell;
    return true;
  }

  /** False when the memory is used up by busier series. */
  private addPage(series: Series, cell: number): boolean {
    if (this.memoryBytes + PAGE_BYTES > this.memoryMax) {
      this.dropOld(series, cell * series.interval - HISTORY_SECONDS);
      if (this.memoryBytes + PAGE_BYTES > this.memoryMax && !this.giveUp(series.rate, series)) return false;
    }
    const page = this.freePages.pop() ?? this.pageCount++;
    if (page >= this.slabs.length * SLAB_PAGES) this.addSlab();
    const [bytes, view, at] = this.pageAt(page);
    view.setUint32(at + 8, NO_PAGE);
    bytes[at + POINTS_AT] = 0;
    series.used = HEADER_BYTES;
    if (series.last === NO_PAGE) series.first = page;
    else this.linkTo(series.last, page);
    series.last = page;
    series.pages++;
    return true;
  }

  /** Gives up the least busy series, of those below `rate`, a tenth of the memory; false when there are none. */
  private giveUp(rate: number, keep?: Series): boolean {
    if (rate < this.leastBusy || (keep === undefined && rate === this.leastBusy)) return false;
    // Of equally busy series the ones that came first stay, and with a whole hour rather than all with a part of it.
    const isLess = (series: Series): boolean =>
      series.rate < rate || (keep !== undefined && series.rate === rate);
    const candidates = [...this.series].reverse().filter((series) => isLess(series) && series !== keep);
    candidates.sort((a, b) => a.rate - b.rate);
    const enough = this.memoryMax * (1 - GIVE_UP);
    let any = false;
    for (const series of candidates) {
      if (this.memoryBytes <= enough) break;
      this.threshold = Math.max(this.threshold, series.rate);
      this.drop(series);
      any = true;
    }
    if (!any) this.leastBusy = rate;
    return any;
  }

  private drop(series: Series): void {
    for (let page = series.first; page !== NO_PAGE; page = this.nextOf(page)) this.freePages.push(page);
    series.first = NO_PAGE;
    series.last = NO_PAGE;
    this.series.delete(series);
    if (this.byId[series.context.id] === series) this.byId[series.context.id] = undefined;
  }

  /** Drops the pages whose points all lie before `oldest`, and the series when none is left. */
  private dropOld(series: Series, oldest: number): void {
    const oldestCell = oldest / series.interval;
    if (series.lastCell < oldestCell) {
      this.drop(series);
      return;
    }
    for (;;) {
      const next = series.first === NO_PAGE ? NO_PAGE : this.nextOf(series.first);
      if (next === NO_PAGE) return;
      const [, view, at] = this.pageAt(next);
      // The next page begins before it, so nothing of this one is needed.
      if (view.getFloat64(at) > oldestCell) return;
      this.freePages.push(series.first);
      series.first = next;
      series.pages--;
    }
  }

  private addSlab(): void {
    const slab = new Uint8Array(SLAB_PAGES * PAGE_BYTES);
    this.slabs.push(slab);
    this.views.push(new DataView(slab.buffer));
  }

  private pageAt(page: number): readonly [bytes: Uint8Array, view: DataView, at: number] {
    const slab = page >>> SLAB_BITS;
    return [this.slabs[slab] as Uint8Array, this.views[slab] as DataView, (page & SLAB_MASK) * PAGE_BYTES];
  }

  private nextOf(page: number): number {
    const [, view, at] = this.pageAt(page);
    return view.getUint32(at + 8);
  }

  private linkTo(page: number, next: number): void {
    const [, view, at] = this.pageAt(page);
    view.setUint32(at + 8, next);
  }
}
