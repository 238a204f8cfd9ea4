/**
 * Every table of the ledger whose numbers are counters of listener threads or of HTTP, for documents, tests and words.
 * What outputs and the other stages count they report themselves, as totals (ledger.ts).
 */
import { FORWARD_LEDGER } from './forward-ledger.ts';
import { HTTP_LEDGER } from './http-ledger.ts';
import type { LedgerEntry } from './ledger.ts';
import { LISTENER_LEDGER } from './listener-ledger.ts';

export const LEDGER_TABLES: readonly {
  readonly stage: string;
  readonly table: readonly LedgerEntry<never>[];
}[] = [
  { stage: 'listener', table: LISTENER_LEDGER },
  { stage: 'listener', table: HTTP_LEDGER },
  { stage: 'forward', table: FORWARD_LEDGER },
];
