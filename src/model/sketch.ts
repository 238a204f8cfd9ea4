/** A finished quantile sketch as outputs see it (docs/behaviour/sketch.md). */
export interface Sketch {
  readonly count: number;
  readonly min: number;
  readonly max: number;
  readonly sum: number;
  readonly avg: number;
  /** Bin keys, ascending, and how many observations each holds; equal length. */
  readonly keys: ArrayLike<number>;
  readonly counts: ArrayLike<number>;
  /** Approximate value at quantile `q` in [0, 1] (docs/behaviour/sketch.md#quantiles). */
  quantile(q: number): number;
}
