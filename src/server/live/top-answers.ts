/**
 * Answers of `GET /api/top` other than metrics: contexts, senders, client libraries, listeners, reasons to reject.
 */

import type { Registry } from '../../aggregate/contexts/registry.ts';
import { TopRows } from '../../aggregate/contexts/top-rows.ts';
import type { Steps } from '../../lib/time/steps.ts';
import type { ConnectionsView } from '../../model/connection.ts';
import type { ContextType } from '../../model/context.ts';
import type {
  ClientTraffic,
  ContextTraffic,
  ErrorTraffic,
  ListenerTraffic,
  OriginTraffic,
  TopBounds,
  ValueSummary,
} from '../../model/live/traffic-views.ts';
import { toText } from '../../model/text.ts';
import type { RejectedTraffic } from '../../statistics/rejected-log.ts';
import type { HeldSeries, SeriesHistory } from '../../statistics/series-history.ts';
import type { ClientReport } from '../../telemetry/client-telemetry.ts';
import { remedyOf, wordsOf } from './line-words.ts';
import type { LiveStatistics } from './live-statistics.ts';
import type { MetricQuery } from './top-metrics.ts';
import { fitsName, parseSearch } from './top-metrics.ts';

const STEP_IDS = 500;
const CONTEXT_ROWS_MAX = 10_000;

/** Contexts with most samples; those that a limit refused behind them, with the bound of their counts. */
export function* topContexts(
  registry: Registry,
  statistics: LiveStatistics,
  query: MetricQuery,
  metric: string | undefined,
): Steps<{ rows: ContextTraffic[]; total: number }> {
  const search = parseSearch(query.search);
  const { words, names, types, tags } = search;
  const rateOf = (id: number): number => statistics.values.series.ofId(id)?.rate ?? 0;
  const keyOf =
    query.sort === 'last-seen' ? (id: number) => registry.usedAt(id) : (id: number) => registry.samplesOf(id);
  const top = new TopRows<number>(Math.min(query.offset + query.limit, CONTEXT_ROWS_MAX), {
    keyOf: query.sort === 'rate' ? rateOf : keyOf,
  });
  for (let id = 0; id < registry.idEnd; id++) {
    if (id % STEP_IDS === 0) yield;
    if (!registry.has(id)) continue;
    const name = toText(registry.nameOf(id));
    if (metric !== undefined && name !== metric) continue;
    const type = registry.typeOf(id);
    if (query.type !== undefined && type !== query.type) continue;
    if (types.length > 0 && !types.includes(type)) continue;
    if (!fitsName(name, search)) continue;
    if (tags.length > 0) {
      const own = registry.context(id).tags.map(toText);
      if (!tags.every((tag) => own.some((one) => one === tag || one.startsWith(`${tag}:`)))) continue;
    }
    top.add(id);
  }
  const rows = top
    .rows()
    .slice(query.offset)
    .flatMap((id) => (registry.has(id) ? [contextRow(registry, statistics, id)] : []));
  const isPlain =
    words.length + names.length + types.length + tags.length === 0 &&
    metric === undefined &&
    query.type === undefined;
  const refused = isPlain ? refusedRows(statistics) : [];
  return { rows: [...rows, ...refused].slice(0, query.limit), total: top.seen + refused.length };
}

function contextRow(registry: Registry, statistics: LiveStatistics, id: number): ContextTraffic {
  const { name, type, host, tags } = registry.context(id);
  const { series } = statistics.values;
  const held = series.ofId(id);
  return {
    ...{
      name: toText(name),
      type,
      host: toText(host),
      tags: tags.map(toText),
      samples: registry.samplesOf(id),
    },
    ...{ error: 0, overLimit: registry.isOverflow(id), lastSeen: registry.usedAt(id) },
    last: held === undefined ? null : lastValue(type, held, series),
    rates: held === undefined ? null : { s10: held.lastRate, s60: held.rate, s600: held.slowRate },
  };
}

