/**
 * What a store answers to histogram_quantile() for a native histogram of these values: the buckets are those of the sketch's keys,
 * and the place within a bucket is found as Prometheus does, linearly (2.x, VictoriaMetrics) or in log space (3.x).
 *
 * Values are positive.
 */
import { toSketchKey } from '../../src/lib/sketch-key.ts';
import { atSchema, fromBins } from '../../src/outputs/native-histogram/exponential-histogram.ts';
import { LOSSLESS_SCHEMA } from '../../src/outputs/native-histogram/key-index.ts';

export function modelQuantile(
  values: readonly number[],
  q: number,
  interpolation: 'linear' | 'exponential',
  schema = LOSSLESS_SCHEMA,
): number {
  const keys = values.map(toSketchKey).sort((a, b) => a - b);
  const { positive, count } = atSchema(fromBins({ keys, counts: keys.map(() => 1) }), schema);
  // Prometheus goes through the buckets from the nearer end.
  const isUpper = q >= 0.5;
  const order = positive.indexes.map((_, i) => i);
  if (isUpper) order.reverse();
  const rank = (isUpper ? 1 - q : q) * count;
  let below = 0;
  for (const i of order) {
    const inBucket = positive.counts[i] as number;
    if (below + inBucket < rank) {
      below += inBucket;
      continue;
    }
    const share = (rank - below) / inBucket;
    const fraction = isUpper ? 1 - share : share;
    const index = positive.indexes[i] as number;
    const [lower, upper] = [2 ** ((index - 1) / 2 ** schema), 2 ** (index / 2 ** schema)];
    return interpolation === 'linear'
      ? lower + (upper - lower) * fraction
      : lower * (upper / lower) ** fraction;
  }
  return Number.NaN;
}

/** The largest difference from the model, as a share: rounding, and three digits of bounds in the labels of VictoriaMetrics. */
export const MODEL_ERROR = { prometheus: 0.0001, victoriaMetrics: 0.0007 } as const;
