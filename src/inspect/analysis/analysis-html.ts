/**
 * An analysis as one page of HTML that needs nothing else: style and plots are in it, and it loads nothing.
 *
 * Everything that comes from traffic is escaped; there is no script.
 */
import { escapeHtml, renderPage } from '../../lib/http/page.ts';
import { formatBytes } from '../../lib/progress.ts';
import type { AnalysisReport, Counts } from './analysis-report.ts';
import { formatNumber, formatSeconds } from './analysis-text.ts';

const PLOT_WIDTH = 640;
const PLOT_HEIGHT = 120;

export function renderAnalysisHtml(title: string, report: AnalysisReport, notes: readonly string[]): string {
  const { packets, lines, bytes, seconds, timeline, packetBytes } = report;
  const slot = formatSeconds(timeline.slotSeconds);
  const facts: [string, string][] = [
    ['packets', perSecond(packets, seconds)],
    ['lines', perSecond(lines, seconds)],
    [
      'bytes',
      `${formatBytes(bytes)}${seconds > 0 ? `, ${formatBytes(Math.round(bytes / seconds))} a second` : ''}`,
    ],
    ...(seconds > 0
      ? ([['time', `${formatSeconds(seconds)} from ${isoTime(report.firstAt)}`]] as [string, string][])
      : []),
    ['contexts', formatNumber(report.contexts)],
    ['metrics', formatNumber(report.metricCount)],
    ['tag keys', formatNumber(report.tagKeyCount)],
    [
      'packet size',
      `${packetBytes.min} to ${packetBytes.max} bytes, median ${packetBytes.p50}, 95 % at most ${packetBytes.p95}`,
    ],
  ];
  const body = [
    `<h1>${escapeHtml(title)}</h1>`,
    ...notes.map((note) => `<p><strong>${escapeHtml(note)}</strong></p>`),
    `<dl>${facts.map(([name, value]) => `<dt>${name}</dt><dd>${escapeHtml(value)}</dd>`).join('')}</dl>`,
    ...(timeline.lines.length > 1
      ? [
          plot(`Lines in ${slot}`, timeline.lines, formatNumber),
          plot(`Bytes in ${slot}`, timeline.bytes, formatBytes),
          plot(`Distinct contexts in ${slot}`, timeline.contexts, formatNumber),
        ]
      : []),
    bars('Packets by size, up to so many bytes', report.packetSizes),
    bars('Lines by type', report.kinds),
    bars('Protocol fields in use', report.features),
    bars('Listeners', report.listeners),
    bars('Suspected truncation', report.truncation),
    bars('What the configuration does', report.effects),
    list('Over the limits', report.overLimits),
    table(
      'Metrics',
      ['name', 'type', 'lines', 'values', 'contexts'],
      report.metrics.map((one) => [one.name, one.type, one.lines, one.values, one.contexts]),
    ),
    table(
      'Tag keys',
      ['key', 'lines', 'values'],
      report.tags.map((one) => [one.key, one.lines, one.values]),
    ),
    table(
      'Senders',
      ['sender', 'workload', 'packets', 'bytes', 'lines'],
      report.senders.map((one) => [one.sender, one.workload, one.packets, one.bytes, one.lines]),
    ),
    table(
      'Rejected lines',
      ['reason', 'lines', 'the first'],
      report.rejected.map((one) => [one.reason, one.lines, one.example]),
    ),
  ];
  return renderPage(escapeHtml(title), body.filter((part) => part !== '').join('\n'));
}

/** Bars side by side: no smoothing, so that a gap is a gap. */
function plot(title: string, values: readonly number[], format: (value: number) => string): string {
  const most = Math.max(...values, 1);
  const width = PLOT_WIDTH / values.length;
  const rects = values.map((value, i) => {
    const height = Math.round((value / most) * PLOT_HEIGHT * 10) / 10;
    if (height === 0) return '';
    return `<rect x="${(i * width).toFixed(2)}" y="${(PLOT_HEIGHT - height).toFixed(1)}" width="${Math.max(width - 0.4, 0.4).toFixed(2)}" height="${height}"><title>${escapeHtml(format(value))}</title></rect>`;
  });
  return `<h2>${escapeHtml(title)} <span class="dim">up to ${escapeHtml(format(Math.max(...values)))}</span></h2>
<svg viewBox="0 0 ${PLOT_WIDTH} ${PLOT_HEIGHT}" width="100%" role="img" aria-label="${escapeHtml(title)}" fill="currentColor" preserveAspectRatio="none">${rects.join('')}</svg>`;
}

function bars(title: string, counts: Counts): string {
  const rows = Object.entries(counts);
  if (rows.length === 0) return '';
  const most = Math.max(...rows.map(([, value]) => value), 1);
  const items = rows.map(([name, value]) => {
    const share = ((value / most) * 100).toFixed(1);
    return `<tr><td>${escapeHtml(name)}</td><td align="right">${formatNumber(value)}</td><td width="50%"><svg width="100%" height="10" viewBox="0 0 100 10" preserveAspectRatio="none" fill="currentColor" aria-hidden="true"><rect width="${share}" height="10"/></svg></td></tr>`;
  });
  return `<h2>${escapeHtml(title)}</h2>\n<table width="100%">${items.join('')}</table>`;
}

function table(
  title: string,
  heads: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): string {
  if (rows.length === 0) return '';
  const head = heads
    .map((text, i) => `<th align="${typeof rows[0]?.[i] === 'number' ? 'right' : 'left'}">${text}</th>`)
    .join('');
  const body = rows.map(
    (cells) =>
      `<tr>${cells.map((cell) => (typeof cell === 'number' ? `<td align="right">${formatNumber(cell)}</td>` : `<td>${escapeHtml(cell)}</td>`)).join('')}</tr>`,
  );
  return `<h2>${title}</h2>\n<table width="100%"><tr>${head}</tr>${body.join('')}</table>`;
}

function list(title: string, sentences: readonly string[]): string {
  if (sentences.length === 0) return '';
  return `<h2>${title}</h2>\n<ul>${sentences.map((one) => `<li>${escapeHtml(one)}</li>`).join('')}</ul>`;
}

function perSecond(value: number, seconds: number): string {
  return `${formatNumber(value)}${seconds > 0 ? `, ${formatNumber(value / seconds)} a second` : ''}`;
}

function isoTime(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}
