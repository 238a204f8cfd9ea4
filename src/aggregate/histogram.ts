/**
 * Histograms: a weighted list of values per context, exact while it has at most `valuesMax` different
 * values, a sketch beyond. A shard over its own budget delivers bins besides values; one bin is enough
 * to make the histogram a sketch.
 */
import type { Steps } from '../lib/steps.ts';
import { KEY_KIND, type KeyKind, type SealedBucket } from '../model/sealed-bucket.ts';
import type { Cells, Outcome } from './cells.ts';
import type { HistogramSeries } from './histogram-series.ts';
import { binsOf, ExactHistogram, type Histogram, SketchedHistogram } from './histogram-summary.ts';
import { KeyLog } from './key-log.ts';
import { Moments } from './moments.ts';
import { Rows } from './rows.ts';
import type { SketchLimits } from './sketch-bins.ts';

export interface HistogramRules {
  readonly intervalSeconds: number;
  /** What the histogram of context `id` comes to. */
  readonly seriesOf: (id: number) => HistogramSeries;
  /** Different values up to which a histogram is exact. */
  readonly valuesMax: number;
  readonly sketchLimits: SketchLimits;
  /** Called for every histogram that turns into a sketch. */
  readonly onSketched?: () => void;
}

/** Reads the two halves of a double's bits. */
const bits = new DataView(new ArrayBuffer(8));

export class HistogramCells implements Cells {
  readonly rows = new Rows();
  readonly #rules: HistogramRules;
  readonly #moments = new Moments();
  readonly #values = new KeyLog({ weighted: true });
  readonly #bins = new KeyLog({ weighted: true });

  constructor(rules: HistogramRules) {
    this.#rules = rules;
  }

  merge(id: number, sealed: SealedBucket, slot: number): void {
    this.#moments.merge(this.rows.take(id), sealed, slot);
  }

  mergeKey(id: number, kind: KeyKind, low: number, high: number, weight: number): void {
    const row = this.rows.take(id);
    if (kind === KEY_KIND.bin) this.#bins.append(row, low | 0, weight);
    else this.#values.append(row, doubleOf(low, high), weight);
  }

  *close(): Steps {
    yield* this.#values.group(this.rows.size);
    yield* this.#bins.group(this.rows.size);
  }

  outcomeAt(row: number): Outcome | undefined {
    const histogram = this.#summarize(row);
    if (histogram === undefined) return undefined;
    const { seriesOf, intervalSeconds } = this.#rules;
    const series = seriesOf(this.rows.idAt(row));
    return { data: { kind: 'histogram', histogram }, series: series.of(histogram, intervalSeconds) };
  }

  #summarize(row: number): Histogram | undefined {
    const summary = this.#moments.summaryOf(row);
    const { keys: values, weights } = this.#values.weightsOf(row);
    const bins = this.#bins.weightsOf(row);
    if (bins.keys.length > 0 || values.length > this.#rules.valuesMax) {
      this.#rules.onSketched?.();
      return new SketchedHistogram(...binsOf(values, weights, bins), summary, this.#rules.sketchLimits);
    }
    return values.length === 0 ? undefined : new ExactHistogram(values, weights, summary);
  }
}

function doubleOf(low: number, high: number): number {
  bits.setUint32(0, low, true);
  bits.setUint32(4, high, true);
  return bits.getFloat64(0, true);
}
