/** What aggregation tells of itself, on the server's own page. */
import { type OwnMetric, ownMetric, ownMetricBy } from '../telemetry/metric.ts';
import type { Registry } from './registry.ts';
import type { TimeSampler } from './sampler.ts';

export function aggregateMetrics(registry: Registry, { counts }: TimeSampler): OwnMetric[] {
  return [
    ownMetric('gauge', 'whippet_aggregate_contexts', 'Contexts the server knows now.', registry.size),
    ownMetric(
      'counter',
      'whippet_aggregate_refused_contexts_total',
      'Contexts refused because limits.contexts is reached.',
      registry.refusedContexts,
    ),
    ownMetric(
      'counter',
      'whippet_aggregate_refused_cells_total',
      'Aggregates of refused contexts, dropped.',
      counts.refusedCells,
    ),
    ownMetricBy(
      'counter',
      'whippet_aggregate_samples_dropped_total',
      'Timestamped samples dropped at the merge.',
      'reason',
      [
        ['context_limit', counts.refusedTimestampedSamples],
        ['timestamped_type', counts.unsupportedTimestampedSamples],
      ],
    ),
    ownMetric(
      'counter',
      'whippet_aggregate_incomplete_total',
      'Aggregates of open buckets left behind at stop.',
      counts.incompleteAggregates,
    ),
  ];
}
