/**
 * Ticks of the event stream, made once for all who ask the same.
 *
 *   8 readers, one query ──┐
 *   a poller, same query ──┴─▶ a tick as text ◀── how everything stands  once a second, whoever asks
 *                                            ◀── rows of the table      once for each order, search and page
 *                                            ◀── series of a metric     once for each metric and grouping
 *
 * What was made counts until the next second is counted, so whoever comes between two seconds is told what everybody
 * was told. Something that takes longer than a second, as over many contexts, is waited for and not begun again.
 *
 * Thread  the control thread.
 * Limits  PIECES_MAX pieces of one second; what is asked for beyond is made for its reader alone.
 * Why     A tick took 5 ms of the control thread for each reader, and on a machine with two processors this thread, the
 *         sender and the listener share them.
 */
import type { StreamQuery, TickText } from '../../http/live-source.ts';

const PIECES_MAX = 128;
/** For pollers: without a reader of the stream no second is counted. */
const KEEP_MS = 900;

/** What a tick is put together from, each part as an object for JSON. */
export interface TickParts {
  common(): object;
  top(query: StreamQuery): Promise<object>;
  series(query: StreamQuery): Promise<object | null>;
}

export interface SharedTicksOptions {
  readonly parts: TickParts;
  /** When the last second was counted, on the same clock. */
  readonly countedAt: () => number;
  /** Milliseconds, never going back. */
  readonly clock?: () => number;
}

interface Piece<Value> {
  readonly madeAt: number;
  readonly value: Promise<Value>;
  isPending: boolean;
}

export class SharedTicks {
  private readonly parts: TickParts;
  private readonly countedAt: () => number;
  private readonly clock: () => number;
  private readonly pieces = new Map<string, Piece<unknown>>();

  constructor({ parts, countedAt, clock = () => performance.now() }: SharedTicksOptions) {
    this.parts = parts;
    this.countedAt = countedAt;
    this.clock = clock;
  }

  /** The tick of this second for a query; the same object for all who ask the same. */
  get(query: StreamQuery): Promise<TickText> {
    const { metric, groupBy, seriesType, rows, ...table } = query;
    return this.shared('tick', query, async () => {
      const [series, top] = [
        await this.shared('series', { metric, groupBy, seriesType, rows }, async () =>
          JSON.stringify(await this.parts.series(query)),
        ),
        await this.shared('top', table, async () => JSON.stringify(await this.parts.top(query))),
      ];
      const common = await this.shared('common', {}, async () => JSON.stringify(this.parts.common()));
      return { json: `${common.slice(0, -1)},"top":${top},"series":${series}}` };
    });
  }

  private shared<Value>(part: string, query: object, make: () => Promise<Value>): Promise<Value> {
    const key = part + JSON.stringify(query);
    const now = this.clock();
    const known = this.pieces.get(key) as Piece<Value> | undefined;
    if (known !== undefined && !this.isStale(known, now)) return known.value;
    if (this.pieces.size >= PIECES_MAX)
      for (const [other, piece] of this.pieces) if (this.isStale(piece, now)) this.pieces.delete(other);
    const piece: Piece<Value> = { madeAt: now, value: make(), isPending: true };
    if (known !== undefined || this.pieces.size < PIECES_MAX) this.pieces.set(key, piece);
    piece.value.then(
      () => {
        piece.isPending = false;
      },
      () => {
        // The next one who asks may have more luck.
        if (this.pieces.get(key) === piece) this.pieces.delete(key);
      },
    );
    return piece.value;
  }

  private isStale({ madeAt, isPending }: Piece<unknown>, now: number): boolean {
    return !isPending && (madeAt < this.countedAt() || now - madeAt >= KEEP_MS);
  }
}
