/**
 * Messages as they arrive, each with what becomes of it, as server-sent events.
 *
 *   event: messages
 *   data: {"messages":[{"line":"page.views:1|c|#env:prod","outcome":"accepted", …}],"leftOut":12}
 *
 * Limits  what the threads show in a second (the server's), and a reader that is slow (event-stream.ts): what it cannot
 *         take is left out and counted.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { TAIL_OUTCOMES, type TailLine, type TailOutcome } from '../model/live/line-views.ts';
import { toByteString } from '../model/text.ts';
import type { ApiSource } from './api-source.ts';
import { type EventStream, openEventStream } from './event-stream.ts';
import type { Route, RouteParameter } from './route.ts';
import { type TailQuery, tailFilter } from './tail-filter.ts';

const text = (description: string): RouteParameter => ({
  description,
  schema: { type: 'string', maxLength: 200, default: '' },
});

const QUERY: Readonly<Record<string, RouteParameter>> = {
  search: text('Only lines that hold this text.'),
  outcome: text(`One or more of ${TAIL_OUTCOMES.join(', ')}, separated by commas.`),
  origin: text('Who sent it, as the line or the socket say; `*` is any text.'),
  type: text('One or more types: c, g, h, ms, d, s, event, check, separated by commas.'),
  name: text('Metric, event title or check, as delivered; `*` is any text.'),
  tag: text('A tag, or the key of one: env:prod, env. Several are separated by commas, and all are needed.'),
};

export function messageRoutes(source: ApiSource): Route[] {
  return [
    {
      methods: ['GET'],
      path: '/api/messages',
      summary:
        'Lines as they arrive and what becomes of them, as server-sent events; at a bounded rate, and how many were left out.',
      tag: 'api',
      guarded: true,
      query: QUERY,
      answers: {
        200: 'Events until the client closes.',
        400: 'The query is not as documented.',
        503: 'Too many watch already.',
      },
      produces: 'text/event-stream',
      handle: (request, reply) => watch(source, request, reply),
    },
  ];
}

function watch(source: ApiSource, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const query = request.query as TailQuery;
  const unknown = query.outcome.split(',').find((one) => one !== '' && !isOutcome(one));
  if (unknown !== undefined)
    return reply
      .code(400)
      .send({ error: `outcome is one of ${TAIL_OUTCOMES.join(', ')}; it is "${unknown}"` });
  const fits = tailFilter(query);
  const search = {
    parts: [query.search, ...query.tag.split(',')].filter((part) => part !== '').map(toByteString),
    rejected: query.outcome === 'rejected',
  };
  let events: EventStream | undefined;
  let leftOutHere = 0;
  const accept = (messages: readonly TailLine[], leftOut: number): void => {
    const isSent = events?.send('messages', { messages, leftOut: leftOut + leftOutHere }) ?? false;
    leftOutHere = isSent ? 0 : leftOutHere + messages.length + leftOut;
  };
  const stop = source.watchMessages({ search, fits, accept });
  if (stop === undefined) return reply.code(503).send({ error: 'too many watch already; try again later' });
  events = openEventStream(reply, stop);
  return reply;
}

function isOutcome(word: string): word is TailOutcome {
  return (TAIL_OUTCOMES as readonly string[]).includes(word);
}
