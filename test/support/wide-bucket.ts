/**
 * A width of buckets for tests that want everything in one bucket, whenever they run.
 *
 *   now ──────────────────▶ end of the bucket under way        at least a quarter of an hour from now
 *
 * Buckets are aligned with the clock: one of an hour ends with the full hour, and a test that runs across it sees two. So the
 * width is that whose bucket lasts longest from now on.
 */

/** The widest there is. */
const WIDEST_SECONDS = 3600;
const NARROWEST_SECONDS = 1800;
/** Widths are even minutes, so that half of one is a width too. */
const STEP_SECONDS = 120;

/** Seconds. */
export function wideBucketSeconds(nowMs = Date.now()): number {
  let best = WIDEST_SECONDS;
  for (let width = WIDEST_SECONDS; width >= NARROWEST_SECONDS; width -= STEP_SECONDS)
    if (secondsLeft(width, nowMs) > secondsLeft(best, nowMs)) best = width;
  return best;
}

/** Seconds until the bucket under way ends. */
export function secondsLeft(widthSeconds: number, nowMs: number): number {
  return widthSeconds - ((nowMs / 1000) % widthSeconds);
}
