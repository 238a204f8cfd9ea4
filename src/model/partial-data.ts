/**
 * What one server counted for one context in one bucket, before anything is computed from it: what global aggregation
 * sends (docs/global.md).
 *
 * Borrowed: valid until the next context of the flush; copy what you keep.
 */

/** Sums over the values of a histogram or distribution. `weightedSum` over `count` is the sketch's average. */
export interface PartialMoments {
  readonly count: number;
  readonly sum: number;
  readonly min: number;
  readonly max: number;
  readonly weightedSum: number;
}

/** Keys or values, ascending, each once, with their weights. */
export interface Weighted {
  readonly keys: ArrayLike<number>;
  readonly weights: ArrayLike<number>;
}

export type PartialData =
  | { readonly kind: 'counter'; readonly sum: number }
  /** `at` in Unix seconds with fraction. */
  | { readonly kind: 'gauge'; readonly value: number; readonly at: number }
  | {
      readonly kind: 'histogram';
      readonly moments: PartialMoments;
      readonly values: Weighted;
      /** What was over the budget for values. */
      readonly bins: Weighted;
    }
  | { readonly kind: 'distribution'; readonly moments: PartialMoments; readonly bins: Weighted }
  /** 53 bits of each element's hash; some may come twice. */
  | { readonly kind: 'set'; readonly elements: ArrayLike<number> };
