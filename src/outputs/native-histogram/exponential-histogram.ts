/**
 * A base-2 exponential histogram: what Prometheus calls a native histogram and OTLP an exponential one.
 *
 *   bins of a sketch ──fromBins──▶ histogram ──withBucketsAtMost──▶ fewer, wider buckets ──▶ spans.ts, dense-buckets.ts
 *                    ◀──toBins────
 *
 * Everything here commutes with merging: the histogram of two sketches merged is the two histograms merged, at any
 * schema. Counts are whole numbers, and `count` is the zero count plus all buckets.
 *
 * Memory  two arrays a side, as long as the buckets that hold something; made new each time.
 */
import {
  clampKey,
  halvedIndex,
  indexOfKey,
  KEY_MAX,
  keyAt,
  keyOfIndex,
  LOSSLESS_SCHEMA,
  SCHEMA_MIN,
} from './key-index.ts';

/** Buckets that hold something, by magnitude: indexes ascending, each once, in Prometheus numbering. */
export interface Buckets {
  readonly indexes: readonly number[];
  readonly counts: readonly number[];
}

export interface ExponentialHistogram {
  readonly schema: number;
  readonly zeroCount: number;
  readonly positive: Buckets;
  readonly negative: Buckets;
  /** The zero count and all buckets. */
  readonly count: number;
  /** Observations beyond the largest finite key, which stand in its bucket. */
  readonly saturated: number;
}

/** The bins of a sketch: keys ascending, possibly one several times in a row, each with its whole count. */
export interface SketchBins {
  readonly keys: ArrayLike<number>;
  readonly counts: ArrayLike<number>;
}

/** The histogram of a sketch's bins. */
export function fromBins({ keys, counts }: SketchBins, schema = LOSSLESS_SCHEMA): ExponentialHistogram {
  const positive = new BucketList();
  const negative = new BucketList();
  let zeroCount = 0;
  let saturated = 0;
  let firstAboveZero = 0;
  while (firstAboveZero < keys.length && (keys[firstAboveZero] as number) <= 0) firstAboveZero++;
  const place = (at: number, side: BucketList): void => {
    const [key, count] = [Math.abs(keys[at] as number), counts[at] as number];
    if (key > KEY_MAX) saturated += count;
    if (key === 0) zeroCount += count;
    else side.add(indexOfKey(key, schema), count);
  };
  for (let at = firstAboveZero; at < keys.length; at++) place(at, positive);
  // The lowest key is the largest magnitude.
  for (let at = firstAboveZero - 1; at >= 0; at--) place(at, negative);
  return {
    schema,
    zeroCount,
    positive,
    negative,
    saturated,
    count: zeroCount + positive.total + negative.total,
  };
}

/**
 * The bins of a histogram. From schema 6 on each bucket is one bin, and a histogram that came from bins comes back to
 * them. Below, a bucket covers several keys, and its count is spread over them as they share it in log space; the error
 * is that of whoever chose the schema.
 */
export function toBins(histogram: ExponentialHistogram): { keys: number[]; counts: number[] } {
  const byKey = new Map<number, number>();
  const add = (key: number, count: number): void => {
    if (count !== 0) byKey.set(key, (byKey.get(key) ?? 0) + count);
  };
  add(0, histogram.zeroCount);
  for (const [sign, { indexes, counts }] of [
    [1, histogram.positive],
    [-1, histogram.negative],
  ] as const) {
    indexes.forEach((index, at) => {
      spread(index, counts[at] as number, histogram.schema, (key, count) =>
        add(key === 0 ? 0 : sign * key, count),
      );
    });
  }
  const keys = [...byKey.keys()].sort((a, b) => a - b);
  return { keys, counts: keys.map((key) => byKey.get(key) as number) };
}

/** Both together, at the lower of their schemas. */
export function mergeHistograms(a: ExponentialHistogram, b: ExponentialHistogram): ExponentialHistogram {
  const schema = Math.min(a.schema, b.schema);
  const [first, second] = [atSchema(a, schema), atSchema(b, schema)];
  return {
    schema,
    zeroCount: first.zeroCount + second.zeroCount,
    positive: mergeBuckets(first.positive, second.positive),
    negative: mergeBuckets(first.negative, second.negative),
    count: first.count + second.count,
    saturated: first.saturated + second.saturated,
  };
}

/** The same observations in buckets twice as wide in log space. */
export function halve(histogram: ExponentialHistogram): ExponentialHistogram {
  return {
    ...histogram,
    schema: histogram.schema - 1,
    positive: halveBuckets(histogram.positive),
    negative: halveBuckets(histogram.negative),
  };
}

/** The same at a schema that is not above its own. */
export function atSchema(histogram: ExponentialHistogram, schema: number): ExponentialHistogram {
  let result = histogram;
  while (result.schema > schema) result = halve(result);
  return result;
}

/**
 * Halves until there are at most `bucketsMax` buckets by `count`, or no schema is left; 0 is no limit. The buckets of a
 * cumulative series only become more, so its schema only falls, which Prometheus takes as the same series.
 */
export function withBucketsAtMost(
  histogram: ExponentialHistogram,
  bucketsMax: number,
  count: (histogram: ExponentialHistogram) => number,
): ExponentialHistogram {
  let result = histogram;
  while (bucketsMax > 0 && result.schema > SCHEMA_MIN && count(result) > bucketsMax) result = halve(result);
  return result;
}

/** Buckets in ascending order; what falls into the last one joins it. */
class BucketList implements Buckets {
  readonly indexes: number[] = [];
  readonly counts: number[] = [];
  total = 0;

  add(index: number, count: number): void {
    if (count === 0) return;
    this.total += count;
    const last = this.indexes.length - 1;
    if (this.indexes[last] === index) this.counts[last] = (this.counts[last] as number) + count;
    else {
      this.indexes.push(index);
      this.counts.push(count);
    }
  }
}

function halveBuckets({ indexes, counts }: Buckets): Buckets {
  const halved = new BucketList();
  indexes.forEach((index, at) => void halved.add(halvedIndex(index), counts[at] as number));
  return halved;
}

function mergeBuckets(a: Buckets, b: Buckets): Buckets {
  const merged = new BucketList();
  let [i, j] = [0, 0];
  while (i < a.indexes.length || j < b.indexes.length) {
    const [left, right] = [
      a.indexes[i] ?? Number.POSITIVE_INFINITY,
      b.indexes[j] ?? Number.POSITIVE_INFINITY,
    ];
    if (left <= right) merged.add(left, a.counts[i++] as number);
    else merged.add(right, b.counts[j++] as number);
  }
  return merged;
}

function spread(
  index: number,
  count: number,
  schema: number,
  add: (key: number, count: number) => void,
): void {
  if (schema >= LOSSLESS_SCHEMA) {
    add(keyOfIndex(index, schema), count);
    return;
  }
  const [start, end] = [keyAt(index - 1, schema), keyAt(index, schema)];
  let placed = 0;
  // Key k covers k - 1/2 to k + 1/2.
  for (let key = Math.round(start); key - 0.5 < end; key++) {
    const covered = (Math.min(key + 0.5, end) - start) / (end - start);
    const share = Math.round(count * covered) - placed;
    add(clampKey(key), share);
    placed += share;
  }
  if (placed < count) add(clampKey(Math.round(end)), count - placed);
}
