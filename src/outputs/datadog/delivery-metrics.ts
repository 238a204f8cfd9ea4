/** Metrics of the endpoints: `whippet_datadog_…`, with the endpoint as a label. */
import type { OwnMetric, OwnSample } from '../../telemetry/metric.ts';
import type { EndpointStatus } from '../delivery/endpoint-status.ts';
import type { Amount } from '../retry-queue/loss-counts.ts';

type Samples = (status: EndpointStatus, labels: { readonly endpoint: string }) => readonly OwnSample[];

export function datadogDeliveryMetrics(endpoints: readonly EndpointStatus[]): OwnMetric[] {
  const metric = (type: OwnMetric['type'], name: string, help: string, samples: Samples): OwnMetric => ({
    name,
    help,
    type,
    samples: endpoints.flatMap((status) => samples(status, { endpoint: status.endpoint })),
  });
  const one =
    (value: (status: EndpointStatus) => number): Samples =>
    (status, labels) => [{ labels, value: value(status) }];
  return [
    metric(
      'counter',
      'whippet_datadog_payloads_submitted_total',
      'Payloads given to an endpoint, one for each key.',
      (status, labels) => byKind(status.counts.submitted, labels, 'payloads'),
    ),
    metric(
      'counter',
      'whippet_datadog_payloads_delivered_total',
      'Payloads an endpoint acknowledged.',
      (status, labels) => byKind(status.counts.delivered, labels, 'payloads'),
    ),
    metric(
      'counter',
      'whippet_datadog_items_delivered_total',
      'Series, sketches, events and checks an endpoint acknowledged.',
      (status, labels) => byKind(status.counts.delivered, labels, 'items'),
    ),
    metric(
      'counter',
      'whippet_datadog_payloads_lost_total',
      'Payloads given up, by reason and age of the data.',
      (status, labels) => byLoss(status, labels, 'payloads'),
    ),
    metric(
      'counter',
      'whippet_datadog_items_lost_total',
      'Series, sketches, events and checks given up, by reason and age of the data.',
      (status, labels) => byLoss(status, labels, 'items'),
    ),
    metric(
      'counter',
      'whippet_datadog_requests_total',
      'Requests by the status of the answer.',
      (status, labels) =>
        Object.entries(status.counts.requests).map(([code, value]) => ({
          labels: { ...labels, status: code },
          value,
        })),
    ),
    metric(
      'counter',
      'whippet_datadog_payloads_found_total',
      'Payloads an earlier process had left on disk.',
      one(({ disk }) => disk?.found.payloads ?? 0),
    ),
    metric(
      'gauge',
      'whippet_datadog_payloads_queued',
      'Payloads in memory that are not delivered yet.',
      one(({ queue }) => queue.payloads),
    ),
    metric(
      'gauge',
      'whippet_datadog_queue_bytes',
      'Memory of payloads that are not delivered yet.',
      one(({ queue }) => queue.bytes),
    ),
    metric(
      'gauge',
      'whippet_datadog_queue_oldest_age_seconds',
      'Age of the oldest payload in memory.',
      one(({ queue }) => queue.oldestAgeSeconds),
    ),
    metric(
      'gauge',
      'whippet_datadog_disk_payloads',
      'Payloads on disk that are not delivered yet.',
      one(({ disk }) => disk?.payloads ?? 0),
    ),
    metric(
      'gauge',
      'whippet_datadog_disk_bytes',
      'Size of the retry files.',
      one(({ disk }) => disk?.bytes ?? 0),
    ),
    metric(
      'gauge',
      'whippet_datadog_disk_files',
      'Retry files.',
      one(({ disk }) => disk?.files ?? 0),
    ),
    metric(
      'counter',
      'whippet_datadog_disk_failures_total',
      'Writes, reads and removals of retry files that failed.',
      one(({ disk }) => disk?.failures ?? 0),
    ),
    metric(
      'counter',
      'whippet_datadog_disk_damaged_files_total',
      'Retry files set aside because they could not be read whole.',
      one(({ disk }) => disk?.damaged ?? 0),
    ),
    metric(
      'gauge',
      'whippet_datadog_endpoint_up',
      '1 while the endpoint takes data.',
      one(({ state }) => (state === 'unblocked' ? 1 : 0)),
    ),
  ];
}

function byKind(
  amounts: Readonly<Record<string, Amount>>,
  labels: { readonly endpoint: string },
  of: keyof Amount,
): OwnSample[] {
  return Object.entries(amounts).map(([kind, amount]) => ({
    labels: { ...labels, kind },
    value: amount[of],
  }));
}

function byLoss(
  { losses }: EndpointStatus,
  labels: { readonly endpoint: string },
  of: keyof Amount,
): OwnSample[] {
  return losses.map(({ reason, kind, age, ...amount }) => ({
    labels: { ...labels, kind, reason, age },
    value: amount[of],
  }));
}
