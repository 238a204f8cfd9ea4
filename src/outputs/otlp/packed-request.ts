/** Requests as transactions: compressed or not, with what the retry files need to know. */
import { gunzipSync, gzipSync } from 'node:zlib';
import type { Transaction } from '../retry-queue/transaction.ts';
import type { BuiltRequest } from './metrics-request.ts';
import { type Piece, putTogether, type Signal, takeApart } from './pieces.ts';

const KINDS = { metrics: 'otlp_metrics', logs: 'otlp_logs' } as const;
const ROUTES = { metrics: '/v1/metrics', logs: '/v1/logs' } as const;
const GZIP: Readonly<Record<string, string>> = { 'content-encoding': 'gzip' };
/** Nothing we build is larger. */
const BODY_BYTES_MAX = 64 * 1024 * 1024;
/** Repeated names and keys are nearly all there is to gain; the fastest level finds them. */
const LEVEL = 1;

export type Compression = 'gzip' | 'none';

export function transactionOf(
  { body, count }: BuiltRequest,
  signal: Signal,
  compression: Compression,
  createdAt: number,
): Transaction {
  return {
    kind: KINDS[signal],
    route: ROUTES[signal],
    destination: '',
    priority: 'normal',
    createdAt,
    headers: compression === 'gzip' ? GZIP : {},
    body: compression === 'gzip' ? gzipSync(body, { level: LEVEL }) : Uint8Array.from(body),
    itemCount: count,
    pointCount: count,
    errors: 0,
  };
}

export function signalOf({ kind }: Transaction): Signal {
  return kind === KINDS.logs ? 'logs' : 'metrics';
}

export function isGzip({ headers }: Transaction): boolean {
  return headers['content-encoding'] === 'gzip';
}

/** The points or records of a transaction; undefined when the bytes are no request. */
export function piecesOf(transaction: Transaction): Piece[] | undefined {
  try {
    const { body } = transaction;
    const whole = isGzip(transaction) ? gunzipSync(body, { maxOutputLength: BODY_BYTES_MAX }) : body;
    return takeApart(whole, signalOf(transaction));
  } catch {
    // A file of an earlier process with another content: it can only be taken or refused as a whole.
    return undefined;
  }
}

/** A transaction of some of the pieces; it has no place on disk. */
export function packPart(transaction: Transaction, pieces: readonly Piece[]): Transaction {
  const built = { body: putTogether(pieces), count: pieces.length };
  const compression = isGzip(transaction) ? 'gzip' : 'none';
  const part = transactionOf(built, signalOf(transaction), compression, transaction.createdAt);
  return { ...part, errors: transaction.errors };
}
