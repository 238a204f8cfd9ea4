/** What aggregation tells of itself, on the server's own page. */
import { CONTEXT_TYPES } from '../model/context.ts';
import { toText } from '../model/text.ts';
import { type OwnMetric, ownMetric, ownMetricBy } from '../telemetry/metric.ts';
import type { Registry } from './contexts/registry.ts';
import type { TimeSampler } from './sampler.ts';

/** Metrics that are named on the page. */
const LARGEST = 10;

export function aggregateMetrics(registry: Registry, { counts }: TimeSampler): OwnMetric[] {
  return [
    ownMetric('gauge', 'whippet_aggregate_contexts', 'Contexts the server knows now.', registry.size),
    ownMetricBy(
      'gauge',
      'whippet_contexts',
      'Contexts of their own, without overflow series, by type.',
      'type',
      CONTEXT_TYPES.map((type) => [type, registry.counts.ofType(type)] as const),
    ),
    ownMetricBy(
      'gauge',
      'whippet_contexts_of_metric',
      'Contexts of the ten metrics that have most.',
      'metric',
      registry.largest(LARGEST).map(({ name, contexts }) => [toText(name), contexts] as const),
    ),
    ownMetric(
      'gauge',
      'whippet_aggregate_overflow_series',
      'Contexts for what is over a limit, one a metric and type.',
      registry.overflowSize,
    ),
    ownMetric(
      'counter',
      'whippet_aggregate_histograms_sketched_total',
      'Histograms with more different values in a bucket than limits.histogram_values, turned into sketches.',
      counts.sketchedHistograms,
    ),
    ownMetric(
      'counter',
      'whippet_aggregate_equal_series_total',
      'Series left out because another type came to the same name, tags and time.',
      counts.equalSeries,
    ),
    ownMetric(
      'counter',
      'whippet_aggregate_incomplete_total',
      'Aggregates of open buckets left behind at stop.',
      counts.incompleteAggregates,
    ),
  ];
}
