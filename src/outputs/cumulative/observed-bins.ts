/**
 * The bins that one bucket adds to a cumulative distribution: keys ascending, each once, with whole counts.
 *
 * Exact weights make counts with fractions. They are rounded on a running total that begins with what earlier buckets left
 * over, so the bins of a series stay within half an observation of its count, and no bin ever shrinks.
 *
 * One list is used again and again as scratch.
 */

import { ColumnTable } from '../../lib/column-table.ts';
import { toSketchKey } from '../../lib/sketch-key.ts';
import type { HistogramSummary } from '../../model/histogram.ts';
import type { Sketch } from '../../model/sketch.ts';
import type { BinColumns } from './bin-store.ts';

const BINS_AT_START = 64;

export class ObservedBins implements BinColumns {
  length = 0;
  /** All counts. */
  total = 0;
  private readonly bins = new ColumnTable({ keys: Int16Array, counts: Float64Array }, BINS_AT_START);
  private running = 0;

  get keys(): Int16Array {
    return this.bins.columns.keys;
  }

  get counts(): Float64Array {
    return this.bins.columns.counts;
  }

  /** Holds the bins of `sketch` afterwards. `carried` is what earlier buckets left over, -0.5 to 0.5. */
  setSketch({ keys, counts }: Sketch, carried: number): void {
    this.clear(carried);
    for (let i = 0; i < keys.length; i++) this.add(keys[i] as number, counts[i] as number);
  }

  /** The same for a histogram. */
  setHistogram(histogram: HistogramSummary, carried: number): void {
    this.clear(carried);
    histogram.forEachValue((value, weight) => this.add(toSketchKey(value), weight));
  }

  private clear(carried: number): void {
    this.length = 0;
    this.total = 0;
    this.running = carried;
  }

  private add(key: number, weight: number): void {
    this.running += weight;
    const count = Math.round(this.running) - this.total;
    if (!(count > 0)) return;
    this.total += count;
    if (this.length > 0 && this.keys[this.length - 1] === key) {
      this.counts[this.length - 1] = (this.counts[this.length - 1] as number) + count;
      return;
    }
    this.bins.reserve(this.length);
    this.keys[this.length] = key;
    this.counts[this.length++] = count;
  }
}
