/**
 * How the core works, as metrics of the server by listener. What becomes of packets, messages and values is in the
 * ledger (telemetry/ledger/listener-ledger.ts).
 */

import { CORE_COUNTERS, type CoreCounter } from '../telemetry/counters/core-counters.ts';
import { type OwnMetric, ownMetricBy } from '../telemetry/metric.ts';

/** Counter, metric, what it counts. */
const TOTALS: readonly (readonly [CoreCounter, string, string])[] = [
  ['lineHits', 'whippet_core_line_hits_total', 'Messages known as written.'],
  ['tagSetHits', 'whippet_core_tag_set_hits_total', 'Messages known but for the order of their tags.'],
  ['lineMisses', 'whippet_core_line_misses_total', 'Messages that took the cold path.'],
  [
    'evictedLines',
    'whippet_core_lines_evicted_total',
    'Cached lines forgotten because they were not seen for a while.',
  ],
  ['lineTableFull', 'whippet_core_lines_refused_total', 'Lines not cached because limits.lines is reached.'],
];

const GAUGES: readonly (readonly [CoreCounter, string, string])[] = [
  ['cachedLines', 'whippet_core_cached_lines', 'Lines the caches know now.'],
  ['contextSlots', 'whippet_core_contexts', 'Contexts the listener threads know now.'],
];

export interface CoreCounts {
  /** Label `listener`. */
  readonly listener: string;
  readonly core: Float64Array;
}

export function coreMetrics(threads: readonly CoreCounts[]): OwnMetric[] {
  const by = (counter: CoreCounter): Map<string, number> => {
    const sums = new Map<string, number>();
    for (const { listener, core } of threads) {
      sums.set(listener, (sums.get(listener) ?? 0) + (core[CORE_COUNTERS[counter]] as number));
    }
    return sums;
  };
  return [
    ...TOTALS.map(([counter, name, help]) => ownMetricBy('counter', name, help, 'listener', by(counter))),
    ...GAUGES.map(([counter, name, help]) => ownMetricBy('gauge', name, help, 'listener', by(counter))),
  ];
}
