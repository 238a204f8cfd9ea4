/**
 * Routes of the live views: the statistics, their stream, and what people ask about lines and the configuration. What
 * they answer is declared and described in model/live/.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { CONTEXT_TYPES, type ContextType } from '../model/context.ts';
import { TOP_BY, type TopBy, TRAFFIC_SORTS, type TrafficSort } from '../model/live/traffic-views.ts';
import { type EventStream, openEventStream, renderEvent } from './event-stream.ts';
import type { LiveSource, RowsQuery, StreamQuery, TickText } from './live-source.ts';
import { streamPage } from './page-stream.ts';
import { JSON_TYPE, type Route, type RouteParameter } from './route.ts';

const LIMIT_MAX = 1000;
const OFFSET_MAX = 20_000;
const RANGE_MAX = 7200;
const NAME_MAX = 4096;

const get = { methods: ['GET', 'HEAD'], tag: 'api', guarded: true, produces: JSON_TYPE } as const;
const OK = 'As documented (src/model/live/).';
const BAD_QUERY = 'The query is not as documented.';

const ROWS: Readonly<Record<string, RouteParameter>> = {
  search: {
    description:
      'Words that must all be in the name; `name:http.*`, `type:d` and `tag:env:prod` pick metrics by name, type and tag.',
    schema: { type: 'string', maxLength: 200, default: '' },
  },
  type: { description: 'Only metrics of this type.', schema: { type: 'string', enum: [...CONTEXT_TYPES] } },
  order: {
    description: '`desc`: largest first, names from a to z; `asc`: the other way round.',
    schema: { type: 'string', enum: ['desc', 'asc'], default: 'desc' },
  },
  offset: {
    description: 'Rows to skip.',
    schema: { type: 'integer', minimum: 0, maximum: OFFSET_MAX, default: 0 },
  },
  limit: { description: 'Rows.', schema: { type: 'integer', minimum: 1, maximum: LIMIT_MAX, default: 20 } },
  since: {
    description: 'Seconds that rates and their order look back.',
    schema: { type: 'integer', minimum: 1, maximum: 600, default: 10 },
  },
};
const METRIC: RouteParameter = {
  description: 'Name as delivered.',
  schema: { type: 'string', minLength: 1, maxLength: NAME_MAX },
};
const TYPE: RouteParameter = {
  description: 'Of a metric with several types.',
  schema: { type: 'string', enum: [...CONTEXT_TYPES] },
};
const SERIES: Readonly<Record<string, RouteParameter>> = {
  by: {
    description: 'A tag key: one row for each of its values.',
    schema: { type: 'string', maxLength: 200 },
  },
  type: TYPE,
  limit: {
    description: 'Rows; everything else is in `rest`.',
    schema: { type: 'integer', minimum: 1, maximum: 64, default: 5 },
  },
};

export function liveRoutes(source: LiveSource): Route[] {
  return [
    {
      ...get,
      path: '/api/top',
      summary: 'Who sends most: metrics, contexts, origins, clients, listeners, or what is rejected most.',
      query: {
        by: {
          description: 'What a row is, or of metrics the order.',
          schema: { type: 'string', enum: [...TOP_BY], default: 'samples' },
        },
        ...ROWS,
        sort: { description: 'Order of metrics.', schema: { type: 'string', enum: [...TRAFFIC_SORTS] } },
        metric: { ...METRIC, description: 'With by=context: only those of this metric.' },
      },
      answers: { 200: OK, 400: BAD_QUERY },
      handle: (request) => {
        const { by, sort, metric } = request.query as { by: TopBy; sort?: TrafficSort; metric?: string };
        return source.top({ ...rowsQuery(request), by, sort, metric });
      },
    },
    {
      ...get,
      path: '/api/series',
      summary: 'Values of one metric over time: by series or by the values of a tag key, with a heat map.',
      query: {
        metric: METRIC,
        range: {
          description: 'Seconds back.',
          schema: { type: 'integer', minimum: 1, maximum: 3600, default: 300 },
        },
        step: {
          description:
            '1: by the second, as far as somebody has looked at the metric. From then on it is kept.',
          schema: { type: 'integer', enum: [1] },
        },
        ...SERIES,
      },
      answers: { 200: OK, 400: BAD_QUERY, 404: 'Nothing of this metric is held.' },
      handle: async (request, reply) => {
        const {
          metric = '',
          range,
          step,
          by,
          type,
          limit,
        } = request.query as {
          readonly metric?: string;
          readonly range: number;
          readonly step?: number;
          readonly by?: string;
          readonly type?: ContextType;
          readonly limit: number;
        };
        if (metric === '')
          return reply.code(400).send({ error: 'name a metric: /api/series?metric=page.views' });
        const answer = await source.series({ metric, range, step, by, type, limit });
        return answer ?? reply.code(404).send({ error: `nothing is held of ${metric}` });
      },
    },
    {
      ...get,
      path: '/api/history',
      summary: 'Totals over time: 5 minutes by the second, 2 hours by 10 seconds; events and spikes.',
      query: {
        range: {
          description: 'Seconds back.',
          schema: { type: 'integer', minimum: 1, maximum: RANGE_MAX, default: 300 },
        },
      },
      answers: { 200: OK, 400: BAD_QUERY },
      handle: (request) => source.history((request.query as { range: number }).range),
    },
    ...streamRoutes(source),
    {
      ...get,
      methods: ['POST'],
      path: '/api/explain',
      summary: 'What the server would make of the lines in the body, at most 100.',
      takesBytes: true,
      query: {
        source: {
          description: 'How they arrive, for dogstatsd_eol_required.',
          schema: { type: 'string', enum: ['udp', 'uds', 'named_pipe', 'tcp'], default: 'udp' },
        },
        origin: {
          description: 'Who sent them: container_id://…',
          schema: { type: 'string', maxLength: 200, default: '' },
        },
        pid: { description: 'Process that sent them.', schema: { type: 'integer', minimum: 0, default: 0 } },
      },
      answers: { 200: OK, 400: BAD_QUERY },
      handle: (request) => {
        const sender = request.query as { source: string; origin: string; pid: number };
        const body = request.body instanceof Uint8Array ? request.body : new Uint8Array(0);
        return source.explain(body, sender);
      },
    },
    {
      ...get,
      path: '/api/config/diff',
      summary: 'What a reload of the configuration would change. Changes nothing.',
      answers: { 200: OK },
      handle: () => source.configDiff(),
    },
    {
      ...get,
      path: '/api/cardinality/without',
      summary: 'How many contexts a metric would have without a tag key. Changes nothing.',
      query: {
        metric: METRIC,
        key: { description: 'The tag key.', schema: { type: 'string', minLength: 1, maxLength: 200 } },
      },
      answers: { 200: OK, 400: BAD_QUERY, 404: 'No such metric is known now.' },
      handle: async (request, reply) => {
        const { metric = '', key = '' } = request.query as { metric?: string; key?: string };
        if (metric === '' || key === '')
          return reply.code(400).send({ error: 'name a metric and a tag key' });
        const answer = await source.without(metric, key);
        return answer ?? reply.code(404).send({ error: `no metric ${metric} is known now` });
      },
    },
    {
      ...get,
      path: '/agent/dogstatsd-stats',
      summary: "Samples by name and tags, as the Agent's dogstatsd-stats answers.",
      answers: { 200: 'By a 64-bit key: name, tags, count, last_seen.' },
      handle: () => source.agentStats(),
    },
    {
      ...get,
      path: '/api/contexts/dump',
      summary: 'All contexts as the Agent dumps them: one JSON object a line, for `whippet top --path`.',
      answers: { 200: 'Lines of JSON.' },
      produces: 'application/x-ndjson',
      handle: (request, reply) => {
        reply.type('application/x-ndjson; charset=utf-8');
        return reply.send(request.method === 'HEAD' ? null : streamPage(source.dump(), 'identity'));
      },
    },
  ];
}

/** What a reader of the stream has on its screen. */
const TICK: Readonly<Record<string, RouteParameter>> = {
  ...ROWS,
  sort: {
    description: 'Order of metrics.',
    schema: { type: 'string', enum: [...TRAFFIC_SORTS], default: 'rate' },
  },
  metric: { ...METRIC, description: 'The series of this metric are in every tick, by the second.' },
  series_by: {
    description: 'Tag key to group its series by.',
    schema: { type: 'string', maxLength: 200 },
  },
  series_type: TYPE,
  series_limit: {
    description: 'Rows of its series.',
    schema: { type: 'integer', minimum: 1, maximum: 64, default: 5 },
  },
};

