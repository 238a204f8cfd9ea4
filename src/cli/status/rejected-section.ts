/**
 * What is rejected in `whippet status`: the reason in words, how many, the last line, what to do.
 *
 *   Rejected lines:
 *     3,412  this is not a number (metric:value)
 *       page.views:1,5|c
 *       What to do: send a decimal number with a dot: 1.5, not 1,5; no unit, no spaces.
 */
import { elide, escapeControls } from '../../lib/text/terminal-text.ts';
import type { ErrorTraffic, TopAnswer } from '../../model/live/traffic-views.ts';
import { COLUMNS, formatCount, type SectionContext, type StatusSection, wrap } from './section.ts';

const SHOWN = 5;

export const rejectedSection: StatusSection = {
  view: 'rejected',
  path: `top?by=errors&limit=${SHOWN}&since=600`,
  render: (answer, context) => renderRejected(answer as TopAnswer<ErrorTraffic>, context),
};

function renderRejected({ rows, total }: TopAnswer<ErrorTraffic>, { paint }: SectionContext): string[] {
  if (rows.length === 0) return [];
  const lines = [paint('yellow', 'Rejected lines of the last ten minutes:')];
  for (const { reason, words, remedy, count, lines: samples } of rows) {
    lines.push(elide(`  ${formatCount(count)}  ${words} (${reason})`, COLUMNS));
    const [sample] = samples;
    if (sample !== undefined) lines.push(elide(`    ${escapeControls(sample.line)}`, COLUMNS));
    lines.push(...wrap(`What to do: ${remedy}.`, COLUMNS, '    '));
  }
  if (total > rows.length) lines.push(paint('dim', `  ${total - rows.length} more reasons`));
  return lines;
}
