/**
 * Made-up data in the shape of the server's answers, for work on the page and for its tests: the same every time,
 * because it comes from a seed and the time it is asked for.
 *
 *   world({ metrics: 1284, hostile: true }).tick(now)
 */

import type { ContextType } from '../../src/model/context.ts';
import type { TailLine } from '../../src/model/live/line-views.ts';
import type {
  HeatMap,
  HistoryAnswer,
  SeriesAnswer,
  SeriesColumns,
} from '../../src/model/live/series-views.ts';
import type { LossView, StreamTick } from '../../src/model/live/stream-views.ts';
import type {
  ContextTraffic,
  MetricTraffic,
  TopBounds,
  ValueSummary,
} from '../../src/model/live/traffic-views.ts';

export interface WorldOptions {
  readonly metrics: number;
  /** Names that would be markup, and very long ones. */
  readonly isHostile?: boolean;
  readonly isEmpty?: boolean;
}

const NAMED: readonly (readonly [name: string, type: ContextType, rate: number, contexts: number])[] = [
  ['http.requests', 'counter', 3912, 1204],
  ['http.request.duration', 'distribution', 3905, 1204],
  ['db.query.time', 'histogram', 1840, 96],
  ['cache.hits', 'counter', 1602, 48],
  ['checkout.latency', 'distribution', 412, 312],
  ['api.client.calls', 'counter', 386, 28_120],
  ['queue.depth', 'gauge', 120, 24],
  ['users.active', 'set', 96, 8],
  ['node.gc.pause', 'histogram', 44, 16],
  ['payments.amount', 'distribution', 18.4, 60],
  ['node.heap.used', 'gauge', 16, 16],
  ['jobs.duration', 'histogram', 8.1, 140],
  ['page.views', 'counter', 6, 12],
  ['cron.lag', 'gauge', 0.3, 9],
];
/** A name that would be markup; it sends much and has many contexts, so that every view has it. */
export const HOSTILE = '<img src=x onerror=alert(1)>';
const TYPES: readonly ContextType[] = ['counter', 'gauge', 'histogram', 'distribution', 'set'];
const STARTED_AGO_S = 7980;
const BOUNDS: TopBounds = {
  askedSeconds: 0,
  coveredSeconds: 600,
  exact: 4096,
  k: 0,
  n: 0,
  errorMax: 0,
  threads: 2,
  leftOut: null,
};

/** A number in [0, 1) for a text, the same every time. */
function chance(text: string): number {
  let hash = 2166136261;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 16777619);
  hash ^= hash >>> 15;
  hash = Math.imul(hash, 2246822507);
  return ((hash ^ (hash >>> 13)) >>> 0) / 4294967296;
}

function wave(seed: string, at: number): number {
  return 0.8 + 0.25 * Math.sin(at / 17 + chance(seed) * 6) + 0.25 * chance(`${seed}${Math.floor(at)}`);
}

export class World {
  readonly startedAt: number;
  readonly rows: MetricTraffic[];
  readonly isEmpty: boolean;

  constructor({ metrics, isHostile = false, isEmpty = false }: WorldOptions, now: number) {
    this.isEmpty = isEmpty;
    this.startedAt = now - STARTED_AGO_S;
    const names = Array.from(
      { length: metrics },
      (_, at) => NAMED[at]?.[0] ?? `service.${at % 40}.metric.${at}`,
    );
    if (isHostile) names.splice(1, 0, HOSTILE, `long.${'x'.repeat(8000)}`);
    this.rows = isEmpty ? [] : names.map((name, at) => rowOf(name, at, now));
  }

