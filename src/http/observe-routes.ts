/** What scrapers, supervisors and people with a browser ask for: never guarded, changes nothing. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { acceptsGzip } from '../lib/weighted-header.ts';
import type { HealthReport } from './health-report.ts';
import { renderHomePage } from './home-page.ts';
import { streamPage } from './page-stream.ts';
import { JSON_TYPE, type Route } from './route.ts';

const PAGES_MAX = 8;
const METRICS_OFF =
  'The Prometheus output is off. Turn it on with outputs.prometheus.enabled: true and restart.\n';

/** What can render the metrics page, as the Prometheus output does. */
export interface MetricsSource {
  page(accept: string | undefined): { readonly contentType: string; readonly chunks: Iterable<string> };
}

export interface ObserveOptions {
  /** Undefined when the output is off. */
  readonly prometheus?: MetricsSource;
  health(): HealthReport;
  ready(): boolean;
}

export function observeRoutes(options: ObserveOptions): Route[] {
  const home = renderHomePage(options.prometheus !== undefined);
  const shared = { tag: 'observe', guarded: false } as const;
  return [
    {
      ...shared,
      methods: ['GET', 'HEAD'],
      path: '/',
      summary: 'A page for people: where to look, how to send a first metric.',
      answers: { 200: 'The page.' },
      produces: 'text/html',
      handle: (_, reply) => reply.type('text/html; charset=utf-8').send(home),
    },
    {
      ...shared,
      // Its own HEAD, because a derived one would render the whole page to throw it away.
      methods: ['GET', 'HEAD'],
      path: '/metrics',
      summary:
        'Everything received, and what the server says of itself, for Prometheus. Text or OpenMetrics.',
      answers: {
        200: 'The page, gzip on request.',
        404: 'The Prometheus output is off.',
        503: `${PAGES_MAX} pages are on their way already.`,
      },
      produces: 'text/plain',
      handle: metricsHandler(options.prometheus),
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

function metricsHandler(source: MetricsSource | undefined) {
  let pages = 0;
  return (request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const plain = reply.type('text/plain; charset=utf-8');
    if (source === undefined) return plain.code(404).send(METRICS_OFF);
    if (pages >= PAGES_MAX) {
      return plain.code(503).header('retry-after', '1').send('Too many metric pages at once; try again.\n');
    }
    const page = source.page(request.headers.accept);
    const gzip = acceptsGzip(request.headers['accept-encoding']);
    reply.type(page.contentType).header('vary', 'accept, accept-encoding');
    if (gzip) reply.header('content-encoding', 'gzip');
    if (request.method === 'HEAD') return reply.send(null);
    const body = streamPage(page.chunks, gzip);
    pages++;
    body.once('close', () => pages--);
    return reply.send(body);
  };
}
