/** Distributions: bins and moments per context; at the flush a sketch as the Agent sends it. */
import type { Steps } from '../lib/steps.ts';
import type { KeyKind, SealedBucket } from '../model/sealed-bucket.ts';
import type { Cells, Outcome } from './cells.ts';
import { KeyLog } from './key-log.ts';
import { Moments } from './moments.ts';
import { Rows } from './rows.ts';
import { QuantileSketch } from './sketch.ts';
import type { SketchLimits } from './sketch-bins.ts';
import { keyOf } from './sketch-keys.ts';

export class DistributionCells implements Cells {
  readonly rows = new Rows();
  readonly #limits: SketchLimits;
  readonly #moments = new Moments();
  readonly #bins = new KeyLog({ weighted: true });

  constructor(limits: SketchLimits) {
    this.#limits = limits;
  }

  merge(id: number, sealed: SealedBucket, slot: number): void {
    this.#moments.merge(this.rows.take(id), sealed, slot);
  }

  mergeKey(id: number, _kind: KeyKind, low: number, _high: number, weight: number): void {
    this.#bins.append(this.rows.take(id), low | 0, weight);
  }

  /** Adds one value, as a shard would; `weight` is 1/rate. */
  add(id: number, value: number, weight: number): void {
    const row = this.rows.take(id);
    // Minus zero becomes zero, as in the core.
    this.#moments.add(row, value + 0, weight);
    this.#bins.append(row, keyOf(value), Math.trunc(weight));
  }

  *close(): Steps {
    yield* this.#bins.group(this.rows.size);
  }

  outcomeAt(row: number): Outcome | undefined {
    const summary = this.#moments.summaryOf(row);
    if (!(summary.count > 0)) return undefined;
    const { keys, weights } = this.#bins.weightsOf(row);
    const sketch = QuantileSketch.fromBins(keys, weights, summary, this.#limits);
    return {
      data: { kind: 'distribution', sketch },
      series: [{ suffix: '', type: 'distribution', value: summary.sum }],
    };
  }
}
