/**
 * Series on their way from aggregation to the packer of columns. They stay rows until then: how they are written depends on
 * which others are in their payload, and a payload that turns out too large is written again in halves.
 *
 * Memory  a row refers to its context, which has the texts and is kept by it; `byteCount` is an estimate of all.
 */
import type { Context } from '../../../model/context.ts';
import type { Aggregate, SeriesType } from '../../../model/series.ts';
import type { ByteString } from '../../../model/text.ts';
import { unitOf } from '../unit.ts';

export interface SeriesRow {
  readonly context: Pick<Context, 'host' | 'tags' | 'source'>;
  readonly name: ByteString;
  readonly type: SeriesType;
  readonly unit: string;
  readonly interval: number;
  readonly timestamp: number;
  readonly value: number;
}

/** A row object and its place in an array; a context without its texts; a tag without its characters. */
const ROW_BYTES = 100;
const CONTEXT_BYTES = 100;
const TAG_BYTES = 24;

export class SeriesRows {
  readonly rows: SeriesRow[] = [];
  byteCount = 0;

  get size(): number {
    return this.rows.length;
  }

  add(row: SeriesRow): void {
    // The series of a context come one after the other.
    if (this.rows.at(-1)?.context !== row.context) this.byteCount += contextBytes(row.context);
    this.rows.push(row);
    this.byteCount += ROW_BYTES + row.name.length;
  }
}

function contextBytes({ host, tags }: SeriesRow['context']): number {
  return tags.reduce((sum, { length }) => sum + TAG_BYTES + length, CONTEXT_BYTES + host.length);
}

/** Adds the series of an aggregate that `accepts` takes; a distribution has none. */
export function addSeries(aggregate: Aggregate, rows: SeriesRows, accepts: (value: number) => boolean): void {
  const { context, timestamp, interval, series } = aggregate;
  for (const { suffix, type, value } of series) {
    if (type === 'distribution' || !accepts(value)) continue;
    const unit = unitOf(context, suffix);
    rows.add({ context, name: context.name + suffix, type, unit, interval, timestamp, value });
  }
}
