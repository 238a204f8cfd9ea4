/**
 * Rows laid out as a table that fits a terminal.
 *
 *   metric      type     tags            value                   rate
 *   page.views  counter  env:prod regio… total 12               1.2/s
 *
 * Columns are as wide as their content while everything fits. When it does not, tags shrink first, then
 * values, then names, each to a floor; what is cut ends in `…`.
 */
import type { Paint } from '../lib/paint.ts';
import { elide, padTo, widthOf } from '../lib/terminal-text.ts';
import type { ConsoleRow } from './console-row.ts';

const GAP = '  ';
const COLUMNS = ['metric', 'type', 'tags', 'value', 'rate'] as const;
type Column = (typeof COLUMNS)[number];
/** Which columns give way, in this order, and how narrow they may become. */
const YIELDING: readonly (readonly [Column, number])[] = [
  ['tags', 8],
  ['value', 16],
  ['metric', 12],
];

/** Lays out the rows, a heading first. Lines have no line feeds. */
export function layOut(rows: readonly ConsoleRow[], columns: number, paint: Paint): string[] {
  const shown = COLUMNS.filter((column) => column !== 'tags' || rows.some((row) => row.tags !== ''));
  const widths = chooseWidths(rows, shown, columns);
  const heading = shown.map((column) => cell(column, column, widths[column])).join(GAP);
  const lines = [paint('dim', heading.trimEnd())];
  for (const row of rows) {
    const cells = shown.map((column) => colour(column, cell(column, row[column], widths[column]), paint));
    lines.push(cells.join(GAP).trimEnd());
  }
  return lines;
}

function chooseWidths(
  rows: readonly ConsoleRow[],
  shown: readonly Column[],
  columns: number,
): Record<Column, number> {
  const widths: Record<Column, number> = { metric: 0, type: 0, tags: 0, value: 0, rate: 0 };
  for (const column of shown) {
    widths[column] = Math.max(widthOf(column), ...rows.map((row) => widthOf(row[column])));
  }
  let excess = shown.reduce((sum, column) => sum + widths[column] + GAP.length, -GAP.length) - columns;
  for (const [column, floor] of YIELDING) {
    if (excess <= 0) break;
    const given = Math.min(excess, Math.max(0, widths[column] - floor));
    widths[column] -= given;
    excess -= given;
  }
  return widths;
}

function cell(column: Column, text: string, width: number): string {
  return padTo(elide(text, width), width, column === 'rate' ? 'left' : 'right');
}

function colour(column: Column, text: string, paint: Paint): string {
  if (column === 'metric') return paint('bold', text);
  return column === 'value' ? paint('cyan', text) : column === 'tags' ? paint('dim', text) : text;
}
