/** One metric: its figures, a plot by its type, its tag keys and its busiest series. */
import {
  formatBytes,
  formatClock,
  formatCount,
  formatRate,
  formatValue,
} from '../../lib/text/short-number.ts';
import { elide, padTo } from '../../lib/text/terminal-text.ts';
import type { SeriesAnswer, SeriesRow } from '../../model/live/series-views.ts';
import type { MetricTraffic } from '../../model/live/traffic-views.ts';
import type { TopState } from './model.ts';
import { heatRows, type Points, lines as plotLines, roundUp } from './plots.ts';
import { type Line, span } from './screen.ts';
import { ends, type Look, liveSign } from './view-header.ts';

const AXIS = 6;
const KEYS = 'esc back  l linear  [ ] range  t tail  y copy  p pause  q quit';
const RANGE_WORDS: Readonly<Record<number, string>> = {
  300: 'last 5 min',
  1800: 'last 30 min',
  3600: 'last hour',
};

export function metricView(state: TopState, look: Look): Line[] {
  const { columns, rows } = look;
  const { metric = '', series, tick } = state;
  const traffic = tick?.top.rows.find(({ name }) => name === metric);
  const type = series?.type ?? traffic?.types[0] ?? '';
  const right = [
    span(
      traffic === undefined
        ? ''
        : `${formatRate(traffic.rates.s10)}/s  ${formatBytes(traffic.bytesPerSecond)}/s  `,
      'bold',
    ),
    liveSign(state, look),
  ];
  const lines: Line[] = [
    ends([span(` ${elide(metric, columns - 40)}`, 'bold'), span(`  ${type}`, 'dim')], right, columns),
    [span(` ${figures(traffic, series)}`)],
  ];
  if (columns < 45 || rows < 12) return lines.slice(0, rows);
  lines.push([]);
  const height = Math.max(4, Math.floor(rows * 0.42));
  if (series === undefined) lines.push([span('  nothing yet; plots begin with the first bucket', 'dim')]);
  else
    lines.push(
      ...plot(series, state, look, height),
      timeAxis(series, state, columns),
      ...tags(traffic, columns),
    );
  const left = rows - lines.length - 2;
  if (series !== undefined && left > 2) lines.push(...table(series, columns, left));
  while (lines.length < rows - 2) lines.push([]);
  const shown =
    series === undefined
      ? ''
      : `${Math.min(series.rows.length, left - 1)} of ${formatCount(series.held.of)} contexts`;
  const step = series?.step === 1 ? ', by the second' : '';
  const scale = series?.heat == null || state.isLinear ? '' : ', log scale; a fuller block is more samples';
  const where = ` ${shown}, ${RANGE_WORDS[state.range] ?? ''}${step}${scale}`;
  return [
    ...lines.slice(0, rows - 2),
    [span(elide(where, columns), 'dim')],
    [span(elide(` ${KEYS}`, columns), 'dim')],
  ];
}

function figures(traffic: MetricTraffic | undefined, series: SeriesAnswer | undefined): string {
  const last = traffic?.last;
  const parts: string[] = [];
  if (last?.type === 'histogram' || last?.type === 'distribution')
    parts.push(
      `p50 ${formatValue(last.value, 8, true)}`,
      `p95 ${formatValue(last.p95, 8, true)}`,
      `p99 ${formatValue(last.p99, 8, true)}`,
      `max ${formatValue(last.max, 8, true)}`,
    );
  else if (last !== null && last !== undefined)
    parts.push(
      `${last.type === 'counter' ? 'total' : last.type === 'set' ? 'distinct' : 'last'} ${formatValue(last.value, 10)}`,
    );
  const contexts = traffic?.contexts ?? series?.held.of ?? 0;
  parts.push(`${formatCount(contexts)} ${contexts === 1 ? 'context' : 'contexts'}`);
  if ((traffic?.newPerMinute ?? 0) > 0) parts.push(`+${formatCount(traffic?.newPerMinute ?? 0)}/min`);
  if ((traffic?.types.length ?? 0) > 1) parts.push(`! sent as ${traffic?.types.join(' and ')}`);
  return parts.join('   ');
}

/** The main column of a row: rate of a counter, value of a gauge or set, a percentile. */
export function pointsOf(
  { columns, type }: SeriesRow,
  step: number,
  which: 'p50' | 'p95' | 'p99' = 'p95',
): Points {
  if (type === 'counter') return (columns.sum ?? []).map((sum) => (sum === null ? null : sum / step));
  if (type === 'gauge' || type === 'set') return columns.value ?? [];
  return columns[which] ?? [];
}

