/** Distributions: bins and moments per context; at the flush a sketch as the Agent sends it. */
import type { Steps } from '../../lib/time/steps.ts';
import type { NumberBatch } from '../../model/number-batch.ts';
import type { OpenData } from '../../model/open-value.ts';
import type { PartialData } from '../../model/partial-data.ts';
import type { SealedBucket } from '../../model/sealed-bucket.ts';
import type { Cells, OpenCopy, Outcome } from '../cells.ts';
import { KeyLog } from '../key-log.ts';
import { Rows } from '../rows.ts';
import { QuantileSketch } from '../sketch/sketch.ts';
import type { SketchLimits } from '../sketch/sketch-bins.ts';
import { keyOf } from '../sketch/sketch-keys.ts';
import { Moments } from './moments.ts';

export class DistributionCells implements Cells {
  readonly rows = new Rows();
  private readonly limits: SketchLimits;
  private readonly moments = new Moments();
  private readonly bins = new KeyLog({ weighted: true });

  constructor(limits: SketchLimits) {
    this.limits = limits;
  }

  hasRoom(id: number, sealed: SealedBucket, slot: number): boolean {
    return this.moments.hasRoom(this.rows.find(id), sealed.count(slot));
  }

  merge(id: number, sealed: SealedBucket, slot: number): boolean {
    return this.moments.merge(this.rows.take(id), sealed, slot);
  }

  mergeNumbers(id: number, batch: NumberBatch): void {
    this.bins.appendBatch(this.rows.take(id), batch);
  }

  /** Whether one value that counts `whole` times can be added to context `id`. */
  hasRoomFor(id: number, whole: number): boolean {
    return this.moments.hasRoom(this.rows.find(id), whole);
  }

  /**
   * Adds one value, as a shard would: `weight` is 1/rate, `whole` how many observations that is. False when the sum is
   * cut: it stays at the largest double.
   */
  add(id: number, value: number, weight: number, whole: number): boolean {
    const row = this.rows.take(id);
    this.bins.append(row, keyOf(value), whole);
    // Minus zero becomes zero, as in the core.
    return this.moments.add(row, value + 0, weight, whole);
  }

  openCopy(): OpenCopy {
    const bins = this.bins.copy();
    const rows = this.rows.size;
    return {
      close: () => bins.group(rows),
      binsAt: (row) => {
        const { keys, weights } = bins.weightsOf(row);
        return {
          sketch: QuantileSketch.fromBins(keys, weights, this.moments.summaryOf(row), this.limits),
        };
      },
    };
  }

  *close(): Steps {
    yield* this.bins.group(this.rows.size);
  }

  openAt(row: number): OpenData | undefined {
    const { sum, count, min } = this.moments.summaryOf(row);
    return count > 0 ? { kind: 'observed', sum, count, min } : undefined;
  }

  partialAt(row: number): PartialData | undefined {
    const moments = this.moments.partialOf(row);
    if (!(moments.count > 0)) return undefined;
    return { kind: 'distribution', moments, bins: this.bins.weightsOf(row) };
  }

  outcomeAt(row: number): Outcome | undefined {
    const summary = this.moments.summaryOf(row);
    if (!(summary.count > 0)) return undefined;
    const { keys, weights } = this.bins.weightsOf(row);
    const sketch = QuantileSketch.fromBins(keys, weights, summary, this.limits);
    return {
      data: { kind: 'distribution', sketch },
      series: [{ suffix: '', type: 'distribution', value: summary.sum }],
    };
  }
}
