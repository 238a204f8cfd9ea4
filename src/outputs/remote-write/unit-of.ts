/**
 * The unit of a metric's values as they are sent, for its metadata: what a rule says, milliseconds for timings, else what the
 * name says by custom (`size_bytes`, `sent_bytes_total`).
 *
 * A rule that converts values says the unit in which `/metrics` shows them, which is not that of the values here.
 */
import type { Context } from '../../model/context.ts';
import type { ExposureRule } from '../../model/metric-rule.ts';

const CUSTOM =
  /[._](seconds|milliseconds|microseconds|nanoseconds|bytes|bits|ratio|percent|celsius)(?:[._]total)?$/;

/** Empty when it is not known. */
export function unitOf(
  { name, isTiming }: Pick<Context, 'name' | 'isTiming'>,
  { scale = 1, unit = '' }: ExposureRule = {},
): string {
  if (unit !== '' && scale === 1) return unit;
  if (isTiming === true) return 'milliseconds';
  return CUSTOM.exec(name)?.[1] ?? '';
}
