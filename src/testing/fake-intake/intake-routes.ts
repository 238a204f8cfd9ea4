/**
 * What agents and clients talk to: every path that is not the fake intake's own (docs/fake-intake.md#asking-it).
 *
 *   POST  kept, answered 200 {"errors":[]}, or as an override says
 *   GET   answered 200, empty; key validation says whether the key is valid
 *   rest  405, unless an override is for it; HEAD /support/flare 200
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { sendOverride } from './answer.ts';
import { DecodeError } from './decode-error.ts';
import type { Overrides } from './overrides.ts';
import type { StoredPayload } from './payload-store.ts';

const VALIDATE_PATH = '/api/v1/validate';
const METHODS = ['GET', 'POST', 'HEAD', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'] as const;

export interface IntakeRouteOptions {
  readonly overrides: Overrides;
  /** Unix milliseconds. */
  readonly clock: () => number;
  readonly isKeyValid: (key: string) => boolean;
  /** Rejects with DecodeError. */
  readonly accept: (payload: StoredPayload) => Promise<void>;
}

export function addIntakeRoutes(app: FastifyInstance, options: IntakeRouteOptions): void {
  const answer = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const path = request.url.split('?', 1)[0] as string;
    const apiKey = keyOf(request);
    const override = options.overrides.take(request.method, path);
    if (request.method === 'POST') {
      const payload = {
        path,
        receivedAt: options.clock(),
        apiKey,
        contentType: headerOf(request, 'content-type'),
        contentEncoding: headerOf(request, 'content-encoding'),
        body: (request.body as Buffer | undefined) ?? Buffer.alloc(0),
      };
      // What is answered badly on purpose is not taken, as a backend that fails takes nothing.
      const fails =
        override !== undefined && ((override.statusCode ?? 200) >= 400 || override.fault === 'reset');
      if (fails) return sendOverride(reply, override);
      if (!options.isKeyValid(apiKey)) return forbid(reply);
      const refusal = await accept(options, payload);
      if (refusal !== undefined) throw Object.assign(refusal, { statusCode: refusal.status });
    }
    if (override !== undefined) return sendOverride(reply, override);
    return sendDefault(request, reply, path, options.isKeyValid(apiKey));
  };
  app.route({ method: [...METHODS], url: '/*', exposeHeadRoute: false, handler: answer });
}

function sendDefault(
  request: FastifyRequest,
  reply: FastifyReply,
  path: string,
  isKeyValid: boolean,
): FastifyReply {
  if (request.method === 'POST') return reply.send({ errors: [] });
  if (request.method === 'GET' && path === VALIDATE_PATH) {
    return isKeyValid ? reply.send({ valid: true }) : forbid(reply);
  }
  if (request.method === 'GET') return reply.code(200).send('');
  if (request.method === 'HEAD' && path === '/support/flare') return reply.code(200).send();
  return reply
    .code(405)
    .send({ errors: [`${request.method} is not answered on ${path} without an override`] });
}

async function accept(options: IntakeRouteOptions, payload: StoredPayload): Promise<DecodeError | undefined> {
  try {
    await options.accept(payload);
    return undefined;
  } catch (error) {
    if (error instanceof DecodeError) return error;
    throw error;
  }
}

function forbid(reply: FastifyReply): FastifyReply {
  return reply.code(403).send({ errors: ['Forbidden'] });
}

/** From the header, or from the query as old clients send it. */
function keyOf(request: FastifyRequest): string {
  const fromQuery = (request.query as Record<string, unknown>).api_key;
  return headerOf(request, 'dd-api-key') || (typeof fromQuery === 'string' ? fromQuery : '');
}

function headerOf(request: FastifyRequest, name: string): string {
  const value = request.headers[name];
  return (Array.isArray(value) ? value[0] : value) ?? '';
}
