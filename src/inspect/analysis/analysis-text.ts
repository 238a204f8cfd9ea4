/** An analysis as text for people. */

import { formatBytes } from '../../lib/progress.ts';
import type { Paint } from '../../lib/text/paint.ts';
import { elide, escapeControls, padTo } from '../../lib/text/terminal-text.ts';
import type { AnalysisReport, Counts } from './analysis-report.ts';

const NAME_COLUMNS = 40;
const NUMBER_COLUMNS = 12;
const ROWS = 10;
const SPARKS = '▁▂▃▄▅▆▇█';
const SPARK_COLUMNS = 60;

export function renderAnalysis(title: string, report: AnalysisReport, paint: Paint): string {
  const { packets, bytes, lines, seconds, packetBytes, contexts, timeline } = report;
  const rate = (value: number): string => (seconds > 0 ? `, ${formatNumber(value / seconds)} a second` : '');
  const byteRate = seconds > 0 ? `, ${formatBytes(Math.round(bytes / seconds))} a second` : '';
  const parts = [
    paint('bold', escapeControls(title)),
    `  ${formatNumber(packets)} packets${rate(packets)}`,
    `  ${formatNumber(lines)} lines${rate(lines)}`,
    `  ${formatBytes(bytes)}${byteRate}`,
    ...(seconds > 0
      ? [`  ${formatSeconds(seconds)}, from ${time(report.firstAt)} to ${time(report.lastAt)}`]
      : []),
    `  ${formatNumber(contexts)} contexts of ${formatNumber(report.metricCount)} metrics, ${formatNumber(report.tagKeyCount)} tag keys`,
    `  packets of ${packetBytes.min} to ${packetBytes.max} bytes; half have at most ${packetBytes.p50}, 95 % at most ${packetBytes.p95}`,
  ];
  if (report.emptyPackets > 0) parts.push(`  ${formatNumber(report.emptyPackets)} packets are empty`);
  if (timeline.lines.length > 1) {
    parts.push('', paint('bold', `over time, ${formatSeconds(timeline.slotSeconds)} a slot`));
    parts.push(
      `  lines     ${sparkline(timeline.lines)}  up to ${formatNumber(Math.max(...timeline.lines))}`,
    );
    parts.push(`  bytes     ${sparkline(timeline.bytes)}  up to ${formatBytes(Math.max(...timeline.bytes))}`);
    parts.push(
      `  contexts  ${sparkline(timeline.contexts)}  up to ${formatNumber(Math.max(...timeline.contexts))}`,
    );
  }
  parts.push(...countSection('lines by type', report.kinds, paint));
  parts.push(...countSection('listeners', report.listeners, paint));
  parts.push(...countSection('protocol fields in use', report.features, paint));
  parts.push(...countSection('suspected truncation', report.truncation, paint));
  parts.push(...countSection('what the configuration does', report.effects, paint));
  const byLines = [...report.metrics].sort((a, b) => b.lines - a.lines).slice(0, ROWS);
  parts.push(
    ...table(
      'top metrics',
      ['name', 'type', 'lines', 'contexts'],
      byLines.map((one) => [one.name, one.type, one.lines, one.contexts]),
      paint,
    ),
    ...table(
      'top tag keys',
      ['key', '', 'lines', 'values'],
      report.tags.slice(0, ROWS).map((one) => [one.key, '', one.lines, one.values]),
      paint,
    ),
    ...table(
      'senders',
      ['sender', '', 'packets', 'lines'],
      report.senders
        .slice(0, ROWS)
        .map((one) => [
          one.workload === '' ? one.sender : `${one.sender} ${one.workload}`,
          '',
          one.packets,
          one.lines,
        ]),
      paint,
    ),
  );
  if (report.rejected.length > 0) {
    parts.push('', paint('bold', 'rejected lines'));
    for (const { reason, lines: of, example } of report.rejected.slice(0, ROWS))
      parts.push(
        `  ${padTo(formatNumber(of), NUMBER_COLUMNS, 'left')}  ${escapeControls(reason)}: ${elide(escapeControls(example), NAME_COLUMNS)}`,
      );
  }
  if (report.overLimits.length > 0)
    parts.push(
      '',
      paint('bold', 'over the limits'),
      ...report.overLimits.map((one) => `  ${escapeControls(one)}`),
    );
  if (report.leftOut > 0)
    parts.push('', `${formatNumber(report.leftOut)} things were beyond the bounds of this analysis`);
  return `${parts.join('\n')}\n`;
}

export function formatNumber(value: number): string {
  return value >= 100 || Number.isInteger(value)
    ? Math.round(value).toLocaleString('en-US')
    : value.toPrecision(3);
}

export function formatSeconds(seconds: number): string {
  if (seconds < 120) return `${Number(seconds.toPrecision(3))} s`;
  if (seconds < 7200) return `${Number((seconds / 60).toPrecision(3))} min`;
  return `${Number((seconds / 3600).toPrecision(3))} h`;
}

/** Columns of a terminal, each as high as its share of the largest value. */
export function sparkline(values: readonly number[]): string {
  const columns = Math.min(values.length, SPARK_COLUMNS);
  const sums = Array.from({ length: columns }, (_, i) => {
    const from = Math.floor((i * values.length) / columns);
    const to = Math.floor(((i + 1) * values.length) / columns);
    return Math.max(...values.slice(from, to));
  });
  const most = Math.max(...sums, 1);
  return sums
    .map((value) => (value === 0 ? ' ' : SPARKS[Math.min(Math.floor((value / most) * SPARKS.length), 7)]))
    .join('');
}

function countSection(title: string, counts: Counts, paint: Paint): string[] {
  const rows = Object.entries(counts);
  if (rows.length === 0) return [];
  return [
    '',
    paint('bold', title),
    ...rows.map(
      ([name, value]) => `  ${padTo(formatNumber(value), NUMBER_COLUMNS, 'left')}  ${escapeControls(name)}`,
    ),
  ];
}

function table(
  title: string,
  heads: readonly string[],
  rows: readonly (readonly (string | number)[])[],
  paint: Paint,
): string[] {
  if (rows.length === 0) return [];
  const render = (cells: readonly (string | number)[]): string => {
    const [name = '', kind = '', ...numbers] = cells;
    const text = padTo(elide(escapeControls(String(name)), NAME_COLUMNS), NAME_COLUMNS, 'right');
    const shown = numbers.map((value) =>
      padTo(typeof value === 'number' ? formatNumber(value) : value, NUMBER_COLUMNS, 'left'),
    );
    return `  ${text}${padTo(String(kind), 13, 'right')}${shown.join('')}`.trimEnd();
  };
  return ['', paint('bold', title), paint('dim', render(heads)), ...rows.map(render)];
}

function time(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
}
