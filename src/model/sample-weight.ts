/**
 * How many events a sample stands for, by its sample rate and what it is: the readable twin of weightOf() in
 * core/assembly/samples.ts, for whoever explains a line. A property test compares the two.
 *
 *   gauge, set, timestamped        1: they are not counted
 *   rate 0, -1, nan, inf           1: no positive number
 *   rate above 1                   1; a counter takes it as it is, and counts less than one event
 *   rate below 1/(2^32 - 1)        refused
 *   else                           1/rate, of which histograms and distributions count the whole part (`weights`)
 */

import type { ContextType } from './context.ts';
import { WEIGHT_MAX } from './core-border.ts';

/** Undefined when the sample is refused. */
export function weightOf(type: ContextType, rate: number, timestamped = false): number | undefined {
  if (timestamped || type === 'gauge' || type === 'set') return 1;
  if (!(rate > 0 && Number.isFinite(rate))) return 1;
  if (rate > 1 && type !== 'counter') return 1;
  const weight = 1 / rate;
  return weight > WEIGHT_MAX ? undefined : weight;
}

/** How many observations a weight is to a histogram or distribution. */
export function observationsOf(weight: number, exact: boolean): number {
  return exact ? weight : Math.trunc(weight);
}
