/** What was received beyond what a test names, for `toHaveReceivedOnly` and `toHaveReceivedNothing`. */
import type { TestServer } from '../test-server/test-server.ts';
import { checkEvent, checkKeys, checkMetric, checkServiceCheck } from './check-expectation.ts';
import {
  describeExpectation,
  type EventExpectation,
  eventDifferences,
  findMetric,
  identityDifferences,
  type MetricExpectation,
  type ServiceCheckExpectation,
  serviceCheckDifferences,
} from './expectation.ts';
import { showNumbers } from './failure-report.ts';
import { isMatcher, isRegExp, type TextPattern } from './patterns.ts';

const LINES_MAX = 20;

/** What may have come besides metrics; none of it when left out. */
export interface OnlyOthers {
  readonly events?: readonly EventExpectation[];
  readonly serviceChecks?: readonly ServiceCheckExpectation[];
}

/** In what the received data is not exactly what is named, a line each; empty when it is. Throws TypeError. */
export function onlyDifferences(
  server: TestServer,
  metrics: readonly (TextPattern | MetricExpectation)[],
  others: OnlyOthers,
): string[] {
  const wanted = readList(metrics);
  checkKeys('the others of toHaveReceivedOnly()', others, ['events', 'serviceChecks']);
  const { events = [], serviceChecks = [] } = others;
  events.forEach(checkEvent);
  serviceChecks.forEach(checkServiceCheck);

  const received = server.metrics();
  const missing = [
    ...wanted
      .filter((expected) => findMetric(received, expected) === undefined)
      .map((expected) => `metric ${describeExpectation(expected)}`),
    ...events
      .filter((expected) => server.event(expected) === undefined)
      .map((expected) => `event: ${describeExpectation(expected)}`),
    ...serviceChecks
      .filter((expected) => server.serviceCheck(expected) === undefined)
      .map((expected) => `service check ${describeExpectation(expected)}`),
  ];
  const extra = [
    ...received
      .filter((metric) => wanted.every((expected) => identityDifferences(metric, expected).length > 0))
      .map((metric) => `${metric.name}  ${metric.type}  ${metric.tags.join(',')}  ${showNumbers(metric)}`),
    ...server
      .events()
      .filter((event) => events.every((expected) => eventDifferences(event, expected).length > 0))
      .map(({ title, text }) => `event  ${title}  ${text}`),
    ...server
      .serviceChecks()
      .filter((one) => serviceChecks.every((expected) => serviceCheckDifferences(one, expected).length > 0))
      .map(({ name, status }) => `service check  ${name}  status ${status}`),
    ...server.rejected().map(({ line, reason, at }) => `rejected line  ${line}  ${reason}, at byte ${at}`),
  ];
  return [...section('not received:', missing), ...section('also received:', extra)];
}

/** The lines that came, as far as a report shows them. */
export function receivedLines(server: TestServer): string[] {
  return cut(server.messages().map(({ line, kind }) => `${line}  (${kind.replace('_', ' ')})`));
}

function readList(metrics: readonly (TextPattern | MetricExpectation)[]): MetricExpectation[] {
  if (!Array.isArray(metrics)) {
    throw new TypeError("toHaveReceivedOnly() takes a list: ['checkout.paid', { name: 'checkout.time' }]");
  }
  if (metrics.length === 0) {
    throw new TypeError('the list of toHaveReceivedOnly() is empty; use toHaveReceivedNothing()');
  }
  return metrics.map((metric: TextPattern | MetricExpectation) => {
    const expected =
      typeof metric === 'string' || isRegExp(metric) || isMatcher(metric) ? { name: metric } : metric;
    checkMetric(expected);
    return expected;
  });
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [title, ...cut(lines)];
}

function cut(lines: readonly string[]): string[] {
  const shown = lines.slice(0, LINES_MAX).map((line) => `  ${line.replace(/[\r\n]+/g, ' ')}`.trimEnd());
  return lines.length > LINES_MAX ? [...shown, `  … and ${lines.length - LINES_MAX} more`] : shown;
}
