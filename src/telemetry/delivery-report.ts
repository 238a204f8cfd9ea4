/**
 * The last word of a server that stops: what it received, what each output delivered, what was left and why, and how
 * long the stop took. Plain data, and the text of it for people.
 *
 *   stopped in 0.4 s: received 10,000 packets with 20,000 messages; delivered 512 to file; nothing was left
 */
import { type Account, totalOf } from './ledger.ts';

export interface DeliveryReport {
  readonly receivedPackets: number;
  readonly receivedMessages: number;
  /** Aggregates, events and checks that each output took to its end, by output. */
  readonly delivered: Readonly<Record<string, number>>;
  /** Aggregates, events and checks that were not delivered. */
  readonly undelivered: number;
  readonly reasons: readonly string[];
  readonly seconds: number;
}

/** Draws it up from the accounts at the end, when what outputs still hold is what they could not deliver. */
export function deliveryReport(
  accounts: readonly Account[],
  { undelivered, reasons, seconds }: Pick<DeliveryReport, 'undelivered' | 'reasons' | 'seconds'>,
): DeliveryReport {
  const received = (unit: Account['unit']): number =>
    accounts
      .filter((account) => account.stage === 'intake' && account.unit === unit)
      .reduce((sum, account) => sum + account.received, 0);
  const delivered = accounts
    .filter(({ stage }) => stage === 'output')
    .map((account) => [account.name, totalOf(account.accepted)] as const);
  return {
    ...{ receivedPackets: received('packets'), receivedMessages: received('messages') },
    ...{ delivered: Object.fromEntries(delivered), undelivered, reasons, seconds },
  };
}

/** One line, and one more for each reason. */
export function describeDelivery(report: DeliveryReport): string {
  const count = (value: number): string => value.toLocaleString('en-US');
  const outputs = Object.entries(report.delivered).map(([name, records]) => `${count(records)} to ${name}`);
  const parts = [
    `received ${count(report.receivedPackets)} packets with ${count(report.receivedMessages)} messages`,
    `delivered ${outputs.length === 0 ? 'nothing' : outputs.join(', ')}`,
    report.undelivered === 0 ? 'nothing was left' : `${count(report.undelivered)} not delivered`,
  ];
  const lines = [`stopped in ${report.seconds.toFixed(1)} s: ${parts.join('; ')}`];
  return [...lines, ...report.reasons.map((reason) => `  ${reason}`)].join('\n');
}
