/**
 * The last word of a server that stops: what it received, what each output delivered, what was left and why, and how
 * long the stop took. Plain data, and the text of it for people.
 *
 *   stopped in 0.4 s: received 10,000 packets with 20,000 messages; delivered 512 to file; nothing was left
 */
import { type Totals, totalOf } from './ledger.ts';

export interface DeliveryReport {
  readonly receivedPackets: number;
  readonly receivedMessages: number;
  /** Aggregates, events and checks that each output took to its end, by output. */
  readonly delivered: Readonly<Record<string, number>>;
  /** Aggregates, events and checks that were not delivered. */
  readonly undelivered: number;
  /** Of these, what the stop cut short; a longer one would have delivered it. */
  readonly lostAtStop: number;
  /** Series, sketches, events and checks that wait on disk for the next start. */
  readonly keptOnDisk: number;
  /** Where they wait, a sentence for each place. */
  readonly kept: readonly string[];
  readonly reasons: readonly string[];
  readonly seconds: number;
}

/** Draws it up from the totals at the end, when what outputs still hold is what they could not deliver. */
export function deliveryReport(
  totals: readonly Totals[],
  end: {
    readonly undelivered: number;
    readonly lostAtStop?: number;
    readonly keptOnDisk?: number;
    readonly kept?: readonly string[];
    /** Phases of the stop that had not ended at its deadline. */
    readonly unfinished?: readonly string[];
    readonly reasons: readonly string[];
    readonly seconds: number;
  },
): DeliveryReport {
  const { lostAtStop = 0, keptOnDisk = 0, kept = [], unfinished = [], seconds } = end;
  const received = (unit: Totals['unit']): number =>
    totals
      .filter((entry) => entry.stage === 'listener' && entry.unit === unit)
      .reduce((sum, entry) => sum + entry.received, 0);
  const delivered = totals
    .filter(({ stage }) => stage === 'output')
    .map((entry) => [entry.name, totalOf(entry.accepted)] as const);
  const unflushed = unfinished.length === 0 ? 0 : unflushedIn(totals);
  return {
    ...{ receivedPackets: received('packets'), receivedMessages: received('messages') },
    ...{ delivered: Object.fromEntries(delivered), keptOnDisk, kept, seconds },
    undelivered: end.undelivered + unflushed,
    lostAtStop: lostAtStop + unflushed,
    reasons: [...end.reasons, ...explainUnfinished(unfinished, unflushed)],
  };
}

/** What never got as far as the outputs, in messages and values. */
function unflushedIn(totals: readonly Totals[]): number {
  return totals
    .filter(
      ({ stage, unit }) =>
        (stage === 'listener' && unit === 'messages') || stage === 'dispatch' || stage === 'aggregate',
    )
    .reduce((sum, { held }) => sum + totalOf(held), 0);
}

function explainUnfinished(unfinished: readonly string[], unflushed: number): string[] {
  if (unfinished.length === 0) return [];
  return [
    `the deadline of the stop passed before ${unfinished.join(', ')} had ended; ${unflushed} messages and values did not reach an output (stop_timeout_seconds)`,
  ];
}

/** One line, and one more for each reason. */
export function describeDelivery(report: DeliveryReport): string {
  const count = (value: number): string => value.toLocaleString('en-US');
  const outputs = Object.entries(report.delivered).map(([name, records]) => `${count(records)} to ${name}`);
  const parts = [
    `received ${count(report.receivedPackets)} packets with ${count(report.receivedMessages)} messages`,
    `delivered ${outputs.length === 0 ? 'nothing' : outputs.join(', ')}`,
    report.undelivered === 0 ? 'nothing was left' : `${count(report.undelivered)} not delivered`,
    ...(report.keptOnDisk === 0 ? [] : [`${count(report.keptOnDisk)} kept on disk`]),
  ];
  const lines = [`stopped in ${report.seconds.toFixed(1)} s: ${parts.join('; ')}`];
  return [...lines, ...[...report.reasons, ...report.kept].map((text) => `  ${text}`)].join('\n');
}
