/** What the HTTP servers count of their connections, as metrics. */
import { type OwnMetric, ownMetricBy } from '../telemetry/metric.ts';
import type { HttpCounts } from './server.ts';

export function httpMetrics(servers: readonly HttpCounts[]): OwnMetric[] {
  const sum = (of: (counts: HttpCounts) => number): number =>
    servers.reduce((total, counts) => total + of(counts), 0);
  return [
    ownMetricBy(
      'counter',
      'whippet_http_connections_closed_total',
      'HTTP connections that were not served to their end, by reason.',
      'reason',
      [
        ['stalled', sum(({ stalled }) => stalled)],
        ['too_many', sum(({ refused }) => refused)],
      ],
    ),
  ];
}
