/**
 * What one remote-write request says about one series: plain data, before it is written as version 1.0 or 2.0.
 */
import type { ExponentialHistogram } from '../native-histogram/exponential-histogram.ts';

/** Types of the metadata, by their number in 2.0; 1.0 has the same for these. */
export const METRIC_TYPES = { counter: 1, gauge: 2, histogram: 3, summary: 5 } as const;
export type MetricType = keyof typeof METRIC_TYPES;

/** The bits of the NaN that says a series has ended. Never let them pass through arithmetic. */
export const STALE_BITS = 0x7ff0000000000002n;

export interface WriteFamily {
  /** Of the metadata: without the suffix of a summary's or histogram's sample. */
  readonly name: string;
  readonly type: MetricType;
  readonly help: string;
  /** Such as `milliseconds`; empty when it is not known. */
  readonly unit: string;
}

export type WritePoint =
  | { readonly kind: 'sample'; readonly at: number; readonly value: number }
  /** The series has ended. */
  | { readonly kind: 'stale'; readonly at: number }
  | {
      readonly kind: 'histogram';
      readonly at: number;
      readonly sum: number;
      readonly histogram: ExponentialHistogram;
    }
  /** A native histogram has ended. */
  | { readonly kind: 'stale histogram'; readonly at: number };

export interface WriteSeries {
  /** Name and value by turns, sorted by name, `__name__` among them. */
  readonly labels: readonly string[];
  readonly family: WriteFamily;
  /** When the total began, ms since 1970; 0 for what is no total. */
  readonly startAt: number;
  /** In order of time. Samples or histograms, never both. Times are ms since 1970. */
  readonly points: readonly WritePoint[];
}
