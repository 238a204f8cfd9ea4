/**
 * How the two exposition formats differ (docs/outputs.md).
 *
 *                        text 0.0.4              OpenMetrics 1.0
 *   counter `hits`       # TYPE hits counter     # TYPE hits counter
 *                        hits 3                  hits_total 3
 *   metadata order       HELP, TYPE              TYPE, HELP
 *   help escapes         \ and line feed         also "
 *   last line                                    # EOF
 *   negative quantiles   allowed                 forbidden, and a sum that may fall too
 */
import type { FamilyKind, PrometheusType } from './family.ts';
import { cleanValue, escapeQuoted } from './labels.ts';
import type { ExpositionFormat } from './negotiate.ts';

const TOTAL = '_total';
const PLAIN_CLAIMS = [''] as const;
const OBSERVED_CLAIMS = ['', '_sum', '_count', '_bucket'] as const;
const OPENMETRICS_CLAIMS: Readonly<Record<PrometheusType, readonly string[]>> = {
  counter: ['', TOTAL, '_created'],
  gauge: PLAIN_CLAIMS,
  summary: [...OBSERVED_CLAIMS, '_created'],
  histogram: [...OBSERVED_CLAIMS, '_created'],
};

/** A family's name as its metadata shows it. */
export function displayName(format: ExpositionFormat, type: PrometheusType, name: string): string {
  return format === 'openmetrics' && type === 'counter' ? withoutTotal(name) : name;
}

/** The names of which displayName() may make `displayed`. */
export function namesDisplayed(format: ExpositionFormat, displayed: string): string[] {
  return format === 'openmetrics' ? [displayed, displayed + TOTAL] : [displayed];
}

/** The name of a counter's or gauge's samples. */
export function sampleName(format: ExpositionFormat, type: PrometheusType, displayed: string): string {
  return format === 'openmetrics' && type === 'counter' ? displayed + TOTAL : displayed;
}

/** What is appended to names of families, whatever their type. */
export const CLAIMED_SUFFIXES: readonly string[] = ['', TOTAL, '_created', '_sum', '_count', '_bucket'];

/** What is appended to the displayed name of a family for every name that it keeps others from using. */
export function claimedSuffixes(format: ExpositionFormat, type: PrometheusType): readonly string[] {
  if (format === 'openmetrics') return OPENMETRICS_CLAIMS[type];
  return type === 'summary' || type === 'histogram' ? OBSERVED_CLAIMS : PLAIN_CLAIMS;
}

/** Every name that a family displayed as `displayed` keeps others from using. */
export function claimedNames(format: ExpositionFormat, type: PrometheusType, displayed: string): string[] {
  return claimedSuffixes(format, type).map((suffix) => displayed + suffix);
}

/** The name a family takes when its own is not free: `x_gauge`, `x_gauge_2`, … */
export function alternativeName(
  format: ExpositionFormat,
  kind: FamilyKind,
  name: string,
  attempt: number,
): string {
  const suffix = attempt === 1 ? `_${kind}` : `_${kind}_${attempt}`;
  if (kind !== 'counter' || !name.endsWith(TOTAL)) return name + suffix;
  return withoutTotal(name) + suffix + (format === 'text' ? TOTAL : '');
}

/** The metadata lines of a family. `help` is plain text. */
export function metadata(
  format: ExpositionFormat,
  type: PrometheusType,
  displayed: string,
  help: string,
): string {
  const typeLine = `# TYPE ${displayed} ${type}\n`;
  if (format === 'openmetrics') return `${typeLine}# HELP ${displayed} ${escapeQuoted(help)}\n`;
  const escaped = help.replace(/[\\\n]/g, (char) => (char === '\n' ? '\\n' : '\\\\'));
  return `# HELP ${displayed} ${escaped}\n${typeLine}`;
}

/** Help for a family made from DogStatsD input: the name as it was sent. */
export function helpFor(kind: FamilyKind, source: string): string {
  return `DogStatsD ${kind === 'check' ? 'service check' : kind} ${cleanValue(source)}`;
}

/** One sample line. `labels` is the text between the braces. */
export function sampleLine(name: string, labels: string, value: number): string {
  return labels === '' ? `${name} ${formatValue(value)}\n` : `${name}{${labels}} ${formatValue(value)}\n`;
}

export function formatValue(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  return value === Number.NEGATIVE_INFINITY ? '-Inf' : String(value);
}

function withoutTotal(name: string): string {
  return name.endsWith(TOTAL) && name.length > TOTAL.length ? name.slice(0, -TOTAL.length) : name;
}
