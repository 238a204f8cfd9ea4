/** Made-up statistics of a busy server, always the same: for the screens of `whippet top`. */
import type { ContextType } from '../../src/model/context.ts';
import type { TailLine } from '../../src/model/live/line-views.ts';
import type {
  HistoryAnswer,
  SeriesAnswer,
  SeriesColumns,
  SeriesRow,
} from '../../src/model/live/series-views.ts';
import type { StreamTick } from '../../src/model/live/stream-views.ts';
import type { MetricTraffic } from '../../src/model/live/traffic-views.ts';

/** 12:04:31 UTC. */
export const NOW = 1_700_049_871;

type Row = readonly [
  name: string,
  type: ContextType,
  rate: number,
  contexts: number,
  value: number,
  p95?: number | undefined,
  p99?: number | undefined,
  max?: number | undefined,
  newPerMinute?: number,
];

const ROWS: readonly Row[] = [
  ['http.requests', 'counter', 3912, 1204, 39_120, undefined, undefined, undefined, 2],
  ['http.request.duration', 'distribution', 3905, 1204, 11.8, 84.2, 212, 1840, 2],
  ['db.query.time', 'histogram', 1840, 96, 2.1, 14.9, 61.3, 410],
  ['cache.hits', 'counter', 1602, 48, 16_020],
  ['checkout.latency', 'distribution', 412, 312, 12.4, 186, 341, 1204],
  ['api.client.calls', 'counter', 386, 28_120, 3861, undefined, undefined, undefined, 1240],
  ['queue.depth', 'gauge', 120, 24, 1482],
  ['users.active', 'set', 96, 8, 18_204],
  ['cache.misses', 'counter', 71.2, 48, 712],
  ['node.gc.pause', 'histogram', 44, 16, 3.2, 11, 28.7, 31],
  ['payments.amount', 'distribution', 18.4, 60, 24.9, 210, 899, 1450],
  ['node.heap.used', 'gauge', 16, 16, 214_312_448],
  ['jobs.duration', 'histogram', 8.1, 140, 812, 9420, 31_000, 44_800],
  ['page.views', 'counter', 6, 12, 60],
  ['cron.lag', 'gauge', 0.3, 9, 0.0417],
  ['東京.latency', 'distribution', 0.04, 3, 1.25, 2, 3, 4],
  ['idle.counter', 'counter', 0, 1, 0],
  [`${'a.rather.long.name.'.repeat(12)}end`, 'counter', 0, 1, 0],
];

function metricOf([
  name,
  type,
  rate,
  contexts,
  value,
  p95 = 0,
  p99 = 0,
  max = 0,
  newPerMinute = 0,
]: Row): MetricTraffic {
  const isSummary = type === 'histogram' || type === 'distribution';
  return {
    ...{ name, types: [type], samples: Math.round(rate * 8000), error: 0, bytes: rate * 800_000 },
    ...{ rates: { s10: rate, s60: rate, s600: rate }, bytesPerSecond: rate * 107, contexts, newPerMinute },
    ...{
      tagValues: contexts,
      tagKey: 'path',
      firstSeen: NOW - 8000,
      lastSeen: rate > 0 ? NOW - 0.4 : NOW - 400,
    },
    spark: Array.from({ length: 30 }, (_, i) => Math.round(rate * (5 + Math.sin(i / 2) * 4))),
    last: {
      ...{ type, at: NOW - 11, interval: 10, value },
      ...{ p95: isSummary ? p95 : null, p99: isSummary ? p99 : null, max: isSummary ? max : null },
      count: isSummary ? rate * 10 : null,
    },
    overLimit: 0,
  };
}

export function liveTick(): StreamTick {
  const rows = ROWS.map(metricOf);
  return {
    ...{ at: NOW, startedAt: NOW - 7980, version: '1.4.0', hostname: 'web-1', balanced: true },
    equation: {
      received: 98_914_207,
      accepted: 98_886_331,
      rejected: 3412,
      filtered: 24_446,
      dropped: 0,
      held: 18,
    },
    rates: {
      ...{ messages: 12_435, samples: 12_435, bytes: 1_646_264, packets: 613, newContexts: 20 },
      ...{ rejected: 1.6, filtered: 3.1, dropped: 0 },
    },
    ...{ contexts: 41_208, contextsMax: 1_000_000, newContextsPerMinute: 1244, metrics: 1284 },
    growing: [
      {
        name: 'api.client.calls',
        newPerMinute: 1240,
        contexts: 28_120,
        tagKey: 'request_id',
        tagValues: 28_114,
      },
    ],
    listeners: [
      ...[
        ['unixgram', '/run/whippet/dsd.sock', 9812, 1_373_634, 412, 0, 18],
        ['udp', '127.0.0.1:8125', 2431, 251_904, 190, 17, 0],
        ['tcp', '127.0.0.1:8125', 188, 18_432, 11, null, 0],
      ].map(([listener, address, messages, bytes, packets, kernelLost, backlog]) => ({
        ...{
          listener: listener as string,
          addresses: [address as string],
          samples: 0,
          rejected: 0,
          filtered: 0,
        },
        ...{ packets: 0, messages: 0, bytes: 0, dropped: 0, samplesPerSecond: 0, spark: [] },
        ...{ packetsPerSecond: packets as number, messagesPerSecond: messages as number },
        ...{
          bytesPerSecond: bytes as number,
          kernelLost: kernelLost as number | null,
          backlog: backlog as number,
        },
      })),
    ],
    notListening: [],
    losses: [
      {
        ...{ stage: 'kernel', name: 'udp', unit: 'packets', reason: 'receive_buffer_full', count: 17 },
        help: 'Packets the kernel dropped because the receive buffer of the socket was full.',
        remedy: 'raise dogstatsd_so_rcvbuf and net.core.rmem_max',
        lastAt: NOW - 51,
      },
    ],
    errors: [
      {
        ...{ reason: 'metric:value', count: 3412, perSecond: 1.4, firstSeen: NOW - 900, lastSeen: NOW - 1 },
        lines: [{ line: 'page.views:1,5|c', at: 11, listener: 'udp', seenAt: NOW - 1 }],
      },
    ],
    outputs: [
      outputOf('prometheus', true, 0),
      outputOf('datadog', true, 0),
      outputOf('remote_write', false, 14),
    ],
    ...{ healthy: true, lastEvent: null, series: null, viewers: 1, viewersMax: 16 },
    top: {
      ...{ total: 1284, offset: 0, rows },
      bounds: {
        ...{ askedSeconds: 10, coveredSeconds: 10, exact: 1284, k: 1024, n: 0, errorMax: 0, threads: 3 },
        leftOut: null,
      },
    },
    history: { series: 38_112, of: 41_208, memoryBytes: 0, memoryBytesMax: 0, leftOut: '' },
  };
}

