/**
 * The lines of the file output: one JSON object per series and bucket, event or service check
 * (docs/outputs.md shows each).
 *
 * A non-finite number is one of the strings "NaN", "Infinity", "-Infinity". Bytes that are not UTF-8 appear
 * as U+FFFD.
 */
import type { LineBytes } from '../lib/files/line-bytes.ts';
import type { HistogramSummary } from '../model/histogram.ts';
import type { EventMessage, ServiceCheckMessage } from '../model/message.ts';
import type { Aggregate, AggregateData, Series, SeriesType } from '../model/series.ts';
import type { Sketch } from '../model/sketch.ts';
import { toText } from '../model/text.ts';

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
export function writeAggregate(lines: LineBytes, aggregate: Aggregate): void {
  const { context, data, series, interval } = aggregate;
  // What the lines share is made once: a histogram has one line for each aggregate configured.
  let start = 0;
  let end = 0;
  for (let i = 0; i < series.length; i++) {
    const one = series[i] as Series;
    lines.ascii('{"metric":"');
    lines.escaped(context.name);
    lines.ascii(one.suffix);
    lines.ascii('","type":"');
    lines.ascii(one.type);
    if (end > 0) lines.repeat(start, end);
    else {
      start = lines.position;
      writeShared(lines, aggregate);
      end = lines.position;
    }
    writeNumber(lines, one.value);
    if (one.type === 'rate' || one.type === 'count') {
      lines.ascii(',"count":');
      writeNumber(lines, countOf(data, one, interval));
    }
    if (data.kind === 'distribution') writeSketch(lines, data.sketch);
    if (data.kind === 'histogram' && i === 0) writeHistogram(lines, data.histogram);
    lines.ascii('}\n');
  }
}

/** From the end of the type to the value. */
function writeShared(lines: LineBytes, { context, timestamp, interval }: Aggregate): void {
  if (context.tags.length === 0) lines.ascii('","tags":[],"host":"');
  else {
    lines.ascii('","tags":["');
    lines.escapedList(context.tags);
    lines.ascii('"],"host":"');
  }
  lines.escaped(context.host);
  lines.ascii('","timestamp":');
  lines.ascii(String(timestamp));
  lines.ascii(',"interval":');
  lines.ascii(String(interval));
  lines.ascii(',"value":');
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

function writeSketch(lines: LineBytes, sketch: Sketch): void {
  const { count, min, max, sum, avg, keys, counts } = sketch;
  lines.ascii(',"sketch":{"cnt":');
  lines.ascii(String(count));
  lines.ascii(',"min":');
  writeNumber(lines, min);
  lines.ascii(',"max":');
  writeNumber(lines, max);
  lines.ascii(',"sum":');
  writeNumber(lines, sum);
  lines.ascii(',"avg":');
  writeNumber(lines, avg);
  lines.ascii(',"k":[');
  writeList(lines, keys);
  lines.ascii('],"n":[');
  writeList(lines, counts);
  lines.ascii(']}');
}

function writeHistogram(lines: LineBytes, { count, sum, min, max }: HistogramSummary): void {
  lines.ascii(',"histogram":{"cnt":');
  writeNumber(lines, count);
  lines.ascii(',"sum":');
  writeNumber(lines, sum);
  lines.ascii(',"min":');
  writeNumber(lines, min);
  lines.ascii(',"max":');
  writeNumber(lines, max);
  lines.ascii('}');
}

function writeList(lines: LineBytes, numbers: ArrayLike<number>): void {
  for (let i = 0; i < numbers.length; i++) {
    if (i > 0) lines.ascii(',');
    lines.ascii(String(numbers[i]));
  }
}

function writeNumber(lines: LineBytes, value: number): void {
  lines.ascii(Number.isFinite(value) ? String(value) : `"${value}"`);
}
