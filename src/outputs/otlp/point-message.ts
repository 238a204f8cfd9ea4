/**
 * Data points of OTLP.
 *
 *   NumberDataPoint                start 2, time 3, as_double 4, attributes 7, flags 8
 *   ExponentialHistogramDataPoint  attributes 1, start 2, time 3, count 4, sum 5, scale 6, zero_count 7, positive 8,
 *                                  negative 9, flags 10, min 12, max 13, zero_threshold 14
 *   Buckets                        offset 1, bucket_counts 2
 *
 * Times are nanoseconds since 1970. `count` is the zero count and all buckets.
 */
import { toDense } from '../native-histogram/dense-buckets.ts';
import type { Buckets, ExponentialHistogram } from '../native-histogram/exponential-histogram.ts';
import { ZERO_THRESHOLD } from '../native-histogram/key-index.ts';
import { ProtoWriter } from '../protobuf/proto-writer.ts';
import type { TagPair } from '../tag-pairs.ts';
import { writeAttribute } from './attributes.ts';

/** The series has ended: there is no value at this time. */
const NO_RECORDED_VALUE = 1;
/** Factors of the exact conversion of milliseconds to nanoseconds. */
const NANOS = 1_000_000;
const TWO_20 = 2 ** 20;
const TWO_12 = 2 ** 12;
const TWO_32 = 2 ** 32;

/** Times in milliseconds; a start of 0 is left out. */
export interface PointTimes {
  readonly startAt: number;
  readonly at: number;
}

/** What a histogram is written from. */
export interface HistogramPoint {
  readonly histogram: ExponentialHistogram;
  /** Undefined where it says nothing, because negative values occurred. */
  readonly sum: number | undefined;
  readonly min?: number;
  readonly max?: number;
}

/** `value` is undefined at the end of a series. */
export function writeNumber(
  writer: ProtoWriter,
  { startAt, at }: PointTimes,
  attributes: readonly TagPair[],
  value: number | undefined,
): void {
  writeNanos(writer, 2, startAt);
  writeNanos(writer, 3, at);
  if (value !== undefined) writer.doubleItem(4, value);
  for (const attribute of attributes) writeAttribute(writer, 7, attribute.key, attribute.value);
  if (value === undefined) writer.integer(8, NO_RECORDED_VALUE);
}

/** The same for a histogram. */
export function writeHistogram(
  writer: ProtoWriter,
  { startAt, at }: PointTimes,
  attributes: readonly TagPair[],
  point: HistogramPoint | undefined,
): void {
  for (const attribute of attributes) writeAttribute(writer, 1, attribute.key, attribute.value);
  writeNanos(writer, 2, startAt);
  writeNanos(writer, 3, at);
  if (point === undefined) {
    writer.integer(10, NO_RECORDED_VALUE);
    return;
  }
  const { histogram, sum, min, max } = point;
  writer.fixed(4, histogram.count);
  if (sum !== undefined && Number.isFinite(sum)) writer.doubleItem(5, sum);
  writer.signed(6, histogram.schema);
  writer.fixed(7, histogram.zeroCount);
  writeSide(writer, 8, histogram.positive);
  writeSide(writer, 9, histogram.negative);
  if (min !== undefined) writer.doubleItem(12, min);
  if (max !== undefined) writer.doubleItem(13, max);
  writer.double(14, ZERO_THRESHOLD);
}

/** A time as fixed64 nanoseconds: exact, although they are beyond what a double holds. */
export function writeNanos(writer: ProtoWriter, field: number, ms: number): void {
  const whole = Math.floor(ms);
  const high = Math.floor(whole / TWO_20) * NANOS;
  const low = (high % TWO_12) * TWO_20 + (whole % TWO_20) * NANOS;
  writer.fixed64(field, low % TWO_32, Math.floor(high / TWO_12) + Math.floor(low / TWO_32));
}

function writeSide(writer: ProtoWriter, field: number, buckets: Buckets): void {
  if (buckets.indexes.length === 0) return;
  const { offset, counts } = toDense(buckets);
  side.length = 0;
  side.signed(1, offset);
  side.packed(2, counts);
  writer.bytesItem(field, side.bytes, side.length);
}

const side = new ProtoWriter(4096);
