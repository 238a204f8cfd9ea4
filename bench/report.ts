/** Prints what was measured as a table for people, and as JSON for comparisons. */
import type { Row } from './rows.ts';
import type { ScenarioResult } from './scenario-result.ts';

const HEADER = [
  ...['shape', 'transport', 'MiB/s', 'samples/s', 'packets/s', 'CPU ms/MiB', 'RSS MiB', 'peak', 'loss'],
  ...['L0', 'ratio', 'target', ''],
];

export function formatRows(rows: readonly Row[]): string {
  const lines = rows.map((row) => [
    row.shape,
    row.transport,
    number(row.mibPerSecond),
    number(row.samplesPerSecond),
    number(row.packetsPerSecond),
    row.cpuMsPerMib.toFixed(2),
    number(row.rssMib),
    number(row.rssPeakMib),
    percent(row.loss),
    `${number(row.limit)} ${row.limitUnit}`,
    row.ratio.toFixed(2),
    row.target === undefined ? '-' : `>= ${row.target.toFixed(2)}`,
    row.pass ? 'pass' : 'FAIL',
  ]);
  return alignColumns([HEADER, ...lines]) + rows.map(formatNotes).join('');
}

export function formatScenario(result: ScenarioResult): string {
  const figures = Object.entries(result.figures).map(([name, value]) => {
    // A target of 0.97 is not told from 0.94 by one digit.
    if (name.endsWith('Share') || name.endsWith('Ratio')) return `${name} ${value.toFixed(3)}`;
    return `${name} ${name.toLowerCase().endsWith('loss') ? percent(value) : number(value)}`;
  });
  const differences = [...result.differences, ...(result.notes ?? [])].map((text) => `  ${text}\n`).join('');
  return `${result.name}: ${figures.join(', ')}: ${result.pass ? 'pass' : 'FAIL'}\n${differences}`;
}

function formatNotes(row: Row): string {
  const name = `${row.shape}/${row.transport}`;
  const notes = row.differences.map((difference) => `  ${name}: ${difference}\n`);
  if (row.ofSmp) {
    const { ratio, target } = row.ofSmp;
    notes.push(`  ${name}: ${ratio.toFixed(2)} of the server's own smp, target >= ${target.toFixed(2)}\n`);
  }
  if (row.saturated) {
    const { limit, server } = row.saturated;
    notes.push(
      `  ${name}: at the sender's fastest ${number(server)} packets/s came through, L0 ${number(limit)}\n`,
    );
  }
  return notes.join('');
}

/** Text to the left, numbers to the right, by the look of the first row below the header. */
export function alignColumns(cells: readonly (readonly string[])[]): string {
  const [header = [], first = []] = cells;
  const widths = header.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  const align = (cell: string, column: number): string => {
    const isNumber = /^[\d,.%]+$/.test(first[column] ?? '');
    return isNumber ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0);
  };
  return cells.map((row) => `${row.map(align).join('  ').trimEnd()}\n`).join('');
}

function number(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: value < 10 ? 1 : 0 });
}

/** Loss is shown as soon as there is any. */
function percent(share: number): string {
  if (share === 0) return '0';
  return share < 0.0001 ? '<0.01%' : `${(share * 100).toFixed(2)}%`;
}