function lastValue(type: ContextType, held: HeldSeries, series: SeriesHistory): ValueSummary | null {
  const last = series.lastOf(held);
  if (last === undefined) return null;
  const [first = 0, p50 = 0, p95 = 0, p99 = 0, max = 0] = last.values;
  const isSummary = last.values.length > 1;
  return {
    ...{ type, at: last.at, interval: held.interval, value: isSummary ? p50 : first },
    ...{ p95: isSummary ? p95 : null, p99: isSummary ? p99 : null, max: isSummary ? max : null },
    count: isSummary ? first : null,
  };
}

/** Contexts that a limit keeps from having a series: how often an uncached line of them was met. */
function refusedRows({ refused }: LiveStatistics): ContextTraffic[] {
  return refused.entries().map(({ key, count, error }) => {
    const [name = '', ...tags] = key.split('\n');
    return {
      ...{ name: toText(name), type: 'counter', host: '', tags: tags.map(toText), samples: count, error },
      ...{ overLimit: true, lastSeen: 0, rates: null, last: null },
    };
  });
}

/** Who is connected, and everything else as one row a listener. */
export function topOrigins(view: ConnectionsView, listeners: readonly ListenerTraffic[]): OriginTraffic[] {
  const rows = new Map<string, OriginTraffic>();
  for (const { peer, packets, bytes, lastReceived } of view.connections) {
    const { pid, command, address, certificate } = peer;
    const isProcess = pid !== undefined && pid > 0;
    const host = address?.replace(/:\d+$/, '');
    const origin = isProcess
      ? `process ${pid}${command === undefined ? '' : ` (${command})`}`
      : host !== undefined
        ? `address ${host}${certificate === undefined ? '' : ` (${certificate})`}`
        : 'unknown';
    const kind = isProcess ? 'process' : host !== undefined ? 'address' : 'unknown';
    const known = rows.get(origin);
    rows.set(origin, {
      ...{ origin, kind, errors: 0, error: 0, metrics: [] },
      packets: (known?.packets ?? 0) + packets,
      messages: (known?.messages ?? 0) + packets,
      bytes: (known?.bytes ?? 0) + bytes,
      lastSeen: Math.max(known?.lastSeen ?? 0, lastReceived),
    });
  }
  const streams = new Set(view.connections.map(({ listener }) => String(listener)));
  for (const one of listeners) {
    if (streams.has(one.listener) || one.messages === 0) continue;
    rows.set(`unknown, over ${one.listener}`, {
      ...{ origin: `unknown, over ${one.listener}`, kind: 'unknown', error: 0, metrics: [], lastSeen: 0 },
      ...{ packets: one.packets, messages: one.messages, bytes: one.bytes, errors: one.rejected },
    });
  }
  return [...rows.values()].sort((a, b) => (b.bytes ?? 0) - (a.bytes ?? 0));
}

export function topClients({ clients }: ClientReport): ClientTraffic[] {
  return clients
    .map(({ client, version, transport, lastAt, counts }) => ({
      ...{ client, version, transport, lastSeen: lastAt },
      ...{ samples: counts.metrics, packets: counts.packets_sent, bytes: counts.bytes_sent },
      ...{ packetsDropped: counts.packets_dropped, bytesDropped: counts.bytes_dropped },
    }))
    .sort((a, b) => b.samples - a.samples);
}

export function topErrors(rows: readonly RejectedTraffic[]): ErrorTraffic[] {
  return rows.map((row) => ({ ...row, words: wordsOf(row.reason), remedy: remedyOf(row.reason) }));
}

/** Rows that are all there are, counted exactly. */
export function exactBounds(rows: number, since: number, threads: number): TopBounds {
  return {
    ...{ askedSeconds: since, coveredSeconds: since, exact: rows, k: 0, n: 0, errorMax: 0, threads },
    leftOut: null,
  };
}
