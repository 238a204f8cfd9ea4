import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { QuantileSketch } from '../../aggregate/sketch/sketch.ts';
import { keyOf, valueOfKey } from '../../aggregate/sketch/sketch-keys.ts';
import { denseBuckets, toDense } from './dense-buckets.ts';
import {
  atSchema,
  type Buckets,
  type ExponentialHistogram,
  fromBins,
  halve,
  mergeHistograms,
  toBins,
  withBucketsAtMost,
} from './exponential-histogram.ts';
import { indexOfKey, KEY_MAX, SCHEMA_MAX, SCHEMA_MIN, ZERO_THRESHOLD } from './key-index.ts';
import { bucketsInSpans, type Spans, toSpans } from './spans.ts';

const key = fc.oneof(
  fc.integer({ min: -KEY_MAX, max: KEY_MAX }),
  fc.integer({ min: -3, max: 3 }),
  fc.constantFrom(-KEY_MAX, KEY_MAX, 1337, 1338, 1339, -1338),
);
const count = fc.oneof(fc.integer({ min: 1, max: 9 }), fc.constantFrom(65_535, 4_294_967_295));
const bins = fc
  .uniqueArray(fc.tuple(key, count), { selector: ([k]) => k, maxLength: 60 })
  .map((pairs) => pairs.sort(([a], [b]) => a - b))
  .map((pairs) => ({ keys: pairs.map(([k]) => k), counts: pairs.map(([, n]) => n) }));
const schema = fc.integer({ min: SCHEMA_MIN, max: SCHEMA_MAX });

type Bins = { readonly keys: readonly number[]; readonly counts: readonly number[] };

function mergeBins(a: Bins, b: Bins): Bins {
  const total = new Map<number, number>();
  for (const { keys, counts } of [a, b])
    for (const [i, k] of keys.entries()) total.set(k, (total.get(k) ?? 0) + (counts[i] as number));
  const keys = [...total.keys()].sort((x, y) => x - y);
  return { keys, counts: keys.map((k) => total.get(k) as number) };
}

const plain = ({ indexes, counts }: Buckets) => ({ indexes: [...indexes], counts: [...counts] });
const content = ({ schema, zeroCount, count, saturated, positive, negative }: ExponentialHistogram) => ({
  ...{ schema, zeroCount, count, saturated },
  positive: plain(positive),
  negative: plain(negative),
});
const totalOf = (counts: readonly number[]): number => counts.reduce((sum, n) => sum + n, 0);

describe('the bucket of a key', () => {
  it('is 0 for the value 1 at every schema, which ends that bucket', () => {
    for (let s = SCHEMA_MIN; s <= SCHEMA_MAX; s++) expect(indexOfKey(1338, s)).toBe(0);
  });

  it('holds the representative of the key', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: KEY_MAX }), schema, (k, s) => {
        const octaves = Math.log2(valueOfKey(k)) * 2 ** s;
        const index = indexOfKey(k, s);
        expect(octaves).toBeGreaterThan(index - 1 - 1e-9);
        expect(octaves).toBeLessThanOrEqual(index + 1e-9);
      }),
    );
  });

  it('is its own at schema 6, and that bucket comes back to it, for every finite key', () => {
    const keys = Array.from({ length: KEY_MAX }, (_, i) => i + 1);
    for (const s of [6, 7, 8]) {
      const histogram = fromBins({ keys, counts: keys.map((k) => (k % 7) + 1) }, s);
      expect(histogram.positive.indexes).toHaveLength(KEY_MAX);
      expect(toBins(histogram).keys).toEqual(keys);
      expect(toBins(histogram).counts).toEqual(keys.map((k) => (k % 7) + 1));
    }
  });

  it('is not its own at schema 5', () => {
    expect(new Set(Array.from({ length: KEY_MAX }, (_, i) => indexOfKey(i + 1, 5))).size).toBeLessThan(
      KEY_MAX,
    );
  });
});

