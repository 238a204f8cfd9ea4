/**
 * What a context has in a bucket that is still open, for outputs that are looked at before it closes.
 */
import type { HistogramSummary } from './histogram.ts';
import type { Sketch } from './sketch.ts';

export type OpenData =
  | { readonly kind: 'counter'; readonly sum: number }
  | { readonly kind: 'gauge'; readonly value: number }
  /** A histogram or distribution; with all of its bins where they were asked for. */
  | {
      readonly kind: 'observed';
      readonly sum: number;
      readonly count: number;
      readonly min: number;
      readonly bins?: OpenBins;
    };

export type OpenBins =
  | { readonly histogram: HistogramSummary; readonly sketch?: undefined }
  | { readonly sketch: Sketch };

export interface OpenValue {
  readonly id: number;
  /** Start of the bucket, Unix seconds. */
  readonly start: number;
  /** Width of the bucket, seconds. */
  readonly interval: number;
  readonly data: OpenData;
}
