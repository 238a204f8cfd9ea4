/**
 * Limits on cardinality: how many contexts there may be, how large one may be, and where the samples go that are
 * beyond (docs/limits.md).
 *
 *   page.views  user:1 … user:9999, host web-1      contexts of their own, up to the limit
 *   page.views  whippet.overflow:true, own host     everything beyond, one series a type
 *   whippet.overflow  whippet.overflow:true         when there are too many names even for that, one a type
 *
 * What travels between threads is a limit's number: its place in the list plus 1, and 0 for none.
 */
import type { ByteString } from '../text.ts';

export const CARDINALITY_LIMITS = [
  'contexts',
  'contexts_per_metric',
  'contexts_per_origin',
  'tags',
  'tag_value_bytes',
  /** The text of a context is longer than a shard can hash: not a key of the configuration. */
  'context_bytes',
] as const;
export type CardinalityLimit = (typeof CARDINALITY_LIMITS)[number];

/** The numbers of the limits. */
export const OVER = {
  none: 0,
  contexts: 1,
  metric: 2,
  origin: 3,
  tags: 4,
  tagValue: 5,
  contextBytes: 6,
} as const;

export interface ContextLimits {
  readonly contexts: number;
  /** 0 for no limit, like the rest. */
  readonly contextsPerMetric: number;
  readonly contextsPerOrigin: number;
  readonly tags: number;
  readonly tagValueBytes: number;
  /** Reports what is over a limit, and lets it have its context all the same. */
  readonly dryRun: boolean;
}

/** The only tag of a series for what is over a limit, and the name of the one for everything else. */
export const OVERFLOW_TAG: ByteString = 'whippet.overflow:true';
export const OVERFLOW_NAME: ByteString = 'whippet.overflow';
/** Overflow series, one a metric name and type: of a shard each limit's counts, of the server each once. */
export const OVERFLOW_SERIES_MAX = 10_000;
/** Every type of OVERFLOW_NAME for every limit. */
const CATCH_ALL_SERIES = 64;
/** What a dry run stops at: the largest `limits.contexts` there is. */
export const CONTEXTS_HARD_MAX = 16_777_216;

/** The number's limit. */
export function limitOfNumber(number: number): CardinalityLimit {
  return CARDINALITY_LIMITS[number - 1] ?? 'contexts';
}

/** Slots a shard needs to keep the limits: those within them and those of overflow series. */
export function slotsNeeded({ contexts, dryRun }: ContextLimits): number {
  return (dryRun ? CONTEXTS_HARD_MAX : contexts) + OVERFLOW_SERIES_MAX + CATCH_ALL_SERIES;
}
