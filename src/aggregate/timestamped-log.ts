/**
 * Timestamped log: samples with a time of their own, kept in order of arrival until the next flush and
 * passed through unmerged (spec aggregation §7). 20 bytes a sample; the shards limit how many there are.
 */

import type { ContextType } from '../model/context.ts';
import type { Series } from '../model/series.ts';
import { reserve } from './columns.ts';

export interface TimestampedSample {
  readonly id: number;
  readonly timestamp: number;
  readonly value: number;
}

export class TimestampedLog {
  size = 0;
  #ids = new Uint32Array(0);
  #timestamps = new Float64Array(0);
  #values = new Float64Array(0);

  append(id: number, timestamp: number, value: number): void {
    const index = this.size++;
    this.#ids = reserve(this.#ids, index);
    this.#timestamps = reserve(this.#timestamps, index);
    this.#values = reserve(this.#values, index);
    this.#ids[index] = id;
    this.#timestamps[index] = timestamp;
    this.#values[index] = value;
  }

  *samples(): Generator<TimestampedSample> {
    for (let i = 0; i < this.size; i++) {
      yield {
        id: this.#ids[i] as number,
        timestamp: this.#timestamps[i] as number,
        value: this.#values[i] as number,
      };
    }
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
