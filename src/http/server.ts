/**
 * The HTTP server, on the control thread.
 *
 *   GET /metrics   the Prometheus page, streamed, gzip on request; 404 when that output is off
 *   GET /health    200 or 503 with a report as JSON
 *   GET /ready     200 or 503
 *   GET /          a page for people
 *   GET /api/NAME  what the server knows, as JSON: one route for each of HttpOptions.views
 *   POST /-/reload loads the configuration again; only for this machine, never for web pages
 *
 * HEAD works for each GET. Browsers of other sites can neither read it nor have it do anything.
 *
 * Limits  CONNECTIONS_MAX connections, PAGES_MAX metric pages at once (a further one gets 503), ten
 *         seconds to send a request.
 */
import type { AddressInfo } from 'node:net';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Log } from '../lib/log.ts';
import { CONTENT_SECURITY_POLICY } from '../lib/page.ts';
import { acceptsGzip } from '../lib/weighted-header.ts';
import type { HealthReport } from './health-report.ts';
import { renderHomePage } from './home-page.ts';
import { streamPage } from './page-stream.ts';

const CONNECTIONS_MAX = 256;
const PAGES_MAX = 8;
const REQUEST_TIMEOUT_MS = 10_000;
const METRICS_OFF =
  'The Prometheus output is off. Turn it on with outputs.prometheus.enabled: true and restart.\n';

/** What can render the metrics page, as the Prometheus output does. */
export interface MetricsSource {
  page(accept: string | undefined): { readonly contentType: string; readonly chunks: Iterable<string> };
}

/** What `GET /api/<name>` answers, by name; called for each request. A promise is waited for. */
export type Views = Readonly<Record<string, () => unknown>>;

export interface HttpOptions {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** Hears of requests that failed inside the server. */
  readonly logger?: Log;
  /** Undefined when the output is off. */
  readonly prometheus?: MetricsSource;
  readonly views?: Views;
  health(): HealthReport;
  ready(): boolean;
  /** Loads the configuration again; never rejects. */
  reload?(): Promise<ReloadAnswer>;
}

/** What a reload led to; the answer to POST /-/reload. */
export interface ReloadAnswer {
  readonly ok: boolean;
  /** Keys that changed, and keys that would have but need a restart. */
  readonly changed?: readonly string[];
  readonly needRestart?: readonly string[];
  /** What is wrong with the new configuration; nothing was changed then. */
  readonly problems?: readonly string[];
}

export interface HttpServer {
  readonly address: string;
  readonly port: number;
  /** Stops listening and ends open connections. */
  close(): Promise<void>;
}

export class HttpListenError extends Error {
  override readonly name = 'HttpListenError';
  readonly code: 'ERR_LISTEN_IN_USE' | 'ERR_LISTEN_FAILED';

  constructor(options: HttpOptions, cause: NodeJS.ErrnoException) {
    const inUse = cause.code === 'EADDRINUSE';
    super(
      inUse
        ? `port ${options.port} is already in use; stop the other server or set http.port`
        : `cannot listen on ${options.host} port ${options.port} (${cause.code ?? cause.message}); set http.host and http.port`,
      { cause },
    );
    this.code = inUse ? 'ERR_LISTEN_IN_USE' : 'ERR_LISTEN_FAILED';
  }
}

/** Starts the server; rejects with an HttpListenError when it cannot listen. */
export async function startHttp(options: HttpOptions): Promise<HttpServer> {
  const app = fastify({
    logger: false,
    forceCloseConnections: true,
    requestTimeout: REQUEST_TIMEOUT_MS,
    exposeHeadRoutes: true,
  });
  app.server.maxConnections = CONNECTIONS_MAX;
  app.addHook('onSend', async (_, reply) => addSecurityHeaders(reply));
  app.setErrorHandler((error, request, reply) => {
    options.logger?.error({ err: error, url: request.url }, 'an HTTP request failed');
    return reply.code(500).type('text/plain; charset=utf-8').send('Internal error; see the log.\n');
  });
  app.setNotFoundHandler((_, reply) =>
    reply
      .code(404)
      .type('text/plain; charset=utf-8')
      .send('Not found. Try /, /metrics, /health or /ready.\n'),
  );
  addRoutes(app, options);
  try {
    await app.listen({ host: options.host, port: options.port });
  } catch (cause) {
    await app.close();
    throw new HttpListenError(options, cause as NodeJS.ErrnoException);
  }
  const { address, port } = app.server.address() as AddressInfo;
  return { address, port, close: () => app.close() };
}

function addRoutes(app: FastifyInstance, options: HttpOptions): void {
  const home = renderHomePage(options.prometheus !== undefined);
  app.get('/', (_, reply) => reply.type('text/html; charset=utf-8').send(home));
  app.get('/health', (_, reply) => {
    const report = options.health();
    return reply.code(report.healthy ? 200 : 503).send(report);
  });
  app.get('/ready', (_, reply) => {
    const ready = options.ready();
    return reply.code(ready ? 200 : 503).send({ ready });
  });
  for (const [name, view] of Object.entries(options.views ?? {})) {
    app.get(`/api/${name}`, async (_, reply) => reply.send(await view()));
  }
  app.post('/-/reload', async (request, reply) => {
    if (!isLocal(request))
      return reply.code(403).send({ ok: false, problems: ['only this machine may reload'] });
    const answer = (await options.reload?.()) ?? { ok: false, problems: ['there is nothing to reload'] };
    return reply.code(answer.ok ? 200 : 400).send(answer);
  });
  const handler = metricsHandler(options.prometheus);
  // Its own HEAD route, because the derived one would render the whole page to throw it away.
  app.get('/metrics', { exposeHeadRoute: false }, handler);
  app.head('/metrics', handler);
}

/** A request of this machine that no web page made. */
function isLocal(request: FastifyRequest): boolean {
  const local = ['127.0.0.1', '::1', '::ffff:127.0.0.1'].includes(request.ip);
  return local && request.headers.origin === undefined && request.headers['sec-fetch-site'] === undefined;
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

function addSecurityHeaders(reply: FastifyReply): void {
  reply.headers({
    'cache-control': 'no-store',
    'content-security-policy': CONTENT_SECURITY_POLICY,
    'cross-origin-resource-policy': 'same-origin',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
  });
}
