/**
 * Who takes one transaction to its receiver, and what became of it.
 *
 *   lane ──transaction──▶ courier ──one or more requests──▶ receiver
 *     ▲                      └─ delivered + refused + rest = what the transaction held
 *     └─ the rest is sent again: later, and before everything that follows
 */
import type { LossReason } from '../retry-queue/loss-counts.ts';
import type { Transaction } from '../retry-queue/transaction.ts';

/** Series, events or checks, and the points in them. */
export interface Parts {
  readonly items: number;
  readonly points: number;
}

export const NO_PARTS: Parts = { items: 0, points: 0 };

export interface Refused extends Parts {
  readonly reason: LossReason;
}

export interface CourierResult {
  readonly delivered: Parts;
  readonly refused: readonly Refused[];
  /** What has to be sent again, itself a transaction; absent when everything is settled. */
  readonly rest?: Transaction;
  /** Who has to act before the rest can be delivered: the receiver, or who configured this server. */
  readonly fault?: 'receiver' | 'configuration';
  /** How long the receiver asked to be left alone, ms. */
  readonly waitMs?: number;
  /** One sentence without secrets about what went wrong, also when nothing is left to send. */
  readonly error?: string;
  /** True when the server stops and the request was given up. */
  readonly aborted?: boolean;
}

export interface Errand {
  readonly transaction: Transaction;
  /** The transaction after it, if there is one. */
  readonly next: Transaction | undefined;
  /** Hears of each request: its status, or `no_answer`. */
  readonly onRequest: (status: string) => void;
}

export interface Courier {
  /** Never rejects. */
  deliver(errand: Errand): Promise<CourierResult>;
  /** Gives up what is under way, and every connection. */
  close(): Promise<void>;
}

/** Everything in the transaction was delivered. */
export function allDelivered({ itemCount, pointCount }: Transaction): CourierResult {
  return { delivered: { items: itemCount, points: pointCount }, refused: [] };
}

/** The receiver refused all of it for good. */
export function allRefused(
  { itemCount, pointCount }: Transaction,
  reason: LossReason,
  error: string,
): CourierResult {
  return {
    delivered: NO_PARTS,
    refused: [{ reason, items: itemCount, points: pointCount }],
    error,
  };
}

/** All of it has to be sent again. */
export function againLater(
  transaction: Transaction,
  error: string,
  fault: 'receiver' | 'configuration' = 'receiver',
  waitMs = 0,
): CourierResult {
  return { delivered: NO_PARTS, refused: [], rest: transaction, fault, waitMs, error };
}
