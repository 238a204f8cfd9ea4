/**
 * Sums that stay finite: what is beyond the largest double stays at it, with its sign.
 *
 *   addFinite(1e308, 1e308)    1.7976931348623157e308
 *   addFinite(-1e308, -1e308) -1.7976931348623157e308
 */

/** Adds two finite numbers. */
export function addFinite(a: number, b: number): number {
  return Math.min(Math.max(a + b, -Number.MAX_VALUE), Number.MAX_VALUE);
}

/** Whether addFinite() of these two is their sum, and not cut. */
export function addsUp(a: number, b: number): boolean {
  return Number.isFinite(a + b);
}
