/** Requests of lines taken apart again, and what InfluxDB says of the lines it dropped. */
import { gunzipSync } from 'node:zlib';
import { type HttpAnswer, textOf } from '../ordered/http-courier.ts';
import type { Transaction } from '../retry-queue/transaction.ts';
import { linesTransaction } from './line-output.ts';

const BODY_BYTES_MAX = 64 * 1024 * 1024;

export const lineParts = {
  /** The lines of a request; undefined when the bytes are none. */
  of(transaction: Transaction): string[] | undefined {
    const { body } = transaction;
    try {
      const text = isGzip(transaction)
        ? gunzipSync(body, { maxOutputLength: BODY_BYTES_MAX })
        : Buffer.from(body);
      return text.toString('utf8').match(/[^\n]*\n/g) ?? [];
    } catch {
      return undefined;
    }
  },

  /** The same transaction with some of its lines; it has no place on disk. */
  pack(transaction: Transaction, lines: readonly string[]): Transaction {
    const { kind, createdAt, errors } = transaction;
    return { ...linesTransaction(lines, kind, isGzip(transaction) ? 'gzip' : 'none', createdAt), errors };
  },
};

/** `partial write: field type conflict … dropped=3`: the others are stored. */
export function droppedOf(answer: HttpAnswer): number | undefined {
  if (answer.status !== 400 && answer.status !== 422) return undefined;
  const found = /partial write.*\bdropped=(\d+)/.exec(textOf(answer));
  return found === null ? undefined : Number(found[1]);
}

function isGzip({ headers }: Transaction): boolean {
  return headers['content-encoding'] === 'gzip';
}
