/**
 * The core's counters as metrics of the server, summed over the threads of a listener.
 */
import { type OwnMetric, ownMetricBy } from '../telemetry/metric.ts';
import { CORE_COUNTERS, type CoreCounter } from './counters.ts';

/** Counter, metric, what it counts. Units are in the names: packets, lines, samples, bytes. */
const TOTALS: readonly (readonly [CoreCounter, string, string])[] = [
  ['packets', 'whippet_intake_packets_total', 'Packets received.'],
  ['bytes', 'whippet_intake_bytes_total', 'Bytes of packets received.'],
  ['lines', 'whippet_intake_lines_total', 'Lines found in packets, empty ones left out.'],
  [
    'samples',
    'whippet_intake_samples_total',
    'Values aggregated; each packed value counts, and each copy of a histogram.',
  ],
  ['lineHits', 'whippet_core_line_hits_total', 'Lines known as written.'],
  ['tagSetHits', 'whippet_core_tag_set_hits_total', 'Lines known but for the order of their tags.'],
  ['lineMisses', 'whippet_core_line_misses_total', 'Lines that took the cold path.'],
  ['filteredLines', 'whippet_core_lines_filtered_total', 'Known lines that a filter or a rule drops.'],
  [
    'evictedLines',
    'whippet_core_lines_evicted_total',
    'Cached lines forgotten because they were not seen for a while.',
  ],
  ['lineTableFull', 'whippet_core_lines_refused_total', 'Lines not cached because limits.lines is reached.'],
  [
    'truncatedPackets',
    'whippet_intake_packets_truncated_total',
    'Packets longer than dogstatsd_buffer_size, cut by the kernel.',
  ],
  [
    'unterminated',
    'whippet_intake_lines_unterminated_total',
    'Last lines dropped because their end is missing.',
  ],
  ['timestampedSamples', 'whippet_core_timestamped_samples_total', 'Samples with a timestamp of their own.'],
];

const DROPPED: readonly (readonly [CoreCounter, string])[] = [
  ['nonFiniteSamples', 'not_finite'],
  ['keyTableFullSamples', 'bucket_keys'],
  ['timestampedFullSamples', 'timestamped_full'],
];

const GAUGES: readonly (readonly [CoreCounter, string, string])[] = [
  ['cachedLines', 'whippet_core_cached_lines', 'Lines the caches know now.'],
  ['contextSlots', 'whippet_core_contexts', 'Contexts the intake threads know now.'],
];

export interface CoreCounts {
  /** Label `listener`. */
  readonly listener: string;
  readonly counters: Float64Array;
}

export function coreMetrics(shards: readonly CoreCounts[]): OwnMetric[] {
  const by = (counter: CoreCounter): Map<string, number> => {
    const sums = new Map<string, number>();
    for (const { listener, counters } of shards) {
      sums.set(listener, (sums.get(listener) ?? 0) + (counters[CORE_COUNTERS[counter]] as number));
    }
    return sums;
  };
  const total = (counter: CoreCounter): number =>
    [...by(counter).values()].reduce((sum, value) => sum + value, 0);
  return [
    ...TOTALS.map(([counter, name, help]) => ownMetricBy('counter', name, help, 'listener', by(counter))),
    ownMetricBy(
      'counter',
      'whippet_core_samples_dropped_total',
      'Samples dropped by the core.',
      'reason',
      DROPPED.map(([counter, reason]) => [reason, total(counter)] as const),
    ),
    ...GAUGES.map(([counter, name, help]) => ownMetricBy('gauge', name, help, 'listener', by(counter))),
  ];
}
