/**
 * Which bucket of a base-2 exponential histogram a bin of a sketch belongs to, and back.
 *
 *   sketch       key k        gamma^(k - 1338), half a key to either side; gamma = 1.015625
 *   Prometheus   index i      (base^(i-1), base^i], base = 2^(2^-schema)
 *   OTLP         index j      (base^j, base^(j+1)], so j = i - 1
 *
 * A whole bin goes to the bucket that holds its representative. Splitting a bin over the buckets it overlaps would
 * not commute with merging, would not come back to the same bins and would need several times as many buckets.
 *
 * Schema 6 is the lowest that loses nothing: its buckets are narrower than a key (1.0109), so no two keys share one,
 * and the geometric middle of a bucket is at most ln 2 / 128 = 0.0054 from the representative, less than half a key
 * (0.00775), so the way back finds the same key.
 */

/** The lowest schema at which every finite key has a bucket of its own. */
export const LOSSLESS_SCHEMA = 6;
export const SCHEMA_MIN = -4;
export const SCHEMA_MAX = 8;
/** Magnitudes below this share key 0, and so the zero bucket. */
export const ZERO_THRESHOLD = 9.94185408912145e-10;
/** The largest key that stands for a finite value; the next one stands for everything beyond. */
export const KEY_MAX = 32766;

const BIAS = 1338;
/** Octaves of one key: log2(1.015625). */
const KEY_OCTAVES = Math.log2(1.015625);
/** Keeps powers of the base in the bucket that they end, whatever the rounding. */
const EDGE = 1e-9;

/** The bucket of key `key`, 1 to 32767, in Prometheus numbering. The last key has no finite value and joins the one before. */
export function indexOfKey(key: number, schema: number): number {
  const finite = Math.min(key, KEY_MAX);
  // Minus zero, the bucket of 1, becomes zero.
  return Math.ceil((finite - BIAS) * KEY_OCTAVES * 2 ** schema - EDGE) + 0;
}

/** The key whose bin holds the geometric middle of bucket `index`; 0 for one below every key. */
export function keyOfIndex(index: number, schema: number): number {
  return clampKey(roundHalfEven(keyAt(index - 0.5, schema)));
}

/** Where `index` lies among keys: the upper end of that bucket, as a key with a fraction. */
export function keyAt(index: number, schema: number): number {
  return index / 2 ** schema / KEY_OCTAVES + BIAS;
}

export function clampKey(key: number): number {
  return Math.min(Math.max(key, 0), KEY_MAX);
}

/** The bucket that holds bucket `index` at the next lower schema. */
export function halvedIndex(index: number): number {
  return (index + 1) >> 1;
}

function roundHalfEven(value: number): number {
  const rounded = Math.round(value);
  return rounded - value === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}
