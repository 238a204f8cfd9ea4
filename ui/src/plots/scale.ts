/**
 * Where the axes of a plot end and which of their values are written: round numbers, few of them.
 *
 *   linear  0 4k 8k 12k 16k        from zero, unless the values are far from it
 *   log     1 10 100 1,000         powers of ten; 1 2 5 between them where there are few
 */

export interface Range {
  readonly min: number;
  readonly max: number;
}

/** Values closer together than this, of 1 or of themselves if they are larger, are one value on any screen. */
const SPREAD_MIN = 1e-12;
/** Powers of ten below the lowest and above the highest value. */
const LOG_ROOM = 0.2;
const STEPS = [1, 2, 2.5, 4, 5, 10] as const;

/** The range of a linear axis over values in [low, high], and its ticks. `fromZero` always includes zero. */
export function linearAxis(
  low: number,
  high: number,
  fromZero: boolean,
  ticksMax = 5,
): Range & { ticks: number[] } {
  // Zero belongs to the picture when it is in reach: within the spread of the values.
  const reachesZero = fromZero || (low > 0 && low <= high - low) || (high < 0 && -high <= high - low);
  let min = reachesZero ? Math.min(0, low) : low;
  let max = reachesZero ? Math.max(0, high) : high;
  if (max - min < SPREAD_MIN * Math.max(1, Math.abs(min), Math.abs(max))) {
    const isZero = Math.abs(min) < SPREAD_MIN;
    // Nothing but zeros: whole numbers beside them suit whatever is counted.
    const pad = isZero ? ticksMax - 1 : Math.abs(min) * 0.1;
    if (!isZero && !reachesZero) min -= pad;
    max += pad;
  }
  const step = niceStep((max - min) / (ticksMax - 1));
  min = Math.floor(round(min / step)) * step;
  max = Math.ceil(round(max / step)) * step;
  const ticks: number[] = [];
  for (let n = 0; n <= Math.round((max - min) / step); n++) ticks.push(round(min + n * step));
  return { min, max, ticks };
}

/** The range of a logarithmic axis over positive values in [low, high], with a little room, and its ticks. */
export function logAxis(low: number, high: number): Range & { ticks: number[] } {
  const bottom = Math.log10(low) - LOG_ROOM;
  const top = Math.log10(high) + LOG_ROOM;
  const factors = top - bottom < 2 ? [1, 2, 5] : [1];
  const every = Math.max(1, Math.ceil((top - bottom) / 7));
  const ticks: number[] = [];
  for (let power = Math.floor(bottom); power <= top; power++) {
    if (power % every !== 0) continue;
    for (const factor of factors) {
      const tick = round(factor * 10 ** power);
      const at = Math.log10(tick);
      if (at >= bottom && at <= top) ticks.push(tick);
    }
  }
  return { min: 10 ** bottom, max: 10 ** top, ticks };
}

/** The smallest round number that is not below `step`. */
function niceStep(step: number): number {
  const power = 10 ** Math.floor(Math.log10(step));
  const scaled = step / power;
  return (STEPS.find((one) => one >= scaled - 1e-9) ?? 10) * power;
}

/** Without the noise of binary fractions. */
function round(n: number): number {
  return Number(n.toPrecision(15));
}

const TIME_STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200];

/** Ticks of a time axis in [from, to], at round times of the local clock; about one in `pixels` / 110. */
export function timeTicks(from: number, to: number, pixels: number, offsetSeconds = 0): number[] {
  const wanted = Math.max(2, Math.floor(pixels / 110));
  const step = TIME_STEPS.find((one) => (to - from) / one <= wanted) ?? 7200;
  const ticks: number[] = [];
  for (let at = Math.ceil((from + offsetSeconds) / step) * step - offsetSeconds; at <= to; at += step)
    ticks.push(at);
  return ticks;
}
