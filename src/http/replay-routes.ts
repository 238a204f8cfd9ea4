/**
 * A replay whose packets count as those of the captured senders, for as long as the connection of the request lives:
 *
 *   POST /api/replay?pid=4711, body: the state of the capture   ─▶ a line of JSON when it has begun, and then nothing until the
 *                                                                  client goes away, which ends it
 */
import type { FastifyReply } from 'fastify';
import type { ApiSource } from './api-source.ts';
import { JSON_TYPE, type Route } from './route.ts';

const REFUSALS = {
  off: [409, 'dogstatsd_origin_detection is off, so nobody is asked who sends'],
  busy: [409, 'another replay is under way'],
  bad_state: [400, 'the body is not the state of a capture'],
} as const;

export function replayRoutes({ startReplay }: Pick<ApiSource, 'startReplay'>): Route[] {
  return [
    {
      methods: ['POST'],
      path: '/api/replay',
      summary:
        'Lets a process speak for the senders of a capture, whose state is the body, until it closes the connection.',
      tag: 'control',
      guarded: true,
      takesBytes: true,
      query: {
        pid: {
          description: "The process that replays, in the server's pid namespace.",
          schema: { type: 'integer', minimum: 1, maximum: 4_194_304 },
        },
      },
      answers: {
        200: 'It has begun; it ends with the connection.',
        400: 'The query or the body is not as documented.',
        409: 'Another replay is under way, or nobody is asked who sends.',
        413: 'The state is larger than 4 MiB.',
      },
      produces: JSON_TYPE,
      handle: (request, reply) => {
        const { pid } = request.query as { readonly pid?: number };
        if (pid === undefined) return reply.code(400).send({ error: 'pid is missing' });
        const state = request.body instanceof Uint8Array ? request.body : new Uint8Array();
        const session = startReplay(pid, state);
        if (typeof session === 'string') {
          const [code, error] = REFUSALS[session];
          return reply.code(code).send({ error });
        }
        return hold(reply, session);
      },
    },
  ];
}

function hold(
  reply: FastifyReply,
  { processes, entities, end }: Exclude<ReturnType<ApiSource['startReplay']>, string>,
): FastifyReply {
  const { raw } = reply;
  reply.hijack();
  for (const [name, value] of Object.entries(reply.getHeaders()))
    if (value !== undefined) raw.setHeader(name, value);
  raw.writeHead(200, { 'content-type': JSON_TYPE, 'x-content-type-options': 'nosniff' });
  raw.write(`${JSON.stringify({ processes, entities })}\n`);
  raw.once('close', end);
  return reply;
}
