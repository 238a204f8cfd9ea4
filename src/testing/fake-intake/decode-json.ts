/**
 * Reads the JSON payloads of a Datadog intake: series of version 1 and 2, service checks, events grouped by source
 * type, and the single event of the public API (spec output A.4, A.6, A.7).
 *
 * Lenient about what is missing, as the intake is, and strict about what has the wrong type: the error names it.
 */
import { type ZodType, z } from 'zod';
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
const tagList = z.array(z.string()).nullish();
const number = z.number().nullish();

const seriesV1 = z.object({
  series: z.array(
    z.object({
      metric: z.string(),
      points: z.array(z.tuple([z.number(), z.number()])),
      type: z.enum(['gauge', 'rate', 'count']).nullish(),
      tags: tagList,
      host: text,
      device: text,
      interval: number,
      source_type_name: text,
    }),
  ),
});

const seriesV2 = z.object({
  series: z.array(
    z.object({
      metric: z.string(),
      points: z.array(z.object({ timestamp: z.number().optional(), value: z.number().optional() })),
      type: z.number().int().min(0).max(3).nullish(),
      tags: tagList,
      interval: number,
      unit: text,
      source_type_name: text,
      resources: z.array(z.object({ type: text, name: text })).nullish(),
      metadata: z
        .object({ origin: z.object({ product: number, metric_type: number, service: number }).nullish() })
        .nullish(),
    }),
  ),
});

const checkRun = z.object({
  check: z.string(),
  host_name: text,
  timestamp: number,
  status: z.number().int().min(0).max(3),
  message: text,
  tags: tagList,
});
const checkRuns = z.union([z.array(checkRun), checkRun]);

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
const intakeBody = z.object({ events: z.record(z.string(), z.array(event)).nullish() });

/** Throws DecodeError. */
export function decodeSeriesV1(body: Uint8Array): IntakeSeries[] {
  return parse(body, seriesV1).series.map((series) => {
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

/** Throws DecodeError. */
export function decodeSeriesV2(body: Uint8Array): IntakeSeries[] {
  return parse(body, seriesV2).series.map((series) => {
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

/** Throws DecodeError. */
export function decodeCheckRuns(body: Uint8Array): IntakeCheckRun[] {
  const runs = parse(body, checkRuns);
  return (Array.isArray(runs) ? runs : [runs]).map((run) => ({
    check: run.check,
    host: run.host_name ?? '',
    timestamp: run.timestamp ?? 0,
    status: run.status,
    message: run.message ?? '',
    tags: run.tags ?? [],
  }));
}

/** The body of `/intake/`: events by source type. A body without events, such as host metadata, has none. Throws DecodeError. */
export function decodeEventGroups(body: Uint8Array): IntakeEvent[] {
  const groups = parse(body, intakeBody).events ?? {};
  return Object.entries(groups).flatMap(([sourceType, events]) =>
    events.map((one) => toEvent(one, sourceType)),
  );
}

/** The body of `/api/v1/events`: one event. Throws DecodeError. */
export function decodeSingleEvent(body: Uint8Array): IntakeEvent[] {
  return [toEvent(parse(body, event), 'api')];
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

function parse<T>(body: Uint8Array, schema: ZodType<T>): T {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8'));
  } catch (error) {
    throw new DecodeError(`the body is not JSON: ${(error as Error).message}`, 400, error);
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new DecodeError(`the body is not what this route takes: ${issue?.path.join('.')}: ${issue?.message}`);
}
