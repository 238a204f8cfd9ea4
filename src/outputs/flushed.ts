/**
 * What a flush made, as plain data: for outputs that are programs of their own, embedded ones and plugins.
 */
import type { EventMessage, ServiceCheckMessage } from '../model/message.ts';
import type { Aggregate, SeriesType } from '../model/series.ts';
import { toText } from '../model/text.ts';

/** A sketch as plain data (docs/behaviour/sketch.md). */
export interface FlushedSketch {
  readonly count: number;
  readonly min: number;
  readonly max: number;
  readonly sum: number;
  readonly avg: number;
  readonly keys: readonly number[];
  readonly counts: readonly number[];
}

/** One point of one series: what a flush gives to outputs. */
export interface FlushedSeries {
  /** With its suffix: `lat.95percentile`. */
  readonly name: string;
  readonly type: SeriesType;
  /** Of a distribution the sum. */
  readonly value: number;
  readonly tags: readonly string[];
  readonly host: string;
  /** Start of the bucket, Unix seconds. */
  readonly timestamp: number;
  /** Width of the bucket, seconds. */
  readonly interval: number;
  /** Of a distribution only. */
  readonly sketch?: FlushedSketch;
}

export interface FlushedEvent {
  readonly title: string;
  readonly text: string;
  readonly host: string;
  readonly tags: readonly string[];
  readonly priority: EventMessage['priority'];
  readonly alertType: EventMessage['alertType'];
  readonly aggregationKey: string;
  readonly sourceType: string;
  /** Unix seconds: as sent, or when it was received. */
  readonly timestamp: number;
}

export interface FlushedServiceCheck {
  readonly name: string;
  /** 0 OK, 1 warning, 2 critical, 3 unknown. */
  readonly status: ServiceCheckMessage['status'];
  readonly message: string;
  readonly host: string;
  readonly tags: readonly string[];
  readonly timestamp: number;
}

/** One flush. */
export interface Flush {
  readonly series: readonly FlushedSeries[];
  readonly events: readonly FlushedEvent[];
  readonly serviceChecks: readonly FlushedServiceCheck[];
  /** When the flush happened, Unix seconds. */
  readonly at: number;
  /** True for the last one before the server stops. */
  readonly final: boolean;
}

/** An output that is given whole flushes. */
export interface FlushWriter {
  /** Called once per flush, never twice at the same time. What rejects is counted as lost. */
  write(flush: Flush): void | Promise<void>;
  /** Called once, after the last write, with the time that is left. */
  close?(deadlineMs: number): void | Promise<void>;
}

export function flushedEvent(event: EventMessage, receivedAt: number): FlushedEvent {
  return {
    title: toText(event.title),
    text: toText(event.text),
    host: toText(event.hostname),
    tags: event.tags.map(toText),
    priority: event.priority,
    alertType: event.alertType,
    aggregationKey: toText(event.aggregationKey),
    sourceType: toText(event.sourceType),
    timestamp: event.timestamp || receivedAt,
  };
}

export function flushedCheck(check: ServiceCheckMessage, receivedAt: number): FlushedServiceCheck {
  return {
    name: toText(check.name),
    status: check.status,
    message: toText(check.message),
    host: toText(check.hostname),
    tags: check.tags.map(toText),
    timestamp: check.timestamp || receivedAt,
  };
}

/** A point for each series of an aggregate. */
export function flushedSeries({ context, timestamp, interval, data, series }: Aggregate): FlushedSeries[] {
  if (series.length === 0) return [];
  const [name, host, tags] = [toText(context.name), toText(context.host), context.tags.map(toText)];
  const sketch =
    data.kind !== 'distribution'
      ? undefined
      : {
          ...{ count: data.sketch.count, min: data.sketch.min, max: data.sketch.max },
          ...{ sum: data.sketch.sum, avg: data.sketch.avg },
          keys: Array.from(data.sketch.keys),
          counts: Array.from(data.sketch.counts),
        };
  return series.map(({ suffix, type, value }) => ({
    ...{ name: name + toText(suffix), type, value, tags, host, timestamp, interval },
    ...(sketch !== undefined && type === 'distribution' && { sketch }),
  }));
}
