/** Counters of a listener thread's rate limiter, in the order of the shared memory. */
export const LIMITER_COUNTERS = [
  /** Receives before which memory was looked at, and those before which it was not. */
  'limiterChecks',
  'limiterSkips',
  /** Looks that found it above the low limit only, and above the high one. */
  'limiterLow',
  'limiterHigh',
  /** Times memory was given back instead of a pause above the low limit. */
  'limiterReclaims',
  /** Looks that could not be made. */
  'limiterReadErrors',
  /** Pauses asked for, and their length together, ms. */
  'limiterPauses',
  'limiterPausedMs',
  /** As of the last look: used over limit; 0, 1 or 2 for none, low and high; the pause under way, ms. */
  'limiterMemoryRatio',
  'limiterLevel',
  'limiterPauseMs',
] as const;
