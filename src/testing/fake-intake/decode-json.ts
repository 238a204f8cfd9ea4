/**
 * Reads the JSON payloads of a Datadog intake: series of version 1 and 2, service checks, events grouped by source
 * type, and the single event of the public API (docs/datadog.md#what-is-sent).
 *
 * Lenient about what is missing, as the intake is, and strict about what has the wrong type: the error names it. Items are
 * checked one by one, up to the first that is wrong, so that the work is bounded (decode-budget.ts).
 */
import { type ZodType, z } from 'zod';
import { arrayOf } from '../../lib/checked-array.ts';
import { countJsonValues, DecodeBudget, type Reading, readAtOnce } from './decode-budget.ts';
import { DecodeError } from './decode-error.ts';
import {
  type IntakeCheckRun,
  type IntakeEvent,
  type IntakeResource,
  type IntakeSeries,
  type IntakeSeriesType,
  SERIES_TYPES,
} from './intake-data.ts';

const text = z.string().nullish();
const tagList = arrayOf(z.string()).nullish();
const number = z.number().nullish();

const seriesV1 = z.object({
  metric: z.string(),
  points: arrayOf(z.tuple([z.number(), z.number()])),
  type: z.enum(['gauge', 'rate', 'count']).nullish(),
  tags: tagList,
  host: text,
  device: text,
  interval: number,
  source_type_name: text,
});

const seriesV2 = z.object({
  metric: z.string(),
  points: arrayOf(z.object({ timestamp: z.number().optional(), value: z.number().optional() })),
  type: z.number().int().min(0).max(3).nullish(),
  tags: tagList,
  interval: number,
  unit: text,
  source_type_name: text,
  resources: arrayOf(z.object({ type: text, name: text })).nullish(),
  metadata: z
    .object({ origin: z.object({ product: number, metric_type: number, service: number }).nullish() })
    .nullish(),
});

const checkRun = z.object({
  check: z.string(),
  host_name: text,
  timestamp: number,
  status: z.number().int().min(0).max(3),
  message: text,
  tags: tagList,
});

const event = z.object({
  msg_title: text,
  msg_text: text,
  title: text,
  text,
  timestamp: number,
  date_happened: number,
  priority: text,
  host: text,
  tags: tagList,
  alert_type: text,
  aggregation_key: text,
  source_type_name: text,
  event_type: text,
});

/** Throws DecodeError, as all of these. */
export const decodeSeriesV1 = atOnce(readSeriesV1);
export const decodeSeriesV2 = atOnce(readSeriesV2);
export const decodeCheckRuns = atOnce(readCheckRuns);
export const decodeEventGroups = atOnce(readEventGroups);
export const decodeSingleEvent = atOnce(readSingleEvent);

export function* readSeriesV1(body: Uint8Array, budget: DecodeBudget): Reading<IntakeSeries[]> {
  return yield* readItems(listIn(parse(body, budget), 'series'), 'series', seriesV1, (series) => {
    const resources: IntakeResource[] = [];
    if (series.host) resources.push({ type: 'host', name: series.host });
    if (series.device) resources.push({ type: 'device', name: series.device });
    return {
      metric: series.metric,
      type: series.type ?? 'gauge',
      points: series.points.map(([timestamp, value]) => ({ timestamp, value })),
      tags: series.tags ?? [],
      host: series.host ?? '',
      resources,
      interval: series.interval ?? 0,
      unit: '',
      sourceTypeName: series.source_type_name ?? '',
    };
  });
}

export function* readSeriesV2(body: Uint8Array, budget: DecodeBudget): Reading<IntakeSeries[]> {
  return yield* readItems(listIn(parse(body, budget), 'series'), 'series', seriesV2, (series) => {
    const resources = (series.resources ?? []).map(({ type, name }) => ({
      type: type ?? '',
      name: name ?? '',
    }));
    const origin = series.metadata?.origin;
    return {
      metric: series.metric,
      type: SERIES_TYPES[series.type ?? 0] as IntakeSeriesType,
      points: series.points.map(({ timestamp = 0, value = 0 }) => ({ timestamp, value })),
      tags: series.tags ?? [],
      host: resources.find(({ type }) => type === 'host')?.name ?? '',
      resources,
      interval: series.interval ?? 0,
      unit: series.unit ?? '',
      sourceTypeName: series.source_type_name ?? '',
      ...(origin && {
        origin: {
          product: origin.product ?? 0,
          category: origin.metric_type ?? 0,
          service: origin.service ?? 0,
        },
      }),
    };
  });
}

