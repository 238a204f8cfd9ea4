/**
 * The ledger as tests see it: it must add up whenever it is read.
 *
 *   received = accepted + rejected + filtered + dropped + held      each account of GET /api/ledger
 */

import { FATES, imbalanceOf, totalOf } from '../../src/telemetry/ledger.ts';
import type { LedgerReport } from '../../src/telemetry/ledger-report.ts';

/** Throws when an account does not add up, or has a number that cannot be. */
export function checkLedger(report: LedgerReport): LedgerReport {
  for (const account of report.accounts) {
    const counts = FATES.flatMap((fate) => Object.values(account[fate]));
    const odd = [account.received, ...counts].filter((count) => !Number.isSafeInteger(count) || count < 0);
    if (imbalanceOf(account) !== 0 || account.imbalance !== 0 || odd.length > 0)
      throw new Error(`the ledger does not add up: ${JSON.stringify(account)}`);
  }
  if (!report.balanced) throw new Error(`the ledger says of itself that it does not add up`);
  return report;
}

/** What the log says when a server has stopped: it adds up, and nothing is left on the way to the outputs. */
export function checkEnd(end: Readonly<Record<string, unknown>>): void {
  const summary = end.ledger as Record<string, Record<string, number>>;
  const left = Object.entries(summary).filter(
    ([place, { held }]) => /^(intake|handover|aggregate) /.test(place) && (held ?? 0) !== 0,
  );
  if (end.balanced !== true || left.length > 0)
    throw new Error(`the ledger at the end does not add up: ${JSON.stringify(end)}`);
}

/** Reads it from a running server, checked. */
export async function readLedger(httpPort: number, token = ''): Promise<LedgerReport> {
  const headers = token === '' ? {} : { authorization: `Bearer ${token}` };
  const response = await fetch(`http://127.0.0.1:${httpPort}/api/ledger`, { headers });
  return checkLedger((await response.json()) as LedgerReport);
}

/** One account's numbers in short: `{ received, accepted, … }`. */
export function accountIn(
  report: LedgerReport,
  stage: string,
  name: string,
  unit: string,
): Record<(typeof FATES)[number] | 'received', number> {
  const account = report.accounts.find(
    (one) => one.stage === stage && one.name === name && one.unit === unit,
  );
  if (account === undefined) throw new Error(`no account ${stage} ${name} ${unit}`);
  const { received, accepted, rejected, filtered, dropped, held } = account;
  return {
    received,
    accepted: totalOf(accepted),
    rejected: totalOf(rejected),
    filtered: totalOf(filtered),
    dropped: totalOf(dropped),
    held: totalOf(held),
  };
}
