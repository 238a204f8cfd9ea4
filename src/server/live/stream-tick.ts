/** The message of the event stream: how everything stands, once a second (model/live/stream-views.ts). */

import type { Registry } from '../../aggregate/contexts/registry.ts';
import type { HealthReport } from '../../http/health-report.ts';
import type { StreamQuery } from '../../http/live-source.ts';
import type { SeriesAnswer } from '../../model/live/series-views.ts';
import type { Equation, OutputTick, StreamTick } from '../../model/live/stream-views.ts';
import { toText } from '../../model/text.ts';
import type { CardinalityReport } from '../../model/views/cardinality-report.ts';
import { heldOf } from '../../statistics/series-answer.ts';
import { largestKey } from '../../statistics/tag-table.ts';
import type { LedgerReport } from '../../telemetry/ledger/ledger-report.ts';
import type { LiveStatistics } from './live-statistics.ts';
import type { Lookers } from './lookers.ts';
import { VIEWERS_MAX } from './lookers.ts';
import { topMetrics } from './top-metrics.ts';
import { LISTENER_STAGE, sumCounts } from './totals.ts';

/** A metric grows when it has so many new contexts in a minute. */
const GROWS_BY = 100;
const GROWING_MAX = 8;
const ERRORS_MAX = 4;
const ERROR_SECONDS = 600;

export interface TickSources {
  readonly statistics: LiveStatistics;
  readonly lookers: Lookers;
  readonly registry: Registry;
  readonly version: string;
  readonly hostname: string;
  readonly contextsMax: number;
  readonly cardinality: () => readonly CardinalityReport[];
  readonly health: () => HealthReport;
  readonly outputs: () => readonly { readonly name: string; readonly endpoints: readonly object[] }[];
  readonly clock: () => number;
}

export function makeTick(
  sources: TickSources,
  query: StreamQuery,
  tagged: ReadonlySet<string> | undefined,
  series: SeriesAnswer | null,
): StreamTick {
  const { statistics, lookers, registry, clock } = sources;
  const { report, totals, metrics } = statistics;
  const now = clock();
  const { healthy, parts } = sources.health();
  return {
    ...{ at: now, startedAt: statistics.startedAt, version: sources.version, hostname: sources.hostname },
    ...{ balanced: report.balanced, equation: equationOf(report), rates: totals.tickRates() },
    ...{ contexts: registry.size, contextsMax: sources.contextsMax, metrics: metrics.size },
    newContextsPerMinute: Math.round(totals.newContextsPerMinute(now)),
    growing: growingOf(statistics, sources.cardinality()),
    listeners: totals.listenerRows(report, now),
    notListening: report.notListening,
    losses: statistics.losses(),
    errors: statistics.rejected.rows(now, now - ERROR_SECONDS, 1).slice(0, ERRORS_MAX),
    outputs: sources.outputs().map((output) => outputTick(output, parts)),
    healthy,
    lastEvent: statistics.eventMarks.at(-1) ?? null,
    top: topMetrics(statistics, query, tagged),
    series,
    history: heldOf(statistics.values, statistics.values.series.counts.held, registry.size),
    ...{ viewers: lookers.count, viewersMax: VIEWERS_MAX },
  };
}

/** What became of every message, summed over the listeners. */
function equationOf({ totals }: LedgerReport): Equation {
  const sum = { received: 0, accepted: 0, rejected: 0, filtered: 0, dropped: 0, held: 0 };
  for (const one of totals) {
    if (one.stage !== LISTENER_STAGE || one.unit !== 'messages') continue;
    sum.received += one.received;
    sum.accepted += sumCounts(one.accepted);
    sum.rejected += sumCounts(one.rejected);
    sum.filtered += sumCounts(one.filtered);
    sum.dropped += sumCounts(one.dropped);
    sum.held += sumCounts(one.held);
  }
  return sum;
}

function growingOf(
  { metrics }: LiveStatistics,
  reports: readonly CardinalityReport[],
): StreamTick['growing'] {
  const over = new Set(reports.filter(({ active }) => active).map(({ metric }) => metric));
  const { covered } = metrics;
  return [...metrics.values()]
    .map((entry) => ({ entry, name: toText(entry.name), grown: entry.newCells.sum(covered - 60, covered) }))
    .filter(({ name, grown }) => grown >= GROWS_BY || over.has(name))
    .sort((a, b) => b.grown - a.grown)
    .slice(0, GROWING_MAX)
    .map(({ entry, name, grown }) => {
      const key = largestKey(entry.tagKeys);
      return {
        ...{ name, newPerMinute: Math.round(grown), contexts: entry.contexts },
        ...{ tagKey: key?.key ?? null, tagValues: key?.distinct ?? null },
      };
    });
}

/** Endpoints of an output as far as they tell how they are. */
interface Endpoint {
  readonly queue?: { readonly payloads?: number; readonly oldestAgeSeconds?: number };
  readonly lastSuccessAt?: number;
  readonly lastError?: { readonly at: number; readonly text: string };
}

function outputTick(
  { name, endpoints }: { readonly name: string; readonly endpoints: readonly object[] },
  parts: HealthReport['parts'],
): OutputTick {
  const own = endpoints as readonly Endpoint[];
  const part = parts.find((one) => one.name === name);
  const ages = own.flatMap(({ queue }) => (queue?.payloads ? [queue.oldestAgeSeconds ?? 0] : []));
  const successes = own.flatMap(({ lastSuccessAt }) =>
    lastSuccessAt === undefined ? [] : [lastSuccessAt / 1000],
  );
  const errors = own.flatMap(({ lastError }) => (lastError === undefined ? [] : [lastError]));
  errors.sort((a, b) => b.at - a.at);
  return {
    ...{ name, healthy: part?.healthy ?? true, detail: part?.detail ?? null },
    queue: own.reduce((sum, { queue }) => sum + (queue?.payloads ?? 0), 0),
    oldestAgeSeconds: ages.length === 0 ? null : Math.max(...ages),
    lastSuccessAt: successes.length === 0 ? null : Math.max(...successes),
    lastError: errors[0]?.text ?? null,
  };
}
