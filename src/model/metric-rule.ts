/**
 * A rule about metrics as the configuration has it (key `rules`, docs/rules.md), and what its words mean.
 * Several parts read rules: enrichment drops, retags and retypes; aggregation computes and times.
 */
import type { ContextType } from './context.ts';
import type { TagChoice } from './tag-choice.ts';

export interface MetricRuleOptions {
  readonly match?: string;
  readonly match_type?: string;
  /** The rule is for these types alone. */
  readonly types?: readonly RuleType[];
  readonly drop?: boolean;
  /** Tag keys, or whole tags `key:value`. */
  readonly keep_tags?: readonly string[];
  readonly drop_tags?: readonly string[];
  readonly as?: RuleType;
  /** Of histograms; the texts are those of `histogram_aggregates`. */
  readonly aggregates?: readonly string[] | 'none';
  /** Quantiles from 0 to 1. */
  readonly percentiles?: readonly number[] | 'none';
  readonly bucket_seconds?: number;
  readonly expiry_seconds?: number;
  /** Aggregated over the fleet, without the host (docs/global.md). */
  readonly global?: boolean;
  /** What global gauges of several edges come to. */
  readonly gauge?: GlobalGauge;
  /** Aggregated here as well, with the host and all tags. */
  readonly keep_local?: boolean;
  /** What values are multiplied with where they are shown to Prometheus. */
  readonly scale?: number;
  /** Appended to the name there: `seconds`. */
  readonly unit?: string;
  /** Upper bounds of a classic histogram there, in the unit that is shown. */
  readonly buckets?: readonly number[];
}

/** What the values that edges have for one gauge come to. The order is the code in chunks. */
export const GLOBAL_GAUGES = ['last', 'sum', 'min', 'max', 'avg'] as const;
export type GlobalGauge = (typeof GLOBAL_GAUGES)[number];

/** What a rule says about aggregation. */
export interface AggregationRule {
  readonly aggregates?: readonly string[];
  readonly percentiles?: readonly number[];
  readonly bucketSeconds?: number;
  readonly expirySeconds?: number;
  /** What global gauges come to. */
  readonly gauge?: GlobalGauge;
  /** Tags that go before a context that is aggregated here as well joins the fleet's. */
  readonly globalTags?: TagChoice;
  /** How Prometheus sees it. */
  readonly exposure?: ExposureRule;
}

/** What a rule says about how Prometheus sees a metric. */
export interface ExposureRule {
  readonly scale?: number;
  readonly unit?: string;
  readonly buckets?: readonly number[];
}

/** Words for the types; timings are histograms. */
export const RULE_TYPES = ['count', 'gauge', 'histogram', 'distribution', 'set'] as const;
export type RuleType = (typeof RULE_TYPES)[number];

/** What `as` can make of a metric. */
export const RULE_TARGETS = ['count', 'gauge', 'histogram', 'distribution'] as const;

export function contextTypeOf(word: RuleType): ContextType {
  return word === 'count' ? 'counter' : word;
}

/** Which rule it was, for people: its place in the list, from 1, and its `match`. */
export interface RuleName {
  readonly rule: number;
  readonly match: string;
}
