/**
 * What to say when something expected did not arrive: what did arrive, nearest first, and in what it differs.
 *
 *   expected metric checkout.paid (count) with env:test, sum 3
 *
 *   received, nearest first:
 *     checkout.paid  count  env:test        sum 2    sum is 2, not 3
 *     checkout.piad  count  env:test        sum 3    name is "checkout.piad", not "checkout.paid"
 *
 *   rejected lines:
 *     checkout.paid:x|c                              value, at byte 14
 */
import { countEdits } from '../../lib/text/nearest.ts';
import type {
  ReceivedEvent,
  ReceivedMetric,
  ReceivedServiceCheck,
  RejectedMessage,
} from '../test-server/received.ts';
import {
  describeExpectation,
  type EventExpectation,
  eventDifferences,
  identityDifferences,
  type MetricExpectation,
  numberDifferences,
  type ServiceCheckExpectation,
  serviceCheckDifferences,
} from './expectation.ts';
import type { TextPattern } from './patterns.ts';

const LINES_MAX = 10;
const LINE_CHARACTERS_MAX = 120;
/** What a difference of one kind counts, against one letter of the name. */
const DIFFERENCE_WEIGHT = 2;

/** What else is known, for the end of a report. */
export interface Surroundings {
  readonly messages: number;
  readonly rejected: readonly RejectedMessage[];
  readonly filtered: number;
  /** Messages that are no longer known, because there were too many. */
  readonly leftOut: number;
}

interface Candidate {
  readonly columns: readonly string[];
  readonly differences: readonly string[];
  readonly distance: number;
}

export function reportMetric(
  expected: MetricExpectation,
  received: Iterable<ReceivedMetric>,
  around: Surroundings,
): string {
  const candidates = [...received].map((metric): Candidate => {
    const identity = identityDifferences(metric, expected);
    const differences = [...identity, ...numberDifferences(metric, expected)];
    return {
      columns: [metric.name, metric.type, metric.tags.join(','), showNumbers(metric)],
      differences,
      distance: nameDistance(metric.name, expected.name) + DIFFERENCE_WEIGHT * differences.length,
    };
  });
  return report(`metric ${describeExpectation(expected)}`, candidates, around);
}

export function reportEvent(
  expected: EventExpectation,
  received: readonly ReceivedEvent[],
  around: Surroundings,
): string {
  const candidates = received.map((event): Candidate => {
    const differences = eventDifferences(event, expected);
    return {
      columns: [event.title, event.alertType, event.tags.join(','), event.text],
      differences,
      distance: nameDistance(event.title, expected.title) + DIFFERENCE_WEIGHT * differences.length,
    };
  });
  return report(`an event: ${describeExpectation(expected)}`, candidates, around);
}

export function reportServiceCheck(
  expected: ServiceCheckExpectation,
  received: readonly ReceivedServiceCheck[],
  around: Surroundings,
): string {
  const candidates = received.map((check): Candidate => {
    const differences = serviceCheckDifferences(check, expected);
    return {
      columns: [check.name, `status ${check.status}`, check.tags.join(','), check.message],
      differences,
      distance: nameDistance(check.name, expected.name) + DIFFERENCE_WEIGHT * differences.length,
    };
  });
  return report(`service check ${describeExpectation(expected)}`, candidates, around);
}

/** One metric as a table's columns say it. */
export function showNumbers(metric: ReceivedMetric): string {
  switch (metric.type) {
    case 'count':
      return `sum ${metric.sum}`;
    case 'gauge':
      return `last ${metric.last}`;
    case 'set':
      return `${metric.elements.length} distinct`;
    default:
      return `${metric.samples} values, min ${metric.min}, max ${metric.max}, sum ${metric.sum}`;
  }
}

function report(expected: string, candidates: readonly Candidate[], around: Surroundings): string {
  const parts = [`expected ${expected}`, ''];
  if (candidates.length === 0) {
    parts.push(around.messages === 0 ? 'nothing was received at all' : 'nothing of this kind was received');
  } else {
    const nearest = [...candidates].sort((a, b) => a.distance - b.distance);
    const shown = nearest.slice(0, LINES_MAX);
    parts.push('received, nearest first:', ...table(shown));
    if (nearest.length > shown.length) parts.push(`  … and ${nearest.length - shown.length} more`);
  }
  if (around.rejected.length > 0) parts.push('', 'rejected lines:', ...rejectedLines(around.rejected));
  if (around.filtered > 0) parts.push('', `${around.filtered} lines were filtered by the configuration`);
  if (around.leftOut > 0)
    parts.push('', `${around.leftOut} earlier messages are no longer known; use reset()`);
  return parts.join('\n');
}

function table(candidates: readonly Candidate[]): string[] {
  const widths = [0, 1, 2, 3].map((i) =>
    Math.max(...candidates.map(({ columns }) => cut(columns[i] ?? '').length)),
  );
  return candidates.map(({ columns, differences }) => {
    const cells = columns.map((column, i) => cut(column).padEnd(widths[i] ?? 0));
    return `  ${cells.join('  ')}  ${differences.join('; ')}`.trimEnd();
  });
}

function rejectedLines(rejected: readonly RejectedMessage[]): string[] {
  const lines = rejected
    .slice(-LINES_MAX)
    .map(({ line, reason, at }) => `  ${cut(line)}  ${reason}, at byte ${at}`);
  const more = rejected.length - lines.length;
  return more > 0 ? [...lines, `  … and ${more} more`] : lines;
}

function cut(text: string): string {
  const line = text.replace(/[\r\n\t]/g, ' ');
  return line.length <= LINE_CHARACTERS_MAX ? line : `${line.slice(0, LINE_CHARACTERS_MAX - 1)}…`;
}

function nameDistance(name: string, expected: TextPattern | undefined): number {
  if (typeof expected !== 'string') return 0;
  return countEdits(name, expected);
}
