/**
 * Reads what a lane's server wrote back into the form of effects, so that the two can be compared.
 */
import type { FileRecord, SeriesRecord } from '../../src/outputs/file-record.ts';
import type { Cell, Message, Summary } from './effects.ts';
import type { LaneResult, WaveResult } from './vector-lanes.ts';

/** A histogram is written as several series; the first of them has its summary. */
const HISTOGRAM_SUFFIX = /\.(max|median|avg|count|95percentile)$/;

/** The cells of the bucket that received the wave. */
export function aggregatedIn(lane: LaneResult, wave: WaveResult): Cell[] {
  const records = lane.records.filter(isSeries).filter(({ timestamp }) => timestamp === wave.bucket);
  const histograms = new Set(records.filter(({ histogram }) => histogram !== undefined).map(histogramKey));
  const isPart = (record: SeriesRecord): boolean =>
    record.histogram === undefined &&
    HISTOGRAM_SUFFIX.test(record.metric) &&
    histograms.has(histogramKey(record));
  return records.filter((record) => !isPart(record)).map((record) => toCell(record, 0));
}

/** Samples whose time is none of the buckets of the lane. */
export function passedThrough(lane: LaneResult): Cell[] {
  const { first, last } = spanOf(lane);
  return lane.records
    .filter(isSeries)
    .filter(({ timestamp }) => timestamp < first || timestamp > last)
    .map((record) => toCell(record, record.timestamp));
}

/** Events and checks; the time of one that arrived with none of its own is 0. */
export function messagesOf(lane: LaneResult): Message[] {
  const { first, last } = spanOf(lane);
  return lane.records
    .filter((record): record is Message => !isSeries(record))
    .map((record) => {
      const arrived = record.timestamp >= first && record.timestamp <= last;
      return arrived ? { ...record, timestamp: 0 } : record;
    });
}

function toCell(record: SeriesRecord, timestamp: number): Cell {
  const { metric, host, tags, histogram } = record;
  const name = histogram === undefined ? metric : metric.replace(HISTOGRAM_SUFFIX, '');
  return { name, host, tags: [...tags].sort(), timestamp, ...read(record) };
}

function read({ histogram, sketch, type, count, value }: SeriesRecord): {
  type: Cell['type'];
  summary: Summary;
} {
  const summary = histogram ?? sketch;
  if (summary !== undefined) {
    const { cnt, sum, min, max } = summary;
    return {
      type: histogram === undefined ? 'distribution' : 'histogram',
      summary: { cnt: Number(cnt), sum: Number(sum), min: Number(min), max: Number(max) },
    };
  }
  if (type === 'rate') return { type: 'counter', summary: { sum: Number(count) } };
  return { type: 'gauge', summary: { last: Number(value) } };
}

function histogramKey({ metric, host, tags }: SeriesRecord): string {
  return JSON.stringify([metric.replace(HISTOGRAM_SUFFIX, ''), host, tags]);
}

function spanOf({ waves }: LaneResult): { first: number; last: number } {
  const last = waves.at(-1);
  return { first: waves[0]?.bucket ?? 0, last: (last?.bucket ?? 0) + (last?.width ?? 0) };
}

function isSeries(record: FileRecord): record is SeriesRecord {
  return 'metric' in record;
}
