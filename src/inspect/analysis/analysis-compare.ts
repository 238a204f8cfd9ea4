/** In what two recordings differ: their rates, and the metrics, tags and senders that only one of them has. */
import type { Paint } from '../../lib/text/paint.ts';
import { escapeControls, padTo } from '../../lib/text/terminal-text.ts';
import type { AnalysisReport } from './analysis-report.ts';
import { formatNumber } from './analysis-text.ts';

export interface NumberChange {
  readonly what: string;
  readonly before: number;
  readonly after: number;
}

export interface AnalysisComparison {
  readonly numbers: readonly NumberChange[];
  /** Metrics among the largest of one recording, by lines a second where both have times; largest change first. */
  readonly metrics: readonly NumberChange[];
  readonly kinds: readonly NumberChange[];
  readonly features: readonly NumberChange[];
  readonly onlyBefore: readonly string[];
  readonly onlyAfter: readonly string[];
}

const ROWS = 20;

export function compareAnalyses(before: AnalysisReport, after: AnalysisReport): AnalysisComparison {
  const isTimed = before.seconds > 0 && after.seconds > 0;
  const perSecond = (report: AnalysisReport, value: number): number =>
    isTimed ? value / report.seconds : value;
  const unit = isTimed ? ' a second' : '';
  const number = (what: string, of: (report: AnalysisReport) => number): NumberChange => ({
    what,
    before: of(before),
    after: of(after),
  });
  const linesOf = (report: AnalysisReport): Map<string, number> =>
    new Map(report.metrics.map(({ name, type, lines }) => [`${name} (${type})`, perSecond(report, lines)]));
  const [a, b] = [linesOf(before), linesOf(after)];
  return {
    numbers: [
      number('seconds', ({ seconds }) => seconds),
      number(`packets${unit}`, (report) => perSecond(report, report.packets)),
      number(`lines${unit}`, (report) => perSecond(report, report.lines)),
      number(`bytes${unit}`, (report) => perSecond(report, report.bytes)),
      number('contexts', ({ contexts }) => contexts),
      number('metrics', ({ metricCount }) => metricCount),
      number('tag keys', ({ tagKeyCount }) => tagKeyCount),
      number('senders', ({ senderCount }) => senderCount),
      number('mean bytes of a packet', ({ packetBytes }) => packetBytes.mean),
    ],
    metrics: changes(a, b).slice(0, ROWS),
    kinds: changes(new Map(Object.entries(before.kinds)), new Map(Object.entries(after.kinds))),
    features: changes(new Map(Object.entries(before.features)), new Map(Object.entries(after.features))),
    onlyBefore: [...a.keys()].filter((name) => !b.has(name)),
    onlyAfter: [...b.keys()].filter((name) => !a.has(name)),
  };
}

export function renderComparison(
  titles: readonly [string, string],
  comparison: AnalysisComparison,
  paint: Paint,
): string {
  const parts = [paint('bold', `${escapeControls(titles[0])} and ${escapeControls(titles[1])}`)];
  const section = (title: string, rows: readonly NumberChange[]): void => {
    const shown = rows.filter(({ before, after }) => title === '' || before !== after);
    if (shown.length === 0) return;
    if (title !== '') parts.push('', paint('bold', title));
    for (const { what, before, after } of shown) {
      const change = before === 0 ? (after === 0 ? '' : 'new') : percent(after / before);
      parts.push(
        `  ${padTo(escapeControls(what), 40, 'right')}${padTo(formatNumber(before), 14, 'left')}${padTo(formatNumber(after), 14, 'left')}  ${change}`.trimEnd(),
      );
    }
  };
  section('', comparison.numbers);
  section('lines by type', comparison.kinds);
  section('protocol fields in use', comparison.features);
  section('metrics', comparison.metrics);
  for (const [title, names] of [
    [`only in ${titles[0]}`, comparison.onlyBefore],
    [`only in ${titles[1]}`, comparison.onlyAfter],
  ] as const) {
    if (names.length > 0)
      parts.push(
        '',
        paint('bold', escapeControls(title)),
        ...names.map((name) => `  ${escapeControls(name)}`),
      );
  }
  return `${parts.join('\n')}\n`;
}

function changes(before: ReadonlyMap<string, number>, after: ReadonlyMap<string, number>): NumberChange[] {
  return [...new Set([...before.keys(), ...after.keys()])]
    .map((what) => ({ what, before: before.get(what) ?? 0, after: after.get(what) ?? 0 }))
    .filter((one) => one.before !== one.after)
    .sort((a, b) => Math.abs(b.after - b.before) - Math.abs(a.after - a.before));
}

function percent(ratio: number): string {
  const change = Math.round((ratio - 1) * 100);
  return change === 0 ? '' : `${change > 0 ? '+' : ''}${change} %`;
}
