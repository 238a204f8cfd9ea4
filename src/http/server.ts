/**
 * The HTTP server, on the control thread: routes from tables, checks before them, limits around them.
 *
 *   page-routes.ts      /, /assets/…      the live page
 *   observe-routes.ts   /metrics, /health, /ready
 *   api-routes.ts       /api/…           what the server knows, as JSON
 *   live-routes.ts      /api/top, /api/series, /api/stream …, /agent/dogstatsd-stats
 *   message-routes.ts   /api/messages    lines as they arrive
 *   control-routes.ts   /-/reload, /-/flush
 *   proxy-routes.ts     /dogstatsd/v2/proxy
 *
 * Who may ask what is in access.ts; the OpenAPI document comes from the same tables (openapi.ts).
 *
 * Limits  CONNECTIONS_MAX connections, ten seconds to send a request, bodies of PROXY_BODY_BYTES_MAX, ANSWER_MS until an
 *         answer begins, ten seconds without progress of one that has begun (lib/answer-guard.ts), and those of the
 *         routes.
 */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import fastify, { type FastifyInstance, type FastifyReply, type RouteHandlerMethod } from 'fastify';
import { AnswerGuard, type AnswerGuardOptions } from '../lib/http/answer-guard.ts';
import { CONTENT_SECURITY_POLICY } from '../lib/http/page.ts';
import { isLoopbackAddress } from '../lib/http/web-guard.ts';
import type { Log } from '../lib/log.ts';
import { describeCause } from '../lib/text/describe-cause.ts';
import { type Access, refuse } from './access.ts';
import { apiRoutes } from './api-routes.ts';
import type { ApiSource } from './api-source.ts';
import { captureRoutes } from './capture-routes.ts';
import { controlRoutes } from './control-routes.ts';
import { liveRoutes } from './live-routes.ts';
import { messageRoutes } from './message-routes.ts';
import { MissedBodies } from './missed-bodies.ts';
import { type ObserveOptions, observeRoutes } from './observe-routes.ts';
import { pageRoutes } from './page-routes.ts';
import { PROXY_BODY_BYTES_MAX, type ProxySource, proxyRoutes } from './proxy-routes.ts';
import { replayRoutes } from './replay-routes.ts';
import { querySchema, type Route } from './route.ts';

const CONNECTIONS_MAX = 256;
const REQUEST_TIMEOUT_MS = 10_000;
/** Of that, for the headers. Node swaps the two when the headers have more time than the whole. */
const HEADERS_SHARE = 0.5;
const CONNECTIONS_CHECK_MS = 1000;
const HEADER_BYTES_MAX = 16_384;
/** A part of the server that hangs must not keep whoever asks it. */
const ANSWER_MS = 30_000;
const SECURITY_HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy': CONTENT_SECURITY_POLICY,
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
} as const;
const TOO_LARGE = 413;

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
  /** How long an answer may take to begin, ms; 30,000 unless a test says otherwise. */
  readonly answerMs?: number;
  /** What clients that do not take their answers are given; for tests. */
  readonly guard?: AnswerGuardOptions;
  readonly source: ApiSource;
}

export interface HttpServer {
  readonly address: string;
  readonly port: number;
  /** Connections that were closed or refused, by reason. */
  counts(): HttpCounts;
  /** Listens at another socket, which belongs to it then; requests under way at the one before are answered. */
  listenAgain(fd: number): void;
  /** Stops listening and ends open connections. */
  close(): Promise<void>;
}

export interface HttpCounts {
  /** The client did not take its answer. */
  readonly stalled: number;
  /** There were too many. */
  readonly refused: number;
}

export class HttpListenError extends Error {
  override readonly name = 'HttpListenError';
  readonly code: 'ERR_LISTEN_IN_USE' | 'ERR_LISTEN_FAILED';

  constructor(place: string, remedy: string, cause: NodeJS.ErrnoException) {
    const inUse = cause.code === 'EADDRINUSE';
    super(
      inUse
        ? `${place} is already in use; stop the other server or set ${remedy}`
        : `cannot listen on ${place} (${describeCause(cause)}); set ${remedy}`,
      { cause },
    );
    this.code = inUse ? 'ERR_LISTEN_IN_USE' : 'ERR_LISTEN_FAILED';
  }
}

/** All routes of the server. */
export function routesOf(options: Pick<HttpOptions, 'version' | 'source'> & ObserveOptions): Route[] {
  const routes: Route[] = [
    ...pageRoutes(),
    ...observeRoutes(options),
    ...apiRoutes(options.source, options.version, () => routes),
    ...liveRoutes(options.source.live),
    ...messageRoutes(options.source),
    ...captureRoutes(options.source),
    ...replayRoutes(options.source),
    ...controlRoutes(options.source),
    ...proxyRoutes(options.source),
  ];
  return routes;
}

