/**
 * Captures: packets of all listeners as a file, from now on or looking back. The answer is the file, as it grows.
 *
 *   POST /api/capture?duration=60s      the packets of the next minute
 *   POST /api/capture?last=30s          those of the last half minute, as far as they are remembered
 *   POST /api/capture/stop              ends the one under way; its answer then ends in order
 *
 * A client that goes away ends its capture.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ApiSource, CaptureSinkLike } from './api-source.ts';
import { JSON_TYPE, type Route } from './route.ts';

const DURATION = { type: 'string', pattern: '^\\d{1,6}(ms|s|m|h)$' } as const;
const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
const DURATION_MS_MAX = 24 * 3_600_000;

const REFUSALS = {
  busy: [409, 'a capture is under way; it can be ended with POST /api/capture/stop'],
  no_ring: [400, 'nothing is remembered; set capture.ring_bytes and restart'],
  stopping: [503, 'the server is stopping'],
} as const;

export function captureRoutes(source: ApiSource): Route[] {
  const shared = { tag: 'control', guarded: true } as const;
  return [
    {
      ...shared,
      methods: ['GET', 'HEAD'],
      path: '/api/capture',
      summary:
        'The capture under way, and the last one: packets, bytes, what did not fit, how far it looked back.',
      answers: { 200: 'As documented.' },
      produces: JSON_TYPE,
      handle: () => source.capture.view(),
    },
    {
      ...shared,
      methods: ['POST'],
      path: '/api/capture',
      summary:
        'Captures packets of all listeners, from now on or looking back. The answer is the file, as it grows.',
      query: {
        duration: { description: 'How long: 500ms, 60s, 5m, 1h.', schema: { ...DURATION, default: '60s' } },
        last: {
          description: 'Instead of the next packets the last ones, as far back as this.',
          schema: DURATION,
        },
        compress: { description: 'With Zstandard.', schema: { type: 'boolean', default: false } },
        filter: {
          description: 'Only what matches, such as name=web.*; several, separated by commas.',
          schema: { type: 'string', maxLength: 1000, default: '' },
        },
      },
      answers: {
        200: 'The capture, until it ends.',
        400: 'The query is not as documented, or nothing is remembered.',
        409: 'A capture is under way.',
        503: 'The server is stopping.',
      },
      produces: 'application/octet-stream',
      handle: (request, reply) => capture(source, request, reply),
    },
    {
      ...shared,
      methods: ['POST'],
      path: '/api/capture/stop',
      summary: 'Ends the capture under way before its time; what was captured is whole.',
      answers: { 200: 'It ends.', 404: 'No capture is under way.' },
      produces: JSON_TYPE,
      handle: (_, reply) =>
        source.capture.stop()
          ? { stopping: true }
          : reply.code(404).send({ error: 'no capture is under way' }),
    },
  ];
}

function capture(source: ApiSource, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { duration, last, compress, filter } = request.query as {
    readonly duration: string;
    readonly last?: string;
    readonly compress: boolean;
    readonly filter: string;
  };
  const durationMs = millisecondsOf(last ?? duration);
  if (durationMs > DURATION_MS_MAX) return reply.code(400).send({ error: 'a capture has at most 24 hours' });
  const { raw } = reply;
  let isOpen = false;
  const sink: CaptureSinkLike = {
    get pendingBytes() {
      return raw.writableLength;
    },
    write: (bytes) => {
      if (!raw.destroyed) raw.write(bytes);
    },
    end: () => {
      if (isOpen) raw.end();
    },
  };
  const filters = filter === '' ? [] : filter.split(',');
  const problem = source.capture.checkFilter(filters);
  if (problem !== undefined) return reply.code(400).send({ error: problem });
  const started = source.capture.start(
    { durationMs, isLast: last !== undefined, compress, filter: filters, reason: '' },
    sink,
  );
  if (typeof started === 'string') {
    const [code, error] = REFUSALS[started];
    return reply.code(code).send({ error });
  }
  isOpen = true;
  reply.hijack();
  for (const [name, value] of Object.entries(reply.getHeaders())) {
    if (value !== undefined) raw.setHeader(name, value);
  }
  const seconds = Math.floor(Date.now() / 1000);
  raw.writeHead(200, {
    'content-type': 'application/octet-stream',
    'content-disposition': `attachment; filename="datadog-capture-${seconds}.dog${compress ? '.zstd' : ''}"`,
  });
  raw.flushHeaders();
  raw.once('close', () => source.capture.stop());
  return reply;
}

function millisecondsOf(text: string): number {
  const [, amount = '0', unit = 's'] = /^(\d+)(ms|s|m|h)$/.exec(text) ?? [];
  return Number(amount) * (UNIT_MS[unit] as number);
}
