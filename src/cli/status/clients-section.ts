/**
 * What clients say of themselves, in `whippet status`: what they sent and dropped, beside what arrived.
 *
 *   clients say               sent   dropped   in queue    writer
 *     go 5.5.0 udp           1,234        17         17         0
 *   udp: clients say they sent 1,234 packets; 1,300 arrived, 0 dropped by the kernel
 */
import type { Paint } from '../../lib/text/paint.ts';
import { elide, escapeControls, padTo } from '../../lib/text/terminal-text.ts';
import type { ClientReport, TransportRow } from '../../telemetry/client-telemetry.ts';
import { COLUMNS, formatCount, type SectionContext, type StatusSection, wrap } from './section.ts';

const NAME_COLUMNS = 40;
const NUMBER_COLUMNS = 10;
const ROWS_MAX = 10;

export const clientsSection: StatusSection = {
  view: 'clients',
  render: (answer, context) => renderClients(answer as ClientReport, context),
};

function renderClients({ clients, transports }: ClientReport, { paint }: SectionContext): string[] {
  if (clients.length === 0) return transports.flatMap((transport) => compare(transport, paint));
  const rows = clients.slice(0, ROWS_MAX).map(({ client, version, transport, counts }) => {
    const name = escapeControls(
      [client || 'unnamed', version, transport].filter((part) => part !== '').join(' '),
    );
    const cells = [
      counts.packets_sent,
      counts.packets_dropped,
      counts.packets_dropped_queue,
      counts.packets_dropped_writer,
    ];
    return tableRow(`  ${elide(name, NAME_COLUMNS - 3)}`, cells.map(formatCount));
  });
  const more = clients.length - rows.length;
  return [
    paint('bold', tableRow('clients say, in packets', ['sent', 'dropped', 'in queue', 'writing'])),
    ...rows,
    ...(more > 0 ? [`  and ${more} more`] : []),
    ...transports.flatMap((transport) => compare(transport, paint)),
  ];
}

function compare(row: TransportRow, paint: Paint): string[] {
  const { transport, clientsSent, received, kernelDropped, missing, listeners } = row;
  if (listeners.length === 0) return [];
  const arrived = `${formatCount(received)} arrived, ${formatCount(kernelDropped)} dropped by the kernel`;
  const account =
    clientsSent === 0 ? 'no client tells what it sent' : `${formatCount(clientsSent)} sent by their account`;
  const text = `${transport}: ${account}; ${arrived}`;
  const lost = `    ${formatCount(missing)} are missing: lost on the way here`;
  return [...wrap(text, COLUMNS, '  '), ...(missing === 0 ? [] : [paint('red', lost)])];
}

function tableRow(title: string, cells: readonly string[]): string {
  return (
    padTo(title, NAME_COLUMNS, 'right') + cells.map((cell) => padTo(cell, NUMBER_COLUMNS, 'left')).join('')
  );
}