describe('a histogram of bins', () => {
  it('has the zero bucket for key 0 and mirrors negative keys', () => {
    const histogram = fromBins({ keys: [-1487, -1, 0, 1, 1487], counts: [2, 3, 5, 7, 11] });
    expect(content(histogram)).toEqual({
      schema: 6,
      zeroCount: 5,
      count: 28,
      saturated: 0,
      positive: { indexes: [indexOfKey(1, 6), indexOfKey(1487, 6)], counts: [7, 11] },
      negative: { indexes: [indexOfKey(1, 6), indexOfKey(1487, 6)], counts: [3, 2] },
    });
    expect(keyOf(ZERO_THRESHOLD)).toBe(1);
  });

  it('puts observations beyond the largest key into its bucket and counts them', () => {
    const histogram = fromBins({ keys: [-32767, 32766, 32767], counts: [1, 2, 4] });
    expect(histogram.saturated).toBe(5);
    expect(plain(histogram.positive)).toEqual({ indexes: [indexOfKey(KEY_MAX, 6)], counts: [6] });
    expect(histogram.count).toBe(7);
  });

  it('adds up bins that share a key', () => {
    const histogram = fromBins({ keys: [7, 7, 9], counts: [4465, 65_535, 1] });
    expect(histogram.positive.counts).toEqual([70_000, 1]);
  });

  it('comes back to the same bins from schema 6 on', () => {
    fc.assert(
      fc.property(bins, fc.integer({ min: 6, max: 8 }), (some, s) => {
        expect(toBins(fromBins(some, s))).toEqual(some);
      }),
    );
  });

  it('counts the zero bucket and all others, at every schema', () => {
    fc.assert(
      fc.property(bins, schema, (some, s) => {
        const { count, zeroCount, positive, negative } = fromBins(some, s);
        expect(count).toBe(totalOf(some.counts));
        expect(count).toBe(zeroCount + totalOf(positive.counts) + totalOf(negative.counts));
      }),
    );
  });

  it('commutes with merging, at every schema', () => {
    fc.assert(
      fc.property(bins, bins, schema, schema, (a, b, s, t) => {
        const merged = content(mergeHistograms(fromBins(a, s), fromBins(b, t)));
        expect(merged).toEqual(content(fromBins(mergeBins(a, b), Math.min(s, t))));
      }),
    );
  });

  it('is at a lower schema what halving makes of a higher one', () => {
    fc.assert(
      fc.property(bins, schema, schema, (some, s, t) => {
        const [low, high] = [Math.min(s, t), Math.max(s, t)];
        expect(content(atSchema(fromBins(some, high), low))).toEqual(content(fromBins(some, low)));
      }),
    );
  });

  it('keeps all observations on the way back from a low schema', () => {
    fc.assert(
      fc.property(bins, fc.integer({ min: SCHEMA_MIN, max: 5 }), (some, s) => {
        const back = toBins(fromBins(some, s));
        expect(totalOf(back.counts)).toBe(totalOf(some.counts));
        expect(back.counts.every((n) => n > 0)).toBe(true);
        expect(content(fromBins(back, SCHEMA_MIN)).count).toBe(totalOf(some.counts));
      }),
    );
  });
});

describe('the limit on buckets', () => {
  it('halves until they fit, and no further', () => {
    const keys = Array.from({ length: 400 }, (_, i) => 1338 + i);
    const whole = fromBins({ keys, counts: keys.map(() => 1) });
    const limited = withBucketsAtMost(whole, 160, bucketsInSpans);
    expect(bucketsInSpans(limited)).toBeLessThanOrEqual(160);
    expect(bucketsInSpans(atSchema(whole, limited.schema + 1))).toBeGreaterThan(160);
    expect(limited.count).toBe(whole.count);
    expect(withBucketsAtMost(whole, 0, bucketsInSpans)).toBe(whole);
  });

  it('never gives a schema back to a series whose bins only become more', () => {
    fc.assert(
      fc.property(bins, bins, fc.integer({ min: 1, max: 40 }), (a, b, max) => {
        for (const size of [bucketsInSpans, denseBuckets]) {
          const before = withBucketsAtMost(fromBins(a), max, size).schema;
          expect(withBucketsAtMost(fromBins(mergeBins(a, b)), max, size).schema).toBeLessThanOrEqual(before);
        }
      }),
    );
  });

  it('ends at the lowest schema', () => {
    const keys = [-KEY_MAX, -1, 1, KEY_MAX];
    const limited = withBucketsAtMost(fromBins({ keys, counts: [1, 1, 1, 1] }), 1, bucketsInSpans);
    expect(limited.schema).toBe(SCHEMA_MIN);
    expect(limited.count).toBe(4);
  });
});

