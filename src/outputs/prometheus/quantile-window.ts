/**
 * Quantiles over a sliding window of recent buckets.
 *
 * The window is two ages of a minute: buckets go into the young one, a quantile reads both, and each
 * minute the old one is emptied and becomes the young one. So quantiles cover the last one to two
 * minutes, and forgetting costs nothing per bucket.
 */
import { toSketchKey } from '../../lib/sketch-key.ts';
import type { HistogramSummary } from '../../model/histogram.ts';
import type { Sketch } from '../../model/sketch.ts';
import { BinList } from './bin-list.ts';
import { QuantileAge } from './quantile-age.ts';

export const AGE_SECONDS = 60;
/** Per age: 16 million bins are 96 MiB, or 168 bins for each of 100,000 distributions. */
export const BINS_MAX = 16 * 1024 * 1024;

export class QuantileWindow {
  private young: QuantileAge;
  private old: QuantileAge;
  private youngSince: number | undefined;
  private readonly bins = new BinList();

  constructor(binsMax: number = BINS_MAX) {
    this.young = new QuantileAge(binsMax);
    this.old = new QuantileAge(binsMax);
  }

  /** Moves the window on to `now`, Unix seconds. */
  advance(now: number): void {
    // A clock that was set back must not hold the window open.
    if (this.youngSince === undefined || now < this.youngSince) this.youngSince = now;
    // A pause longer than both ages empties both.
    for (let steps = 0; now - this.youngSince >= AGE_SECONDS; steps++) {
      if (steps === 2) {
        this.youngSince = now;
        break;
      }
      const emptied = this.old;
      emptied.clear();
      this.old = this.young;
      this.young = emptied;
      this.youngSince += AGE_SECONDS;
    }
  }

  /** Adds a sketch to context `id`; false when there is no room. */
  addSketch(id: number, sketch: Sketch): boolean {
    const bins = this.bins;
    bins.clear();
    for (let i = 0; i < sketch.keys.length; i++) {
      bins.push(sketch.keys[i] as number, sketch.counts[i] as number);
    }
    bins.widen(sketch.min, sketch.max);
    return bins.length === 0 || this.young.add(id, bins);
  }

  /** Adds a histogram to context `id`; false when there is no room. */
  addHistogram(id: number, histogram: HistogramSummary): boolean {
    const bins = this.bins;
    bins.clear();
    histogram.forEachValue((value, weight) => bins.push(toSketchKey(value), weight));
    bins.widen(histogram.min, histogram.max);
    return bins.length === 0 || this.young.add(id, bins);
  }

  /** The bins of several contexts together. Borrowed: valid until the next call. */
  read(ids: readonly number[]): BinList {
    const bins = this.bins;
    bins.clear();
    for (const id of ids) {
      this.young.read(id, bins);
      this.old.read(id, bins);
    }
    return bins;
  }

  forget(id: number): void {
    this.young.forget(id);
    this.old.forget(id);
  }
}
