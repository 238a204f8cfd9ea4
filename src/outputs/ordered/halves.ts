/**
 * Delivers a request in halves that a receiver does not take whole: those that are not taken either are halved again, down
 * to single pieces.
 *
 *   whole: split ─▶ half: taken │ half: split ─▶ quarter: taken │ quarter: taken
 *
 * Limit  REQUESTS_MAX requests. What was not settled by then is refused: a request that is mostly bad must not hold up those
 *        behind it.
 */
import type { LossReason } from '../retry-queue/loss-counts.ts';
import type { Transaction } from '../retry-queue/transaction.ts';
import { type CourierResult, NO_PARTS, type Parts, type Refused } from './courier.ts';

const REQUESTS_MAX = 256;

/** What became of one request. */
export type PartOutcome =
  | { readonly kind: 'settled'; readonly result: CourierResult }
  /** Smaller parts may be taken; `result` is what it is if there are none. */
  | { readonly kind: 'split'; readonly result: CourierResult }
  /** Nothing of it is settled, and nothing more can be sent now: why. */
  | { readonly kind: 'stop'; readonly result: Omit<CourierResult, 'delivered' | 'refused' | 'rest'> };

export interface Halving<Piece> {
  /** What the request that was not taken holds. */
  readonly pieces: readonly Piece[];
  /** A request of some of the pieces. */
  readonly pack: (pieces: readonly Piece[]) => Transaction;
  readonly send: (request: Transaction, pieces: readonly Piece[]) => Promise<PartOutcome>;
}

export async function deliverInHalves<Piece>({ pieces, pack, send }: Halving<Piece>): Promise<CourierResult> {
  const left = halvesOf(pieces);
  const tally = new Tally();
  let requests = 0;
  for (let part = left.shift(); part !== undefined; part = left.shift()) {
    const outcome = await send(pack(part), part);
    if (outcome.kind === 'stop')
      return { ...tally.result, ...outcome.result, rest: pack([part, ...left].flat()) };
    if (outcome.kind === 'split' && part.length > 1 && ++requests < REQUESTS_MAX)
      left.unshift(...halvesOf(part));
    else tally.add(outcome.result);
  }
  return tally.result;
}

function halvesOf<Piece>(pieces: readonly Piece[]): (readonly Piece[])[] {
  const middle = Math.ceil(pieces.length / 2);
  return [pieces.slice(0, middle), pieces.slice(middle)];
}

/** Results of requests that have no rest, together. */
class Tally {
  private delivered: Parts = NO_PARTS;
  private readonly refused = new Map<LossReason, Parts>();
  private error: string | undefined;

  add({ delivered, refused, error }: CourierResult): void {
    this.delivered = sumOf(this.delivered, delivered);
    for (const { reason, ...parts } of refused)
      this.refused.set(reason, sumOf(this.refused.get(reason) ?? NO_PARTS, parts));
    this.error = error ?? this.error;
  }

  get result(): CourierResult {
    return {
      delivered: this.delivered,
      refused: [...this.refused].map(([reason, parts]): Refused => ({ reason, ...parts })),
      ...(this.error !== undefined && { error: this.error }),
    };
  }
}

function sumOf(a: Parts, b: Parts): Parts {
  return { items: a.items + b.items, points: a.points + b.points };
}
