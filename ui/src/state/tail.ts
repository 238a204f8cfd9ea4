/**
 * Lines as they arrive: `GET /api/messages`, kept in a ring, drawn at most once a frame.
 *
 *   batches ─▶ ring of KEPT lines ─▶ what is shown
 *                                     held: the lines of the moment it was paused; new ones are counted
 *
 * Limits  KEPT lines. The server sends at most some hundred lines a second and says how many it left out.
 */
import type { TailBatch, TailLine } from '../../../src/model/live/line-views.ts';
import { ApiError, readEvents } from '../api/client.ts';
import { Ring } from '../lib/ring.ts';
import type { Search } from '../lib/search.ts';
import { Backoff } from './backoff.ts';
import { queryOf } from './live.ts';
import { Store } from './store.ts';

export const KEPT = 2000;
/** Over how long lines a second are told. */
const RATE_MS = 2000;

export interface NumberedLine extends TailLine {
  /** The number of its arrival at this page. */
  readonly number: number;
}

export interface TailState {
  readonly lines: readonly NumberedLine[];
  /** Since when nothing new is shown, ms, and how many lines came since. */
  readonly heldAt: number | undefined;
  readonly missed: number;
  /** Lines a second that were sent and left out. */
  readonly shownRate: number;
  readonly leftOutRate: number;
  readonly leftOutTotal: number;
  readonly problem: string | undefined;
}

const EMPTY: TailState = {
  lines: [],
  heldAt: undefined,
  missed: 0,
  shownRate: 0,
  leftOutRate: 0,
  leftOutTotal: 0,
  problem: undefined,
};

export class Tail {
  readonly state = new Store<TailState>(EMPTY);
  private readonly ring = new Ring<NumberedLine>(KEPT);
  private readonly backoff = new Backoff();
  private stop = new AbortController();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private frame = 0;
  private heldFrom = 0;
  private leftOut = 0;
  private counts: { at: number; shown: number; leftOut: number }[] = [];

  /** Begins anew with another filter; what was seen is forgotten. */
  open(search: Search): void {
    this.close();
    this.ring.clear();
    this.counts = [];
    this.leftOut = 0;
    this.state.value = { ...EMPTY };
    this.connect(addressOf(search));
  }

  close(): void {
    this.stop.abort();
    clearTimeout(this.timer);
    cancelAnimationFrame(this.frame);
    this.frame = 0;
  }

  hold(): void {
    if (this.state.value.heldAt !== undefined) return;
    this.heldFrom = this.ring.pushed;
    this.state.value = { ...this.state.value, lines: this.ring.slice(), heldAt: Date.now(), missed: 0 };
  }

  resume(): void {
    this.state.value = { ...this.state.value, lines: this.ring.slice(), heldAt: undefined, missed: 0 };
  }

  private connect(address: string): void {
    const stop = new AbortController();
    this.stop = stop;
    void this.read(address, stop.signal);
  }

  private async read(address: string, signal: AbortSignal): Promise<void> {
    try {
      await readEvents(address, signal, ({ event, data }) => {
        if (event === 'messages' && !signal.aborted) this.take(JSON.parse(data) as TailBatch);
      });
      if (!signal.aborted) this.again(address, 'The server ended the stream.');
    } catch (error) {
      if (signal.aborted || (error instanceof ApiError && error.isRefused)) return;
      this.again(address, error instanceof ApiError ? error.message : 'No answer from the server.');
    }
  }

  private again(address: string, problem: string): void {
    const seconds = this.backoff.next();
    this.state.value = { ...this.state.value, problem: `${problem} Trying again in ${seconds} s.` };
    this.timer = setTimeout(() => this.connect(address), seconds * 1000);
  }

  private take({ messages, leftOut }: TailBatch): void {
    this.backoff.reset();
    for (const message of messages) this.ring.push({ ...message, number: this.ring.pushed });
    this.leftOut += leftOut;
    this.counts.push({ at: performance.now(), shown: messages.length, leftOut });
    if (this.frame === 0) this.frame = requestAnimationFrame(() => this.draw());
  }

  private draw(): void {
    this.frame = 0;
    const now = performance.now();
    this.counts = this.counts.filter(({ at }) => now - at <= RATE_MS);
    const perSecond = (of: (one: { shown: number; leftOut: number }) => number): number =>
      (this.counts.reduce((sum, one) => sum + of(one), 0) / RATE_MS) * 1000;
    const { heldAt, lines } = this.state.value;
    this.state.value = {
      lines: heldAt === undefined ? this.ring.slice() : lines,
      heldAt,
      missed: heldAt === undefined ? 0 : this.ring.pushed - this.heldFrom,
      shownRate: perSecond(({ shown }) => shown),
      leftOutRate: perSecond(({ leftOut }) => leftOut),
      leftOutTotal: this.leftOut,
      problem: undefined,
    };
  }
}

function addressOf({ words, fields }: Search): string {
  const query = queryOf({
    search: words.join(' '),
    name: fields.name?.join(','),
    tag: fields.tag?.join(','),
    type: fields.type?.map((one) => (one === 'timing' ? 'histogram' : one)).join(','),
    origin: fields.origin?.join(','),
    outcome: fields.outcome?.join(','),
  });
  return query === '' ? '/api/messages' : `/api/messages?${query}`;
}
