/** Requests as transactions: compressed, with what the retry files need to know. */
import { compress, uncompress } from 'snappyjs';
import type { Transaction } from '../retry-queue/transaction.ts';
import { putTogether, type RequestPieces, type SeriesPiece } from './pieces.ts';
import type { BuiltRequest, WriteVersion } from './request-builder.ts';

/** Nothing we build is larger. */
const BODY_BYTES_MAX = 64 * 1024 * 1024;
const KINDS = { 1: 'write_v1', 2: 'write_v2' } as const;
/** Transactions need a path; the URL of the receiver, which may have a token in it, is added when it is sent. */
const ROUTE = '/';

const CONTENT_TYPES = {
  1: 'application/x-protobuf',
  2: 'application/x-protobuf;proto=io.prometheus.write.v2.Request',
} as const;
const VERSION_HEADERS = { 1: '0.1.0', 2: '2.0.0' } as const;

/** Headers that no configuration may change. */
export function headersFor(version: WriteVersion): Record<string, string> {
  return {
    'content-encoding': 'snappy',
    'content-type': CONTENT_TYPES[version],
    'x-prometheus-remote-write-version': VERSION_HEADERS[version],
  };
}

export function transactionOf(
  { version, body, seriesCount, pointCount }: BuiltRequest,
  createdAt: number,
): Transaction {
  return {
    kind: KINDS[version],
    route: ROUTE,
    destination: '',
    priority: 'normal',
    createdAt,
    headers: {},
    body: compress(body),
    itemCount: seriesCount,
    pointCount,
    errors: 0,
  };
}

export function versionOf({ kind }: Transaction): WriteVersion {
  return kind === KINDS[2] ? 2 : 1;
}

/** The request of a transaction. Throws when the bytes are no request. */
export function bodyOf({ body }: Transaction): Uint8Array {
  return uncompress(Uint8Array.from(body), BODY_BYTES_MAX);
}

/** A transaction with another body that says the same in version 1.0. */
export function pack(transaction: Transaction, body: Uint8Array): Transaction;
/** A transaction of some of the series; it has no place on disk. */
export function pack(
  transaction: Transaction,
  pieces: RequestPieces,
  series: readonly SeriesPiece[],
): Transaction;
export function pack(
  transaction: Transaction,
  what: Uint8Array | RequestPieces,
  series: readonly SeriesPiece[] = [],
): Transaction {
  if (what instanceof Uint8Array) return { ...transaction, kind: KINDS[1], body: compress(what) };
  return {
    ...transaction,
    kind: KINDS[what.version],
    body: compress(putTogether(what, series)),
    itemCount: series.length,
    pointCount: series.reduce((sum, { points }) => sum + points, 0),
    stored: undefined,
  };
}
