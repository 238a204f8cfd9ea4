/**
 * HTTP for a test server: what tracers send metrics to, and the questions other languages ask.
 *
 *   POST, GET /dogstatsd/v2/proxy   a packet as the body
 *   /api/test/…                     test-api.ts
 *
 * Limits  CONNECTIONS_MAX connections, ten seconds to send headers and thirty a request, ten for an answer without
 *         progress. An answer may take as long to begin as its question says.
 */
import type { AddressInfo } from 'node:net';
import fastify from 'fastify';
import { AnswerGuard } from '../../lib/http/answer-guard.ts';
import { isLoopbackAddress, refuseWebPage } from '../../lib/http/web-guard.ts';
import type { TakePacket, TestListener } from './listener.ts';
import { addTestApi, type TestApiTarget } from './test-api.ts';

const BODY_BYTES_MAX = 4 * 1024 * 1024;
const REQUEST_TIMEOUT_MS = 30_000;
const HEADERS_TIMEOUT_MS = 10_000;
const CONNECTIONS_CHECK_MS = 1000;
const CONNECTIONS_MAX = 1024;

export interface HttpListener extends TestListener {
  readonly port: number;
}

/** Rejects with the error of the system. */
export async function listenHttp(
  host: string,
  port: number,
  take: TakePacket,
  target: TestApiTarget,
): Promise<HttpListener> {
  const app = fastify({
    logger: false,
    forceCloseConnections: true,
    bodyLimit: BODY_BYTES_MAX,
    requestTimeout: REQUEST_TIMEOUT_MS,
    http: { headersTimeout: HEADERS_TIMEOUT_MS, connectionsCheckingInterval: CONNECTIONS_CHECK_MS },
  });
  app.server.maxConnections = CONNECTIONS_MAX;
  new AnswerGuard(app.server);
  // Some tracers send what they have with GET.
  app.addHttpMethod('GET', { hasBody: true, overrideExisting: true });
  const loopbackOnly = isLoopbackAddress(host);
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_, body, done) => done(null, body));
  app.addHook('onRequest', async (request, reply) => {
    const refusal = refuseWebPage(request.headers, { loopbackOnly });
    if (refusal !== undefined) await reply.code(403).send({ error: refusal });
  });
  app.route({
    method: ['GET', 'POST'],
    url: '/dogstatsd/v2/proxy',
    handler: (request, reply) => {
      take((request.body as Buffer | undefined) ?? Buffer.alloc(0), 'http');
      return reply.code(200).send();
    },
  });
  app.setNotFoundHandler((_, reply) => reply.code(404).send({ error: 'not found; see /api/test' }));
  addTestApi(app, target);
  await app.listen({ host, port });
  return { port: (app.server.address() as AddressInfo).port, close: () => app.close() };
}
