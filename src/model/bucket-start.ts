/** Start of the bucket of this width that holds a time, Unix seconds. Buckets start at multiples of their width. */
export function bucketStartOf(seconds: number, widthSeconds: number): number {
  const whole = Math.trunc(seconds);
  return whole - (whole % widthSeconds);
}
