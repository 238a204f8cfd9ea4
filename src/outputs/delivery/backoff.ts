/**
 * How long to leave a receiver alone after so many errors (docs/delivery.md).
 *
 *   errors    1        2        3         4          5          6 and more
 *   wait    2..4 s   4..8 s   8..16 s   16..32 s   32..64 s   64 s           with the defaults
 *
 * Random, so that many senders do not come back in the same moment.
 */

export interface BackoffSettings {
  readonly baseSeconds: number;
  readonly maxSeconds: number;
  /** The wait is at least the longest one divided by this. */
  readonly factor: number;
  /** Errors a success takes back. */
  readonly recovery: number;
  /** A success takes all errors back. */
  readonly recoveryReset: boolean;
}

export const DEFAULT_BACKOFF: BackoffSettings = {
  baseSeconds: 2,
  maxSeconds: 64,
  factor: 2,
  recovery: 2,
  recoveryReset: false,
};

/** Replaces values that make no sense by the defaults, as the Agent does; `replaced` hears of each. */
export function validBackoff(
  settings: BackoffSettings,
  replaced: (name: keyof BackoffSettings, by: number) => void = () => undefined,
): BackoffSettings {
  const check = (name: 'baseSeconds' | 'maxSeconds' | 'factor' | 'recovery', isValid: boolean): number => {
    if (!isValid) replaced(name, DEFAULT_BACKOFF[name]);
    return isValid ? settings[name] : DEFAULT_BACKOFF[name];
  };
  return {
    baseSeconds: check('baseSeconds', settings.baseSeconds > 0),
    maxSeconds: check('maxSeconds', settings.maxSeconds > 0),
    factor: check('factor', settings.factor >= 2),
    recovery: check('recovery', settings.recovery > 0),
    recoveryReset: settings.recoveryReset,
  };
}

/** Errors beyond this number change nothing: 6 with the defaults. */
export function errorsMax({ baseSeconds, maxSeconds }: BackoffSettings): number {
  return Math.max(Math.floor(Math.log2(maxSeconds / baseSeconds)) + 1, 1);
}

/** The wait after `errors` errors, ms; `random` is from 0 to 1. */
export function backoffMs(errors: number, settings: BackoffSettings, random: number): number {
  const { baseSeconds, maxSeconds, factor } = settings;
  const longest = baseSeconds * 2 ** errors;
  if (longest > maxSeconds) return maxSeconds * 1000;
  const shortest = longest / factor;
  return (shortest + random * (Math.min(maxSeconds, longest) - shortest)) * 1000;
}
