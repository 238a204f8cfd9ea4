/**
 * The columns of the list of metrics: which there are at a width, and what they hold. Figures first and never cut; the
 * name comes last and takes what is left.
 *
 *   width   45                        64           80            100  110    120
 *           rate val/p50 p95 p99 name ty, contexts wider figures max  5 min  new/min, bytes/s, seen
 */
import { formatAge, formatBytes, formatCount, formatRate, formatValue } from '../../lib/text/short-number.ts';
import { padTo } from '../../lib/text/terminal-text.ts';
import { TYPE_LETTERS } from '../../model/context.ts';
import type { MetricTraffic, TrafficSort } from '../../model/live/traffic-views.ts';
import { sparkline } from './plots.ts';
import type { Style } from './screen.ts';

export interface Column {
  readonly title: string;
  /** With the space in front. */
  readonly width: number;
  readonly side: 'left' | 'right';
  readonly sort?: TrafficSort;
  readonly style: Style;
  text(row: MetricTraffic, now: number): string;
}

/** Columns at a width, in order, without the name. */
export function columnsAt(width: number, ascii: boolean): Column[] {
  const isNarrow = width < 64;
  const figure = isNarrow ? 7 : 8;
  const figures = figure - 1;
  const column = (title: string, size: number, text: Column['text'], more: Partial<Column> = {}): Column => ({
    title,
    width: size,
    side: 'left',
    style: 'plain',
    text,
    ...more,
  });
  const percentile = (pick: (row: MetricTraffic) => number | null | undefined) => (row: MetricTraffic) =>
    isSummary(row) ? formatValue(pick(row) ?? null, figures, true) : '';
  const columns = [
    column('rate/s', isNarrow ? 6 : 7, ({ rates }) => formatRate(rates.s10, 6), { sort: 'rate' }),
  ];
  if (width >= 110)
    columns.push(
      column('5 min', 13, ({ spark }) => sparkline(spark, 12, ascii), { side: 'right', style: 'accent' }),
    );
  const value = isNarrow ? 7 : 9;
  columns.push(
    column(isNarrow ? 'v/p50' : 'val/p50', value, (row) => valueText(row, value - 1)),
    column(
      'p95',
      figure,
      percentile(({ last }) => last?.p95),
    ),
    column(
      'p99',
      figure,
      percentile(({ last }) => last?.p99),
    ),
  );
  if (width >= 100)
    columns.push(
      column(
        'max',
        9,
        percentile(({ last }) => last?.max),
      ),
    );
  if (width >= 64)
    columns.push(column('contexts', 9, ({ contexts }) => formatCount(contexts, 8), { sort: 'contexts' }));
  if (width >= 120)
    columns.push(
      column(
        'new/min',
        9,
        ({ newPerMinute }) => (newPerMinute > 0 ? `+${formatCount(newPerMinute, 7)}` : ''),
        {
          sort: 'new',
        },
      ),
      column('bytes/s', 9, ({ bytesPerSecond }) => formatBytes(bytesPerSecond), { sort: 'bytes' }),
      column('seen', 8, ({ lastSeen }, now) => formatAge(now - lastSeen), { sort: 'last-seen' }),
    );
  if (width >= 64)
    columns.push(column('ty', 4, (row) => ` ${typeText(row)}`, { side: 'right', style: 'dim' }));
  return columns;
}

/** A cell, its space in front. */
export function cellText({ width, side }: Column, text: string): string {
  return side === 'left' ? padTo(text, width, 'left') : ` ${padTo(text, width - 1, 'right')}`;
}

/** One letter; two types under one name are a conflict: `!c`. */
function typeText({ types }: MetricTraffic): string {
  const [first] = types;
  if (first === undefined) return '';
  return types.length > 1 ? `${TYPE_LETTERS[first]}!` : TYPE_LETTERS[first];
}

function valueText({ last }: MetricTraffic, columns: number): string {
  if (last === null) return '';
  const isRounded = last.type === 'histogram' || last.type === 'distribution';
  return formatValue(last.value, columns, isRounded);
}

function isSummary({ last }: MetricTraffic): boolean {
  return last?.type === 'histogram' || last?.type === 'distribution';
}
