/**
 * How a test server looks in a snapshot: `expect.addSnapshotSerializer(snapshotSerializer)`, then
 * `expect(dsd).toMatchSnapshot()`.
 *
 *   metrics
 *     checkout.paid  count  env:test  sum 3
 *     checkout.time  timing  env:test  2 values
 *   events
 *     Deployed  version 3  info
 *
 * Sorted, and without what differs from run to run: times of day, and the measured values of timings.
 */
import type { ReceivedMetric } from '../test-server/received.ts';
import type { TestServer } from '../test-server/test-server.ts';
import { showNumbers } from './failure-report.ts';

/** For `expect.addSnapshotSerializer()` of vitest and jest. */
export const snapshotSerializer = {
  test(value: unknown): boolean {
    return (
      typeof value === 'object' && value !== null && 'waitForExpectation' in value && 'serviceChecks' in value
    );
  },
  serialize(server: TestServer): string {
    return showServer(server);
  },
};

/** Everything a test server received, as lines of text. */
export function showServer(server: TestServer): string {
  const parts = [
    section(
      'metrics',
      server
        .metrics()
        .map((metric) => columns(metric.name, metric.type, metric.tags.join(','), numbers(metric))),
    ),
    section(
      'events',
      server
        .events()
        .map(({ title, text, alertType, tags }) =>
          columns(title, text, alertType, [...tags].sort().join(',')),
        ),
    ),
    section(
      'service checks',
      server
        .serviceChecks()
        .map(({ name, status, tags, message }) =>
          columns(name, `status ${status}`, [...tags].sort().join(','), message),
        ),
    ),
    section(
      'rejected lines',
      server.rejected().map(({ line, reason }) => columns(line, reason)),
    ),
  ];
  const text = parts.flat().join('\n');
  return text === '' ? 'nothing was received' : text;
}

function numbers(metric: ReceivedMetric): string {
  return metric.type === 'timing' ? `${metric.samples} values` : showNumbers(metric);
}

function columns(...parts: string[]): string {
  return parts
    .filter((part) => part !== '')
    .join('  ')
    .replace(/[\r\n]+/g, ' ');
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [title, ...[...lines].sort().map((line) => `  ${line}`)];
}
