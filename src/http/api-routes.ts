/** What the server knows, as JSON. */
import type { FastifyRequest } from 'fastify';
import { CONTEXT_TYPES, type ContextType } from '../model/context.ts';
import { CONTEXT_SORTS, type ContextQuery, type ContextSort } from '../model/views/context-views.ts';
import type { ApiSource } from './api-source.ts';
import { openApiDocument } from './openapi.ts';
import { JSON_TYPE, type Route, type RouteParameter } from './route.ts';

const PER_PAGE_MAX = 1000;
const ROWS_MAX = 10_000;

/** The routes that answer one view each, with what it tells. */
const VIEW_SUMMARIES: Readonly<Record<string, string>> = {
  status: 'What runs: version, since when, listeners, threads, contexts, health.',
  config: 'Every key, its value and where it comes from. Secrets are hidden.',
  ledger: 'What was received by every listener and what became of it, by reason (docs/ledger.md).',
  clients: 'What clients say they sent and dropped, beside what arrived of it (docs/ledger.md).',
  connections: 'Every open stream connection: peer, since when, packets, bytes, last error.',
  outputs: 'Every output and endpoint: queue, oldest age, last error, last success.',
  cardinality: 'Limits on contexts: what is over them, and the tag key that grew (docs/limits.md).',
  forwarding: 'Packets sent on to another server.',
  global:
    'Global aggregation: lag by partition, late chunks, repeats, skew and silence by edge (docs/global.md).',
  'rate-limiter': 'The memory-based rate limiter of every listener.',
};

const QUERY: Readonly<Record<string, RouteParameter>> = {
  search: {
    description: 'Part of the name or of a tag, in any case.',
    schema: { type: 'string', default: '' },
  },
  type: { description: 'Only contexts of this type.', schema: { type: 'string', enum: [...CONTEXT_TYPES] } },
  sort: {
    description: 'Largest first; names from a to z.',
    schema: { type: 'string', enum: [...CONTEXT_SORTS], default: 'samples' },
  },
  page: { description: 'From 1.', schema: { type: 'integer', minimum: 1, default: 1 } },
  per_page: {
    description: `Rows of a page. The last row that can be asked for is the ${ROWS_MAX}th.`,
    schema: { type: 'integer', minimum: 1, maximum: PER_PAGE_MAX, default: 50 },
  },
};

const shared = { methods: ['GET', 'HEAD'], tag: 'api', guarded: true, produces: JSON_TYPE } as const;
const OK = 'As documented.';

/** `all` are the routes of the whole server, these included: the document tells of them. */
export function apiRoutes(source: ApiSource, version: string, all: () => readonly Route[]): Route[] {
  return [
    ...Object.entries(VIEW_SUMMARIES).map(
      ([name, summary]): Route => ({
        ...shared,
        path: `/api/${name}`,
        summary,
        answers: { 200: OK, 404: 'This part of the server is off.' },
        handle: (_, reply) => {
          const view = source.views[name];
          return view === undefined ? reply.code(404).send({ error: `there is no ${name} here` }) : view();
        },
      }),
    ),
    {
      ...shared,
      path: '/api/contexts',
      summary: 'The contexts the server knows, or with by=metric the metrics they belong to.',
      query: {
        by: {
          description: 'What a row is.',
          schema: { type: 'string', enum: ['context', 'metric'], default: 'context' },
        },
        ...QUERY,
      },
      answers: { 200: OK, 400: 'The query is not as documented.' },
      handle: (request) => {
        const { by } = request.query as { by: string };
        return by === 'metric'
          ? source.metrics(contextQuery(request))
          : source.contexts(contextQuery(request));
      },
    },
    {
      ...shared,
      path: '/api/origins',
      summary: 'What is known of senders, containers and pods, from which collector, and what is missing.',
      query: {
        of: {
          description: 'A process id, or a part of the id of a container or pod, or of a tag.',
          schema: { type: 'string', maxLength: 512, default: '' },
        },
        limit: {
          description: 'Containers and pods to list, the newest first.',
          schema: { type: 'integer', minimum: 0, maximum: 1000, default: 100 },
        },
      },
      answers: { 200: OK, 400: 'The query is not as documented.' },
      handle: (request) => {
        const { of, limit } = request.query as { of: string; limit: number };
        return source.origins(of, limit);
      },
    },
    {
      ...shared,
      path: '/api/metrics/:name',
      summary: 'One metric: its contexts, tag keys and their values.',
      params: { name: { description: 'Name as delivered.', schema: { type: 'string' } } },
      answers: { 200: OK, 404: 'No such metric is known now.' },
      handle: async (request, reply) => {
        const { name } = request.params as { name: string };
        const view = await source.metric(name);
        return view ?? reply.code(404).send({ error: `no metric ${name} is known now` });
      },
    },
    {
      ...shared,
      path: '/api/openapi.json',
      summary: 'This document.',
      answers: { 200: 'OpenAPI 3.1.' },
      handle: () => openApiDocument(all(), version),
    },
  ];
}

/** The query, checked by its schema already. */
function contextQuery({ query }: FastifyRequest): ContextQuery {
  const { search, type, sort, page, per_page } = query as {
    readonly search: string;
    readonly type?: ContextType;
    readonly sort: ContextSort;
    readonly page: number;
    readonly per_page: number;
  };
  return { search, type, sort, page, perPage: per_page };
}
