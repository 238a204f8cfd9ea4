/**
 * The ledger in `whippet status`: first whether anything was lost, then a row for each entry.
 *
 *   No loss: everything that came in is accounted for.
 *
 *                        received  accepted  rejected  filtered   dropped      held
 *   udp 127.0.0.1:8125
 *     kernel                                                            0     2 KiB
 *     packets               1,234     1,234                             0         0
 */
import type { Paint } from '../../lib/text/paint.ts';
import { elide, escapeControls, padTo } from '../../lib/text/terminal-text.ts';
import { OUTCOMES, type Outcome, type Totals, totalOf } from '../../telemetry/ledger/ledger.ts';
import type { LedgerReport, ListenerStats } from '../../telemetry/ledger/ledger-report.ts';
import type { Loss } from '../../telemetry/ledger/losses.ts';
import {
  COLUMNS,
  formatCount,
  formatDuration,
  type SectionContext,
  type StatusSection,
  wrap,
} from './section.ts';

const NAME_COLUMNS = 20;
const NUMBER_COLUMNS = 10;
const STAGES: Readonly<Record<string, string>> = {
  global_edge: 'global edge',
  global_owner: 'global owner',
  forward: 'sent on',
  dispatch: 'events and checks to the outputs',
  aggregate: 'aggregation',
  output: 'output',
  datadog: 'Datadog',
  delivery: 'delivery',
};

export const ledgerSection: StatusSection = {
  view: 'ledger',
  render: (answer, context) => renderLedger(answer as LedgerReport, context),
};

function renderLedger(report: LedgerReport, { paint, before, seconds }: SectionContext): string[] {
  const up = `up ${formatDuration(report.at - report.startedAt)}`;
  return [
    paint('dim', up),
    '',
    ...renderLosses(report, paint),
    ...renderNotListening(report, paint),
    '',
    paint('bold', row('', ['received', ...OUTCOMES])),
    ...renderListeners(report, paint),
    ...renderOthers(report, paint),
    ...renderRates(report, before as LedgerReport | undefined, seconds, paint),
    ...(report.balanced
      ? []
      : [paint('red', 'The ledger does not add up. This is a bug: please report it.')]),
  ];
}

function renderLosses({ losses }: LedgerReport, paint: Paint): string[] {
  if (losses.length === 0) return [paint('green', 'No loss: everything that came in is accounted for.')];
  return [paint('red', 'Lost since the start:'), ...losses.flatMap((loss) => renderLoss(loss, paint))];
}

function renderNotListening({ notListening }: LedgerReport, paint: Paint): string[] {
  return notListening.flatMap(({ listener, reason }) => [
    paint('red', `Not listening: ${listener}`),
    ...wrap(escapeControls(reason), COLUMNS, '    '),
  ]);
}

function renderLoss({ stage, name, unit, reason, count, help, remedy }: Loss, paint: Paint): string[] {
  const place = escapeControls([stage, name].filter((part) => part !== '').join(' '));
  return [
    paint('red', elide(`  ${formatCount(count)} ${unit}  ${place}: ${reason}`, COLUMNS)),
    ...wrap(help, COLUMNS, '    '),
    ...wrap(`What to do: ${remedy}.`, COLUMNS, '    '),
  ];
}

function renderListeners(report: LedgerReport, paint: Paint): string[] {
  return report.listeners.flatMap((stats) => [
    elide(escapeControls([stats.listener, ...stats.addresses].join(' ')), COLUMNS),
    ...renderKernel(stats, paint),
    ...report.totals
      .filter(({ stage, name }) => stage === 'listener' && name === stats.listener)
      .map((entry) => totalsRow(`  ${entry.unit}`, entry, paint)),
    ...renderBacklog(stats),
  ]);
}

function renderKernel({ kernel }: ListenerStats, paint: Paint): string[] {
  if (kernel === undefined) return [];
  const dropped = formatCount(kernel.droppedPackets);
  const cells = ['', '', '', '', kernel.droppedPackets > 0 ? paint('red', pad(dropped)) : dropped];
  return [row('  kernel packets', cells)];
}

function renderBacklog({ backlog, truncatedPackets }: ListenerStats): string[] {
  const lines: string[] = [];
  if (backlog.packets > 0)
    lines.push(
      `  ${formatCount(backlog.packets)} packets wait for up to ${formatDuration(backlog.oldestSeconds)}`,
    );
  if (truncatedPackets > 0)
    lines.push(`  ${formatCount(truncatedPackets)} packets were cut: longer than dogstatsd_buffer_size`);
  return lines;
}

function renderOthers({ totals }: LedgerReport, paint: Paint): string[] {
  return totals
    .filter(({ stage, received }) => stage !== 'listener' && received > 0)
    .flatMap((entry) => {
      const title = [STAGES[entry.stage] ?? entry.stage, entry.name].filter((part) => part !== '').join(' ');
      return [elide(escapeControls(title), COLUMNS), totalsRow(`  ${entry.unit}`, entry, paint)];
    });
}

/** Messages a second since the last look, one line. */
function renderRates(
  report: LedgerReport,
  before: LedgerReport | undefined,
  seconds: number,
  paint: Paint,
): string[] {
  if (before === undefined || seconds <= 0) return [];
  const sum = ({ totals }: LedgerReport, of: (entry: Totals) => number): number =>
    totals
      .filter(({ stage, unit }) => stage === 'listener' && unit === 'messages')
      .reduce((total, entry) => total + of(entry), 0);
  const rate = (of: (entry: Totals) => number): string =>
    formatCount(Math.max(0, sum(report, of) - sum(before, of)) / seconds);
  const outcome = (name: Outcome): string => rate((entry) => totalOf(entry[name]));
  const text = `messages a second: ${rate(({ received }) => received)} received, ${outcome('rejected')} rejected, ${outcome('dropped')} dropped`;
  return ['', paint('cyan', text)];
}

function totalsRow(title: string, entry: Totals, paint: Paint): string {
  const cells = OUTCOMES.map((outcome) => {
    const total = totalOf(entry[outcome]);
    const text = Object.keys(entry[outcome]).length === 0 ? '' : formatCount(total);
    if (total === 0) return text;
    if (outcome === 'dropped') return paint('red', pad(text));
    return outcome === 'rejected' ? paint('yellow', pad(text)) : text;
  });
  return row(title, [formatCount(entry.received), ...cells]);
}

/** A painted cell is padded already: its escapes have no width. */
function row(title: string, cells: readonly string[]): string {
  const numbers = cells.map((cell) => (cell.includes('\x1b') ? cell : pad(cell))).join('');
  return (padTo(title, NAME_COLUMNS, 'right') + numbers).trimEnd();
}

function pad(text: string): string {
  return padTo(text, NUMBER_COLUMNS, 'left');
}
