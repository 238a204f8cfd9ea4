/**
 * The message Histogram, which both versions share: the integer form, since whippet counts whole observations.
 *
 *   count_int 1 │ sum 3 │ schema 4 │ zero_threshold 5 │ zero_count_int 6
 *   negative_spans 8, negative_deltas 9 │ positive_spans 11, positive_deltas 12 │ timestamp 15 │ start_timestamp 17 (2.0)
 *
 * `count` is the zero count and all buckets: receivers refuse anything else.
 */
import type { Buckets, ExponentialHistogram } from '../native-histogram/exponential-histogram.ts';
import { ZERO_THRESHOLD } from '../native-histogram/key-index.ts';
import { toSpans } from '../native-histogram/spans.ts';
import { ProtoWriter } from '../protobuf/proto-writer.ts';
import { STALE_BITS } from './write-series.ts';

export function writeHistogram(
  writer: ProtoWriter,
  { schema, zeroCount, count, positive, negative }: ExponentialHistogram,
  sum: number,
  at: number,
  startAt = 0,
): void {
  writer.integerItem(1, count);
  if (Number.isFinite(sum)) writer.double(3, sum);
  writer.signed(4, schema);
  writer.double(5, ZERO_THRESHOLD);
  writer.integerItem(6, zeroCount);
  writeSide(writer, negative, 8);
  writeSide(writer, positive, 11);
  writer.integer(15, at);
  writer.integer(17, startAt);
}

/** A native histogram has ended: the bits of a stale marker as its sum. */
export function writeStaleHistogram(writer: ProtoWriter, at: number): void {
  writer.integerItem(1, 0);
  writer.doubleBits(3, STALE_BITS);
  writer.integerItem(6, 0);
  writer.integer(15, at);
}

/** `field` holds the spans, the one after it the deltas. */
function writeSide(writer: ProtoWriter, buckets: Buckets, field: number): void {
  const { offsets, lengths, deltas } = toSpans(buckets);
  for (let i = 0; i < offsets.length; i++) {
    span.length = 0;
    span.signed(1, offsets[i] as number);
    span.integer(2, lengths[i] as number);
    writer.bytesItem(field, span.bytes, span.length);
  }
  writer.packedSigned(field + 1, deltas);
}

const span = new ProtoWriter(32);
