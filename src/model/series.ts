/**
 * What leaves aggregation for the outputs.
 *
 * An Aggregate is one context in one closed bucket. It carries the raw aggregate, for outputs that
 * keep totals or sketches of their own (Prometheus, OTLP), and the series the Agent would send for it,
 * for outputs that speak the Agent's language (Datadog, file, console).
 */
import type { Context } from './context.ts';
import type { HistogramSummary } from './histogram.ts';
import type { Sketch } from './sketch.ts';

export type SeriesType = 'gauge' | 'rate' | 'count' | 'distribution';

/** One value under one name; the bucket and the tags are those of the aggregate it belongs to. */
export interface Series {
  /** Appended to the context's name: `''`, `.max`, `.95percentile`, … */
  readonly suffix: string;
  readonly type: SeriesType;
  /** For a distribution the sum; its sketch is `Aggregate.data.sketch`. */
  readonly value: number;
}

export type AggregateData =
  | { readonly kind: 'counter'; readonly sum: number }
  | { readonly kind: 'gauge'; readonly value: number }
  | { readonly kind: 'set'; readonly distinct: number }
  | { readonly kind: 'histogram'; readonly histogram: HistogramSummary }
  | { readonly kind: 'distribution'; readonly sketch: Sketch }
  /** A sample with a timestamp of its own: passed through, never merged (docs/behaviour/aggregation.md#timestamped-samples). */
  | { readonly kind: 'timestamped'; readonly value: number };

export interface Aggregate {
  readonly context: Context;
  /** Start of the bucket, Unix seconds; the sample's own time when `data.kind` is `timestamped`. */
  readonly timestamp: number;
  /** Width of the bucket, seconds. */
  readonly interval: number;
  readonly data: AggregateData;
  readonly series: readonly Series[];
}
