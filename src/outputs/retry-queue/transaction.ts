/**
 * A transaction: one payload on its way to one destination, and what waiting for it costs.
 *
 * The bytes are shared by all transactions of a payload and never change. Nothing here is secret: a key
 * is added when the request is sent, so that a transaction can be written to disk as it is.
 */

export type Priority = 'normal' | 'high';

export interface Transaction {
  /** What the payload holds, one of few words: `series`, `events`; losses are counted by it. */
  readonly kind: string;
  /** Path of the request; failures are counted for each. */
  readonly route: string;
  /** Which of several receivers at this endpoint it is for, in words that mean the same after a restart. */
  readonly destination: string;
  readonly priority: Priority;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  readonly itemCount: number;
  readonly pointCount: number;
  /** How often sending it failed. */
  errors: number;
  /** Its place on disk, when it was read from there; the record stays until it is settled. */
  stored?: StoredPlace | undefined;
}

/** The record of a file that holds a transaction as well. */
export interface StoredPlace {
  readonly file: string;
  readonly index: number;
}

/** What a transaction takes in memory beside its bytes, about. */
const OVERHEAD_BYTES = 512;

/** What a transaction counts for against limits of memory. */
export function costOf({ body }: Transaction): number {
  return body.byteLength + OVERHEAD_BYTES;
}

/** The order in which transactions are sent: high priority first, then newest first. */
export function compareForSending(a: Transaction, b: Transaction): number {
  return rank(a) - rank(b) || b.createdAt - a.createdAt;
}

/** The order in which they leave memory when it is full: normal priority first, then oldest first. */
export function compareForDropping(a: Transaction, b: Transaction): number {
  return rank(b) - rank(a) || a.createdAt - b.createdAt;
}

function rank({ priority }: Transaction): number {
  return priority === 'high' ? 0 : 1;
}