/** Starts the server; rejects with an HttpListenError when it cannot listen. */
export async function startHttp(options: HttpOptions): Promise<HttpServer> {
  const { host, port, token } = options;
  const access = { loopbackOnly: isLoopbackAddress(host), token };
  const app = buildApp(routesOf(options), access, options.source, options);
  const guard = new AnswerGuard(app.server, options.guard);
  return listen(app, guard, { host, port }, `${host} port ${port}`, 'http.host and http.port');
}

/** `fd` is a descriptor of a socket that is bound at the path and listens; it belongs to the server then. */
export type ProxyPlace =
  | { readonly host: string; readonly port: number }
  | { readonly path: string; readonly fd?: number };

/** Where the proxy alone is wanted: the port of a trace agent, a Unix socket. Rejects with an HttpListenError. */
export async function startProxy(
  place: ProxyPlace,
  remedy: string,
  source: ProxySource,
  logger?: Log,
): Promise<HttpServer> {
  const loopbackOnly = 'host' in place && isLoopbackAddress(place.host);
  const app = buildApp(proxyRoutes(source), { loopbackOnly, token: '' }, source, {
    ...(logger && { logger }),
  });
  const name = 'path' in place ? place.path : `${place.host} port ${place.port}`;
  return listen(app, new AnswerGuard(app.server), place, name, remedy);
}

async function listen(
  app: FastifyInstance,
  guard: AnswerGuard,
  place: ProxyPlace,
  name: string,
  remedy: string,
): Promise<HttpServer> {
  try {
    if ('fd' in place && place.fd !== undefined) await listenAt(app, place.fd);
    else await app.listen(place);
  } catch (cause) {
    await app.close();
    throw new HttpListenError(name, remedy, cause as NodeJS.ErrnoException);
  }
  const bound = app.server.address() as AddressInfo | string | null;
  // Node knows no address of a socket that it was given.
  const [address, port] =
    bound === null || typeof bound === 'string' ? [name, 0] : [bound.address, bound.port];
  const counts = (): HttpCounts => ({ stalled: guard.stalled, refused: guard.refused });
  const listenAgain = (fd: number): void => {
    app.server.close();
    app.server.listen({ fd });
  };
  const close = async (): Promise<void> => {
    // Fastify closes only what it listens at itself.
    app.server.close();
    app.server.closeAllConnections();
    await app.close();
  };
  return { address, port, counts, listenAgain, close };
}

/** Fastify takes no descriptors. */
async function listenAt(app: FastifyInstance, fd: number): Promise<void> {
  await app.ready();
  const listening = once(app.server, 'listening');
  app.server.listen({ fd });
  await listening;
}

function buildApp(
  routes: readonly Route[],
  access: Access,
  { noteConnection }: ProxySource,
  {
    logger,
    requestTimeoutMs = REQUEST_TIMEOUT_MS,
    answerMs = ANSWER_MS,
  }: Pick<HttpOptions, 'logger' | 'requestTimeoutMs' | 'answerMs'>,
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
  app.server.on('connection', () => noteConnection(false));
  app.server.on('drop', () => noteConnection(true));
  const missed = new MissedBodies();
  // Some tracers send what they have with GET.
  app.addHttpMethod('GET', { hasBody: true, overrideExisting: true });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_, body, done) => done(null, body));
  app.addHook('onSend', async (_, reply) => addSecurityHeaders(reply));
  app.setErrorHandler((error: Error & { statusCode?: number }, request, reply) => {
    const status = error.statusCode ?? 500;
    missed.note(request, status === TOO_LARGE ? 'tooLarge' : 'cut');
    // Fastify would close the connection, and a client that still sends would see that instead of the answer. Left open,
    // what it still sends is read and thrown away, for as long as a request may take.
    if (status === TOO_LARGE) reply.removeHeader('connection');
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
      onRequest: async (request, reply) => {
        const refused = refuse(request, reply, route, access);
        if (route.missed !== undefined) missed.watch(request, route.missed);
        if (refused !== undefined) missed.note(request, 'forbidden');
        return refused;
      },
      preHandler: async (request) => missed.forget(request),
      handler: inTime(route.handle, answerMs) as RouteHandlerMethod,
    });
  }
  return app;
}

/** Answers with 503 when the answer does not begin in time; what was asked for may still be done. */
function inTime(handle: Route['handle'], answerMs: number): Route['handle'] {
  return async (request, reply) => {
    const answer = handle(request, reply);
    if (!(answer instanceof Promise)) return answer;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<typeof LATE>((resolve) => {
      timer = setTimeout(() => resolve(LATE), answerMs);
    });
    try {
      const first: unknown = await Promise.race([answer, late]);
      if (first !== LATE) return first;
    } finally {
      clearTimeout(timer);
    }
    answer.catch(() => undefined);
    return reply
      .code(503)
      .header('retry-after', '1')
      .send({ error: `no answer within ${answerMs / 1000} seconds; what was asked for may still be done` });
  };
}

const LATE = Symbol('late');

/** A route that says more of itself, as the page does, keeps what it said. */
function addSecurityHeaders(reply: FastifyReply): void {
  for (const [name, value] of Object.entries(SECURITY_HEADERS)) {
    if (!reply.hasHeader(name)) reply.header(name, value);
  }
}
