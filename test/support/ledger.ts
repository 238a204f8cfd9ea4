/**
 * The ledger as tests see it: it must add up whenever it is read.
 *
 *   received = accepted + rejected + filtered + dropped + held      each entry of GET /api/ledger
 */

import { imbalanceOf, OUTCOMES, totalOf } from '../../src/telemetry/ledger/ledger.ts';
import type { LedgerReport } from '../../src/telemetry/ledger/ledger-report.ts';

/** Throws when a row of totals does not add up, or has a number that cannot be. */
export function checkLedger(report: LedgerReport): LedgerReport {
  for (const entry of report.totals) {
    const counts = OUTCOMES.flatMap((outcome) => Object.values(entry[outcome]));
    const odd = [entry.received, ...counts].filter((count) => !Number.isSafeInteger(count) || count < 0);
    if (imbalanceOf(entry) !== 0 || entry.imbalance !== 0 || odd.length > 0)
      throw new Error(`the ledger does not add up: ${JSON.stringify(entry)}`);
  }
  if (!report.balanced) throw new Error(`the ledger says of itself that it does not add up`);
  return report;
}

/** What the log says when a server has stopped: it adds up, and nothing is left on the way to the outputs. */
export function checkEnd(end: Readonly<Record<string, unknown>>): void {
  const summary = end.ledger as Record<string, Record<string, number>>;
  const left = Object.entries(summary).filter(
    ([place, { held }]) => /^(listener|dispatch|aggregate) /.test(place) && (held ?? 0) !== 0,
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

/** One entry's numbers in short: `{ received, accepted, … }`. */
export function totalsIn(
  report: LedgerReport,
  stage: string,
  name: string,
  unit: string,
): Record<(typeof OUTCOMES)[number] | 'received', number> {
  const entry = report.totals.find((one) => one.stage === stage && one.name === name && one.unit === unit);
  if (entry === undefined) throw new Error(`no entry ${stage} ${name} ${unit}`);
  const { received, accepted, rejected, filtered, dropped, held } = entry;
  return {
    received,
    accepted: totalOf(accepted),
    rejected: totalOf(rejected),
    filtered: totalOf(filtered),
    dropped: totalOf(dropped),
    held: totalOf(held),
  };
}
