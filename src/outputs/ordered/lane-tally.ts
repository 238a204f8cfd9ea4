/**
 * What went through a lane, in payloads, items and points:
 *
 *   submitted + found on disk = delivered + refused and lost + held (memory and disk)
 *
 * A payload of which a part was refused counts as delivered, and as refused when nothing of it was delivered.
 */
import { type Amount, type LossCounts, NOTHING, sumOf } from '../retry-queue/loss-counts.ts';
import type { Transaction } from '../retry-queue/transaction.ts';
import type { CourierResult } from './courier.ts';

export class LaneTally {
  readonly submitted: Record<string, Amount> = {};
  readonly delivered: Record<string, Amount> = {};
  readonly requests: Record<string, number> = {};
  /** Requests that have to be repeated. */
  failures = 0;
  lastError: { readonly at: number; readonly text: string } | undefined;
  lastSuccessAt: number | undefined;
  private readonly losses: LossCounts;

  constructor(losses: LossCounts) {
    this.losses = losses;
  }

  take({ kind, body, itemCount: items, pointCount: points }: Transaction): void {
    add(this.submitted, kind, { payloads: 1, items, points, bytes: body.byteLength });
  }

  request(status: string): void {
    this.requests[status] = (this.requests[status] ?? 0) + 1;
  }

  /** `transaction` was sent, and this became of it. */
  settle({ kind, body, createdAt }: Transaction, result: CourierResult, now: number): void {
    const { delivered, refused, rest, error, aborted } = result;
    const isSettled = rest === undefined;
    const isTaken = delivered.items > 0 || refused.length === 0;
    if (delivered.items > 0 || isSettled) {
      const payloads = isSettled && isTaken ? 1 : 0;
      if (isTaken) add(this.delivered, kind, { payloads, ...delivered, bytes: payloads * body.byteLength });
      if (delivered.items > 0) this.lastSuccessAt = now;
    }
    refused.forEach(({ reason, items, points }, index) => {
      const payloads = isSettled && !isTaken && index === 0 ? 1 : 0;
      const amount = { payloads, items, points, bytes: payloads * body.byteLength };
      this.losses.add(reason, kind, now - createdAt, amount);
    });
    if (error !== undefined) this.lastError = { at: now, text: error };
    if (!isSettled && aborted !== true) this.failures++;
  }
}

function add(amounts: Record<string, Amount>, kind: string, amount: Amount): void {
  amounts[kind] = sumOf(amounts[kind] ?? NOTHING, amount);
}
