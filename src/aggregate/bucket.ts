/**
 * One bucket on the control thread: everything the shards delivered under one start.
 *
 *   sealed bucket of a shard ──slots to context ids──▶ cells of the context's type
 *
 * Memory  per type that has data, 4 bytes for each context that exists and the type's columns for each
 *         context that has data; histograms, distributions and sets 12 or 20 bytes a key on top.
 *         Everything goes when the bucket is flushed.
 */
import type { Steps } from '../lib/steps.ts';
import { CONTEXT_TYPES, type ContextType } from '../model/context.ts';
import type { KeyKind, SealedBucket } from '../model/sealed-bucket.ts';
import type { Cells, Outcome } from './cells.ts';
import { CounterCells } from './counter.ts';
import { DistributionCells } from './distribution.ts';
import { GaugeCells } from './gauge.ts';
import { HistogramCells, type HistogramRules } from './histogram.ts';
import { SetCells } from './set.ts';

/** The rules of histograms hold those of the other types too: interval and sketch limits. */
export type CellRules = HistogramRules;

const MAKE_CELLS: { readonly [Type in ContextType]: (rules: CellRules) => Cells } = {
  counter: (rules) => new CounterCells(rules.intervalSeconds),
  gauge: () => new GaugeCells(),
  histogram: (rules) => new HistogramCells(rules),
  distribution: (rules) => new DistributionCells(rules.sketchLimits),
  set: () => new SetCells(),
};

export class Bucket {
  readonly start: number;
  /** Values that were merged into it. */
  values = 0;
  readonly #rules: CellRules;
  readonly #cells = new Map<ContextType, Cells>();

  constructor(start: number, rules: CellRules) {
    this.start = start;
    this.#rules = rules;
  }

  get widthSeconds(): number {
    return this.#rules.intervalSeconds;
  }

  /** Adds a shard's cell to context `id` (cells.ts). True when it is the first of that context here. */
  merge(id: number, type: ContextType, sealed: SealedBucket, slot: number, clockWentBack = false): boolean {
    const cells = this.#cellsOf(type);
    const before = cells.rows.size;
    cells.merge(id, sealed, slot, clockWentBack);
    this.values += sealed.samples(slot);
    return cells.rows.size > before;
  }

  /** Adds one of a shard's keys to context `id`, whose cell is merged already. */
  mergeKey(id: number, type: ContextType, kind: KeyKind, low: number, high: number, weight: number): void {
    this.#cells.get(type)?.mergeKey?.(id, kind, low, high, weight);
  }

  /** Adds one value to the distribution `id`. True when nothing was there. */
  addToDistribution(id: number, value: number, weight: number): boolean {
    const distributions = this.#cellsOf('distribution') as DistributionCells;
    const before = distributions.rows.size;
    distributions.add(id, value, weight);
    this.values++;
    return distributions.rows.size > before;
  }

  /** Adds 0 to the counter `id`. True when nothing was there. */
  zeroFill(id: number): boolean {
    const counters = this.#cellsOf('counter') as CounterCells;
    const before = counters.rows.size;
    counters.add(id, 0);
    return counters.rows.size > before;
  }

  /**
   * Whether the Agent would have this bucket: it keeps sketches apart from all other types, and its rules
   * of zero filling look at the others only (spec aggregation §5).
   */
  get hasSeries(): boolean {
    return this.#cells.size > (this.#cells.has('distribution') ? 1 : 0);
  }

  /** Contexts with data. */
  get size(): number {
    let size = 0;
    for (const cells of this.#cells.values()) size += cells.rows.size;
    return size;
  }

  /** Says that no more merges follow. */
  *close(): Steps {
    for (const cells of this.#cells.values()) if (cells.close !== undefined) yield* cells.close();
  }

  /** Every context with what it comes to. For a closed bucket, once. */
  *outcomes(): Generator<{ readonly id: number; readonly outcome: Outcome }> {
    for (const type of CONTEXT_TYPES) {
      const cells = this.#cells.get(type);
      if (cells === undefined) continue;
      for (let row = 0; row < cells.rows.size; row++) {
        const outcome = cells.outcomeAt(row);
        if (outcome !== undefined) yield { id: cells.rows.idAt(row), outcome };
      }
    }
  }

  *ids(): Generator<number> {
    for (const { rows } of this.#cells.values()) {
      for (let row = 0; row < rows.size; row++) yield rows.idAt(row);
    }
  }

  #cellsOf(type: ContextType): Cells {
    const known = this.#cells.get(type);
    if (known !== undefined) return known;
    const cells = MAKE_CELLS[type](this.#rules);
    this.#cells.set(type, cells);
    return cells;
  }
}