export function* readCheckRuns(body: Uint8Array, budget: DecodeBudget): Reading<IntakeCheckRun[]> {
  const runs = parse(body, budget);
  return yield* readItems(Array.isArray(runs) ? runs : [runs], '', checkRun, (run) => ({
    check: run.check,
    host: run.host_name ?? '',
    timestamp: run.timestamp ?? 0,
    status: run.status,
    message: run.message ?? '',
    tags: run.tags ?? [],
  }));
}

/** The body of `/intake/`: events by source type. A body without events, such as host metadata, has none. */
export function* readEventGroups(body: Uint8Array, budget: DecodeBudget): Reading<IntakeEvent[]> {
  const { events: groups } = mapOf(parse(body, budget), '');
  if (groups === undefined || groups === null) return [];
  const events: IntakeEvent[] = [];
  for (const sourceType of Object.keys(mapOf(groups, 'events'))) {
    const items = listIn(groups, sourceType);
    const read = readItems(items, `events.${sourceType}`, event, (one) => toEvent(one, sourceType));
    for (const one of yield* read) events.push(one);
  }
  return events;
}

/** The body of `/api/v1/events`: one event. */
export function* readSingleEvent(body: Uint8Array, budget: DecodeBudget): Reading<IntakeEvent[]> {
  return yield* readItems([parse(body, budget)], '', event, (one) => toEvent(one, 'api'));
}

function toEvent(one: z.infer<typeof event>, sourceType: string): IntakeEvent {
  return {
    title: one.msg_title ?? one.title ?? '',
    text: one.msg_text ?? one.text ?? '',
    timestamp: one.timestamp ?? one.date_happened ?? 0,
    priority: one.priority ?? '',
    host: one.host ?? '',
    tags: one.tags ?? [],
    alertType: one.alert_type ?? '',
    aggregationKey: one.aggregation_key ?? '',
    sourceType: one.source_type_name ?? sourceType,
    eventType: one.event_type ?? '',
  };
}

function atOnce<T>(read: (body: Uint8Array, budget: DecodeBudget) => Reading<T>): (body: Uint8Array) => T {
  return (body) => readAtOnce(read(body, new DecodeBudget()));
}

/** Checks and converts item by item. `place` is where they stand, for the error. */
function* readItems<In, Out>(
  items: readonly unknown[],
  place: string,
  schema: ZodType<In>,
  convert: (item: In) => Out,
): Reading<Out[]> {
  const converted: Out[] = [];
  for (const [index, item] of items.entries()) {
    const result = schema.safeParse(item);
    if (!result.success) {
      const [issue] = result.error.issues;
      const at = [place, items.length === 1 && place === '' ? '' : index, ...(issue?.path ?? [])];
      throw wrong(at.filter((step) => step !== '').join('.'), issue?.message ?? '');
    }
    converted.push(convert(result.data));
    yield;
  }
  return converted;
}

function parse(body: Uint8Array, budget: DecodeBudget): unknown {
  budget.spend(countJsonValues(body));
  try {
    return JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8'));
  } catch (error) {
    throw new DecodeError(`the body is not JSON: ${(error as Error).message}`, 400, error);
  }
}

function mapOf(value: unknown, place: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw wrong(place, 'must be a map');
  return value as Record<string, unknown>;
}

function listIn(value: unknown, name: string): readonly unknown[] {
  const list = mapOf(value, '')[name];
  if (!Array.isArray(list)) throw wrong(name, 'must be a list');
  return list;
}

function wrong(place: string, what: string): DecodeError {
  return new DecodeError(`the body is not what this route takes: ${place}: ${what}`);
}
