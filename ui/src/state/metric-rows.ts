/**
 * Rows of the list of metrics: pages of PAGE rows asked for as they come into view, refreshed by the stream.
 *
 *   │ page 0 │ page 1 │ … │     rows on screen: the stream, once a second
 *        └ asked for once, and again when the order may have changed
 *
 * While the order is held (the pointer is over the list, or a row is chosen) rows stay where they are and only their
 * figures change.
 *
 * Limits  PAGES_MAX pages; the one longest out of view goes first.
 */
import { useEffect, useReducer, useRef } from 'preact/hooks';
import type { MetricTraffic, TopAnswer } from '../../../src/model/live/traffic-views.ts';
import { getJson } from '../api/client.ts';
import { live, queryOf } from './live.ts';
import { useStore } from './store.ts';

export const PAGE = 200;
const PAGES_MAX = 8;
/** How old a page out of the stream's reach may get before it is asked for again. */
const STALE_MS = 10_000;

export interface RowQuery {
  readonly search: string;
  readonly type: string;
  readonly sort: string;
  /** Whether the usual order, largest first and names from a to z, is turned round. */
  readonly order: 'asc' | undefined;
}

export class MetricRows {
  total: number | undefined;
  /** What the server has to say about what is not in the list. */
  bounds: TopAnswer['bounds'] | undefined;
  error: string | undefined;
  private readonly pages = new Map<number, { rows: MetricTraffic[]; at: number }>();
  private readonly asked = new Set<number>();
  private readonly query: RowQuery;
  private readonly changed: () => void;
  private readonly stop = new AbortController();

  constructor(query: RowQuery, changed: () => void) {
    this.query = query;
    this.changed = changed;
  }

  row(index: number): MetricTraffic | undefined {
    return this.pages.get(Math.floor(index / PAGE))?.rows[index % PAGE];
  }

  /** Asks for what of [start, end) is not there, or is old. */
  want(start: number, end: number, isHeld: boolean): void {
    const limit = this.total ?? 1;
    for (let page = Math.floor(start / PAGE); page * PAGE < Math.min(end, Math.max(1, limit)); page++) {
      const known = this.pages.get(page);
      const isOld = known !== undefined && !isHeld && performance.now() - known.at > STALE_MS;
      if ((known === undefined || isOld) && !this.asked.has(page)) void this.ask(page);
    }
  }

  /** Takes what the stream says of the rows from `offset`. */
  take(rows: readonly MetricTraffic[], offset: number, total: number, isHeld: boolean): void {
    this.total = total;
    if (isHeld) {
      const byName = new Map(rows.map((row) => [row.name, row]));
      for (const page of this.pages.values()) {
        page.rows = page.rows.map((row) => byName.get(row.name) ?? row);
      }
    } else {
      rows.forEach((row, at) => {
        const page = this.pages.get(Math.floor((offset + at) / PAGE));
        if (page !== undefined) page.rows[(offset + at) % PAGE] = row;
      });
    }
    this.changed();
  }

  close(): void {
    this.stop.abort();
  }

  private async ask(page: number): Promise<void> {
    this.asked.add(page);
    const { search, type, sort, order } = this.query;
    const query = queryOf({ by: 'samples', search, type, sort, order, offset: page * PAGE, limit: PAGE });
    try {
      const answer = await getJson<TopAnswer<MetricTraffic>>(`/api/top?${query}`, this.stop.signal);
      this.total = answer.total;
      this.bounds = answer.bounds;
      this.error = undefined;
      this.pages.delete(page);
      this.pages.set(page, { rows: [...answer.rows], at: performance.now() });
      const [oldest] = this.pages.keys();
      if (this.pages.size > PAGES_MAX && oldest !== undefined) this.pages.delete(oldest);
    } catch (error) {
      if (this.stop.signal.aborted) return;
      this.error = error instanceof Error ? error.message : String(error);
    } finally {
      this.asked.delete(page);
    }
    if (!this.stop.signal.aborted) this.changed();
  }
}

/** The rows for a query; until a new query is answered the rows of the one before stay. */
export function useMetricRows(query: RowQuery, start: number, end: number, isHeld: boolean): MetricRows {
  const [, redraw] = useReducer<number, void>((n) => n + 1, 0);
  const shown = useRef<MetricRows>(undefined);
  const next = useRef<{ key: string; rows: MetricRows }>(undefined);
  const key = JSON.stringify(query);
  if (next.current?.key !== key) {
    next.current?.rows.close();
    const rows = new MetricRows(query, () => {
      if (rows.total !== undefined || rows.error !== undefined) shown.current = rows;
      redraw();
    });
    next.current = { key, rows };
    shown.current ??= rows;
  }
  const { rows } = next.current;
  const tick = useStore(live.shown);
  const kind = useStore(live.connection).kind;

  useEffect(() => {
    const offset = Math.max(0, start);
    live.ask({
      sort: query.sort,
      order: query.order,
      limit: Math.max(1, end - offset),
      offset,
      search: query.search,
      type: query.type,
    });
  }, [key, start, end]);
  useEffect(() => rows.want(start, end, isHeld), [rows, start, end, isHeld, tick, kind]);
  useEffect(() => {
    const asked = live.shownQuery;
    const isOurs =
      asked.sort === query.sort &&
      asked.search === query.search &&
      asked.type === query.type &&
      asked.order === query.order;
    if (tick !== undefined && isOurs) rows.take(tick.top.rows, tick.top.offset, tick.top.total, isHeld);
  }, [tick]);
  useEffect(() => () => next.current?.rows.close(), []);
  return shown.current as MetricRows;
}
