/**
 * The HTTP server, on the control thread: routes from tables, checks before them, limits around them.
 *
 *   observe-routes.ts   /, /metrics, /health, /ready
 *   api-routes.ts       /api/…           what the server knows, as JSON
 *   message-routes.ts   /api/messages    lines as they arrive
 *   control-routes.ts   /-/reload, /-/flush
 *   proxy-routes.ts     /dogstatsd/v2/proxy
 *
 * Who may ask what is in access.ts; the OpenAPI document comes from the same tables (openapi.ts).
 *
 * Limits  CONNECTIONS_MAX connections, ten seconds to send a request, bodies of PROXY_BODY_BYTES_MAX, and those of
 *         the routes.
 */
import type { AddressInfo } from 'node:net';
import fastify, { type FastifyInstance, type FastifyReply, type RouteHandlerMethod } from 'fastify';
import type { Log } from '../lib/log.ts';
import { CONTENT_SECURITY_POLICY } from '../lib/page.ts';
import { isLoopbackAddress } from '../lib/web-guard.ts';
import { type Access, refuse } from './access.ts';
import { apiRoutes } from './api-routes.ts';
import type { ApiSource } from './api-source.ts';
import { controlRoutes } from './control-routes.ts';
import { messageRoutes } from './message-routes.ts';
import { type ObserveOptions, observeRoutes } from './observe-routes.ts';
import { PROXY_BODY_BYTES_MAX, proxyRoutes } from './proxy-routes.ts';
import { querySchema, type Route } from './route.ts';

const CONNECTIONS_MAX = 256;
const REQUEST_TIMEOUT_MS = 10_000;
/** Of that, for the headers. Node swaps the two when the headers have more time than the whole. */
const HEADERS_SHARE = 0.5;
const CONNECTIONS_CHECK_MS = 1000;
const HEADER_BYTES_MAX = 16_384;

export interface HttpOptions extends ObserveOptions {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** Asked for on guarded routes; empty for none. */
  readonly token: string;
  readonly version: string;
  /** Hears of requests that failed inside the server. */
  readonly logger?: Log;
  /** How long a client may take to send a request, ms; 10,000 unless a test says otherwise. */
  readonly requestTimeoutMs?: number;
  readonly source: ApiSource;
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

  constructor(place: string, remedy: string, cause: NodeJS.ErrnoException) {
    const inUse = cause.code === 'EADDRINUSE';
    super(
      inUse
        ? `${place} is already in use; stop the other server or set ${remedy}`
        : `cannot listen on ${place} (${cause.code ?? cause.message}); set ${remedy}`,
      { cause },
    );
    this.code = inUse ? 'ERR_LISTEN_IN_USE' : 'ERR_LISTEN_FAILED';
  }
}

/** All routes of the server. */
export function routesOf(options: Pick<HttpOptions, 'version' | 'source'> & ObserveOptions): Route[] {
  const routes: Route[] = [
    ...observeRoutes(options),
    ...apiRoutes(options.source, options.version, () => routes),
    ...messageRoutes(options.source),
    ...controlRoutes(options.source),
    ...proxyRoutes(options.source),
  ];
  return routes;
}

/** Starts the server; rejects with an HttpListenError when it cannot listen. */
export async function startHttp(options: HttpOptions): Promise<HttpServer> {
  const { host, port, token, logger, requestTimeoutMs } = options;
  const access = { loopbackOnly: isLoopbackAddress(host), token };
  const app = buildApp(routesOf(options), access, logger, requestTimeoutMs);
  return listen(app, { host, port }, `${host} port ${port}`, 'http.host and http.port');
}

/** Where the proxy alone is wanted: the port of a trace agent, a Unix socket. Rejects with an HttpListenError. */
export async function startProxy(
  place: { readonly host: string; readonly port: number } | { readonly path: string },
  remedy: string,
  source: Pick<ApiSource, 'takePacket'>,
  logger?: Log,
): Promise<HttpServer> {
  const loopbackOnly = 'host' in place && isLoopbackAddress(place.host);
  const app = buildApp(proxyRoutes(source), { loopbackOnly, token: '' }, logger);
  const name = 'path' in place ? place.path : `${place.host} port ${place.port}`;
  return listen(app, place, name, remedy);
}

async function listen(
  app: FastifyInstance,
  place: { readonly host: string; readonly port: number } | { readonly path: string },
  name: string,
  remedy: string,
): Promise<HttpServer> {
  try {
    await app.listen(place);
  } catch (cause) {
    await app.close();
    throw new HttpListenError(name, remedy, cause as NodeJS.ErrnoException);
  }
  const bound = app.server.address() as AddressInfo | string;
  const [address, port] = typeof bound === 'string' ? [bound, 0] : [bound.address, bound.port];
  return { address, port, close: () => app.close() };
}

function buildApp(
  routes: readonly Route[],
  access: Access,
  logger: Log | undefined,
  requestTimeoutMs = REQUEST_TIMEOUT_MS,
): FastifyInstance {
  const app = fastify({
    logger: false,
    forceCloseConnections: true,
    requestTimeout: requestTimeoutMs,
    bodyLimit: PROXY_BODY_BYTES_MAX,
    exposeHeadRoutes: false,
    http: {
      maxHeaderSize: HEADER_BYTES_MAX,
      headersTimeout: requestTimeoutMs * HEADERS_SHARE,
      connectionsCheckingInterval: CONNECTIONS_CHECK_MS,
    },
  });
  app.server.maxConnections = CONNECTIONS_MAX;
  // Some tracers send what they have with GET.
  app.addHttpMethod('GET', { hasBody: true, overrideExisting: true });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_, body, done) => done(null, body));
  app.addHook('onSend', async (_, reply) => addSecurityHeaders(reply));
  app.setErrorHandler((error: Error & { statusCode?: number }, request, reply) => {
    const status = error.statusCode ?? 500;
    if (status < 500) return reply.code(status).send({ error: error.message });
    logger?.error({ err: error, url: request.url }, 'an HTTP request failed');
    return reply.code(500).send({ error: 'internal error; see the log' });
  });
  app.setNotFoundHandler((request, reply) => {
    const refused = refuse(request, reply, undefined, access);
    return refused ?? reply.code(404).send({ error: 'not found; / and /api/openapi.json say what there is' });
  });
  for (const route of routes) {
    app.route({
      method: [...route.methods],
      url: route.path,
      schema: { querystring: querySchema(route) },
      onRequest: async (request, reply) => refuse(request, reply, route, access),
      handler: route.handle as RouteHandlerMethod,
    });
  }
  return app;
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
