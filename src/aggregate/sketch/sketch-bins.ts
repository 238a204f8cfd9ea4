/**
 * Bins of the Agent's sketch: an ascending list of (key, count) (docs/behaviour/sketch.md#bins).
 *
 *   keys     -1338    0   1383   1383   1784        a count is at most `countMax`; more observations
 *   counts       1    4    465  65535      2        on one key take several bins, the remainder first
 *
 * Everything here builds new lists and leaves the old ones alone. The order in which overflowing bins
 * appear is the Agent's, so that payloads compare byte for byte.
 *
 * Limits  `binLimit` bins. In the 16-bit form full bins cannot be moved into another, so a list may
 * stay longer than the limit; the Agent's 32-bit form never does, and drops what its lowest bin cannot hold.
 * What this server counted itself takes fitWide(), which drops nothing.
 */

export interface SketchLimits {
  readonly binLimit: number;
  /** Largest count in one bin: COUNT_MAX_16 or COUNT_MAX_32. */
  readonly countMax: number;
}

export const COUNT_MAX_16 = 65_535;
export const COUNT_MAX_32 = 4_294_967_295;
export const AGENT_LIMITS: SketchLimits = { binLimit: 4096, countMax: COUNT_MAX_16 };
/**
 * The most observations of one context in one bucket, which a sketch holds whatever their keys. The core refuses samples
 * beyond it (OBSERVATIONS_MAX in model/core-border.ts; a test compares the two), and a merge does.
 */
export const OBSERVATIONS_MAX = AGENT_LIMITS.binLimit * COUNT_MAX_32;

/** Two lists of equal length. */
export interface Bins {
  readonly keys: number[];
  readonly counts: number[];
}

export function noBins(): Bins {
  return { keys: [], counts: [] };
}

/** Places `n` observations on `key` at the end of `bins`: the remainder first, full bins after it. */
export function place(bins: Bins, key: number, n: number, { countMax }: SketchLimits): void {
  if (n <= countMax) {
    push(bins, key, n);
    return;
  }
  const remainder = n % countMax;
  if (remainder !== 0) push(bins, key, remainder);
  for (let full = Math.floor(n / countMax); full > 0; full--) push(bins, key, countMax);
}

/**
 * Weights as whole counts that add up to the rounded total: each key gets what the rounded running total grows by
 * (docs/behaviour/sketch.md#weights). Whole weights stay what they are.
 */
export function wholeCounts(weights: ArrayLike<number>): ArrayLike<number> {
  if (Array.prototype.every.call(weights, Number.isInteger)) return weights;
  const counts = new Float64Array(weights.length);
  let running = 0;
  let placed = 0;
  for (let i = 0; i < weights.length; i++) {
    running += weights[i] as number;
    counts[i] = Math.round(running) - placed;
    placed += counts[i] as number;
  }
  return counts;
}

/**
 * Bins of `counts[i]` observations on each of the ascending `keys`, in at most `binLimit` bins of up to 2^32 - 1, with
 * nothing left out: while they take more bins, those of the lowest key join the next. Counts add up to at most
 * OBSERVATIONS_MAX, so that they always fit within the Agent's limit; a lower limit is exceeded rather than
 * observations lost.
 */
export function fitWide(keys: ArrayLike<number>, counts: ArrayLike<number>, binLimit: number): Bins {
  const binsOf = (n: number): number => Math.max(1, Math.ceil(n / COUNT_MAX_32));
  let needed = 0;
  for (let i = 0; i < counts.length; i++) needed += binsOf(counts[i] as number);
  let lowest = 0;
  let moved = 0;
  while (needed > binLimit && lowest < keys.length - 1) {
    needed -= binsOf(moved + (counts[lowest] as number));
    moved += counts[lowest++] as number;
    needed += binsOf(moved + (counts[lowest] as number)) - binsOf(counts[lowest] as number);
  }
  const bins = noBins();
  for (let i = lowest; i < keys.length; i++) {
    const n = (counts[i] as number) + (i === lowest ? moved : 0);
    place(bins, keys[i] as number, n, { binLimit, countMax: COUNT_MAX_32 });
  }
  return bins;
}

