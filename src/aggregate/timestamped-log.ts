/**
 * Timestamped log: samples with a time of their own, kept in order of arrival until the next flush and
 * passed through (docs/behaviour/aggregation.md#timestamped-samples); the flush makes one of equal ones (equal-points.ts). 20 bytes a sample; the
 * shards limit how many there are.
 */

import { ColumnTable } from '../lib/column-table.ts';
import type { ContextType } from '../model/context.ts';
import type { Series } from '../model/series.ts';

export interface TimestampedSample {
  readonly id: number;
  readonly timestamp: number;
  readonly value: number;
}

/** Context of a sample that is not there any more. */
const REMOVED = 0xffff_ffff;

export class TimestampedLog {
  /** Values that were appended. */
  size = 0;
  private positions = 0;
  private readonly table = new ColumnTable({
    ids: Uint32Array,
    timestamps: Float64Array,
    values: Float64Array,
  });

  append(id: number, timestamp: number, value: number): void {
    this.size++;
    const index = this.positions++;
    this.table.reserve(index);
    this.table.columns.ids[index] = id;
    this.table.columns.timestamps[index] = timestamp;
    this.table.columns.values[index] = value;
  }

  /** Positions of samples, of which some may be removed. */
  get count(): number {
    return this.positions;
  }

  at(i: number): TimestampedSample {
    return {
      id: this.table.columns.ids[i] as number,
      timestamp: this.table.columns.timestamps[i] as number,
      value: this.table.columns.values[i] as number,
    };
  }

  isRemoved(i: number): boolean {
    return this.table.columns.ids[i] === REMOVED;
  }

  /** Takes a sample out: its value is in another, or is dropped and counted. */
  remove(i: number): void {
    this.table.columns.ids[i] = REMOVED;
  }

  setValue(i: number, value: number): void {
    this.table.columns.values[i] = value;
  }

  setTimestamp(i: number, timestamp: number): void {
    this.table.columns.timestamps[i] = timestamp;
  }

  /** Says that `values` of those appended are not handed on. */
  drop(values: number): void {
    this.size -= values;
  }

  *samples(): Generator<TimestampedSample> {
    for (let i = 0; i < this.positions; i++) if (!this.isRemoved(i)) yield this.at(i);
  }
}

/** Whether samples of this type can have a timestamp of their own. */
export function isPassedThrough(type: ContextType): boolean {
  return type === 'gauge' || type === 'counter';
}

/** The series of a sample with a timestamp; undefined for types that cannot have one. */
export function timestampedSeries(
  type: ContextType,
  value: number,
  intervalSeconds: number,
): Series | undefined {
  if (type === 'gauge') return { suffix: '', type: 'gauge', value };
  if (type === 'counter') return { suffix: '', type: 'rate', value: value / intervalSeconds };
  return undefined;
}