describe('spans', () => {
  it('open at the first index and after gaps of more than two buckets', () => {
    const spans = toSpans({ indexes: [3, 4, 6, 20], counts: [5, 7, 2, 1] });
    expect(spans).toEqual({ offsets: [3, 13], lengths: [4, 1], deltas: [5, 2, -7, 2, -1] });
  });

  it('begin at negative indexes too', () => {
    expect(toSpans({ indexes: [-10, -7], counts: [1, 1] })).toEqual({
      offsets: [-10],
      lengths: [4],
      deltas: [1, -1, 0, 1],
    });
    expect(toSpans({ indexes: [], counts: [] })).toEqual({ offsets: [], lengths: [], deltas: [] });
  });

  it('say the same as the buckets', () => {
    fc.assert(
      fc.property(bins, schema, (some, s) => {
        const histogram = fromBins(some, s);
        for (const side of [histogram.positive, histogram.negative])
          expect(readSpans(toSpans(side))).toEqual(plain(side));
        const written = [histogram.positive, histogram.negative].map((side) => toSpans(side).deltas.length);
        expect(bucketsInSpans(histogram)).toBe(totalOf(written));
      }),
    );
  });
});

describe('dense buckets', () => {
  it('begin one lower than in Prometheus and hold zeros', () => {
    expect(toDense({ indexes: [3, 5], counts: [5, 7] })).toEqual({ offset: 2, counts: [5, 0, 7] });
    expect(toDense({ indexes: [], counts: [] })).toEqual({ offset: 0, counts: [] });
    expect(denseBuckets(fromBins({ keys: [-1338, 1338, 1339, 1345], counts: [1, 1, 1, 1] }))).toBe(
      indexOfKey(1345, 6) + 1,
    );
  });
});

describe('a quantile of the histogram', () => {
  /** The geometric middle of the bucket that holds the observation of that rank. */
  const quantile = (histogram: ExponentialHistogram, rank: number): number => {
    let before = histogram.zeroCount;
    if (rank < before) return 0;
    for (let at = 0; at < histogram.positive.indexes.length; at++) {
      before += histogram.positive.counts[at] as number;
      if (before > rank)
        return 2 ** (((histogram.positive.indexes[at] as number) - 0.5) / 2 ** histogram.schema);
    }
    throw new Error('no such rank');
  };
  /** A value is at most half a key from its key, and a key half a bucket from the middle of its bucket. */
  const errorOf = (schema: number): number => 2 ** (0.5 / 2 ** schema) * Math.sqrt(1.015625) - 1;

  it('is within the error of its schema', () => {
    const value = fc.double({ min: 1e-6, max: 1e12, noNaN: true });
    fc.assert(
      fc.property(
        fc.array(value, { minLength: 1, maxLength: 200 }),
        fc.integer({ min: 3, max: SCHEMA_MAX }),
        (values, schema) => {
          const sketch = new QuantileSketch();
          for (const v of values) sketch.insert(v);
          const histogram = fromBins(sketch, schema);
          const sorted = [...values].sort((a, b) => a - b);
          for (const q of [0, 0.5, 0.9, 0.99, 1]) {
            const rank = Math.round(q * (values.length - 1));
            const exact = sorted[rank] as number;
            expect(Math.abs(quantile(histogram, rank) / exact - 1)).toBeLessThanOrEqual(
              errorOf(schema) + 1e-9,
            );
          }
        },
      ),
    );
  });
});

it('halving keeps everything', () => {
  const histogram = halve(fromBins({ keys: [-5, 0, 5], counts: [1, 2, 3] }));
  expect(histogram).toMatchObject({ schema: 5, zeroCount: 2, count: 6 });
});

function readSpans({ offsets, lengths, deltas }: Spans): { indexes: number[]; counts: number[] } {
  const [indexes, counts]: [number[], number[]] = [[], []];
  let [index, at, running] = [0, 0, 0];
  offsets.forEach((offset, span) => {
    index += offset;
    for (let i = 0; i < (lengths[span] as number); i++, index++) {
      running += deltas[at++] as number;
      if (running === 0) continue;
      indexes.push(index);
      counts.push(running);
    }
  });
  return { indexes, counts };
}
