/** What became of one request, and who makes requests. */
import type { Transaction } from '../retry-queue/transaction.ts';

export type SendResult =
  /** The receiver answered with this status. */
  | {
      readonly kind: 'answered';
      readonly status: number;
      readonly retryAfterMs?: number | undefined;
      readonly headers?: Readonly<Record<string, string | string[] | undefined>>;
      /** The start of the answer's body, where it was asked for. */
      readonly body?: Uint8Array;
    }
  /** No answer: refused, timed out, cut off. The sentence has no secrets in it. */
  | { readonly kind: 'failed'; readonly error: string }
  /** Given up because the server stops. */
  | { readonly kind: 'aborted' };

/** What is to be done after a request. */
export type Outcome = 'delivered' | 'refused' | 'retry';

export interface Sender {
  /** Sends once. Never rejects. */
  send(transaction: Transaction): Promise<SendResult>;
  /** Gives up what is under way, and every connection. */
  close(): Promise<void>;
}

/** The outcome by status code (docs/delivery.md; docs/datadog.md says where we differ). */
export function outcomeOf(status: number): Outcome {
  if (status >= 200 && status < 300) return 'delivered';
  return status === 400 || status === 403 || status === 413 ? 'refused' : 'retry';
}
