/**
 * The fake intake's own routes, those of the well-known one (docs/fake-intake.md#asking-it) and a few more.
 *
 *   /fakeintake/payloads?endpoint=PATH[&format=json]   what came, raw (base64) or decoded
 *   /fakeintake/health, /fakeintake/routestats, /fakeintake/flushPayloads
 *   POST /fakeintake/configure/override                another answer; DELETE takes all back
 *   /fakeintake/refused                                requests that were refused, and why
 *   /                                                  a page for people
 */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { renderIntakePage } from './intake-page.ts';
import type { IntakeView } from './intake-view.ts';
import { FAULTS, type Override, type Overrides } from './overrides.ts';
import type { StoredPayload } from './payload-store.ts';
import { routeOf } from './routes.ts';

/** Where the routes are. */
export const FAKE_INTAKE_PATHS = {
  payloads: '/fakeintake/payloads',
  health: '/fakeintake/health',
  routeStats: '/fakeintake/routestats',
  flush: '/fakeintake/flushPayloads',
  refused: '/fakeintake/refused',
  override: '/fakeintake/configure/override',
} as const;

const METHODS = ['GET', 'POST'] as const;
const DELAY_MS_MAX = 600_000;

const overrideBody = z.object({
  endpoint: z.string().startsWith('/'),
  method: z
    .string()
    .regex(/^[A-Za-z]*$/)
    .optional(),
  status_code: z.number().int().min(100).max(599).optional(),
  content_type: z.string().optional(),
  headers: z.record(z.string(), z.string()).optional(),
  body: z.base64().optional(),
  delay_ms: z.number().min(0).max(DELAY_MS_MAX).optional(),
  fault: z.enum(FAULTS).optional(),
  times: z.number().int().min(1).optional(),
});

export function addAdminRoutes(app: FastifyInstance, intake: IntakeView, overrides: Overrides): void {
  app.get('/', (_, reply) => reply.type('text/html; charset=utf-8').send(renderIntakePage(intake)));
  app.route({
    method: [...METHODS],
    url: FAKE_INTAKE_PATHS.payloads,
    handler: async (request, reply) => {
      const { endpoint, format } = request.query as Record<string, string | string[] | undefined>;
      const [path] = [endpoint].flat();
      if (path === undefined) return reply.code(400).send({ errors: ['missing endpoint query parameter'] });
      if (format !== 'json') return { payloads: intake.payloads(path).map(rawPayload) };
      if (routeOf(path) === undefined) return reply.code(400).send({ errors: ['invalid route parameter'] });
      const payloads = [];
      for (const payload of intake.payloads(path)) {
        payloads.push({ ...rawPayload(payload), data: (await intake.decode(payload))?.items });
      }
      return { payloads };
    },
  });
  app.route({ method: [...METHODS], url: FAKE_INTAKE_PATHS.health, handler: () => ({ healthy: true }) });
  app.route({
    method: [...METHODS],
    url: FAKE_INTAKE_PATHS.routeStats,
    handler: () => ({
      routes: Object.fromEntries([...intake.routeStats()].map(([id, count]) => [id, { id, count }])),
    }),
  });
  app.route({
    method: [...METHODS],
    url: FAKE_INTAKE_PATHS.flush,
    handler: () => {
      intake.flush();
      return {};
    },
  });
  app.get(FAKE_INTAKE_PATHS.refused, () => ({ refused: intake.refusals() }));
  app.post(FAKE_INTAKE_PATHS.override, (request, reply) => {
    const parsed = parseOverride(request.body as Buffer | undefined);
    if (typeof parsed === 'string') return reply.code(400).send({ errors: [parsed] });
    if (!overrides.add(parsed))
      return reply.code(400).send({ errors: ['too many overrides; DELETE them first'] });
    return {};
  });
  app.delete(FAKE_INTAKE_PATHS.override, () => {
    overrides.clear();
    return {};
  });
}

/** The override, or what is wrong with it. */
function parseOverride(body: Buffer | undefined): Override | string {
  let value: unknown;
  try {
    value = JSON.parse((body ?? Buffer.alloc(0)).toString('utf8'));
  } catch (error) {
    return `the body is not JSON: ${(error as Error).message}`;
  }
  const result = overrideBody.safeParse(value);
  if (!result.success) {
    const [issue] = result.error.issues;
    return `${issue?.path.join('.')}: ${issue?.message}`;
  }
  const {
    endpoint,
    method,
    status_code,
    content_type,
    headers,
    body: text,
    delay_ms,
    fault,
    times,
  } = result.data;
  return {
    endpoint,
    ...(method !== undefined && method !== '' && { method: method.toUpperCase() }),
    ...(status_code !== undefined && { statusCode: status_code }),
    ...(content_type !== undefined && { contentType: content_type }),
    ...(headers !== undefined && { headers }),
    ...(text !== undefined && { body: Buffer.from(text, 'base64') }),
    ...(delay_ms !== undefined && { delayMs: delay_ms }),
    ...(fault !== undefined && { fault }),
    ...(times !== undefined && { times }),
  };
}

function rawPayload({ receivedAt, apiKey, body, contentEncoding, contentType }: StoredPayload) {
  return {
    timestamp: new Date(receivedAt).toISOString(),
    api_key: apiKey,
    data: Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('base64'),
    encoding: contentEncoding === '' ? contentType : contentEncoding,
    content_type: contentType,
  };
}
