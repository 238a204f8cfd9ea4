/**
 * Buckets as Prometheus writes them: runs of consecutive buckets, and each count as the difference to the one before.
 *
 *   indexes   3  4     6            20         spans    (3, 4)  (13, 1)     offset to the end of the span before, length
 *   counts    5  7     2             1         deltas   5 2 -7 2 -1         5 is bucket 3, then 7, 0, 2, then 1 for bucket 20
 *
 * A gap of up to two empty buckets is filled with zeros, which is shorter than another span.
 */
import type { Buckets, ExponentialHistogram } from './exponential-histogram.ts';

const GAP_FILLED_MAX = 2;

export interface Spans {
  /** In pairs: the first offset is an index, further ones count from the end of the span before. */
  readonly offsets: readonly number[];
  readonly lengths: readonly number[];
  /** The first is a count, further ones the difference to the count before. */
  readonly deltas: readonly number[];
}

export function toSpans({ indexes, counts }: Buckets): Spans {
  const offsets: number[] = [];
  const lengths: number[] = [];
  const deltas: number[] = [];
  let next = 0;
  let before = 0;
  const push = (count: number): void => {
    deltas.push(count - before);
    before = count;
  };
  indexes.forEach((index, at) => {
    const gap = index - next;
    if (at === 0 || gap > GAP_FILLED_MAX) {
      offsets.push(gap);
      lengths.push(0);
    } else {
      for (let i = 0; i < gap; i++) push(0);
      lengths[lengths.length - 1] = (lengths.at(-1) as number) + gap;
    }
    push(counts[at] as number);
    lengths[lengths.length - 1] = (lengths.at(-1) as number) + 1;
    next = index + 1;
  });
  return { offsets, lengths, deltas };
}

/** Buckets that spans hold, filled gaps included: what receivers limit. */
export function bucketsInSpans({ positive, negative }: ExponentialHistogram): number {
  return spanBuckets(positive) + spanBuckets(negative);
}

function spanBuckets({ indexes }: Buckets): number {
  let buckets = indexes.length;
  for (let at = 1; at < indexes.length; at++) {
    const gap = (indexes[at] as number) - (indexes[at - 1] as number) - 1;
    if (gap <= GAP_FILLED_MAX) buckets += gap;
  }
  return buckets;
}
