/**
 * The lines of the file output: one JSON object per series and bucket, event or service check
 * (docs/outputs.md shows each).
 *
 * A non-finite number is one of the strings "NaN", "Infinity", "-Infinity". Bytes that are not UTF-8 appear
 * as U+FFFD.
 */
import type { EventMessage, ServiceCheckMessage } from '../model/message.ts';
import type { Aggregate, AggregateData, Series, SeriesType } from '../model/series.ts';
import { type ByteString, toText } from '../model/text.ts';

export type FileNumber = number | 'NaN' | 'Infinity' | '-Infinity';

export interface SeriesRecord {
  metric: string;
  type: SeriesType;
  tags: string[];
  host: string;
  /** Start of the bucket, Unix seconds; the sample's own time when it had one. */
  timestamp: number;
  /** Seconds. */
  interval: number;
  value: FileNumber;
  /** For a rate: what was counted in the bucket, exact; `value` is this divided by `interval`. */
  count?: FileNumber;
  /** For a distribution. */
  sketch?: SketchRecord;
  /** For the first record of a histogram in a bucket, whatever aggregates are configured. */
  histogram?: HistogramRecord;
}

export interface SketchRecord {
  cnt: number;
  min: FileNumber;
  max: FileNumber;
  sum: FileNumber;
  avg: FileNumber;
  /** Bin keys, ascending. */
  k: number[];
  /** Observations in each bin. */
  n: number[];
}

export interface HistogramRecord {
  cnt: FileNumber;
  sum: FileNumber;
  min: FileNumber;
  max: FileNumber;
}

export interface EventRecord {
  kind: 'event';
  title: string;
  text: string;
  /** Unix seconds; when it was received, if the event did not say. */
  timestamp: number;
  host: string;
  tags: string[];
  priority: string;
  alert_type: string;
  aggregation_key: string;
  source_type: string;
}

export interface ServiceCheckRecord {
  kind: 'service_check';
  check: string;
  /** 0 OK, 1 warning, 2 critical, 3 unknown. */
  status: number;
  timestamp: number;
  host: string;
  tags: string[];
  message: string;
}

export type FileRecord = SeriesRecord | EventRecord | ServiceCheckRecord;

/** Writes the records of an aggregate, each line with its line feed. */
export function formatAggregate(aggregate: Aggregate): string {
  const { context, data, series } = aggregate;
  // What the lines share is written once: a histogram has one line per configured aggregate.
  const name = toText(context.name);
  const shared = `"tags":${formatTags(context.tags)},"host":${JSON.stringify(toText(context.host))},"timestamp":${aggregate.timestamp},"interval":${aggregate.interval}`;
  let lines = '';
  for (const one of series) {
    const metric = JSON.stringify(name + one.suffix);
    lines += `{"metric":${metric},"type":"${one.type}",${shared},"value":${formatNumber(one.value)}`;
    const count =
      one.type === 'rate' || one.type === 'count' ? countOf(data, one, aggregate.interval) : undefined;
    if (count !== undefined) lines += `,"count":${formatNumber(count)}`;
    if (data.kind === 'distribution') lines += `,"sketch":${formatSketch(data.sketch)}`;
    if (data.kind === 'histogram' && one === series[0])
      lines += `,"histogram":${formatHistogram(data.histogram)}`;
    lines += '}\n';
  }
  return lines;
}

export function formatEvent(event: EventMessage, receivedAt: number): string {
  const record: EventRecord = {
    kind: 'event',
    title: toText(event.title),
    text: toText(event.text),
    timestamp: event.timestamp || Math.floor(receivedAt),
    host: toText(event.hostname),
    tags: event.tags.map(toText),
    priority: event.priority,
    alert_type: event.alertType,
    aggregation_key: toText(event.aggregationKey),
    source_type: toText(event.sourceType),
  };
  return `${JSON.stringify(record)}\n`;
}

export function formatServiceCheck(check: ServiceCheckMessage, receivedAt: number): string {
  const record: ServiceCheckRecord = {
    kind: 'service_check',
    check: toText(check.name),
    status: check.status,
    timestamp: check.timestamp || Math.floor(receivedAt),
    host: toText(check.hostname),
    tags: check.tags.map(toText),
    message: toText(check.message),
  };
  return `${JSON.stringify(record)}\n`;
}

/** What a rate counted, without the rounding of its division. */
function countOf(data: AggregateData, series: Series, interval: number): number {
  switch (data.kind) {
    case 'counter':
      return data.sum;
    case 'timestamped':
      return data.value;
    case 'histogram':
      return data.histogram.count;
    default:
      return series.value * interval;
  }
}

function formatSketch(sketch: Extract<AggregateData, { kind: 'distribution' }>['sketch']): string {
  const { count, min, max, sum, avg, keys, counts } = sketch;
  const [low, high] = [formatNumber(min), formatNumber(max)];
  return `{"cnt":${count},"min":${low},"max":${high},"sum":${formatNumber(sum)},"avg":${formatNumber(avg)},"k":[${Array.from(keys)}],"n":[${Array.from(counts)}]}`;
}

function formatHistogram({
  count,
  sum,
  min,
  max,
}: {
  count: number;
  sum: number;
  min: number;
  max: number;
}): string {
  return `{"cnt":${formatNumber(count)},"sum":${formatNumber(sum)},"min":${formatNumber(min)},"max":${formatNumber(max)}}`;
}

function formatTags(tags: readonly ByteString[]): string {
  return tags.length === 0 ? '[]' : JSON.stringify(tags.map(toText));
}

function formatNumber(value: number): string {
  return Number.isFinite(value) ? String(value) : `"${value}"`;
}
