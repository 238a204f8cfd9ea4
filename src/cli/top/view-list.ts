/** The list of metrics, below the header and above the line of keys. */
import { formatCount } from '../../lib/text/short-number.ts';
import { elide } from '../../lib/text/terminal-text.ts';
import type { MetricTraffic } from '../../model/live/traffic-views.ts';
import { type Column, cellText, columnsAt } from './columns.ts';
import { SORT_WORDS, type TopState } from './model.ts';
import { type Line, type Span, span } from './screen.ts';
import { ends, header, type Look } from './view-header.ts';

const KEYS = '/ filter  s sort  enter open  t tail  l losses  p pause  ? keys  q quit';
const WIDE_KEYS =
  '/ filter  s sort  r reverse  enter open  t tail  k contexts  l losses  p pause  ? keys  q quit';
const NARROW_KEYS = '/ s enter p ? q';
const SORT_HELP =
  'sort by: r rate  m samples  b bytes  c contexts  g growth  t tag values  n name  l last seen';

/** How many rows of metrics fit. */
export function pageOf(state: TopState, look: Look): number {
  const isNarrow = look.columns < 64;
  return Math.max(1, look.rows - header(state, look).length - (isNarrow ? 2 : 3));
}

export function listView(state: TopState, look: Look): Line[] {
  const { columns, rows, ascii } = look;
  const top = header(state, look);
  // Too small for a list: the first line alone.
  if (columns < 45 || rows < 8) return top.slice(0, 1);
  const shown = columnsAt(columns, ascii);
  const used = 1 + shown.reduce((sum, { width }) => sum + width, 0) + 1;
  const page = pageOf(state, look);
  const metrics = state.tick?.top.rows.slice(0, page) ?? [];
  const lines = [...top, headings(shown, state, ascii)];
  for (const metric of metrics) lines.push(row(metric, shown, state, columns - used));
  if (metrics.length === 0) lines.push(...nothing(state).map((text) => [span(`  ${text}`, 'dim')]));
  const footer = columns < 64 ? 1 : 2;
  while (lines.length < rows - footer) lines.push([]);
  return [...lines.slice(0, rows - footer), ...foot(state, look, metrics.length)];
}

function nothing({ tick, filter, url }: TopState): string[] {
  if (tick === undefined) return [];
  if (filter !== '') return [`no metric fits "${filter}"; esc clears the filter`];
  if (tick.equation.received > 0) return ['no metric yet'];
  return [
    'nothing received yet',
    '',
    'send a first metric   whippet send --count page.views 1',
    `see it in a browser   ${url}/`,
  ];
}

function headings(shown: readonly Column[], { sort, reverse }: TopState, ascii: boolean): Line {
  const arrow = reverse ? (ascii ? '^' : '↑') : ascii ? 'v' : '↓';
  const spans: Span[] = [span(' ')];
  for (const column of shown) {
    const isSorted = column.sort === sort;
    // The arrow takes the place of the space in front of the next column.
    const text = cellText(
      column,
      isSorted && column.width > column.title.length ? `${column.title}` : column.title,
    );
    spans.push(span(text, isSorted ? 'bold' : 'dim'));
  }
  const name = sort === 'name' ? `metric${arrow}` : 'metric';
  spans.push(span(' '), span(name, sort === 'name' ? 'bold' : 'dim'));
  return marked(spans, shown, sort, arrow);
}

/** Puts the arrow behind the sorted column's title, where the next one begins with a space. */
function marked(spans: Span[], shown: readonly Column[], sort: TopState['sort'], arrow: string): Line {
  const at = shown.findIndex((column) => column.sort === sort);
  const next = spans[at + 2];
  if (at < 0 || next === undefined || !next.text.startsWith(' ')) return spans;
  const changed = [...spans];
  changed.splice(at + 2, 1, span(arrow, 'bold'), { ...next, text: next.text.slice(1) });
  return changed;
}

function row(metric: MetricTraffic, shown: readonly Column[], state: TopState, left: number): Line {
  const isCursor = metric.name === state.cursor;
  const isIdle = metric.rates.s10 === 0;
  const style = (own: Span['style']): Span['style'] => (isCursor ? 'reverse' : isIdle ? 'dim' : own);
  const spans: Span[] = [span(isCursor ? '>' : ' ', style('plain'))];
  for (const column of shown)
    spans.push(span(cellText(column, column.text(metric, state.now)), style(column.style)));
  const name = elide(metric.name, left);
  const isGrowing = state.tick?.growing.some((one) => one.name === metric.name) === true;
  spans.push(span(' ', style('plain')), span(name, style(isGrowing ? 'yellow' : 'bold')));
  if (isCursor) spans.push(span(' '.repeat(200), 'reverse'));
  return spans;
}

function foot(state: TopState, { columns }: Look, count: number): Line[] {
  const { tick, typing, isSorting, filter, sort, reverse, offset, message, url } = state;
  const keys = columns < 64 ? NARROW_KEYS : columns >= 100 ? WIDE_KEYS : KEYS;
  const prompt = typing !== undefined ? [span(` /${typing}`, 'bold'), span('▏')] : undefined;
  const sorting = isSorting
    ? [span(` ${columns < 64 ? 'sort: r m b c g t n l' : SORT_HELP}`, 'bold')]
    : undefined;
  const last = prompt ?? sorting ?? [span(message === '' ? ` ${keys}` : ` ${message}`, 'dim')];
  if (columns < 64) return [last];
  const { total = 0 } = tick?.top ?? {};
  const where =
    offset > 0 ? `${formatCount(offset + 1)} to ${formatCount(offset + count)}` : formatCount(count);
  const order = `, by ${SORT_WORDS[sort]}${reverse ? ', reversed' : ''}`;
  const filtered = filter === '' ? '' : ` that fit "${elide(filter, 20)}"`;
  const held = tick?.history;
  const history =
    held === undefined ? '' : `history of ${formatCount(held.series)} of ${formatCount(held.of)} series`;
  const plural = total === 1 ? 'metric' : 'metrics';
  return [
    ends(
      [span(` ${where} of ${formatCount(total)} ${plural}${filtered}${order}`, 'dim')],
      [span(columns >= 110 ? `${url}/   ${history}` : history, 'dim')],
      columns,
    ),
    last,
  ];
}
