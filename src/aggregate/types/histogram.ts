/**
 * Histograms: a weighted list of values per context, exact while it has at most `valuesMax` different
 * values, a sketch beyond. A shard over its own budget delivers bins besides values; one bin is enough
 * to make the histogram a sketch.
 */
import type { Steps } from '../../lib/time/steps.ts';
import type { NumberBatch } from '../../model/number-batch.ts';
import type { OpenData } from '../../model/open-value.ts';
import type { PartialData } from '../../model/partial-data.ts';
import { KEY_KIND, type KeyKind, type SealedBucket } from '../../model/sealed-bucket.ts';
import type { Cells, OpenCopy, Outcome } from '../cells.ts';
import { KeyLog } from '../key-log.ts';
import { Rows } from '../rows.ts';
import type { SketchLimits } from '../sketch/sketch-bins.ts';
import type { HistogramSeries } from './histogram-series.ts';
import { binsOf, ExactHistogram, type Histogram, SketchedHistogram } from './histogram-summary.ts';
import { Moments } from './moments.ts';

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
  private readonly rules: HistogramRules;
  private readonly moments = new Moments();
  private readonly values = new KeyLog({ weighted: true });
  private readonly bins = new KeyLog({ weighted: true });

  constructor(rules: HistogramRules) {
    this.rules = rules;
  }

  hasRoom(id: number, sealed: SealedBucket, slot: number): boolean {
    return this.moments.hasRoom(this.rows.find(id), sealed.count(slot));
  }

  merge(id: number, sealed: SealedBucket, slot: number): boolean {
    return this.moments.merge(this.rows.take(id), sealed, slot);
  }

  mergeNumbers(id: number, batch: NumberBatch): void {
    const log = batch.isBins ? this.bins : this.values;
    log.appendBatch(this.rows.take(id), batch);
  }

  mergeKey(id: number, kind: KeyKind, low: number, high: number, weight: number): void {
    const row = this.rows.take(id);
    if (kind === KEY_KIND.bin) this.bins.append(row, low | 0, weight);
    else this.values.append(row, doubleOf(low, high), weight);
  }

  openCopy(): OpenCopy {
    const [values, bins] = [this.values.copy(), this.bins.copy()];
    const rows = this.rows.size;
    return {
      *close() {
        yield* values.group(rows);
        yield* bins.group(rows);
      },
      binsAt: (row) => {
        const histogram = this.summarize(row, values, bins);
        return histogram && { histogram };
      },
    };
  }

  *close(): Steps {
    yield* this.values.group(this.rows.size);
    yield* this.bins.group(this.rows.size);
  }

  openAt(row: number): OpenData | undefined {
    const { sum, count, min } = this.moments.summaryOf(row);
    return count > 0 ? { kind: 'observed', sum, count, min } : undefined;
  }

  partialAt(row: number): PartialData | undefined {
    const values = this.values.weightsOf(row);
    const bins = this.bins.weightsOf(row);
    if (values.keys.length === 0 && bins.keys.length === 0) return undefined;
    return { kind: 'histogram', moments: this.moments.partialOf(row), values, bins };
  }

  outcomeAt(row: number): Outcome | undefined {
    const histogram = this.summarize(row, this.values, this.bins);
    if (histogram === undefined) return undefined;
    if (!histogram.exact) this.rules.onSketched?.();
    const { seriesOf, intervalSeconds } = this.rules;
    const series = seriesOf(this.rows.idAt(row));
    return { data: { kind: 'histogram', histogram }, series: series.of(histogram, intervalSeconds) };
  }

  private summarize(row: number, valueLog: KeyLog, binLog: KeyLog): Histogram | undefined {
    const summary = this.moments.summaryOf(row);
    const { keys: values, weights } = valueLog.weightsOf(row);
    const bins = binLog.weightsOf(row);
    if (bins.keys.length > 0 || values.length > this.rules.valuesMax) {
      return new SketchedHistogram(...binsOf(values, weights, bins), summary, this.rules.sketchLimits);
    }
    return values.length === 0 ? undefined : new ExactHistogram(values, weights, summary);
  }
}

function doubleOf(low: number, high: number): number {
  bits.setUint32(0, low, true);
  bits.setUint32(4, high, true);
  return bits.getFloat64(0, true);
}
