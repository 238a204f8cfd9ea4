/**
 * Answers what the values of one metric were: from the history in cells of its buckets, or by the second from what is
 * kept while somebody looks.
 *
 * In steps, because a metric may have 100,000 series.
 */
import type { Steps } from '../lib/time/steps.ts';
import { CONTEXT_TYPES, type Context, type ContextType } from '../model/context.ts';
import type { HistoryHeld, SeriesAnswer, SeriesRow } from '../model/live/series-views.ts';
import { type ByteString, toByteString, toText } from '../model/text.ts';
import { FINE_CELLS, type FineRing, type FineSeries } from './fine-series.ts';
import { ColumnSums } from './series-columns.ts';
import type { HeldSeries, SeriesHistory } from './series-history.ts';
import type { ValueLog } from './value-log.ts';

const CELLS_MAX = 720;
const STEP_SERIES = 100;
const ROWS_MAX = 64;
const GROUPS_MAX = 1000;

export interface SeriesQuery {
  readonly metric: string;
  /** Seconds back from `now`. */
  readonly range: number;
  /** Tag key to group by; undefined for a row a series. */
  readonly by: string | undefined;
  /** Undefined for the one with most series. */
  readonly type: ContextType | undefined;
  readonly limit: number;
  /** Unix seconds. */
  readonly now: number;
}

/** One row while series are added to it. */
class Row {
  readonly sums: ColumnSums;
  contexts = 0;
  rate = 0;
  private readonly tags: readonly string[];
  private readonly host: string;

  constructor(type: ContextType, cells: number, tags: readonly string[], host = '') {
    this.sums = new ColumnSums(type, cells);
    this.tags = tags;
    this.host = host;
  }

  view(isExact = false): SeriesRow {
    const { type } = this.sums;
    const isSummary = type === 'histogram' || type === 'distribution';
    return {
      ...{ tags: this.tags, host: this.host, type, contexts: this.contexts, rate: this.rate },
      columns: this.sums.columns(),
      estimated: isSummary && this.contexts > 1 && !isExact,
    };
  }
}

/** From the history: cells of the metric's buckets. Undefined when it holds nothing of the metric. */
export function* seriesFromHistory(
  log: ValueLog,
  query: SeriesQuery,
  of: number,
): Steps<SeriesAnswer | undefined> {
  const name = toByteString(query.metric);
  const all = [...log.series.of(name)];
  const types = typesOf(all.map(({ context }) => context));
  const type = query.type ?? types[0];
  if (type === undefined) return undefined;
  const mine = all.filter(({ context }) => context.type === type).sort((a, b) => b.rate - a.rate);
  const interval = mine[0]?.interval ?? log.metrics.ofId(0)?.interval ?? 10;
  const step = interval * Math.max(1, Math.ceil(query.range / interval / CELLS_MAX));
  const cells = Math.max(1, Math.ceil(query.range / step));
  const from = Math.floor(query.now / step) * step - cells * step;
  const grid = { from, step, cells };
  const total = new Row(type, cells, []);
  const rows = new Grouped(type, cells, query);
  let left = STEP_SERIES;
  for (const series of mine) {
    if (left-- === 0) {
      yield;
      left = STEP_SERIES;
    }
    addTo([total, rows.rowOf(series.context)], log.series, series, grid);
  }
  const exact = [...log.metrics.of(name)].find(({ context }) => context.type === type);
  const answer = {
    ...{ metric: query.metric, types, type, ...grid, fineSince: null },
    total: exact === undefined ? total.view() : exactTotal(log.metrics, exact, total, grid),
    ...rows.views(query.limit),
    heat: heatOf(log, name, type, grid),
    held: heldOf(log, mine.length, of),
  };
  return answer;
}

/** By the second. Undefined when nothing has come since somebody looks. */
export function seriesBySecond(
  fine: FineSeries,
  query: SeriesQuery,
  contextOf: (id: number) => Context | undefined,
  held: HistoryHeld,
): SeriesAnswer | undefined {
  const types = CONTEXT_TYPES.filter((type) => fine.totals.has(type));
  const type = query.type ?? types[0];
  const ring = type === undefined ? undefined : fine.totals.get(type);
  if (type === undefined || ring === undefined) return undefined;
  const cells = Math.min(FINE_CELLS, Math.max(1, query.range));
  const grid = { from: fine.end - cells, step: 1, cells };
  const rows = new Grouped(type, cells, query);
  for (const [id, one] of fine.rings) {
    const context = one.type === type ? contextOf(id) : undefined;
    if (context !== undefined) addRing([rows.rowOf(context)], one, fine, grid);
  }
  const total = new Row(type, cells, []);
  addRing([total], ring, fine, grid);
  return {
    ...{ metric: query.metric, types, type, ...grid, fineSince: fine.since },
    total: { ...total.view(true), contexts: fine.rings.size },
    ...rows.views(query.limit),
    heat: isSummary(type) ? fine.heat.map(grid.from, cells) : null,
    held,
  };
}