function outputOf(name: string, healthy: boolean, queue: number) {
  const rest = { detail: null, oldestAgeSeconds: null, lastSuccessAt: NOW - 4, lastError: null };
  return { name, healthy, queue, ...rest };
}

export function totalsHistory(): HistoryAnswer {
  const wave = Array.from({ length: 300 }, (_, i) =>
    i < 20 ? null : Math.round(11_000 + 4000 * Math.sin(i / 25)),
  );
  return {
    ...{ from: NOW - 300, step: 1, cells: 300, byListener: {}, contexts: wave },
    total: {
      ...{ messages: wave, samples: wave, bytes: wave, packets: wave, newContexts: wave, rejected: wave },
      ...{ filtered: wave, dropped: wave, kernelLost: wave },
    },
    events: [{ at: NOW - 90, title: 'Deployed: v42', alertType: 'info', tags: [] }],
    spikes: [],
  };
}

const CELLS = 30;

export function seriesOf(type: ContextType): SeriesAnswer {
  const path = ['/pay', '/cart', '/home'];
  const rows = path.map((own, i) => rowOf(type, [`path:${own}`, 'env:prod', `region:eu-${i}`], 48 / (i + 1)));
  const isSummary = type === 'distribution' || type === 'histogram';
  return {
    ...{
      metric: 'checkout.latency',
      types: [type],
      type,
      from: NOW - 300,
      step: 10,
      cells: CELLS,
      fineSince: null,
    },
    ...{ total: rowOf(type, [], 412), rows, rest: rowOf(type, [], 5), estimated: false },
    heat: isSummary
      ? {
          bounds: Array.from({ length: 13 }, (_, i) => 2 ** i),
          cells: Array.from({ length: CELLS }, (_, t) =>
            t < 3
              ? null
              : Array.from({ length: 12 }, (_, i) => Math.round(100 * Math.exp(-((i - 4 - t / 15) ** 2)))),
          ),
        }
      : null,
    held: { series: 312, of: 312, memoryBytes: 0, memoryBytesMax: 0, leftOut: '' },
  } as SeriesAnswer;
}

function rowOf(type: ContextType, tags: readonly string[], rate: number): SeriesRow {
  const wave = (base: number): (number | null)[] =>
    Array.from({ length: CELLS }, (_, i) =>
      i < 3 ? null : Math.round(base * (1 + 0.3 * Math.sin(i / 4)) * 10) / 10,
    );
  const columns: SeriesColumns =
    type === 'counter'
      ? { sum: wave(rate * 10) }
      : type === 'gauge' || type === 'set'
        ? { value: wave(1000 + rate), min: wave(900), max: wave(1100) }
        : { count: wave(rate * 10), p50: wave(14), p95: wave(200), p99: wave(390), max: wave(1200) };
  return { tags, host: '', type, contexts: 1, rate, columns, estimated: false };
}

export function tailLines(): TailLine[] {
  const base = {
    listener: 'udp',
    origin: '',
    reason: '',
    words: '',
    remedy: '',
    caret: null,
    corrected: null,
  };
  return [
    {
      ...base,
      line: 'page.views:1|c|#env:prod',
      at: NOW,
      outcome: 'accepted',
      name: 'page.views',
      type: 'counter',
    },
    {
      ...base,
      line: 'debug.x:1|c',
      at: NOW + 0.1,
      outcome: 'filtered',
      name: 'debug.x',
      type: null,
      words: 'dropped by a rule',
    },
    {
      ...{
        ...base,
        line: 'page.views:1,5|c',
        at: NOW + 0.204,
        outcome: 'rejected',
        name: '',
        type: null,
        caret: 11,
      },
      ...{ reason: 'metric:value', words: 'this is not a number', remedy: 'send 1.5' },
      corrected: { line: 'page.views:1.5|c', start: 11, end: 14 },
    },
    {
      ...base,
      line: '_e{6,2}:deploy|v2',
      at: NOW + 1,
      outcome: 'event',
      name: 'deploy',
      type: 'event',
      origin: 'container 3f2a',
    },
  ];
}
