/**
 * Finds the highest rate of packets that a receiver takes without losing one.
 *
 * First without a rate: a receiver that keeps up with the sender at its fastest needs no search. Otherwise by
 * bisection between nothing lost and something lost. A rate holds when two of three tries lose nothing,
 * because on a machine with other work a receiver may not be scheduled for longer than its buffer lasts.
 */

export interface Trial {
  readonly packetsPerSecond: number;
  readonly lost: boolean;
}

export interface FoundRate<T extends Trial> {
  /** 0 when every rate lost something. */
  readonly packetsPerSecond: number;
  /** The last trial that lost nothing. */
  readonly best: T | undefined;
  /** The first trial, at the sender's fastest. */
  readonly saturated: T;
}

/** `run` tries a rate, or the sender's fastest for undefined. */
export async function searchRate<T extends Trial>(
  run: (packetsPerSecond: number | undefined) => Promise<T>,
  steps: number,
): Promise<FoundRate<T>> {
  const saturated = await run(undefined);
  const fastest = await holds(run, undefined, saturated);
  if (fastest) return { packetsPerSecond: fastest.packetsPerSecond, best: fastest, saturated };
  let lossless = 0;
  let lossy = saturated.packetsPerSecond;
  let best: T | undefined;
  for (let step = 0; step < steps; step++) {
    const rate = (lossless + lossy) / 2;
    const trial = await holds(run, rate, await run(rate));
    if (trial) {
      best = trial;
      lossless = rate;
    } else lossy = rate;
  }
  return { packetsPerSecond: best?.packetsPerSecond ?? 0, best, saturated };
}

/** Two of three, the first of which is made already; the slower of the two good ones, or undefined. */
async function holds<T extends Trial>(
  run: (packetsPerSecond: number | undefined) => Promise<T>,
  rate: number | undefined,
  first: T,
): Promise<T | undefined> {
  const good: T[] = [];
  let bad = 0;
  let trial = first;
  for (;;) {
    if (trial.lost) bad++;
    else good.push(trial);
    if (bad === 2) return undefined;
    if (good.length === 2) return good.reduce((a, b) => (a.packetsPerSecond < b.packetsPerSecond ? a : b));
    trial = await run(rate);
  }
}
