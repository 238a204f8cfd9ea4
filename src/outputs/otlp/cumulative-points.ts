/**
 * Points with cumulative temporality: each says what happened since its series began.
 *
 *   counter                  the total; the first comes with a zero at the start (`increase()` cannot see it otherwise)
 *   gauge, set               the value
 *   histogram, distribution  exponential histogram since the start
 *   timestamped              a gauge at its own time; a counter joins the total
 *   a series that ends       a point without a value
 *
 * Times of a series only rise. The totals are those of the cumulative table.
 *
 * Memory  8 bytes a context.
 */
import { ColumnTable } from '../../lib/column-table.ts';
import type { Context } from '../../model/context.ts';
import type { Aggregate } from '../../model/series.ts';
import type { CumulativeTable } from '../cumulative/cumulative-table.ts';
import { denseBuckets } from '../native-histogram/dense-buckets.ts';
import {
  atSchema,
  type ExponentialHistogram,
  fromBins,
  withBucketsAtMost,
} from '../native-histogram/exponential-histogram.ts';
import { LOSSLESS_SCHEMA } from '../native-histogram/key-index.ts';
import type { FlushInfo } from '../output.ts';
import type { HistogramSettings, PointMaker, PointSink } from './point-sink.ts';

const NO_BUCKETS = { indexes: [], counts: [] };
const SECOND_MS = 1000;
const IDS_AT_START = 64;

export interface CumulativeOptions extends HistogramSettings {
  readonly sink: PointSink;
  readonly table: CumulativeTable;
  readonly lookup: (id: number) => Context | undefined;
  /** When the server started: no total began before. */
  readonly startedAt: number;
  /** The first point of a total has a zero at its start. */
  readonly zeroSample: boolean;
}

export class CumulativePoints implements PointMaker {
  private readonly options: CumulativeOptions;
  /** By context id: when its last point was; 0 for none. */
  private readonly points = new ColumnTable({ lastAt: Float64Array }, IDS_AT_START);
  /** Counters of this flush that timestamped samples have added to. */
  private readonly dirty = new Map<number, Context>();
  private flushAt = 0;
  /** When the last series ended: what begins under its name begins later. */
  private endedAt = 0;

  constructor(options: CumulativeOptions) {
    this.options = options;
  }

  begin(flushAt: number): void {
    this.flushAt = flushAt;
  }

  write(aggregate: Aggregate): string | undefined {
    const { table, sink } = this.options;
    const { context, data, timestamp, interval } = aggregate;
    const refusal = table.refusalOf(aggregate);
    // A total that met its limit is still a total.
    if (refusal !== undefined && refusal !== 'cut') return refusal;
    if (data.kind === 'timestamped') {
      if (context.type === 'counter') this.dirty.set(context.id, context);
      else sink.late(context, 'gauge', 0, timestamp * SECOND_MS, data.value);
      return refusal;
    }
    // The zero of an idle counter whose series has ended.
    if (!table.has(context.id)) return refusal;
    this.dirty.delete(context.id);
    this.writeTotal(context, (timestamp + interval) * SECOND_MS);
    return refusal;
  }

  end(flush: FlushInfo): void {
    for (const context of this.dirty.values()) this.writeTotal(context, this.flushAt);
    this.dirty.clear();
    for (const id of this.options.table.expired) this.endSeries(id, flush);
  }

  forget(ids: readonly number[]): void {
    for (const id of ids) {
      if (id < this.points.capacity) this.points.columns.lastAt[id] = 0;
      this.dirty.delete(id);
    }
  }

  private writeTotal(context: Context, endAt: number): void {
    const { id, type } = context;
    const { table, sink } = this.options;
    this.points.reserve(id);
    const lastAt = this.points.columns.lastAt[id] as number;
    const at = Math.max(Math.min(endAt, this.flushAt), lastAt + 1);
    this.points.columns.lastAt[id] = at;
    const value = table.value[id] as number;
    if (type === 'gauge' || type === 'set') {
      sink.number(context, 'gauge', 0, at, value);
      return;
    }
    const startAt = Math.min(this.startOf(id), at);
    const hasZero = lastAt === 0 && this.options.zeroSample && startAt < at;
    if (type === 'counter') {
      if (hasZero) sink.number(context, 'sum', startAt, startAt, 0);
      sink.number(context, 'sum', startAt, at, value);
      return;
    }
    const histogram = this.histogramOf(id);
    const sum = table.mayFall(id) ? undefined : value;
    if (hasZero) sink.histogram(context, startAt, startAt, { histogram: emptied(histogram), sum: sum && 0 });
    sink.histogram(context, startAt, at, { histogram, sum });
  }

  private startOf(id: number): number {
    const { table, startedAt } = this.options;
    const start = Math.max((table.startAt[id] as number) * SECOND_MS, startedAt);
    return start > this.endedAt ? start : this.endedAt + 1;
  }

  private histogramOf(id: number): ExponentialHistogram {
    const { table, scale, bucketsMax } = this.options;
    const { keys, counts, length } = table.binsOf(id);
    const whole = fromBins(
      { keys: keys.subarray(0, length), counts: counts.subarray(0, length) },
      LOSSLESS_SCHEMA,
    );
    return withBucketsAtMost(atSchema(whole, scale), bucketsMax, denseBuckets);
  }

  private endSeries(id: number, flush: FlushInfo): void {
    const { lookup, sink } = this.options;
    const lastAt = this.points.columns.lastAt[id] ?? 0;
    const context = lastAt === 0 ? undefined : lookup(id);
    if (context === undefined) return;
    this.points.columns.lastAt[id] = 0;
    const bucketEnd = Math.floor(flush.at / flush.interval) * flush.interval * SECOND_MS;
    const at = Math.max(lastAt + 1, bucketEnd);
    this.endedAt = Math.max(this.endedAt, at);
    const { type } = context;
    if (type === 'histogram' || type === 'distribution') sink.histogram(context, 0, at, undefined);
    else sink.number(context, type === 'counter' ? 'sum' : 'gauge', 0, at, undefined);
  }
}

/** The same buckets with nothing in them. */
function emptied(histogram: ExponentialHistogram): ExponentialHistogram {
  return { ...histogram, count: 0, zeroCount: 0, positive: NO_BUCKETS, negative: NO_BUCKETS };
}
