/**
 * What people are told about a metric that is over a limit on cardinality: in the log, at /api/cardinality, in the
 * user interface. Plain data, texts decoded.
 */
import type { CardinalityLimit } from './cardinality.ts';

/** What the values of a tag key come to among the contexts of a metric. */
export interface TagKeyReport {
  readonly key: string;
  /** How many distinct values were seen, within a few per cent. */
  readonly distinct: number;
  /** The first few of them, long ones cut. */
  readonly examples: readonly string[];
}

export interface CardinalityReport {
  readonly limit: CardinalityLimit;
  /** The key of the configuration, and its value. */
  readonly key: string;
  readonly configured: number;
  readonly metric: string;
  /** Whether it goes on. */
  readonly active: boolean;
  /** Nothing was changed, only reported (limits.dry_run). */
  readonly dryRun: boolean;
  /** Unix seconds of the flushes that noticed it begin and end; null while it goes on. */
  readonly since: number;
  readonly until: number | null;
  /** Samples that were over the limit. */
  readonly samples: number;
  /** Contexts the metric has of its own now. */
  readonly contexts: number;
  /** Tag keys by their number of values, the one that grew first. */
  readonly tagKeys: readonly TagKeyReport[];
}
