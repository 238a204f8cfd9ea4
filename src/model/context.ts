/**
 * A context: metric name + tags + host + type, what one series is about (docs/behaviour/aggregation.md#contexts; the type
 * is part of it, docs/differences.md).
 */
import type { ByteString } from './text.ts';

/** What a context aggregates as; `ms` and `h` are both histograms. The order is the code in the core. */
export const CONTEXT_TYPES = ['counter', 'gauge', 'histogram', 'distribution', 'set'] as const;
export type ContextType = (typeof CONTEXT_TYPES)[number];

/** The letter of each type on the wire, for people to read. */
export const TYPE_LETTERS: Readonly<Record<ContextType, string>> = {
  counter: 'c',
  gauge: 'g',
  histogram: 'h',
  distribution: 'd',
  set: 's',
};

/**
 * Where a context is aggregated: here, over the fleet, or both (docs/global.md). Overflow contexts are local. The order is
 * the number in columns.
 */
export const SCOPES = ['local', 'global', 'both'] as const;
export type Scope = (typeof SCOPES)[number];

/**
 * Ends the text of a context that is not local, after its tags. No client can write such a tag: a comma separates tags.
 */
export const SCOPE_MARKS = { local: '', global: ',global', both: ',both' } as const;

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
  /** Its samples came as timings (`ms`). */
  readonly isTiming?: boolean;
  /** Absent for local contexts. */
  readonly scope?: Scope;
}
