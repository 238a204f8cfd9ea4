/**
 * Messages as they arrive, as server-sent events.
 *
 *   event: messages
 *   data: {"lines":["page.views:1|c|#env:prod"],"left_out":12}
 *
 * Limits  what the threads show in a second (the server's), and a reader that is slow: while HELD_BYTES_MAX wait for
 *         it, lines are left out and counted.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type ByteString, toByteString, toText } from '../model/text.ts';
import type { ApiSource } from './api-source.ts';
import type { Route } from './route.ts';

const HELD_BYTES_MAX = 256 * 1024;
/** So that proxies and readers know the connection lives. */
const KEEP_ALIVE_MS = 15_000;

export function messageRoutes(source: ApiSource): Route[] {
  return [
    {
      methods: ['GET'],
      path: '/api/messages',
      summary: 'Lines as they arrive, as server-sent events; at a bounded rate, and how many were left out.',
      tag: 'api',
      guarded: true,
      query: {
        search: {
          description: 'Only lines that hold this text.',
          schema: { type: 'string', maxLength: 200, default: '' },
        },
      },
      answers: { 200: 'Events until the client closes.', 503: 'Too many watch already.' },
      produces: 'text/event-stream',
      handle: (request, reply) => watch(source, request, reply),
    },
  ];
}

function watch(source: ApiSource, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { search } = request.query as { search: string };
  const { raw } = reply;
  let leftOutHere = 0;
  const take = (lines: readonly ByteString[], leftOut: number): void => {
    if (raw.writableLength > HELD_BYTES_MAX) {
      leftOutHere += lines.length + leftOut;
      return;
    }
    const data = { lines: lines.map(toText), left_out: leftOut + leftOutHere };
    leftOutHere = 0;
    raw.write(`event: messages\ndata: ${JSON.stringify(data)}\n\n`);
  };
  const stop = source.watchMessages({ search: toByteString(search), take });
  if (stop === undefined) return reply.code(503).send({ error: 'too many watch already; try again later' });
  reply.hijack();
  for (const [name, value] of Object.entries(reply.getHeaders())) {
    if (value !== undefined) raw.setHeader(name, value);
  }
  raw.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
  raw.write(': whippet\n\n');
  const alive = setInterval(() => raw.write(': \n\n'), KEEP_ALIVE_MS).unref();
  raw.once('close', () => {
    clearInterval(alive);
    stop();
  });
  return reply;
}
