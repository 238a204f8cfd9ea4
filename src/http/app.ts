/**
 * The application behind the HTTP server: fastify, with the routes of the tables, checks before them and limits around
 * them. server.ts loads it for the first request.
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
 * Limits  bodies of PROXY_BODY_BYTES_MAX, ANSWER_MS until an answer begins, and those of the routes.
 */
import type { RequestListener, Server } from 'node:http';
import fastify, {
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type RouteHandlerMethod,
} from 'fastify';
import { CONTENT_SECURITY_POLICY } from '../lib/http/page.ts';
import type { Log } from '../lib/log.ts';
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

export interface AppOptions {
  /** Hears of requests that failed inside the server. */
  readonly logger?: Log;
  /** How long an answer may take to begin, ms; 30,000 unless a test says otherwise. */
  readonly answerMs?: number;
}

export interface SiteOptions extends AppOptions, ObserveOptions {
  readonly version: string;
  readonly source: ApiSource;
}

/** What answers the requests of a server. */
export interface App {
  readonly answer: RequestListener;
  close(): Promise<void>;
}

/** All routes of the server. */
export function routesOf(options: Pick<SiteOptions, 'version' | 'source'> & ObserveOptions): Route[] {
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

/** The application with all routes. */
export function openSite(server: Server, access: Access, options: SiteOptions): Promise<App> {
  return openApp(server, routesOf(options), access, options);
}

/** The application that takes packets and nothing else. */
export function openProxy(
  server: Server,
  access: Access,
  source: ProxySource,
  options: AppOptions,
): Promise<App> {
  return openApp(server, proxyRoutes(source), access, options);
}

async function openApp(
  server: Server,
  routes: readonly Route[],
  access: Access,
  options: AppOptions,
): Promise<App> {
  let answer: RequestListener = () => undefined;
  const app = buildApp(routes, access, options, (listener) => {
    answer = listener;
    return server;
  });
  await app.ready();
  return {
    answer,
    close: async () => {
      await app.close();
    },
  };
}

function buildApp(
  routes: readonly Route[],
  access: Access,
  { logger, answerMs = ANSWER_MS }: AppOptions,
  serverFor: (listener: RequestListener) => Server,
): FastifyInstance {
  const app = fastify({
    logger: false,
    forceCloseConnections: true,
    bodyLimit: PROXY_BODY_BYTES_MAX,
    exposeHeadRoutes: false,
    serverFactory: serverFor,
    // The server answers those itself, with and without fastify.
    clientErrorHandler: () => undefined,
  });
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
      onRequest: async (request, reply) => {
        const refused = refuse(request, reply, route, access);
        if (route.missed !== undefined) missed.watch(request, route.missed);
        if (refused !== undefined) missed.note(request, 'forbidden');
        return refused;
      },
      preValidation: route.query === undefined ? [] : [queryCheck(route)],
      preHandler: async (request) => missed.forget(request),
      handler: inTime(route.handle, answerMs) as RouteHandlerMethod,
    });
  }
  return app;
}

/** Checks the query against the route's schema and reads its numbers; the first request compiles the schema, not the start. */
function queryCheck(route: Route): (request: FastifyRequest) => Promise<void> {
  const schema = querySchema(route);
  return async (request) => {
    const validate = request.compileValidationSchema(schema, 'querystring');
    if (validate(request.query) === true) return;
    const problems = (validate.errors ?? []).map(
      (error) => `querystring${error.instancePath} ${error.message}`,
    );
    throw Object.assign(new Error(problems.join(', ')), { statusCode: 400 });
  };
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