function plot(series: SeriesAnswer, state: TopState, look: Look, height: number): Line[] {
  if (series.heat !== null && !state.isLinear) return heatPlot(series, look, height);
  const { columns, ascii } = look;
  const isSummary = series.type === 'histogram' || series.type === 'distribution';
  const shown = isSummary
    ? (['p50', 'p95', 'p99'] as const).map((which) => pointsOf(series.total, series.step, which))
    : (series.rows.length > 0 ? series.rows.slice(0, 5) : [series.total]).map((row) =>
        pointsOf(row, series.step),
      );
  const values = shown.flatMap((points) => points.filter((value) => value !== null));
  const most = Math.max(0, ...values);
  const least = Math.min(...values, most);
  // A gauge is drawn where its values are, everything else from zero.
  const low =
    series.type === 'gauge' && least > most * 0.5 ? least - (most - least) * 0.1 : Math.min(0, least);
  const high = series.type === 'gauge' ? (most === low ? most + 1 : most) : roundUp(most);
  const rows = plotLines(shown, columns - AXIS - 2, height, [low, high], ascii);
  return rows.map((row, i): Line => {
    const part = 1 - i / Math.max(1, height - 1);
    const isLabelled = i === 0 || i === height - 1 || i === Math.floor(height / 2);
    const label = isLabelled ? formatValue(low + (high - low) * part, 6, true) : '';
    return [span(padTo(label, AXIS, 'left'), 'dim'), span(` ${row}`, 'accent')];
  });
}

function heatPlot({ heat, total }: SeriesAnswer, { columns, ascii }: Look, height: number): Line[] {
  if (heat === null) return [];
  const width = columns - AXIS - 2 - 10;
  const rows = heatRows(heat.cells, width, height, ascii);
  const bounds = heat.bounds;
  const valueAt = (line: number): number =>
    bounds[Math.min(bounds.length - 1, Math.round(((height - line) / height) * (bounds.length - 1)))] ?? 0;
  const labels = new Map<number, string>();
  for (const which of ['p50', 'p95', 'p99'] as const) {
    const value = total.columns[which]?.findLast((one) => one !== null) ?? null;
    if (value === null) continue;
    const row = bounds.findIndex(
      (bound, i) => value >= bound && value < (bounds[i + 1] ?? Number.POSITIVE_INFINITY),
    );
    const line = height - 1 - Math.floor((Math.max(0, row) * height) / Math.max(1, bounds.length - 1));
    // Two labels on one line would hide each other; the higher percentile moves up.
    let free = Math.max(0, Math.min(height - 1, line));
    while (labels.has(free) && free > 0) free--;
    labels.set(free, `${which} ${formatValue(value, 6, true)}`);
  }
  return rows.map((row, i): Line => {
    const isLabelled = i === 0 || i === height - 1 || i === Math.floor(height / 2);
    return [
      span(padTo(isLabelled ? formatValue(valueAt(i), 6, true) : '', AXIS, 'left'), 'dim'),
      span(` ${row}`, 'accent'),
      span(` ${labels.get(i) ?? ''}`, 'bold'),
    ];
  });
}

function timeAxis({ from, step, cells }: SeriesAnswer, { history }: TopState, columns: number): Line {
  const end = from + step * cells;
  const event = history?.events.findLast(({ at }) => at >= from && at < end);
  const mark = event === undefined ? '' : `   ${formatClock(event.at).slice(0, 5)} ${event.title}`;
  const left = `${' '.repeat(AXIS + 1)}${formatClock(from).slice(0, 5)}${mark}`;
  return ends([span(elide(left, columns - 8), 'dim')], [span(formatClock(end).slice(0, 5), 'dim')], columns);
}

function tags(traffic: MetricTraffic | undefined, columns: number): Line[] {
  if (traffic?.tagKey == null) return [];
  const text = ` most values: ${traffic.tagKey} ${formatCount(traffic.tagValues)}`;
  return [[span(elide(text, columns), 'dim')]];
}

function table({ rows, type, step, rest }: SeriesAnswer, columns: number, left: number): Line[] {
  const isSummary = type === 'histogram' || type === 'distribution';
  const common = commonTags(rows);
  const head = isSummary ? '  rate/s      p50     p95     p99  tags' : '  rate/s    value  tags';
  const all = common.length === 0 ? '' : ` (all have ${common.join(' ')})`;
  const lines: Line[] = [[span(elide(head + all, columns), 'dim')]];
  for (const row of rows.slice(0, left - 1)) {
    const own = row.tags.filter((tag) => !common.includes(tag));
    const last = (points: Points): number | null => points.findLast((one) => one !== null) ?? null;
    const cells = isSummary
      ? (['p50', 'p95', 'p99'] as const).map((which, i) =>
          padTo(formatValue(last(row.columns[which] ?? []), 7, true), i === 0 ? 9 : 8, 'left'),
        )
      : [padTo(formatValue(last(pointsOf(row, type === 'counter' ? 1 : step)), 8), 9, 'left')];
    const text = `${padTo(formatRate(row.rate), 8, 'left')}${cells.join('')}  `;
    const shown = own.length === 0 ? (row.host === '' ? '(no tags)' : row.host) : own.join(' ');
    lines.push([span(text), span(elide(shown, columns - text.length), 'dim')]);
  }
  if (rest !== null && lines.length < left)
    lines.push([
      span(`${padTo(formatRate(rest.rate), 8, 'left')}  ${formatCount(rest.contexts)} more`, 'dim'),
    ]);
  return lines;
}

/** Tags that every row has. */
function commonTags(rows: readonly SeriesRow[]): readonly string[] {
  const [first] = rows;
  if (first === undefined || rows.length < 2) return [];
  return first.tags.filter((tag) => rows.every(({ tags: own }) => own.includes(tag)));
}