/** What the history holds, in numbers and a sentence. */
export function heldOf(log: ValueLog, series: number, of: number): HistoryHeld {
  const { series: history, metrics } = log;
  const { held, refused } = history.counts;
  const mib = Math.round((history.memoryBytesMax + metrics.memoryBytesMax) / 2 ** 20);
  return {
    ...{ series, of: Math.max(of, series) },
    memoryBytes: history.memoryBytes + metrics.memoryBytes,
    memoryBytesMax: history.memoryBytesMax + metrics.memoryBytesMax,
    leftOut:
      refused === 0
        ? ''
        : `The history holds the ${held} busiest of ${held + refused} series in ${mib} MiB; raise history.memory_bytes for more.`,
  };
}

interface Grid {
  readonly from: number;
  readonly step: number;
  readonly cells: number;
}

/** Rows by series, or by the value of a tag key; those beyond GROUPS_MAX are one. */
class Grouped {
  private readonly rows = new Map<string, Row>();
  private readonly type: ContextType;
  private readonly cells: number;
  private readonly by: ByteString | undefined;
  private readonly other: Row;

  constructor(type: ContextType, cells: number, { by }: SeriesQuery) {
    this.type = type;
    this.cells = cells;
    this.by = by === undefined ? undefined : toByteString(by);
    this.other = new Row(type, cells, []);
  }

  rowOf({ tags, host }: Context): Row {
    const { by } = this;
    const shown = by === undefined ? tags : tags.filter((tag) => tag === by || tag.startsWith(`${by}:`));
    const key = by === undefined ? `${host}\n${tags.join('\n')}` : shown.join('\n');
    const known = this.rows.get(key);
    if (known !== undefined) return known;
    // Series come busiest first, so those beyond are the least busy ones.
    if (this.rows.size >= GROUPS_MAX) return this.other;
    const row = new Row(this.type, this.cells, shown.map(toText), by === undefined ? toText(host) : '');
    this.rows.set(key, row);
    return row;
  }

  views(limit: number): { rows: SeriesRow[]; rest: SeriesRow | null } {
    const ordered = [...this.rows.values()].sort((a, b) => b.rate - a.rate);
    const shown = ordered.slice(0, Math.min(limit, ROWS_MAX));
    const beyond = ordered.slice(shown.length);
    if (this.other.contexts > 0) beyond.push(this.other);
    return {
      rows: shown.map((row) => row.view()),
      rest: beyond.length === 0 ? null : joined(beyond, this.type, this.cells),
    };
  }
}

function addTo(rows: readonly Row[], history: SeriesHistory, series: HeldSeries, { from, step }: Grid): void {
  for (const row of rows) {
    row.contexts++;
    row.rate += series.rate;
  }
  history.visit(series, (at, values) => {
    const cell = Math.floor((at - from) / step);
    for (const row of rows) row.sums.add(cell, values);
  });
}

function addRing(
  rows: readonly Row[],
  ring: FineRing,
  { since, end }: FineSeries,
  { from, cells }: Grid,
): void {
  const isCounter = ring.type === 'counter';
  for (const row of rows) {
    row.contexts++;
    row.rate += ring.samples / Math.max(1, end - since);
  }
  for (let i = 0; i < cells; i++) {
    const second = from + i;
    const values = ring.at(second) ?? (isCounter && second >= since && second < end ? [0] : undefined);
    if (values !== undefined) for (const row of rows) row.sums.add(i, values);
  }
}

/** All further rows as one; from their columns, because their series were visited already. */
function joined(rows: readonly Row[], type: ContextType, cells: number): SeriesRow {
  const sum = new Row(type, cells, []);
  for (const row of rows) {
    sum.contexts += row.contexts;
    sum.rate += row.rate;
    const { sum: total, value, count, p50, p95, p99, max } = row.sums.columns();
    for (let i = 0; i < cells; i++) {
      const first = total?.[i] ?? value?.[i] ?? count?.[i];
      if (first === null || first === undefined) continue;
      sum.sums.add(i, [first, p50?.[i] ?? 0, p95?.[i] ?? 0, p99?.[i] ?? 0, max?.[i] ?? 0]);
    }
  }
  return sum.view();
}

/** Percentiles over all series, which are known exactly up to the bins; what is summed is summed already. */
function exactTotal(history: SeriesHistory, series: HeldSeries, total: Row, grid: Grid): SeriesRow {
  const exact = new Row(series.context.type, grid.cells, []);
  addTo([exact], history, series, grid);
  exact.contexts = total.contexts;
  exact.rate = Math.max(total.rate, series.rate);
  return exact.view(grid.step === series.interval);
}

function heatOf(log: ValueLog, name: ByteString, type: ContextType, grid: Grid): SeriesAnswer['heat'] {
  const heat = log.heats.get(name);
  if (heat === undefined || !isSummary(type) || heat.interval !== grid.step) return null;
  return heat.cells.map(Math.floor(grid.from / grid.step), grid.cells);
}

/** The type with most series first. */
function typesOf(contexts: readonly Context[]): ContextType[] {
  const count = (type: ContextType): number => contexts.filter((context) => context.type === type).length;
  return CONTEXT_TYPES.filter((type) => count(type) > 0).sort((a, b) => count(b) - count(a));
}

function isSummary(type: ContextType): boolean {
  return type === 'histogram' || type === 'distribution';
}
