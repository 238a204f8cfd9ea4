/**
 * The message of the event stream: how everything stands, once a second (model/live/stream-views.ts). What is the same
 * for every reader is made here; shared-ticks.ts adds what each asked for.
 */

import type { Registry } from '../../aggregate/contexts/registry.ts';
import type { HealthReport } from '../../http/health-report.ts';
import type { Equation, OutputTick, StreamTick } from '../../model/live/stream-views.ts';
import { type ByteString, toText } from '../../model/text.ts';
import { heldOf } from '../../statistics/series-answer.ts';
import { largestKey } from '../../statistics/tag-table.ts';
import type { LedgerReport } from '../../telemetry/ledger/ledger-report.ts';
import type { LiveStatistics } from './live-statistics.ts';
import type { Lookers } from './lookers.ts';
import { VIEWERS_MAX } from './lookers.ts';
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
  /** Metrics that are over a limit on cardinality now. */
  readonly overLimit: () => ReadonlySet<ByteString>;
  readonly health: () => HealthReport;
  readonly outputs: () => readonly { readonly name: string; readonly endpoints: readonly object[] }[];
  readonly clock: () => number;
}

/** A tick without what depends on who reads it. */
export function commonTick(sources: TickSources): Omit<StreamTick, 'top' | 'series'> {
  const { statistics, lookers, registry, clock } = sources;
  const { report, totals, metrics } = statistics;
  const now = clock();
  const { healthy, parts } = sources.health();
  return {
    ...{ at: now, startedAt: statistics.startedAt, version: sources.version, hostname: sources.hostname },
    ...{ balanced: report.balanced, equation: equationOf(report), rates: totals.tickRates() },
    ...{ contexts: registry.size, contextsMax: sources.contextsMax, metrics: metrics.size },
    newContextsPerMinute: Math.round(totals.newContextsPerMinute(now)),
    growing: growingOf(statistics, sources.overLimit()),
    listeners: totals.listenerRows(report, now),
    notListening: report.notListening,
    losses: statistics.losses(),
    errors: statistics.rejected.rows(now, now - ERROR_SECONDS, 1).slice(0, ERRORS_MAX),
    outputs: sources.outputs().map((output) => outputTick(output, parts)),
    healthy,
    lastEvent: statistics.eventMarks.at(-1) ?? null,
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

function growingOf({ metrics }: LiveStatistics, over: ReadonlySet<ByteString>): StreamTick['growing'] {
  const { covered } = metrics;
  return [...metrics.values()]
    .map((entry) => ({ entry, grown: entry.newCells.sum(covered - 60, covered) }))
    .filter(({ entry, grown }) => grown >= GROWS_BY || over.has(entry.name))
    .sort((a, b) => b.grown - a.grown)
    .slice(0, GROWING_MAX)
    .map(({ entry, grown }) => {
      const key = largestKey(entry.tagKeys);
      return {
        ...{ name: toText(entry.name), newPerMinute: Math.round(grown), contexts: entry.contexts },
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
