/**
 * What one endpoint tells about itself: plain data, for `/api/outputs`, `whippet status`, metrics and the ledger.
 *
 * Totals, in payloads: submitted + found on disk at the start = delivered + lost + held (queue and disk).
 */
import type { Amount, Loss } from '../retry-queue/loss-counts.ts';
import { amountOf, NOTHING, sumOf } from '../retry-queue/loss-counts.ts';
import type { RetryStoreStatus } from '../retry-queue/store-status.ts';
import type { Transaction } from '../retry-queue/transaction.ts';
import { type AnswerResult, answerText } from './answer-text.ts';
import type { BreakerState } from './circuit-breaker.ts';
import type { Outcome } from './send-result.ts';

export interface EndpointStatus {
  readonly endpoint: string;
  readonly state: BreakerState;
  /** When it stopped taking data, ms since 1970. */
  readonly downSince: number | undefined;
  /** One for each route that was sent to. */
  readonly targets: readonly {
    readonly route: string;
    readonly state: BreakerState;
    readonly errors: number;
    /** When a blocked one is tried again, ms since 1970; 0 when it is not blocked. */
    readonly retryAt: number;
  }[];
  /** Everything in memory. */
  readonly queue: {
    readonly payloads: number;
    readonly items: number;
    readonly bytes: number;
    readonly oldestAgeSeconds: number;
    readonly new: number;
    readonly retry: number;
    readonly underWay: number;
  };
  readonly disk: RetryStoreStatus | undefined;
  readonly lastError: { readonly at: number; readonly text: string } | undefined;
  readonly lastSuccessAt: number | undefined;
  readonly counts: EndpointCounts;
  readonly losses: readonly Loss[];
}

export interface EndpointCounts {
  readonly submitted: Readonly<Record<string, Amount>>;
  readonly delivered: Readonly<Record<string, Amount>>;
  /** Requests by what came of them: `202`, `503`, `no_answer`. */
  readonly requests: Readonly<Record<string, number>>;
  /** Requests that have to be repeated. */
  readonly failures: number;
}

/** Counts what goes through an endpoint. Bounded by kinds and by the status codes there are. */
export class EndpointTally {
  private readonly _submitted: Record<string, Amount> = {};
  private readonly delivered: Record<string, Amount> = {};
  private readonly requests: Record<string, number> = {};
  private failures = 0;
  lastError: { readonly at: number; readonly text: string } | undefined;
  lastSuccessAt: number | undefined;

  get counts(): EndpointCounts {
    return {
      submitted: this._submitted,
      delivered: this.delivered,
      requests: this.requests,
      failures: this.failures,
    };
  }

  submitted(transaction: Transaction): void {
    count(this._submitted, transaction);
  }

  answered(transaction: Transaction, result: AnswerResult, outcome: Outcome, now: number): void {
    const name = result.kind === 'answered' ? String(result.status) : 'no_answer';
    this.requests[name] = (this.requests[name] ?? 0) + 1;
    if (outcome === 'delivered') {
      count(this.delivered, transaction);
      this.lastSuccessAt = now;
      return;
    }
    if (outcome === 'retry') this.failures++;
    this.lastError = { at: now, text: answerText(transaction.route, result) };
  }
}

function count(amounts: Record<string, Amount>, transaction: Transaction): void {
  amounts[transaction.kind] = sumOf(amounts[transaction.kind] ?? NOTHING, amountOf(transaction));
}
