/** Transactions and logs for tests of what delivers them. */
import type { Log } from '../../../src/lib/log.ts';
import type { Transaction } from '../../../src/outputs/retry-queue/transaction.ts';
import { VIRTUAL_START } from '../virtual-clock.ts';

/** A transaction of one item; its body is `name`, padded to `bytes`. */
export function transaction(
  name: string,
  other: Partial<Transaction> & { bytes?: number } = {},
): Transaction {
  const { bytes = 0, ...rest } = other;
  return {
    kind: 'series',
    route: '/api/v2/series',
    destination: 'd',
    priority: 'normal',
    createdAt: VIRTUAL_START,
    headers: { 'content-type': 'text/plain' },
    body: Buffer.from(name.padEnd(bytes)),
    itemCount: 1,
    pointCount: 2,
    errors: 0,
    ...rest,
  };
}

export function nameOf({ body }: Pick<Transaction, 'body'>): string {
  return Buffer.from(body).toString().trim();
}

export interface HeardLine {
  readonly level: 'info' | 'warn' | 'error';
  readonly sentence: string;
  readonly fields: Record<string, unknown>;
}

/** A log that keeps what it hears. */
export class HeardLog implements Log {
  readonly lines: HeardLine[] = [];

  info(fields: object, sentence: string): void {
    this.lines.push({ level: 'info', sentence, fields: { ...fields } });
  }

  warn(fields: object, sentence: string): void {
    this.lines.push({ level: 'warn', sentence, fields: { ...fields } });
  }

  error(fields: object, sentence: string): void {
    this.lines.push({ level: 'error', sentence, fields: { ...fields } });
  }

  get sentences(): string[] {
    return this.lines.map(({ sentence }) => sentence);
  }
}
