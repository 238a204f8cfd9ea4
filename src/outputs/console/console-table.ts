/**
 * Rows laid out as a table that fits a terminal of 45 columns and more.
 *
 *   rate/s  val/p50     p95     p99     max  ty metric  tags
 *      412    4,120                          c  http.requests  env:prod path:/cart status:…
 *
 * Figures come first and are never cut; the name and the tags take what is left and are cut at the end with `…`. Below 64
 * columns the type gives way, below 80 the tags, and the maximum is shown from 100 on.
 */
import type { Paint } from '../../lib/text/paint.ts';
import { elide, padTo, widthOf } from '../../lib/text/terminal-text.ts';
import type { ConsoleRow } from './console-row.ts';

interface Column {
  readonly title: string;
  readonly key: 'rate' | 'value' | 'p95' | 'p99' | 'max';
  readonly width: number;
}

/** Lays out the rows, a heading first. Lines have no line feeds and are at most `columns` wide. */
export function layOut(rows: readonly ConsoleRow[], columns: number, paint: Paint): string[] {
  const shown = columnsAt(columns);
  const hasType = columns >= 63;
  const hasTags = columns >= 79 && rows.some(({ tags }) => tags !== '');
  const figures = shown.reduce((sum, { width }) => sum + width, 0) + (hasType ? 5 : 1);
  const heading =
    shown.map(({ title, width }) => padTo(title, width, 'left')).join('') +
    (hasType ? '  ty metric' : ' metric') +
    (hasTags ? '  tags' : '');
  const lines = [paint('dim', elide(heading, columns))];
  for (const row of rows) {
    const cells = shown.map(({ key, width }) => padTo(row[key], width, 'left')).join('');
    const type = hasType ? paint('dim', `  ${padTo(row.type, 2, 'right')} `) : ' ';
    lines.push((cells + type + nameAndTags(row, columns - figures, hasTags, paint)).trimEnd());
  }
  return lines;
}

function columnsAt(columns: number): Column[] {
  const isNarrow = columns < 63;
  const list: Column[] = [
    { title: 'rate/s', key: 'rate', width: isNarrow ? 6 : 7 },
    { title: isNarrow ? 'v/p50' : 'val/p50', key: 'value', width: 9 },
    { title: 'p95', key: 'p95', width: 8 },
    { title: 'p99', key: 'p99', width: 8 },
  ];
  if (columns >= 99) list.push({ title: 'max', key: 'max', width: 8 });
  return list;
}

function nameAndTags({ metric, tags }: ConsoleRow, room: number, hasTags: boolean, paint: Paint): string {
  const name = elide(metric, room);
  const left = room - widthOf(name) - 2;
  if (!hasTags || tags === '' || left < 2) return paint('bold', name);
  return `${paint('bold', name)}  ${paint('dim', elide(tags, left))}`;
}
