/**
 * A server that answers the page with made-up data: `UI_MOCK=1 npm run ui`, and the browser tests of what a real
 * server cannot be brought to say at will (hostile names, too many viewers, a token).
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { StreamTick } from '../../src/model/live/stream-views.ts';
import { tailLine, World, type WorldOptions } from './data.ts';

export interface MockOptions extends WorldOptions {
  readonly token?: string;
  /** The stream answers that there is no room. */
  readonly isCrowded?: boolean;
  readonly isForbidden?: boolean;
  readonly linesPerSecond?: number;
  /** Answers what the mock does not: the files of the page. */
  readonly other?: (request: IncomingMessage, response: ServerResponse) => void;
}

const seconds = (): number => Date.now() / 1000;

export function mockHandler(
  options: MockOptions,
): (request: IncomingMessage, response: ServerResponse) => boolean {
  const world = new World(options, seconds());
  return (request, response) => {
    const url = new URL(request.url ?? '/', 'http://mock');
    if (!url.pathname.startsWith('/api/') && !url.pathname.startsWith('/-/')) return false;
    if (options.isForbidden === true)
      sendError(response, 403, 'set http.token to open this to other machines');
    else if (options.token !== undefined && request.headers.authorization !== `Bearer ${options.token}`) {
      sendError(response, 401, 'this needs the token of http.token: Authorization: Bearer <token>');
    } else answer(world, url, request, response, options);
    return true;
  };
}

