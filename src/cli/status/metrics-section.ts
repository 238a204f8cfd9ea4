/**
 * The busiest metrics in `whippet status`.
 *
 *   metrics                 samples/s   contexts     total
 *     http.requests             3,912      1,204     8.41M
 */
import { formatRate } from '../../lib/text/short-number.ts';
import { elide, escapeControls, padTo } from '../../lib/text/terminal-text.ts';
import type { MetricTraffic, TopAnswer } from '../../model/live/traffic-views.ts';
import { formatCount, type SectionContext, type StatusSection } from './section.ts';

const NAME_COLUMNS = 40;
const SHOWN = 8;

export const metricsSection: StatusSection = {
  view: 'metrics',
  path: `top?by=samples&limit=${SHOWN}`,
  render: (answer, context) => renderMetrics(answer as TopAnswer<MetricTraffic>, context),
};

function renderMetrics({ rows, total }: TopAnswer<MetricTraffic>, { paint }: SectionContext): string[] {
  if (rows.length === 0) return [];
  const line = (name: string, rate: string, contexts: string, samples: string): string =>
    padTo(elide(name, NAME_COLUMNS), NAME_COLUMNS, 'right') +
    [rate, contexts, samples].map((text) => padTo(text, 12, 'left')).join('');
  const lines = [paint('bold', line('metrics', 'samples/s', 'contexts', 'total'))];
  for (const { name, rates, contexts, samples } of rows)
    lines.push(
      line(`  ${escapeControls(name)}`, formatRate(rates.s60), formatCount(contexts), formatCount(samples)),
    );
  if (total > rows.length)
    lines.push(paint('dim', `  ${formatCount(total - rows.length)} more: whippet top`));
  return lines;
}
