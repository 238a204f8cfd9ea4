/**
 * What is odd about `histogram_percentiles`: the Agent rounds them to whole percentages, and so do we, because its
 * file may come with them. Metric rules do not (docs/rules.md).
 *
 *   0.999         computed and named as .100percentile
 *   0.95 0.951    one series twice
 */
import { agentPercents, exactPercents } from '../../lib/text/percents.ts';

export function percentileWarnings(percentiles: readonly string[]): string[] {
  const warnings: string[] = [];
  const first = new Map<number, string>();
  for (const text of percentiles) {
    const [rounded] = agentPercents([text]);
    const [exact] = exactPercents([Number(text)]);
    if (rounded === undefined || exact === undefined) continue;
    const other = first.get(rounded);
    if (other !== undefined)
      warnings.push(`histogram_percentiles: ${other} and ${text} both make .${rounded}percentile`);
    else first.set(rounded, text);
    if (rounded !== exact)
      warnings.push(
        `histogram_percentiles: ${text} is rounded to .${rounded}percentile, as by the Agent; percentiles in a rule are not (docs/rules.md)`,
      );
  }
  return warnings;
}
