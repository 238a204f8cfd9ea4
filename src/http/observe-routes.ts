/** What scrapers and supervisors ask for: never guarded, changes nothing. */
import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { chooseEncoding } from '../lib/http/weighted-header.ts';
import type { HealthReport } from './health-report.ts';
import { PAGE_ENCODINGS, streamPage } from './page-stream.ts';
import { JSON_TYPE, type Route } from './route.ts';

const PAGES_MAX = 8;
/** A client that takes nothing for this long loses its place to one that asks. */
const PAGE_STALL_MS = 1000;
const METRICS_OFF =
  'The Prometheus output is off. Turn it on with outputs.prometheus.enabled: true and restart.\n';

const OWN_OFF =
  "The server's own metrics have no page of their own; outputs.prometheus.own_metrics: separate.\n";

/** What can render the metrics page, as the Prometheus output does. */
export interface MetricsSource {
  /** Brings the page up to now; resolves soon, at the latest after a second. */
  refresh?(): Promise<void>;
  /** The server's own metrics, where they have a page of their own. */
  ownPage?(accept: string | undefined): MetricsPage;
  page(accept: string | undefined): MetricsPage;
}

export interface MetricsPage {
  readonly contentType: string;
  readonly chunks: Iterable<string | Uint8Array>;
}

export interface ObserveOptions {
  /** Undefined when the output is off. */
  readonly prometheus?: MetricsSource;
  health(): HealthReport;
  ready(): boolean;
}

export function observeRoutes(options: ObserveOptions): Route[] {
  const shared = { tag: 'observe', guarded: false } as const;
  return [
    {
      ...shared,
      // Its own HEAD, because a derived one would render the whole page to throw it away.
      methods: ['GET', 'HEAD'],
      path: '/metrics',
      summary:
        'Everything received, and what the server says of itself, for Prometheus. Text or OpenMetrics.',
      answers: {
        200: 'The page; gzip or zstd on request.',
        404: 'The Prometheus output is off.',
        406: 'Accept-Encoding takes neither gzip nor zstd, and refuses a page as it is.',
        503: `${PAGES_MAX} pages are on their way already, and their clients read.`,
      },
      produces: 'text/plain',
      handle: metricsHandler(options.prometheus),
    },
    {
      ...shared,
      methods: ['GET', 'HEAD'],
      path: '/metrics/own',
      summary: 'What the server says of itself, with outputs.prometheus.own_metrics: separate.',
      answers: {
        200: 'The page; gzip or zstd on request.',
        404: 'There is no such page.',
        406: 'As for /metrics.',
        503: 'As for /metrics.',
      },
      produces: 'text/plain',
      handle: metricsHandler(ownSource(options.prometheus), true),
    },
    {
      ...shared,
      methods: ['GET', 'HEAD'],
      path: '/health',
      summary: 'Whether every part works.',
      answers: { 200: 'All parts work.', 503: 'The report says which does not.' },
      produces: JSON_TYPE,
      handle: (_, reply) => {
        const report = options.health();
        return reply.code(report.healthy ? 200 : 503).send(report);
      },
    },
    {
      ...shared,
      methods: ['GET', 'HEAD'],
      path: '/ready',
      summary: 'Whether the server takes traffic.',
      answers: { 200: 'It does.', 503: 'Not yet, or no more.' },
      produces: JSON_TYPE,
      handle: (_, reply) => {
        const ready = options.ready();
        return reply.code(ready ? 200 : 503).send({ ready });
      },
    },
  ];
}

function ownSource(source: MetricsSource | undefined): MetricsSource | undefined {
  const page = source?.ownPage;
  return page && { page: (accept) => page(accept) };
}

/** A page on its way. */
interface PageUnderWay {
  readonly body: Readable;
  readonly socket: Socket;
  /** When its client took the last piece. */
  movedAt: number;
}

function metricsHandler(source: MetricsSource | undefined, isOwn = false) {
  const pages = new Set<PageUnderWay>();
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const plain = reply.type('text/plain; charset=utf-8');
    if (source === undefined) return plain.code(404).send(isOwn ? OWN_OFF : METRICS_OFF);
    if (pages.size >= PAGES_MAX && !endStalled(pages)) {
      return plain.code(503).header('retry-after', '1').send('Too many metric pages at once; try again.\n');
    }
    const encoding = chooseEncoding(request.headers['accept-encoding'], PAGE_ENCODINGS);
    if (encoding === undefined) {
      const offered = PAGE_ENCODINGS.join(', ');
      return plain
        .code(406)
        .header('vary', 'accept-encoding')
        .send(`Accept-Encoding takes none of: ${offered}\n`);
    }
    if (request.method !== 'HEAD') await source.refresh?.();
    const page = source.page(request.headers.accept);
    reply.type(page.contentType).header('vary', 'accept, accept-encoding');
    if (encoding !== 'identity') reply.header('content-encoding', encoding);
    if (request.method === 'HEAD') return reply.send(null);
    const onMove = (): void => {
      underWay.movedAt = performance.now();
    };
    const body = streamPage(watched(page.chunks, onMove), encoding);
    const underWay: PageUnderWay = { body, socket: request.raw.socket, movedAt: performance.now() };
    pages.add(underWay);
    body.once('close', () => pages.delete(underWay));
    return reply.send(body);
  };
}

function* watched(chunks: Iterable<string | Uint8Array>, onMove: () => void): Generator<string | Uint8Array> {
  for (const chunk of chunks) {
    onMove();
    yield chunk;
  }
}

/** Makes room for a client that reads: ends the page whose client has stood still for the longest; false when none has. */
function endStalled(pages: Set<PageUnderWay>): boolean {
  let slowest: PageUnderWay | undefined;
  for (const page of pages) if (slowest === undefined || page.movedAt < slowest.movedAt) slowest = page;
  if (slowest === undefined || performance.now() - slowest.movedAt < PAGE_STALL_MS) return false;
  pages.delete(slowest);
  slowest.body.destroy();
  slowest.socket.resetAndDestroy();
  return true;
}
