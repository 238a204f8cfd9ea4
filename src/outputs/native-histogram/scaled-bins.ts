/**
 * The histogram of a sketch's bins in another unit: each bin goes whole to the bucket that holds its scaled representative.
 * It commutes with merging, as fromBins() does; several bins may share a bucket.
 */
import type { Buckets, ExponentialHistogram, SketchBins } from './exponential-histogram.ts';
import { LOSSLESS_SCHEMA, ZERO_THRESHOLD } from './key-index.ts';

/** Powers of the base stay in the bucket that they end, whatever the rounding. */
const EDGE = 1e-9;

/** `valueOfKey` is the representative of a key, in the unit of the histogram. */
export function fromScaledBins(
  { keys, counts }: SketchBins,
  valueOfKey: (key: number) => number,
  schema = LOSSLESS_SCHEMA,
): ExponentialHistogram {
  const sides = { positive: new Map<number, number>(), negative: new Map<number, number>() };
  let zeroCount = 0;
  let saturated = 0;
  let count = 0;
  for (let at = 0; at < keys.length; at++) {
    const value = valueOfKey(keys[at] as number);
    const held = counts[at] as number;
    const magnitude = Math.min(Math.abs(value), Number.MAX_VALUE);
    if (!Number.isFinite(value)) saturated += held;
    count += held;
    if (magnitude <= ZERO_THRESHOLD) {
      zeroCount += held;
      continue;
    }
    const side = value > 0 ? sides.positive : sides.negative;
    const index = Math.ceil(Math.log2(magnitude) * 2 ** schema - EDGE) + 0;
    side.set(index, (side.get(index) ?? 0) + held);
  }
  const [positive, negative] = [bucketsOf(sides.positive), bucketsOf(sides.negative)];
  return { schema, zeroCount, positive, negative, count, saturated };
}

function bucketsOf(counts: ReadonlyMap<number, number>): Buckets {
  const indexes = [...counts.keys()].sort((a, b) => a - b);
  return { indexes, counts: indexes.map((index) => counts.get(index) as number) };
}
