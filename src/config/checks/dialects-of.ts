/** What a listener understands besides DogStatsD, from the configuration (`dialects`). */
import type { DialectListener, Dialects } from '../../model/dialect.ts';
import type { Config } from '../schema.ts';

/** Undefined for nothing, which costs nothing. */
export function dialectsOf(
  { dialects }: Pick<Config, 'dialects'>,
  listener: DialectListener,
): Dialects | undefined {
  const { tags, relative_gauges: relativeGauges, listeners } = dialects;
  if (tags.length === 0 && !relativeGauges) return undefined;
  return listeners.includes(listener) ? { tags, relativeGauges } : undefined;
}
