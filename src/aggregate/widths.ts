/**
 * Widths of buckets, whole seconds. A metric rule may ask for one of its own: a multiple or a divisor of
 * `bucket_seconds`.
 *
 *   bucket_seconds 10, rules 60 and 4   ─▶  tick 2: every width is a multiple of it
 *
 * Shards seal at every tick, so a sealed bucket lies within one bucket of every width.
 */

/** The largest number of seconds that all widths are multiples of. */
export function tickSecondsOf(bucketSeconds: number, widths: readonly number[]): number {
  return widths.reduce(greatestDivisor, bucketSeconds);
}

/** Whether a rule may have this width. */
export function isWidth(width: number, bucketSeconds: number): boolean {
  return width % bucketSeconds === 0 || bucketSeconds % width === 0;
}

function greatestDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestDivisor(b, a % b);
}
