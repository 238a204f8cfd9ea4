/**
 * Finds the series that a receiver refuses among many it was sent together, at little cost.
 *
 *   suspect  │ a a a a a a a a │     send the first half: refused ─▶ it is in there, the second half waits
 *   waiting  │                 │                          taken   ─▶ it is in the second half, which need not be sent
 *   … until one series is left, which is refused; then everything that waits is sent at once.
 *
 * One bad series of n costs log2(n) + 1 requests. When what waits is refused too, there is another one, and so on.
 *
 * Limit  REQUESTS_MAX requests. What was not settled by then is refused as a whole: a request that is mostly bad must not
 *        hold up those behind it.
 */
import type { LossReason } from '../retry-queue/loss-counts.ts';
import type { SeriesPiece } from './pieces.ts';

const REQUESTS_MAX = 256;

export type Attempt =
  | { readonly kind: 'taken' }
  | { readonly kind: 'refused'; readonly reason: LossReason }
  /** The receiver did not say: what is left has to be sent again later. */
  | { readonly kind: 'unknown'; readonly error: string };

export interface Found {
  readonly taken: readonly SeriesPiece[];
  readonly refused: readonly { readonly piece: SeriesPiece; readonly reason: LossReason }[];
  /** Neither: to be sent again later, in this order. */
  readonly left: readonly SeriesPiece[];
  readonly error: string | undefined;
}

export class Search {
  private readonly send: (series: readonly SeriesPiece[]) => Promise<Attempt>;
  /** At least one of these is refused. */
  private suspect: readonly SeriesPiece[];
  private waiting: SeriesPiece[] = [];
  private readonly taken: SeriesPiece[] = [];
  private readonly refused: { piece: SeriesPiece; reason: LossReason }[] = [];
  private requests = 0;
  private reason: LossReason = 'refused';

  /** `series` were refused together, each of which is sent again by `send` as often as need be. */
  constructor(series: readonly SeriesPiece[], send: (series: readonly SeriesPiece[]) => Promise<Attempt>) {
    this.suspect = series;
    this.send = send;
  }

  async run(): Promise<Found> {
    while (this.suspect.length > 0) {
      const attempt = this.suspect.length === 1 ? await this.blame() : await this.halve();
      if (attempt.kind === 'unknown') return this.found(attempt.error);
      if (this.requests < REQUESTS_MAX) continue;
      for (const piece of [...this.suspect, ...this.waiting])
        this.refused.push({ piece, reason: this.reason });
      this.suspect = [];
      this.waiting = [];
    }
    return this.found(undefined);
  }

  private found(error: string | undefined): Found {
    return {
      taken: this.taken,
      refused: this.refused,
      left: [...this.suspect, ...this.waiting],
      error,
    };
  }

  /** One of the suspects is the one: half of them say which half. */
  private async halve(): Promise<Attempt> {
    const middle = this.suspect.length >> 1;
    const [first, second] = [this.suspect.slice(0, middle), this.suspect.slice(middle)];
    const attempt = await this.attempt(first);
    if (attempt.kind === 'taken') {
      this.taken.push(...first);
      this.suspect = second;
    } else if (attempt.kind === 'refused') {
      this.waiting.push(...second);
      this.suspect = first;
    }
    return attempt;
  }

  /** The last suspect is the one; everything that waits may be good. */
  private async blame(): Promise<Attempt> {
    this.refused.push({ piece: this.suspect[0] as SeriesPiece, reason: this.reason });
    this.suspect = [];
    if (this.waiting.length === 0) return { kind: 'taken' };
    const waiting = this.waiting;
    const attempt = await this.attempt(waiting);
    if (attempt.kind === 'unknown') return attempt;
    this.waiting = [];
    if (attempt.kind === 'taken') this.taken.push(...waiting);
    else this.suspect = waiting;
    return attempt;
  }

  private async attempt(series: readonly SeriesPiece[]): Promise<Attempt> {
    this.requests++;
    const attempt = await this.send(series);
    if (attempt.kind === 'refused') this.reason = attempt.reason;
    return attempt;
  }
}
