/**
 * Names for the counters of a shard (model/core-border.ts numbers them).
 */
import * as layout from '../../model/core-border.ts';

export const CORE_COUNTERS = {
  packets: layout.COUNT_PACKETS,
  bytes: layout.COUNT_BYTES,
  lines: layout.COUNT_LINES,
  /** Values of accepted messages, packed ones singly, those that find no room included. */
  samples: layout.COUNT_SAMPLES,
  /** Lines found as written, and found free of tag order. */
  lineHits: layout.COUNT_LINE_HITS,
  tagSetHits: layout.COUNT_TAG_SET_HITS,
  /** Lines that took the cold path. */
  lineMisses: layout.COUNT_LINE_MISSES,
  filteredLines: layout.COUNT_FILTERED_LINES,
  /** Last lines of packets that were dropped: without the LF they must have, and cut by the kernel. */
  unterminated: layout.COUNT_UNTERMINATED,
  cutLines: layout.COUNT_CUT_LINES,
  truncatedPackets: layout.COUNT_TRUNCATED_PACKETS,
  nonFiniteSamples: layout.COUNT_NON_FINITE_SAMPLES,
  /** Samples whose weight, or what they would add up to, is beyond what is held (model/core-border.ts). */
  outOfRangeSamples: layout.COUNT_OUT_OF_RANGE_SAMPLES,
  /** Lines that could not be cached, and samples that were dropped, because a table was at its limit. */
  lineTableFull: layout.COUNT_LINE_TABLE_FULL,
  keyTableFullSamples: layout.COUNT_KEY_TABLE_FULL_SAMPLES,
  timestampedFullSamples: layout.COUNT_TIMESTAMPED_FULL_SAMPLES,
  timestampedSamples: layout.COUNT_TIMESTAMPED_SAMPLES,
  /** Present number of cached lines and of contexts with a slot. */
  cachedLines: layout.COUNT_CACHED_LINES,
  contextSlots: layout.COUNT_CONTEXT_SLOTS,
  evictedLines: layout.COUNT_EVICTED_LINES,
  memoryFull: layout.COUNT_MEMORY_FULL,
} as const;

/** Those that are a state and no sum: they rise and fall. */
export const CORE_STATES: readonly number[] = [CORE_COUNTERS.cachedLines, CORE_COUNTERS.contextSlots];

export type CoreCounter = keyof typeof CORE_COUNTERS;
