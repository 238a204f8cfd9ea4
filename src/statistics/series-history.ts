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
 * Memory  memoryBytes in all: pages in slabs that are made when needed, and a row for each series (series-rows.ts).
 */
import { CONTEXT_TYPES, type Context, type ContextType } from '../model/context.ts';
import type { ByteString } from '../model/text.ts';
import {
  quantise,
  unquantise,
  VALUE_BYTES_MAX,
  ValueReader,
  writeValue,
  writeVarint,
} from './point-codec.ts';
import { bytesOf, COLUMNS, type HeldSeries, NO_PAGE, SeriesRows, VALUES_MAX } from './series-rows.ts';

export { COLUMNS, type HeldSeries } from './series-rows.ts';

const PAGE_BYTES = 128;
const HEADER_BYTES = 13;
const SLAB_BITS = 12;
const SLAB_PAGES = 1 << SLAB_BITS;
const SLAB_MASK = SLAB_PAGES - 1;
/** Where a page counts its points. */
const POINTS_AT = 12;
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

export type VisitPoint = (at: number, values: Float64Array) => void;

export class SeriesHistory {
  private readonly memoryMax: number;
  private readonly slabs: Uint8Array[] = [];
  private readonly views: DataView[] = [];
  private readonly freePages: number[] = [];
  private pageCount = 0;
  private readonly rows = new SeriesRows();
  /** The row that is swept next. */
  private sweeping = 0;
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
    return (this.pageCount - this.freePages.length) * PAGE_BYTES + this.rows.bytes;
  }

  get memoryBytesMax(): number {
    return this.memoryMax;
  }

  /** Series held, and those that had a value in the last flush and are not held. */
  get counts(): { readonly held: number; readonly refused: number } {
    return { held: this.rows.size, refused: this.refused };
  }

  /** Adds a point of a context: `weight` is how many samples it stands for. `values` are those of COLUMNS. */
  add(context: Context, at: number, interval: number, weight: number, values: readonly number[]): void {
    const known = this.rows.find(context.id, interval);
    const row = known < 0 ? this.takeUp(context, interval, weight / interval) : known;
    if (row < 0) {
      this.refusing++;
      return;
    }
    const { lastRates, rates, slowRates, lastCells, firsts } = this.rows.columns;
    const rate = weight / interval;
    lastRates[row] = rate;
    (rates[row] as number) += RATE_WEIGHT * (rate - (rates[row] as number));
    (slowRates[row] as number) += SLOW_WEIGHT * (rate - (slowRates[row] as number));
    const cell = Math.floor(at / interval);
    // A second part of a bucket, or one that came late: what is there stays.
    if (cell <= (lastCells[row] as number) || this.append(row, cell, values)) return;
    this.refusing++;
    if (firsts[row] === NO_PAGE) this.drop(row);
  }

  /** Whether add() would take a point, so that one that is dear need not be made. */
  wants(context: Context, interval: number, weight: number): boolean {
    return (
      this.threshold === 0 ||
      this.rows.find(context.id, interval) >= 0 ||
      weight / interval > this.threshold * HYSTERESIS
    );
  }

  /** Counts a context whose point add() would not take. */
  refuse(): void {
    this.refusing++;
  }

  /** Contexts are gone; their history stays until it is old. */
  forget(ids: Iterable<number>): void {
    this.rows.forget(ids);
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
    for (let row = 0; row < this.rows.end; row++)
      if (this.rows.isUsed(row) && (name === undefined || this.rows.isNamed(row, name)))
        yield this.rows.show(row);
  }

  /** The series of a context that is known now. */
  ofId(id: number): HeldSeries | undefined {
    const row = this.rows.findId(id);
    return row < 0 ? undefined : this.rows.show(row);
  }

  /** The last point of a series: when, and the values of COLUMNS; undefined when there is none. */
  lastOf(held: HeldSeries): { readonly at: number; readonly values: readonly number[] } | undefined {
    const { row, interval, context } = held;
    const lastCell = this.rows.columns.lastCells[row] as number;
    if (!this.rows.isHeld(held) || lastCell === Number.NEGATIVE_INFINITY) return undefined;
    const columns = COLUMNS[context.type];
    const before = this.rows.before.subarray(row * VALUES_MAX, row * VALUES_MAX + columns);
    const values = Array.from(before, (value, i) => (columns > 1 && i > 0 ? unquantise(value) : value));
    return { at: lastCell * interval, values };
  }

  /** Visits the points of a series in order. `values` is borrowed: valid until the next one. */
  visit(held: HeldSeries, visit: VisitPoint): void {
    if (!this.rows.isHeld(held)) return;
    const columns = COLUMNS[held.context.type];
    const isQuantised = columns > 1;
    const values = new Float64Array(columns);
    const shown = new Float64Array(columns);
    const first = this.rows.columns.firsts[held.row] as number;
    for (let page = first; page !== NO_PAGE; page = this.nextOf(page)) {
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
        visit(cell * held.interval, shown);
      }
    }
  }

  /** Drops what is old of the next rows, a share of them: all have their turn in a few minutes. */
  private sweep(oldest: number): void {
    const count = Math.max(SWEEP_MIN, Math.ceil(this.rows.size / SWEEPS));
    for (let i = 0; i < count; i++, this.sweeping++) {
      if (this.sweeping >= this.rows.end) {
        this.sweeping = 0;
        return;
      }
      if (this.rows.isUsed(this.sweeping)) this.dropOld(this.sweeping, oldest);
    }
  }

  /** The row of a new series, or -1. */
  private takeUp(context: Context, interval: number, rate: number): number {
    if (this.threshold > 0 && rate <= this.threshold * HYSTERESIS) return -1;
    const bytes = bytesOf(context) + PAGE_BYTES;
    if (this.memoryBytes + bytes > this.memoryMax && !this.giveUp(rate)) return -1;
    const row = this.rows.take(context, interval, rate);
    this.rows.columns.used[row] = PAGE_BYTES;
    return row;
  }

  /** False when the memory is used up by busier series. */
  private append(row: number, cell: number, values: readonly number[]): boolean {
    const { used, lasts, lastCells, types } = this.rows.columns;
    const columns = COLUMNS[CONTEXT_TYPES[types[row] as number] as ContextType];
    const isFull = (used[row] as number) + 5 + columns * VALUE_BYTES_MAX > PAGE_BYTES;
    if (isFull && !this.addPage(row, cell)) return false;
    const page = lasts[row] as number;
    const bytes = this.slabs[page >>> SLAB_BITS] as Uint8Array;
    const at = (page & SLAB_MASK) * PAGE_BYTES;
    const { before } = this.rows;
    const first = row * VALUES_MAX;
    const isFirst = used[row] === HEADER_BYTES;
    if (isFirst) {
      (this.views[page >>> SLAB_BITS] as DataView).setFloat64(at, cell);
      before.fill(0, first, first + columns);
    }
    const skipped = isFirst ? 0 : cell - (lastCells[row] as number);
    let to = writeVarint(bytes, at + (used[row] as number), skipped);
    for (let i = 0; i < columns; i++) {
      const value = columns > 1 && i > 0 ? quantise(values[i] as number) : (values[i] as number);
      to = writeValue(bytes, to, value, before[first + i] as number);
      before[first + i] = value;
    }
    used[row] = to - at;
    (bytes[at + POINTS_AT] as number)++;
    lastCells[row] = cell;
    return true;
  }

  /** False when the memory is used up by busier series. */
  private addPage(row: number, cell: number): boolean {
    const { intervals, rates, firsts, lasts, used } = this.rows.columns;
    if (this.memoryBytes + PAGE_BYTES > this.memoryMax) {
      this.dropOldPages(row, cell * (intervals[row] as number) - HISTORY_SECONDS);
      if (this.memoryBytes + PAGE_BYTES > this.memoryMax && !this.giveUp(rates[row] as number, row))
        return false;
    }
    const page = this.freePages.pop() ?? this.pageCount++;
    if (page >= this.slabs.length * SLAB_PAGES) this.addSlab();
    const [bytes, view, at] = this.pageAt(page);
    view.setUint32(at + 8, NO_PAGE);
    bytes[at + POINTS_AT] = 0;
    used[row] = HEADER_BYTES;
    if (lasts[row] === NO_PAGE) firsts[row] = page;
    else this.linkTo(lasts[row] as number, page);
    lasts[row] = page;
    return true;
  }

  /** Gives up the least busy series, of those below `rate`, a tenth of the memory; false when there are none. */
  private giveUp(rate: number, keep = -1): boolean {
    if (rate < this.leastBusy || (keep < 0 && rate === this.leastBusy)) return false;
    const { rates, serials } = this.rows.columns;
    const candidates: number[] = [];
    for (let row = 0; row < this.rows.end; row++) {
      if (!this.rows.isUsed(row) || row === keep) continue;
      const own = rates[row] as number;
      if (own < rate || (keep >= 0 && own === rate)) candidates.push(row);
    }
    // Of equally busy series the ones that came first stay, and with a whole hour rather than all with a part of it.
    candidates.sort(
      (a, b) =>
        (rates[a] as number) - (rates[b] as number) || (serials[b] as number) - (serials[a] as number),
    );
    const enough = this.memoryMax * (1 - GIVE_UP);
    let any = false;
    for (const row of candidates) {
      if (this.memoryBytes <= enough) break;
      this.threshold = Math.max(this.threshold, rates[row] as number);
      this.drop(row);
      any = true;
    }
    if (!any) this.leastBusy = rate;
    return any;
  }

  private drop(row: number): void {
    const first = this.rows.columns.firsts[row] as number;
    for (let page = first; page !== NO_PAGE; page = this.nextOf(page)) this.freePages.push(page);
    this.rows.free(row);
  }

  /** Drops the pages whose points all lie before `oldest`, and the series when none is left. */
  private dropOld(row: number, oldest: number): void {
    const { lastCells, intervals } = this.rows.columns;
    if ((lastCells[row] as number) * (intervals[row] as number) < oldest) this.drop(row);
    else this.dropOldPages(row, oldest);
  }

  /** The last page of the series stays. */
  private dropOldPages(row: number, oldest: number): void {
    const { firsts, intervals } = this.rows.columns;
    const oldestCell = oldest / (intervals[row] as number);
    for (;;) {
      const first = firsts[row] as number;
      const next = first === NO_PAGE ? NO_PAGE : this.nextOf(first);
      if (next === NO_PAGE) return;
      const [, view, at] = this.pageAt(next);
      // The next page begins before it, so nothing of this one is needed.
      if (view.getFloat64(at) > oldestCell) return;
      this.freePages.push(first);
      firsts[row] = next;
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
