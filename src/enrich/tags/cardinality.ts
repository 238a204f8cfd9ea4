/**
 * Tag cardinality: how many of an entity's tags a message gets (docs/behaviour/origin.md#cardinality).
 *
 *   none ─▶ nothing     low ─▶ low     orchestrator ─▶ low, orchestrator     high ─▶ all
 */
import type { ByteString } from '../../model/text.ts';

export const CARDINALITIES = ['none', 'low', 'orchestrator', 'high'] as const;
export type Cardinality = (typeof CARDINALITIES)[number];

/** Reads a level, in any case; undefined when there is no such level. */
export function parseCardinality(text: ByteString): Cardinality | undefined {
  const lower = text.toLowerCase();
  if (lower === 'orch') return 'orchestrator';
  return CARDINALITIES.find((level) => level === lower);
}
