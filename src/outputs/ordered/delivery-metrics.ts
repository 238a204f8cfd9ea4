/** Metrics of a delivery: `whippet_delivery_…`, with the output and the receiver as labels. */
import type { OwnMetric, OwnSample } from '../../telemetry/metric.ts';
import type { Amount } from '../retry-queue/loss-counts.ts';
import type { LaneStatus } from './lane.ts';

export function deliveryMetrics(output: string, status: LaneStatus, heldPoints: number): OwnMetric[] {
  const { endpoint, counts, losses, queue, disk } = status;
  const labels = { output, endpoint };
  const counter = (name: string, help: string, samples: readonly OwnSample[]): OwnMetric => ({
    name: `whippet_delivery_${name}_total`,
    help,
    type: 'counter',
    samples,
  });
  const gauge = (name: string, help: string, value: number): OwnMetric => ({
    name: `whippet_delivery_${name}`,
    help,
    type: 'gauge',
    samples: [{ labels, value }],
  });
  const byKind = (amounts: Readonly<Record<string, Amount>>, of: 'items' | 'points'): OwnSample[] =>
    Object.entries(amounts).map(([kind, amount]) => ({ labels: { ...labels, kind }, value: amount[of] }));
  const byLoss = (of: 'items' | 'points'): OwnSample[] =>
    losses.map(({ reason, kind, age, ...amount }) => ({
      labels: { ...labels, kind, reason, age },
      value: amount[of],
    }));
  return [
    counter(
      'items_submitted',
      'Series, events and checks given to a receiver.',
      byKind(counts.submitted, 'items'),
    ),
    counter(
      'items_delivered',
      'Series, events and checks a receiver took.',
      byKind(counts.delivered, 'items'),
    ),
    counter(
      'items_lost',
      'Series, events and checks refused or given up, by reason and age.',
      byLoss('items'),
    ),
    counter('points_submitted', 'Points given to a receiver.', byKind(counts.submitted, 'points')),
    counter('points_delivered', 'Points a receiver took.', byKind(counts.delivered, 'points')),
    counter('points_lost', 'Points refused or given up, by reason and age.', byLoss('points')),
    counter(
      'requests',
      'Requests by the status of the answer.',
      Object.entries(counts.requests).map(([code, value]) => ({
        labels: { ...labels, status: code },
        value,
      })),
    ),
    gauge('points_held', 'Points in memory that are not delivered yet.', heldPoints),
    gauge('queue_bytes', 'Memory of payloads that are not delivered yet.', queue.bytes),
    gauge('queue_oldest_age_seconds', 'Age of the oldest payload in memory.', queue.oldestAgeSeconds),
    gauge('disk_bytes', 'Size of the retry files.', disk?.bytes ?? 0),
    gauge('disk_points', 'Points on disk that are not delivered yet.', disk?.points ?? 0),
    gauge('endpoint_up', '1 while the receiver takes data.', status.state === 'unblocked' ? 1 : 0),
  ];
}