/** Starts on a free port of this machine. */
export async function startMock(options: MockOptions): Promise<{ server: Server; url: string }> {
  const handle = mockHandler(options);
  const server = createServer((request, response) => {
    if (handle(request, response)) return;
    if (options.other === undefined) sendError(response, 404, 'not found');
    else options.other(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` };
}

function answer(
  world: World,
  url: URL,
  request: IncomingMessage,
  response: ServerResponse,
  options: MockOptions,
): void {
  const { pathname, searchParams: query } = url;
  const now = seconds();
  if (pathname === '/api/stream') {
    if (options.isCrowded === true) sendError(response, 503, 'too many watch already; try again later');
    else
      stream(response, 1000, () => `event: tick\ndata: ${JSON.stringify(world.tick(seconds(), query))}\n\n`);
    return;
  }
  if (pathname === '/api/messages') {
    let n = 0;
    const perTick = Math.ceil((options.linesPerSecond ?? 100) / 10);
    const outcome = query.get('outcome');
    stream(response, 100, () => {
      const lines = Array.from({ length: perTick }, () =>
        tailLine(n++, seconds(), options.isHostile === true),
      );
      const messages = outcome === null ? lines : lines.filter((line) => line.outcome === outcome);
      return `event: messages\ndata: ${JSON.stringify({ messages, leftOut: 1193 })}\n\n`;
    });
    return;
  }
  const body = jsonFor(world, pathname, query, now);
  if (pathname === '/api/explain') {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => send(response, explain(Buffer.concat(chunks).toString())));
  } else if (body === undefined) sendError(response, 404, 'not found');
  else send(response, body);
}

function jsonFor(world: World, pathname: string, query: URLSearchParams, now: number): unknown {
  const [, name] = /^\/api\/metrics\/(.+)$/.exec(pathname) ?? [];
  if (name !== undefined) return metricFacts(world, decodeURIComponent(name));
  const tick = (): StreamTick => world.tick(now, query);
  switch (pathname) {
    case '/api/tick':
      return tick();
    case '/api/top':
      return top(world, query, now);
    case '/api/history':
      return world.history(Math.ceil(Number(query.get('range') ?? 300) / 10) * 10, now);
    case '/api/series':
      return world.series(query.get('metric') ?? '', Number(query.get('range') ?? 300), now, query.get('by'));
    case '/api/status':
      return {
        version: '1.4.0',
        listeners: [
          { kind: 'udp', name: '127.0.0.1:8125', port: 8125 },
          { kind: 'unixgram', name: '/run/whippet/dsd.sock', port: 0 },
        ],
        bucket_seconds: 10,
      };
    case '/api/ledger':
      return ledger(world, tick());
    case '/api/clients':
      return clients(world.isEmpty);
    case '/api/cardinality':
      return {
        limits: {
          contexts: 1_000_000,
          contexts_per_metric: 0,
          contexts_per_origin: 0,
          tags: 0,
          tag_value_bytes: 0,
          dry_run: false,
        },
        contexts: tick().contexts,
        overflowSeries: 0,
        largest: world.isEmpty ? [] : [{ metric: 'api.client.calls', contexts: 28_120 }],
        samplesOver: { contexts: 0 },
        reports: [],
      };
    case '/api/cardinality/without': {
      const metric = query.get('metric') ?? '';
      const key = query.get('key') ?? '';
      return {
        metric,
        key,
        contexts: { before: 28_120, after: 14 },
        all: { before: 41_208, after: 13_102 },
        lookedAt: 28_120,
        error: 0,
        tagKeys: [],
        rule: `rules:\n  - match: ${JSON.stringify(metric)}\n    drop_tags: [${key}]\n`,
      };
    }
    case '/api/config':
      return {
        dogstatsd_port: { value: 8125, source: 'default' },
        'http.token': { value: '***', source: 'file whippet.yaml' },
        bucket_seconds: { value: 10, source: 'default' },
        rules: { value: [{ match: 'checkout.*', drop_tags: ['user'] }], source: 'file whippet.yaml' },
      };
    case '/api/config/diff':
      return {
        valid: true,
        problems: [],
        warnings: [],
        changes: [
          {
            key: 'histogram_percentiles',
            before: ['0.95'],
            after: ['0.95', '0.99'],
            beforeSource: 'default',
            afterSource: 'file whippet.yaml',
            needsRestart: false,
          },
        ],
      };
    case '/-/reload':
      return { ok: true, changed: ['histogram_percentiles'], needRestart: [] };
    default:
      return undefined;
  }
}

function top(world: World, query: URLSearchParams, now: number) {
  const by = query.get('by') ?? 'samples';
  const { bounds } = world.top(query, now);
  if (by === 'context') {
    const rows = world.contexts(query.get('metric') ?? '');
    return { by, at: now, total: rows.length, offset: 0, rows, bounds };
  }
  if (by === 'origin') {
    const row = (origin: string, messages: number) => ({
      origin,
      kind: 'container',
      packets: null,
      messages,
      bytes: null,
      errors: 0,
      error: 0,
      lastSeen: now,
      metrics: [],
    });
    return {
      by,
      at: now,
      total: 2,
      offset: 0,
      rows: [row('checkout-7f9c', 2_411_004), row('checkout-b21d', 1_211_876)],
      bounds,
    };
  }
  if (by === 'errors') {
    const lines = Array.from({ length: 5 }, (_, at) => ({
      line: `page.views:${at},5|c`,
      at: 12,
      listener: 'udp',
      seenAt: now - at,
    }));
    return {
      by,
      at: now,
      total: 1,
      offset: 0,
      rows: [
        {
          reason: 'metric:value',
          words: 'this is not a number',
          remedy: '',
          count: 3106,
          perSecond: 1.4,
          firstSeen: now - 900,
          lastSeen: now,
          lines,
        },
      ],
      bounds,
    };
  }
  if (by === 'contexts' && query.get('sort') === null) query.set('sort', 'contexts');
  return { by, at: now, ...world.top(query, now) };
}

function metricFacts(world: World, name: string) {
  const row = world.rows.find((one) => one.name === name);
  if (row === undefined) return undefined;
  const isGrower = name === 'api.client.calls';
  return {
    name,
    types: row.types,
    contexts: row.contexts,
    samples: row.samples,
    bytes: row.bytes,
    tagValues: row.tagValues,
    largest: [],
    tagKeys: [
      ...(isGrower ? [{ key: 'request_id', distinct: 28_114, examples: ['f-0028113', 'f-0028114'] }] : []),
      { key: 'path', distinct: 212, examples: ['/cart', '/pay', '/login'] },
      { key: 'status', distinct: 9, examples: ['200', '302', '500'] },
      { key: 'region', distinct: 4, examples: ['eu-1', 'us-1'] },
      { key: 'env', distinct: 1, examples: ['prod'] },
    ],
  };
}

function ledger(world: World, tick: StreamTick) {
  const none = { rejected: {}, filtered: {}, dropped: {}, held: {}, imbalance: 0 };
  const n = (one: number): number => (world.isEmpty ? 0 : one);
  return {
    at: tick.at,
    startedAt: tick.startedAt,
    balanced: true,
    totals: [
      {
        ...none,
        stage: 'listener',
        name: 'udp',
        unit: 'packets',
        received: n(4_830_079),
        accepted: { processed: n(4_830_079) },
      },
      {
        ...none,
        stage: 'listener',
        name: 'udp',
        unit: 'messages',
        received: n(98_914_207),
        accepted: { metric: n(98_886_331) },
        rejected: { 'metric:value': n(3106), 'metric:name_value': n(306) },
        filtered: { 'metric:filter': n(24_446) },
        held: { backlog: n(18) },
      },
      {
        ...none,
        stage: 'aggregate',
        name: '',
        unit: 'values',
        received: n(104_220_918),
        accepted: { flushed: n(104_098_578) },
        held: { buckets: n(122_340) },
      },
      {
        ...none,
        stage: 'output',
        name: 'prometheus',
        unit: 'records',
        received: n(31_904_410),
        accepted: { shown: n(31_904_410) },
      },
      {
        ...none,
        stage: 'delivery',
        name: 'datadog',
        unit: 'payloads',
        received: n(18_204),
        accepted: { taken: n(18_190) },
        held: { retry_queue: n(14) },
      },
    ],
    listeners: [
      {
        listener: 'udp',
        addresses: ['127.0.0.1:8125'],
        kernel: { droppedPackets: n(17), queuedBytes: 0, limitBytes: 212_992 },
      },
    ],
    notListening: [],
    losses: tick.losses,
  };
}

function clients(isEmpty: boolean) {
  if (isEmpty) return { clients: [], transports: [] };
  const client = (name: string, version: string, transport: string, sent: number, dropped: number) => ({
    client: name,
    version,
    transport,
    lastAt: seconds() - 380,
    counts: { packets_sent: sent, packets_dropped: dropped, packets_dropped_queue: dropped },
    metricsByType: {},
  });
  return {
    clients: [
      client('python', '0.47.0', 'udp', 1_402_118, 212),
      client('node', '8.7.0', 'udp', 611_340, 0),
      client('go', '5.6.0', 'uds', 2_811_004, 0),
      client('java', '4.4.2', 'uds', 5640, 0),
    ],
    transports: [
      {
        transport: 'udp',
        listeners: ['udp'],
        clientsSent: 2_013_458,
        clientsDropped: 212,
        received: 2_013_435,
        kernelDropped: 17,
        missing: 6,
      },
      {
        transport: 'uds',
        listeners: ['unixgram'],
        clientsSent: 2_816_644,
        clientsDropped: 0,
        received: 2_816_644,
        kernelDropped: 0,
        missing: 0,
      },
    ],
  };
}

function explain(text: string) {
  const messages = text
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const isBad = /:\d+,\d/.test(line);
      return {
        line,
        outcome: isBad ? 'rejected' : 'accepted',
        name: line.split(':')[0] ?? '',
        reason: isBad ? 'metric:value' : '',
        words: isBad ? 'this is not a number' : '',
        remedy: isBad ? 'write the decimal sign as a dot' : '',
        caret: isBad ? line.indexOf(':') + 1 : null,
        corrected: isBad
          ? { line: line.replace(',', '.'), start: line.indexOf(','), end: line.indexOf(',') + 1 }
          : null,
        steps: [
          { label: 'metric', text: `${line.split(':')[0]}  timing  12.5`, tone: 'plain' },
          {
            label: 'mapper',
            text: 'profile "jobs", rule 1 "jobs.*.*.duration" ─▶ jobs.duration',
            tone: 'plain',
          },
          { label: 'note', text: 'a field that begins with "x" is unknown and ignored', tone: 'note' },
          { label: 'context', text: 'shop.jobs.duration  histogram  host db-3', tone: 'plain' },
          { label: 'context', text: 'env:prod                         line', tone: 'plain' },
          { label: 'context', text: 'kind:etl                         mapper', tone: 'plain' },
          { label: 'series', text: 'shop.jobs.duration.max           gauge', tone: 'plain' },
          { label: 'series', text: 'shop.jobs.duration.count         rate', tone: 'plain' },
        ],
        text: '',
      };
    });
  return { messages, unterminated: 0, leftOut: 0 };
}

function stream(response: ServerResponse, everyMs: number, next: () => string): void {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  response.write(next());
  const timer = setInterval(() => response.write(next()), everyMs);
  response.once('close', () => clearInterval(timer));
}

function send(response: ServerResponse, body: unknown): void {
  response
    .writeHead(200, { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' })
    .end(JSON.stringify(body));
}

function sendError(response: ServerResponse, status: number, error: string): void {
  response
    .writeHead(status, { 'content-type': 'application/json; charset=utf-8' })
    .end(JSON.stringify({ error }));
}
