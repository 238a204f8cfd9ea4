/**
 * A context: metric name + tags + host + type, what one series is about (spec aggregation §3; the type
 * is part of it, docs/differences.md).
 */
import type { ByteString } from './text.ts';

/** What a context aggregates as; `ms` and `h` are both histograms. The order is the code in the core. */
export const CONTEXT_TYPES = ['counter', 'gauge', 'histogram', 'distribution', 'set'] as const;
export type ContextType = (typeof CONTEXT_TYPES)[number];

export interface Context {
  /** Dense number, reused after the context is forgotten. */
  readonly id: number;
  readonly name: ByteString;
  readonly type: ContextType;
  readonly host: ByteString;
  /** Without duplicates, in the order first seen; for timestamped samples as written. */
  readonly tags: readonly ByteString[];
  /** The JMX check its samples come from; absent for all others. */
  readonly source?: string;
}
