/**
 * The stream that feeds the page: `GET /api/stream`, one tick a second, and what the connection is like.
 *
 *   connecting ──tick──▶ live ──error──▶ waiting (1, 2, 4, 8, 15 s) ──▶ connecting
 *        │ 401 ▶ token    │ hidden for 30 s ▶ asleep ── shown ──▶ connecting
 *        │ 403 ▶ forbidden
 *        └ 503 ▶ crowded: asks for one tick every 5 s
 *
 * One instance a page. What is shown can be held (pause): the stream goes on, `shown` stands still.
 * Limits  One stream; one tick is kept, and what is on screen of it.
 */
import type { StreamTick } from '../../../src/model/live/stream-views.ts';
import { ApiError, getJson, readEvents, setToken, whenRefused } from '../api/client.ts';
import { Backoff } from './backoff.ts';
import { Store } from './store.ts';

const ASLEEP_MS = 30_000;
const CROWDED_S = 5;
/** So that typing does not open a stream for every letter. */
const SETTLE_MS = 120;

export type Connection =
  | { readonly kind: 'connecting' | 'live' | 'asleep' }
  | { readonly kind: 'waiting'; readonly since: number; readonly retryAt: number }
  | { readonly kind: 'crowded'; readonly why: string }
  | { readonly kind: 'token'; readonly why: string }
  | { readonly kind: 'forbidden'; readonly why: string };

/** What of the metrics is on screen: the part of the stream's address that views choose. */
export interface StreamQuery {
  readonly sort?: string;
  /** `asc` turns the usual order round: largest first, names from a to z. */
  readonly order?: 'asc' | undefined;
  readonly limit?: number;
  readonly offset?: number;
  readonly search?: string;
  readonly type?: string;
  readonly metric?: string;
}

export class Live {
  /** The last tick, as shown. */
  readonly shown = new Store<StreamTick | undefined>(undefined);
  readonly connection = new Store<Connection>({ kind: 'connecting' });
  readonly paused = new Store<number | undefined>(undefined);
  /** When the server was found to be another one, ms; counters began anew then. */
  readonly restartedAt = new Store<number | undefined>(undefined);
  /** What of the metrics the last tick was asked for. */
  shownQuery: StreamQuery = {};
  private newest: StreamTick | undefined;
  private query: StreamQuery = { limit: 4 };
  private lastAnswerAt = Date.now();
  private stop = new AbortController();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private sleep: ReturnType<typeof setTimeout> | undefined;
  private hasToken = false;
  private readonly backoff = new Backoff();

  /** Opens the stream, and minds whether the page can be seen. */
  start(token: string): void {
    this.hasToken = token !== '';
    setToken(token);
    whenRefused((error) => this.refused(error));
    document.addEventListener('visibilitychange', () => this.visibilityChanged());
    this.open();
  }

  /** Says what of the metrics is shown; reopens the stream when that changed. */
  ask(query: StreamQuery): void {
    if (JSON.stringify(query) === JSON.stringify(this.query)) return;
    this.query = query;
    const { kind } = this.connection.value;
    if (kind === 'live' || kind === 'connecting') this.openIn(SETTLE_MS);
  }

  enter(token: string): void {
    this.hasToken = token !== '';
    setToken(token);
    this.connection.value = { kind: 'connecting' };
    this.open();
  }

  retryNow(): void {
    this.open();
  }

  pause(): void {
    this.paused.value = Date.now();
  }

  resume(): void {
    this.paused.value = undefined;
    this.shown.value = this.newest;
  }

  private open(): void {
    clearTimeout(this.timer);
    this.stop.abort();
    const stop = new AbortController();
    this.stop = stop;
    void this.read(this.query, stop.signal);
  }

  private openIn(ms: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.open(), ms);
  }

  private async read(query: StreamQuery, signal: AbortSignal): Promise<void> {
    try {
      await readEvents(`/api/stream?${queryOf(query)}`, signal, ({ event, data }) => {
        if (event === 'tick' && !signal.aborted) this.take(JSON.parse(data) as StreamTick, query);
      });
      if (!signal.aborted) this.wait();
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof ApiError && error.isRefused) return;
      if (error instanceof ApiError && error.status === 503) await this.askOnce(error.message, query, signal);
      else this.wait();
    }
  }

  /** Too many watch: one tick is asked for every few seconds instead. */
  private async askOnce(why: string, query: StreamQuery, signal: AbortSignal): Promise<void> {
    this.connection.value = { kind: 'crowded', why };
    try {
      this.show(await getJson<StreamTick>(`/api/tick?${queryOf(query)}`, signal), query);
    } catch (error) {
      if (signal.aborted || (error instanceof ApiError && error.isRefused)) return;
      if (!(error instanceof ApiError)) return this.wait();
    }
    this.openIn(CROWDED_S * 1000);
  }

  private take(tick: StreamTick, query: StreamQuery): void {
    this.backoff.reset();
    if (this.connection.value.kind !== 'live') this.connection.value = { kind: 'live' };
    this.show(tick, query);
  }

  private show(tick: StreamTick, query: StreamQuery): void {
    const before = this.newest;
    if (before !== undefined && before.startedAt !== tick.startedAt) this.restartedAt.value = Date.now();
    this.lastAnswerAt = Date.now();
    this.newest = tick;
    if (this.paused.value !== undefined) return;
    this.shownQuery = query;
    this.shown.value = tick;
  }

  private wait(): void {
    const seconds = this.backoff.next();
    this.connection.value = {
      kind: 'waiting',
      since: this.lastAnswerAt,
      retryAt: Date.now() + seconds * 1000,
    };
    this.openIn(seconds * 1000);
  }

  private refused(error: ApiError): void {
    clearTimeout(this.timer);
    this.stop.abort();
    const why = error.status === 401 && !this.hasToken ? '' : error.message;
    this.connection.value = { kind: error.status === 401 ? 'token' : 'forbidden', why };
  }

  private visibilityChanged(): void {
    clearTimeout(this.sleep);
    const { kind } = this.connection.value;
    if (document.visibilityState === 'hidden') {
      this.sleep = setTimeout(() => {
        if (this.connection.value.kind !== 'live') return;
        clearTimeout(this.timer);
        this.stop.abort();
        this.connection.value = { kind: 'asleep' };
      }, ASLEEP_MS);
    } else if (kind === 'asleep' || kind === 'waiting') {
      this.open();
    }
  }
}

export function queryOf(query: Readonly<Record<string, string | number | undefined>> | StreamQuery): string {
  const params = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    if (value !== undefined && value !== '') params.set(key, String(value));
  }
  return params.toString();
}

/** The page's own. */
export const live = new Live();