  tick(now: number, query: URLSearchParams): StreamTick {
    const up = now - this.startedAt;
    const total = (n: number): number => (this.isEmpty ? 0 : Math.round(n * up));
    const received = total(12_395);
    const listener = (name: string, address: string, perSecond: number, kernelLost: number | null) => ({
      listener: name,
      addresses: [address],
      packets: total(perSecond / 13),
      messages: total(perSecond),
      bytes: total(perSecond * 110),
      samples: total(perSecond),
      rejected: 0,
      filtered: 0,
      dropped: 0,
      packetsPerSecond: this.isEmpty ? 0 : perSecond / 13,
      messagesPerSecond: this.isEmpty ? 0 : Math.round(perSecond * wave(name, Math.floor(now) - 1)),
      bytesPerSecond: this.isEmpty ? 0 : perSecond * 110,
      samplesPerSecond: perSecond,
      kernelLost,
      backlog: name === 'unixgram' ? 18 : 0,
      spark: Array.from({ length: 60 }, (_, at) => (this.isEmpty ? 0 : perSecond * wave(name, at))),
    });
    const losses: LossView[] = [
      {
        stage: 'kernel',
        name: 'udp',
        unit: 'packets',
        reason: 'receive_buffer_full',
        count: 17,
        help: 'The kernel dropped them: the receive buffer of the socket was full.',
        remedy:
          'raise dogstatsd_so_rcvbuf and net.core.rmem_max, set dogstatsd_workers_count, or use a Unix socket',
        lastAt: now - 51,
      },
    ];
    return {
      at: now,
      startedAt: this.startedAt,
      version: '1.4.0',
      hostname: 'web-1',
      balanced: true,
      equation: {
        received,
        accepted: received - (this.isEmpty ? 0 : 3412 + 24_446 + 18),
        rejected: this.isEmpty ? 0 : 3412,
        filtered: this.isEmpty ? 0 : 24_446,
        dropped: 0,
        held: this.isEmpty ? 0 : 18,
      },
      rates: {
        messages: 12_435,
        samples: 13_020,
        bytes: 1_600_000,
        packets: 615,
        newContexts: 21,
        rejected: 1.6,
        filtered: 3.1,
        dropped: 0,
      },
      contexts: this.isEmpty ? 0 : 41_208,
      contextsMax: 1_000_000,
      newContextsPerMinute: this.isEmpty ? 0 : 1244,
      metrics: this.rows.length,
      growing: this.isEmpty
        ? []
        : [
            {
              name: 'api.client.calls',
              newPerMinute: 1240,
              contexts: 28_120,
              tagKey: 'request_id',
              tagValues: 28_114,
            },
          ],
      listeners: [
        listener('udp', '127.0.0.1:8125', 2431, this.isEmpty ? 0 : 17),
        listener('unixgram', '/run/whippet/dsd.sock', 9812, 0),
        listener('tcp', '127.0.0.1:8125', 188, null),
        listener('http', '127.0.0.1:8127', 4.2, null),
      ],
      notListening: [],
      losses: this.isEmpty ? [] : losses,
      errors: this.isEmpty
        ? []
        : [
            {
              reason: 'metric:value',
              count: 3106,
              perSecond: 1.6,
              firstSeen: now - 4000,
              lastSeen: now - 1,
              lines: [],
            },
          ],
      outputs: [
        {
          name: 'prometheus',
          healthy: true,
          detail: '9,120 series',
          queue: 0,
          oldestAgeSeconds: null,
          lastSuccessAt: now - 4,
          lastError: null,
        },
        {
          name: 'datadog, datadoghq.com',
          healthy: true,
          detail: null,
          queue: 0,
          oldestAgeSeconds: null,
          lastSuccessAt: now - 2,
          lastError: null,
        },
        {
          name: 'datadog, datadoghq.eu',
          healthy: true,
          detail: null,
          queue: this.isEmpty ? 0 : 14,
          oldestAgeSeconds: 41,
          lastSuccessAt: now - 41,
          lastError: '503, tries again in 6 s',
        },
      ],
      healthy: true,
      lastEvent: this.isEmpty
        ? null
        : { at: now - 120, title: 'Deployed: v42', alertType: 'success', tags: ['env:prod'] },
      top: this.top(query, now),
      series: null,
      history: { series: 9120, of: 9120, memoryBytes: 12_000_000, memoryBytesMax: 33_554_432, leftOut: '' },
      viewers: 1,
      viewersMax: 8,
    };
  }

  /** The page of metrics that a query asks for. */
  top(query: URLSearchParams, now: number) {
    const words = (query.get('search') ?? '').toLowerCase().split(/\s+/).filter(Boolean);
    const type = query.get('type') ?? '';
    const fits = (row: MetricTraffic): boolean =>
      (type === '' || row.types.some((one) => one === type)) &&
      words.every((word) =>
        word.startsWith('name:') ? row.name === word.slice(5) : row.name.toLowerCase().includes(word),
      );
    const sort = query.get('sort') ?? 'rate';
    const by = (row: MetricTraffic): number | string =>
      sort === 'name'
        ? row.name
        : sort === 'contexts'
          ? row.contexts
          : sort === 'bytes'
            ? row.bytes
            : sort === 'new'
              ? row.newPerMinute
              : sort === 'last-seen'
                ? row.lastSeen
                : row.rates.s10;
    const isDescending = (sort === 'name') === (query.get('order') === 'asc');
    const rows = this.rows.filter(fits).sort((a, b) => {
      const order = by(a) < by(b) ? -1 : by(a) > by(b) ? 1 : 0;
      return isDescending ? -order : order;
    });
    const offset = Number(query.get('offset') ?? 0);
    const limit = Number(query.get('limit') ?? 10);
    return {
      total: rows.length,
      offset,
      rows: rows
        .slice(offset, offset + limit)
        .map((row) => (row.rates.s10 > 0 ? { ...row, lastSeen: now - 0.3 } : row)),
      bounds: BOUNDS,
    };
  }

