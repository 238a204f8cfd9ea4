/**
 * A histogram of one context in one bucket, as outputs see it (docs/behaviour/aggregation.md#histograms): exact while it
 * stays within its budget, answered by a sketch beyond it.
 */
export interface HistogramSummary {
  /** Sum of the weights trunc(1/rate). */
  readonly count: number;
  /** Sum of value/rate. */
  readonly sum: number;
  readonly min: number;
  readonly max: number;
  /** False when the values were over budget and quantiles come from a sketch. */
  readonly exact: boolean;
  /** The value at quantile `q` in [0, 1] by the Agent's rule; undefined when no value has weight. */
  quantile(q: number): number | undefined;
  /**
   * Visits the distinct values, ascending, each with its weight: the values themselves while `exact`, one
   * representative per sketch bin beyond that. For outputs that merge buckets into a window of their own.
   */
  forEachValue(visit: (value: number, weight: number) => void): void;
}