function streamRoutes(source: LiveSource): Route[] {
  /** A tick goes to all readers who asked the same. */
  const rendered = new WeakMap<TickText, Buffer>();
  return [
    {
      ...get,
      methods: ['GET'],
      path: '/api/stream',
      summary: 'How everything stands, every second, as server-sent events `tick`.',
      query: TICK,
      answers: { 200: 'Events until the client closes.', 400: BAD_QUERY, 503: 'Too many look on already.' },
      produces: 'text/event-stream',
      handle: stream,
    },
    {
      ...get,
      path: '/api/tick',
      summary: 'One tick of the stream, for those who find no room among its readers.',
      query: TICK,
      answers: { 200: OK, 400: BAD_QUERY },
      handle: async (request, reply) => {
        const { json } = await source.tick(streamQuery(request));
        return reply.type('application/json; charset=utf-8').send(json);
      },
    },
  ];

  function stream(request: FastifyRequest, reply: FastifyReply): FastifyReply {
    let events: EventStream | undefined;
    const stop = source.stream(streamQuery(request), (tick) => void events?.sendRendered(eventOf(tick)));
    if (stop === undefined)
      return reply
        .code(503)
        .header('retry-after', '5')
        .send({ error: 'too many look on already; try again later' });
    events = openEventStream(reply, stop);
    return reply;
  }

  function eventOf(tick: TickText): Buffer {
    let event = rendered.get(tick);
    if (event === undefined) {
      event = renderEvent('tick', tick.json);
      rendered.set(tick, event);
    }
    return event;
  }
}

function streamQuery(request: FastifyRequest): StreamQuery {
  const { sort, metric, series_by, series_type, series_limit } = request.query as {
    readonly sort: TrafficSort;
    readonly metric?: string;
    readonly series_by?: string;
    readonly series_type?: ContextType;
    readonly series_limit: number;
  };
  return {
    ...rowsQuery(request),
    sort,
    metric,
    groupBy: series_by,
    seriesType: series_type,
    rows: series_limit,
  };
}

/** The query, checked by its schema already. */
function rowsQuery({ query }: FastifyRequest): RowsQuery {
  const { search, type, order, offset, limit, since } = query as {
    readonly search: string;
    readonly type?: ContextType;
    readonly order: string;
    readonly offset: number;
    readonly limit: number;
    readonly since: number;
  };
  return { search, type, reverse: order === 'asc', offset, limit, since };
}
