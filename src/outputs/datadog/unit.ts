/**
 * The unit of a series, as newer agents send it: that of timings is known from their type (docs/datadog.md#what-is-sent).
 *
 *   a:12|ms  ─▶ a.max, a.avg, a.95percentile in milliseconds; a.count counts them and has none
 *   a:12|h   ─▶ no unit: nobody knows what was measured
 */
import type { Context } from '../../model/context.ts';

const MILLISECOND = 'millisecond';
const COUNT = '.count';

/** Empty for none. */
export function unitOf({ isTiming }: Pick<Context, 'isTiming'>, suffix: string): string {
  return isTiming === true && suffix !== COUNT ? MILLISECOND : '';
}
