/**
 * Moments: what histograms and distributions know beside their values.
 *
 *   encoded   count f64 │ sum f64 │ min f64 │ max f64 │ weighted sum f64
 *
 * The weighted sum is the sum of value × how often it counts; over the count it is the average that a sketch carries.
 */
import type { SketchSummary } from '../../aggregate/sketch/sketch.ts';
import { addFinite } from '../../lib/finite.ts';
import type { PartialMoments } from '../../model/partial-data.ts';
import type { ByteReader } from '../bytes/byte-reader.ts';
import type { ByteWriter } from '../bytes/byte-writer.ts';

export class MergedMoments {
  count = 0;
  sum = 0;
  min = Number.POSITIVE_INFINITY;
  max = Number.NEGATIVE_INFINITY;
  weightedSum = 0;

  merge(reader: ByteReader): void {
    this.add(reader.f64(), reader.f64(), reader.f64(), reader.f64(), reader.f64());
  }

  /** Adds what one server has. */
  addAll({ count, sum, min, max, weightedSum }: PartialMoments): void {
    this.add(count, sum, min, max, weightedSum);
  }

  add(count: number, sum: number, min: number, max: number, weightedSum: number): void {
    this.count = Math.min(this.count + count, Number.MAX_SAFE_INTEGER);
    this.sum = addFinite(this.sum, sum);
    if (min < this.min) this.min = min;
    if (max > this.max) this.max = max;
    this.weightedSum = addFinite(this.weightedSum, weightedSum);
  }

  write(writer: ByteWriter): void {
    writeMoments(writer, this);
  }

  get summary(): SketchSummary {
    const { count, sum, min, max, weightedSum } = this;
    return { count, sum, min, max, avg: weightedSum / count };
  }
}

export function writeMoments(
  writer: ByteWriter,
  { count, sum, min, max, weightedSum }: PartialMoments,
): void {
  writer.f64(count);
  writer.f64(sum);
  writer.f64(min);
  writer.f64(max);
  writer.f64(weightedSum);
}
