/**
 * Counts by sketch bin of one column of a heat map, summed over any number of sketches and histograms.
 *
 *   two bins of the sketch are one here: key >> 1       ≤ 1.6 % from the value
 *
 * Memory  8 bytes for each bin between the lowest and the highest, at most SPAN_MAX; what lies below the span counts
 *         in its lowest bin, so that high percentiles stay right.
 */
import { fromSketchKey, toSketchKey } from '../lib/sketch-key.ts';

const SPAN_MAX = 4096;
const SPAN_MIN = 64;

export class BinColumn {
  total = 0;
  private counts = new Float64Array(0);
  /** The bin at place 0. */
  private first = 0;
  /** Bins that hold something: [low, high]. */
  private low = Number.POSITIVE_INFINITY;
  private high = Number.NEGATIVE_INFINITY;

  addValue(value: number, weight: number): void {
    if (!Number.isNaN(value)) this.addKey(toSketchKey(value), weight);
  }

  addKey(key: number, weight: number): void {
    if (!(weight > 0)) return;
    let bin = key >> 1;
    if (bin < this.first || bin >= this.first + this.counts.length) bin = this.makeRoom(bin);
    (this.counts[bin - this.first] as number) += weight;
    this.total += weight;
    if (bin < this.low) this.low = bin;
    if (bin > this.high) this.high = bin;
  }

  clear(): void {
    if (this.total > 0) this.counts.fill(0, this.low - this.first, this.high - this.first + 1);
    this.total = 0;
    this.low = Number.POSITIVE_INFINITY;
    this.high = Number.NEGATIVE_INFINITY;
  }

  /** The value at quantile `q` in [0, 1]; null when empty. */
  quantile(q: number): number | null {
    if (this.total === 0) return null;
    const rank = q * (this.total - 1);
    let sum = 0;
    for (let bin = this.low; bin <= this.high; bin++) {
      sum += this.at(bin);
      if (sum > rank) return valueOfBin(bin);
    }
    return valueOfBin(this.high);
  }

  /** The bins that hold something, as [low, high]; undefined when empty. */
  get range(): readonly [number, number] | undefined {
    return this.total === 0 ? undefined : [this.low, this.high];
  }

  at(bin: number): number {
    return this.counts[bin - this.first] ?? 0;
  }

  /** Extends the span so that it holds `bin`; the bin to use, another when the span would be too wide. */
  private makeRoom(bin: number): number {
    const isEmpty = this.total === 0;
    const low = isEmpty ? bin : Math.min(bin, this.low);
    const high = isEmpty ? bin : Math.max(bin, this.high);
    const first = Math.max(low, high - SPAN_MAX + 1);
    const length = Math.min(SPAN_MAX, Math.max(SPAN_MIN, 2 * (high - first + 1)));
    const larger = new Float64Array(length);
    if (!isEmpty) {
      for (let from = this.low; from <= this.high; from++)
        (larger[Math.max(from, first) - first] as number) += this.at(from);
      this.low = Math.max(this.low, first);
    }
    this.counts = larger;
    this.first = first;
    return Math.max(bin, first);
  }
}

/** The value in the middle of a bin of this file. */
export function valueOfBin(bin: number): number {
  const [a, b] = [fromSketchKey(2 * bin), fromSketchKey(2 * bin + 1)];
  if (a === 0 || b === 0) return 0;
  return Number.isFinite(b) ? Math.sign(a) * Math.sqrt(a * b) : b;
}

/** The value at which a bin begins. */
export function lowerBoundOf(bin: number): number {
  const [a, b] = [fromSketchKey(2 * bin - 1), fromSketchKey(2 * bin)];
  if (a === 0 || b === 0) return b < 0 ? b : 0;
  return Number.isFinite(b) && Number.isFinite(a) ? Math.sign(a) * Math.sqrt(a * b) : b;
}