  contexts(name: string): ContextTraffic[] {
    const row = this.rows.find((one) => one.name === name);
    if (row === undefined) return [];
    const type = row.types[0] as ContextType;
    return Array.from({ length: Math.min(50, row.contexts) }, (_, at) => ({
      name,
      type,
      host: '',
      tags: [
        'env:prod',
        `path:/${['pay', 'cart', 'login', 'home'][at % 4]}`,
        `region:${at % 3 === 0 ? 'us-1' : 'eu-1'}`,
        `status:${at % 7 === 5 ? 500 : 200}`,
        `version:v${42 - (at % 2)}`,
        ...(at > 20 ? [`n:${at}`] : []),
      ],
      samples: 100_000 - at * 100,
      error: 0,
      overLimit: false,
      lastSeen: row.lastSeen,
      rates: { s10: 48.1 / (at + 1), s60: 48 / (at + 1), s600: 40 / (at + 1) },
      last: lastOf(type, `${name}${at}`, row.lastSeen),
    }));
  }

  history(range: number, now: number): HistoryAnswer {
    const step = range <= 300 ? 1 : 10;
    const cells = range / step;
    const from = Math.floor(now / step) * step - range;
    const of = (base: number, seed: string) =>
      Array.from({ length: cells }, (_, at) =>
        this.isEmpty ? 0 : Math.round(base * step * wave(seed, from + at)),
      );
    const zeros = new Array<number>(cells).fill(0);
    const lossCell = Math.max(0, cells - Math.round(51 / step));
    const kernelLost = zeros.map((_, at) => (at === lossCell && !this.isEmpty ? 17 : 0));
    const listener = (base: number, seed: string) => ({
      messages: of(base, seed),
      bytes: of(base * 110, seed),
      packets: of(base / 13, seed),
    });
    return {
      from,
      step,
      cells,
      total: {
        messages: of(12_400, 'all'),
        samples: of(13_000, 'all'),
        bytes: of(1_600_000, 'all'),
        packets: of(600, 'all'),
        newContexts: of(20, 'new'),
        rejected: of(1.6, 'bad'),
        filtered: of(3, 'f'),
        dropped: zeros,
        kernelLost,
      },
      byListener: {
        unixgram: listener(9812, 'unixgram'),
        udp: listener(2431, 'udp'),
        tcp: listener(188, 'tcp'),
        http: listener(4, 'http'),
      },
      contexts: Array.from({ length: cells }, (_, at) =>
        this.isEmpty ? 0 : Math.round(13_200 + Math.max(0, at - cells * 0.24) * ((28_000 / cells) * 1.3)),
      ),
      events: this.isEmpty
        ? []
        : [{ at: now - 120, title: 'Deployed: v42', alertType: 'success', tags: ['env:prod'] }],
      spikes: [],
    };
  }

  series(name: string, range: number, now: number, by: string | null): SeriesAnswer | undefined {
    const row = this.rows.find((one) => one.name === name);
    if (row === undefined) return undefined;
    const type = row.types[0] as ContextType;
    const step = 10;
    const cells = range / step;
    const from = Math.floor(now / step) * step - range;
    const times = Array.from({ length: cells }, (_, at) => from + at * step);
    const line = (tags: string[], part: number) => ({
      tags,
      host: '',
      type,
      contexts: 1,
      rate: row.rates.s10 * part,
      columns: columnsOf(type, `${name}${tags.join()}`, times, row.rates.s10 * part * step),
      estimated: false,
    });
    const names =
      by === null
        ? ['env:prod path:/pay', 'env:prod path:/cart', 'env:prod path:/login']
        : ['/pay', '/cart', '/login'].map((one) => `${by}:${one}`);
    return {
      metric: name,
      types: row.types,
      type,
      from,
      step,
      cells,
      fineSince: null,
      total: line([], 1),
      rows: names.map((one, at) => line(one.split(' '), [0.5, 0.3, 0.1][at] as number)),
      rest: row.contexts > 3 ? line(['rest'], 0.1) : null,
      heat: type === 'distribution' || type === 'histogram' ? heatOf(name, times) : null,
      held: { series: 3, of: 3, memoryBytes: 100_000, memoryBytesMax: 33_554_432, leftOut: '' },
    };
  }
}