/**
 * Adds groups of observations. A group joins the first bin of its key; further bins of that key stay as
 * they are behind it. `groupKeys` ascend without repetition.
 */
export function addGroups(
  bins: Bins,
  groupKeys: ArrayLike<number>,
  groupCounts: ArrayLike<number>,
  limits: SketchLimits,
): Bins {
  const merged = noBins();
  let at = 0;
  for (let group = 0; group < groupKeys.length; group++) {
    const key = groupKeys[group] as number;
    let n = groupCounts[group] as number;
    while (at < bins.keys.length && (bins.keys[at] as number) < key) at = copyBin(bins, at, merged);
    if (bins.keys[at] === key) n += bins.counts[at++] as number;
    place(merged, key, n, limits);
    while (bins.keys[at] === key) at = copyBin(bins, at, merged);
  }
  while (at < bins.keys.length) at = copyBin(bins, at, merged);
  return merged;
}

/** Merges two lists in one pass: the i-th bin of a key on one side meets the i-th on the other. */
export function mergeBins(a: Bins, b: Bins, limits: SketchLimits): Bins {
  const merged = noBins();
  let i = 0;
  let j = 0;
  while (i < a.keys.length && j < b.keys.length) {
    const keyA = a.keys[i] as number;
    const keyB = b.keys[j] as number;
    if (keyA < keyB) i = copyBin(a, i, merged);
    else if (keyB < keyA) j = copyBin(b, j, merged);
    else place(merged, keyA, (a.counts[i++] as number) + (b.counts[j++] as number), limits);
  }
  while (i < a.keys.length) i = copyBin(a, i, merged);
  while (j < b.keys.length) j = copyBin(b, j, merged);
  return merged;
}

/** Moves the counts of the lowest bins over the limit into the lowest one that stays. */
export function trimBins(bins: Bins, limits: SketchLimits): Bins {
  if (bins.keys.length <= limits.binLimit) return bins;
  return limits.countMax > COUNT_MAX_16 ? trimWide(bins, limits) : trimNarrow(bins, limits);
}

// limit 3:  1:max 1:max 1:1 │ 2:max 3:1 4:1   ─▶   1:max 1:max 2:1 │ 2:max 3:1 4:1
//           removed           survivors            overflow bins     survivors
function trimNarrow(bins: Bins, { binLimit, countMax }: SketchLimits): Bins {
  const trimmed = noBins();
  const survivor = bins.keys.length - binLimit;
  let missing = 0;
  for (let i = 0; i < survivor; i++) {
    missing += bins.counts[i] as number;
    if (missing <= countMax) continue;
    push(trimmed, bins.keys[i] as number, countMax);
    missing -= countMax;
  }
  const key = bins.keys[survivor] as number;
  const total = missing + (bins.counts[survivor] as number);
  if (total > countMax) push(trimmed, key, total - countMax);
  push(trimmed, key, Math.min(total, countMax));
  for (let i = survivor + 1; i < bins.keys.length; i++) copyBin(bins, i, trimmed);
  return trimmed;
}

function trimWide(bins: Bins, { binLimit, countMax }: SketchLimits): Bins {
  const survivor = bins.keys.length - binLimit;
  const keys = bins.keys.slice(survivor);
  const counts = bins.counts.slice(survivor);
  let lowest = counts[0] as number;
  for (let i = 0; i < survivor; i++) lowest += bins.counts[i] as number;
  counts[0] = Math.min(lowest, countMax);
  return { keys, counts };
}

export function totalOf(counts: readonly number[]): number {
  let total = 0;
  for (const n of counts) total += n;
  return total;
}

function copyBin(from: Bins, index: number, to: Bins): number {
  push(to, from.keys[index] as number, from.counts[index] as number);
  return index + 1;
}

function push(bins: Bins, key: number, n: number): void {
  bins.keys.push(key);
  bins.counts.push(n);
}
