/**
 * What the rate limiters of the listener threads do, as metrics of the server and as plain data.
 */

import { type OwnMetric, ownMetricBy } from '../metric.ts';
import { byListener, type ListenerCounters } from './listener-counters.ts';
import type { ShardCounter } from './shard-counters.ts';

const TOTALS: readonly (readonly [ShardCounter, string, string])[] = [
  [
    'limiterChecks',
    'whippet_listener_rate_limiter_checks_total',
    'Receives before which memory was looked at.',
  ],
  [
    'limiterSkips',
    'whippet_listener_rate_limiter_checks_skipped_total',
    'Receives before which memory was not looked at.',
  ],
  [
    'limiterReclaims',
    'whippet_listener_rate_limiter_reclaims_total',
    'Times memory was given back above the low limit, instead of a wait.',
  ],
  ['limiterPauses', 'whippet_listener_rate_limiter_waits_total', 'Waits before a receive.'],
  [
    'limiterReadErrors',
    'whippet_listener_rate_limiter_read_errors_total',
    'Times memory could not be looked at; nothing is slowed then.',
  ],
];

const LEVELS = ['none', 'low', 'high'] as const;

/** One thread, as GET /api/rate-limiter and the ledger show it. */
export interface LimiterReport {
  readonly listener: string;
  /** Used memory over the limit. */
  readonly memoryRatio: number;
  /** The limit that is passed. */
  readonly level: (typeof LEVELS)[number];
  readonly waitMs: number;
  readonly waits: number;
  readonly waitedMs: number;
  readonly checks: number;
  readonly checksSkipped: number;
  readonly lowLimitReached: number;
  readonly highLimitReached: number;
  readonly reclaims: number;
  readonly readErrors: number;
}

export function limiterReport(threads: readonly ListenerCounters[]): LimiterReport[] {
  return threads.map(({ listener, counters }) => ({
    listener,
    memoryRatio: counters.get('limiterMemoryRatio'),
    level: LEVELS[counters.get('limiterLevel')] ?? 'none',
    waitMs: counters.get('limiterPauseMs'),
    waits: counters.get('limiterPauses'),
    waitedMs: counters.get('limiterPausedMs'),
    checks: counters.get('limiterChecks'),
    checksSkipped: counters.get('limiterSkips'),
    lowLimitReached: counters.get('limiterLow'),
    highLimitReached: counters.get('limiterHigh'),
    reclaims: counters.get('limiterReclaims'),
    readErrors: counters.get('limiterReadErrors'),
  }));
}

export function limiterMetrics(threads: readonly ListenerCounters[]): OwnMetric[] {
  const largest = (counter: ShardCounter): Map<string, number> => byListener(threads, counter, Math.max);
  const seconds = (values: Map<string, number>): [string, number][] =>
    [...values].map(([listener, ms]) => [listener, ms / 1000]);
  return [
    ownMetricBy(
      'gauge',
      'whippet_listener_rate_limiter_memory_ratio',
      'Used memory over the limit, as of the last look.',
      'listener',
      largest('limiterMemoryRatio'),
    ),
    ownMetricBy(
      'gauge',
      'whippet_listener_rate_limiter_level',
      'Limit that is passed: 0 none, 1 low, 2 high.',
      'listener',
      largest('limiterLevel'),
    ),
    ownMetricBy(
      'gauge',
      'whippet_listener_rate_limiter_wait_seconds',
      'Wait under way before the next receive or look.',
      'listener',
      seconds(largest('limiterPauseMs')),
    ),
    ownMetricBy(
      'counter',
      'whippet_listener_rate_limiter_waited_seconds_total',
      'Length of all waits.',
      'listener',
      seconds(byListener(threads, 'limiterPausedMs')),
    ),
    reached(threads),
    ...TOTALS.map(([counter, name, help]) =>
      ownMetricBy('counter', name, help, 'listener', byListener(threads, counter)),
    ),
  ];
}

function reached(threads: readonly ListenerCounters[]): OwnMetric {
  const samples = (['low', 'high'] as const).flatMap((limit) =>
    [...byListener(threads, limit === 'low' ? 'limiterLow' : 'limiterHigh')].map(([listener, value]) => ({
      labels: { listener, limit },
      value,
    })),
  );
  return {
    name: 'whippet_listener_rate_limiter_limits_reached_total',
    help: 'Looks at memory that found a limit passed.',
    type: 'counter',
    samples,
  };
}