function rowOf(name: string, at: number, now: number): MetricTraffic {
  const known =
    name === HOSTILE ? ([name, 'counter', 5000, 2000] as const) : NAMED.find(([one]) => one === name);
  const type = known?.[1] ?? (TYPES[at % TYPES.length] as ContextType);
  const isIdle = known === undefined && at % 9 === 0;
  const perSecond = known?.[2] ?? (isIdle ? 0 : Math.max(0.01, 900 / (at + 1)));
  const contexts = known?.[3] ?? 1 + (at % 60);
  const lastSeen = now - (isIdle ? 60 * (at % 50) : 0.4);
  return {
    name,
    types: name === 'jobs.duration' ? ['histogram', 'counter'] : [type],
    samples: Math.round(perSecond * 8000),
    error: 0,
    bytes: Math.round(perSecond * 900_000),
    rates: { s10: perSecond, s60: perSecond, s600: perSecond },
    bytesPerSecond: perSecond * 108,
    contexts,
    newPerMinute: name === 'api.client.calls' ? 1240 : at % 30 === 1 ? 2 : 0,
    tagValues: name === 'api.client.calls' ? 28_114 : 12 + (at % 200),
    tagKey: name === 'api.client.calls' ? 'request_id' : 'path',
    firstSeen: now - 7600,
    lastSeen,
    spark: Array.from({ length: 30 }, (_, cell) => (isIdle ? 0 : perSecond * 10 * wave(name, cell * 3))),
    last: lastOf(type, name, lastSeen),
    overLimit: 0,
  };
}

function lastOf(type: ContextType, seed: string, at: number): ValueSummary {
  const base = 2 + chance(seed) * 60;
  const isDistribution = type === 'histogram' || type === 'distribution';
  return {
    type,
    at,
    interval: 10,
    value: isDistribution ? base : Math.round(base * 600),
    p95: isDistribution ? base * 8.3 : null,
    p99: isDistribution ? base * 20.1 : null,
    max: isDistribution ? base * 40 : null,
    count: 4120,
  };
}

function columnsOf(type: ContextType, seed: string, times: readonly number[], sum: number): SeriesColumns {
  const of = (base: number, salt: string) => times.map((at) => base * wave(seed + salt, at / 10));
  if (type === 'counter') return { sum: of(sum, '') };
  if (type === 'set') return { value: of(18_000, '').map(Math.round) };
  if (type === 'gauge') return { value: of(1400, ''), min: of(1200, ''), max: of(1600, '') };
  return {
    count: of(sum, 'n'),
    p50: of(12.4, '50'),
    p95: of(160, '95'),
    p99: of(290, '99'),
    max: of(1100, 'max'),
  };
}

function heatOf(seed: string, times: readonly number[]): HeatMap {
  const bounds = Array.from({ length: 31 }, (_, at) => 10 ** (at / 10));
  const cells = times.map((at) =>
    bounds.slice(1).map((_, row) => {
      const near = (middle: number, width: number) => Math.exp(-(((row - middle) / width) ** 2));
      const wobble = chance(`${seed}${at}`) * 1.5;
      return Math.round(400 * near(11 + wobble, 2) + 70 * near(22 + wobble, 2));
    }),
  );
  return { bounds, cells };
}

const LINES: readonly (readonly [outcome: TailLine['outcome'], origin: string, line: string])[] = [
  ['accepted', 'checkout-7f9c', 'http.requests:1|c|#env:prod,path:/cart,status:200'],
  ['accepted', 'checkout-7f9c', 'http.request.duration:11.2|d|#env:prod,path:/cart,status:200'],
  ['accepted', 'api-5d1f', 'db.query.time:2.04|ms|#db:main,op:select'],
  ['accepted', 'api-5d1f', 'cache.hits:4|c|@0.25|#pool:session'],
  ['rejected', 'worker-02aa', 'page.views:1,5|c|#env:prod,site:de'],
  [
    'accepted',
    'checkout-b21d',
    'checkout.latency:14.8:12.1:209|d|#env:prod,path:/pay,region:us-1,status:200,version:v42',
  ],
  ['filtered', 'worker-02aa', 'debug.trace:1|c|#env:prod'],
  ['event', 'deployer', '_e{8,10}:Deployed|v42 is out|#env:prod'],
  ['service_check', 'api-5d1f', '_sc|db.up|0|#db:main'],
];

/** The line number `n` that arrives. */
export function tailLine(n: number, now: number, isHostile: boolean): TailLine {
  const [outcome, origin, text] = LINES[n % LINES.length] as (typeof LINES)[number];
  const line = isHostile && n % 5 === 0 ? `${HOSTILE}:1|c|#${HOSTILE}` : text;
  const isRejected = outcome === 'rejected' && line === text;
  return {
    line,
    at: now,
    listener: 'unixgram',
    outcome: line === text ? outcome : 'accepted',
    origin,
    name: isRejected ? '' : (line.split(':')[0] ?? ''),
    type: 'counter',
    reason: isRejected ? 'metric:value' : '',
    words: isRejected ? 'this is not a number' : '',
    remedy: isRejected ? 'write the decimal sign as a dot' : '',
    caret: isRejected ? 11 : null,
    corrected: isRejected ? { line: 'page.views:1.5|c|#env:prod,site:de', start: 12, end: 13 } : null,
  };
}
