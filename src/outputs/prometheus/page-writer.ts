/**
 * What the page is written with, whatever its format: family by family, series by series.
 *
 *   begin(family) ─▶ value │ summary │ histogram … ─▶ end() ─▶ take()
 */
import type { PrometheusType } from './family.ts';

/** What was observed in all. */
export interface Observed {
  /** Undefined where the format has none for what may fall. */
  readonly sum: number | undefined;
  readonly count: number;
  /** When the total began, Unix seconds; undefined when that is not known. */
  readonly startAt: number | undefined;
}

/** Classic buckets with what they hold. */
export interface ClassicCounts {
  readonly bounds: readonly number[];
  /** Those of the buckets below included; one more than bounds, the last is everything. */
  readonly counts: readonly number[];
}

/** Bins of a sketch: keys ascending, each once. */
export interface NativeBins {
  readonly keys: ArrayLike<number>;
  readonly counts: ArrayLike<number>;
  /** What a key's value is multiplied with. */
  readonly scale: number;
}

export interface PageWriter {
  /** Bytes, about, that were written since the last take. */
  readonly size: number;
  begin(displayed: string, type: PrometheusType, help: string): void;
  /** One sample of a counter or gauge. `labels` is the text between the braces. */
  value(labels: string, value: number, startAt?: number): void;
  summary(labels: string, quantiles: readonly (readonly [number, number])[], observed: Observed): void;
  histogram(
    labels: string,
    observed: Observed,
    classic: ClassicCounts | undefined,
    native: NativeBins | undefined,
  ): void;
  /** Ends the family. */
  end(): void;
  /** What is ready to be sent; possibly empty. */
  take(): string | Uint8Array;
  /** What is left, and what ends a page. */
  finish(): string | Uint8Array;
}
