/**
 * One bucket on the control thread: everything the shards delivered under one start.
 *
 *   sealed bucket of a shard ──slots to context ids──▶ cells of the context's type
 *
 * Memory  per type that has data, 4 bytes for each context that exists and the type's columns for each
 *         context that has data; histograms, distributions and sets 12 or 20 bytes a key on top.
 *         Everything goes when the bucket is flushed.
 */
import type { Steps } from '../lib/time/steps.ts';
import { CONTEXT_TYPES, type ContextType, type Scope } from '../model/context.ts';
import type { NumberBatch } from '../model/number-batch.ts';
import type { OpenValue } from '../model/open-value.ts';
import type { KeyKind, SealedBucket } from '../model/sealed-bucket.ts';
import type { Cells, OpenCopy } from './cells.ts';
import { CounterCells } from './types/counter.ts';
import { DistributionCells } from './types/distribution.ts';
import { GaugeCells } from './types/gauge.ts';
import { HistogramCells, type HistogramRules } from './types/histogram.ts';
import { SetCells } from './types/set.ts';

/** Contexts of one step. */
const STEP_ROWS = 1024;

/** The rules of histograms hold those of the other types too: interval and sketch limits. */
export interface CellRules extends HistogramRules {
  /** Called with the number of values that were not added in full: sums that would not stay finite are cut. */
  readonly onOutOfRange?: (values: number) => void;
}

const MAKE_CELLS: { readonly [Type in ContextType]: (rules: CellRules) => Cells } = {
  counter: (rules) => new CounterCells(rules.intervalSeconds),
  gauge: () => new GaugeCells(),
  histogram: (rules) => new HistogramCells(rules),
  distribution: (rules) => new DistributionCells(rules.sketchLimits),
  set: () => new SetCells(),
};

export class Bucket {
  readonly start: number;
  /** Values that were merged into it in full. */
  values = 0;
  private readonly rules: CellRules;
  private readonly cells = new Map<ContextType, Cells>();

  constructor(start: number, rules: CellRules) {
    this.start = start;
    this.rules = rules;
  }

  get widthSeconds(): number {
    return this.rules.intervalSeconds;
  }

  /** Whether a shard's cell can be added to context `id`. */
  hasRoom(id: number, type: ContextType, sealed: SealedBucket, slot: number): boolean {
    return this.cells.get(type)?.hasRoom?.(id, sealed, slot) ?? true;
  }

  /** Adds a shard's cell to context `id` (cells.ts). True when it is the first of that context here. */
  merge(id: number, type: ContextType, sealed: SealedBucket, slot: number, clockWentBack = false): boolean {
    const cells = this.cellsOf(type);
    const before = cells.rows.size;
    this.count(sealed.samples(slot), cells.merge(id, sealed, slot, clockWentBack));
    return cells.rows.size > before;
  }

  /** Adds the values or bins a shard has for context `id`, whose cell is merged already. */
  mergeNumbers(id: number, type: ContextType, batch: NumberBatch): void {
    this.cells.get(type)?.mergeNumbers?.(id, batch);
  }

  /** Adds one of a shard's keys to context `id`, whose cell is merged already. */
  mergeKey(id: number, type: ContextType, kind: KeyKind, low: number, high: number, weight: number): void {
    this.cells.get(type)?.mergeKey?.(id, kind, low, high, weight);
  }

  /** Whether one value that counts `whole` times can be added to the distribution `id`. */
  hasRoomFor(id: number, whole: number): boolean {
    return (this.cellsOf('distribution') as DistributionCells).hasRoomFor(id, whole);
  }

  /** Adds one value, for which there is room, to the distribution `id`. True when nothing was there. */
  addToDistribution(id: number, value: number, weight: number, whole: number): boolean {
    const distributions = this.cellsOf('distribution') as DistributionCells;
    const before = distributions.rows.size;
    this.count(1, distributions.add(id, value, weight, whole));
    return distributions.rows.size > before;
  }

  /** Adds a value that is counted elsewhere to the counter `id`. False when the sum is cut (types/counter.ts). */
  addToCounter(id: number, value: number): boolean {
    return (this.cellsOf('counter') as CounterCells).add(id, value);
  }

  /** Adds 0 to the counter `id`. True when nothing was there. */
  zeroFill(id: number): boolean {
    const counters = this.cellsOf('counter') as CounterCells;
    const before = counters.rows.size;
    counters.add(id, 0);
    return counters.rows.size > before;
  }

  /**
   * Whether the Agent would have this bucket: it keeps sketches apart from all other types, and its rules
   * of zero filling look at the others only (docs/behaviour/aggregation.md#buckets).
   */
  get hasSeries(): boolean {
    return this.cells.size > (this.cells.has('distribution') ? 1 : 0);
  }

  /** Contexts with data. */
  get size(): number {
    let size = 0;
    for (const cells of this.cells.values()) size += cells.rows.size;
    return size;
  }

  /** Says that no more merges follow. */
  *close(): Steps {
    for (const cells of this.cells.values()) if (cells.close !== undefined) yield* cells.close();
  }

  /** The cells of each type that has data. */
  cellsByType(): (readonly [ContextType, Cells])[] {
    return CONTEXT_TYPES.flatMap((type) => {
      const cells = this.cells.get(type);
      return cells === undefined ? [] : [[type, cells] as const];
    });
  }

  /**
   * What every context has so far, of the types that can tell, with its bins where they are needed; undefined now and
   * then, between two steps. Nothing may be merged meanwhile.
   */
  *openValues(
    scopeOf?: (id: number) => Scope,
    needsBins?: (id: number) => boolean,
  ): Generator<OpenValue | undefined> {
    const { start, widthSeconds: interval } = this;
    for (const cells of this.cells.values()) {
      if (cells.openAt === undefined) continue;
      let copy: OpenCopy | undefined;
      for (let row = 0; row < cells.rows.size; row++) {
        if (row % STEP_ROWS === 0) yield undefined;
        const id = cells.rows.idAt(row);
        const data = scopeOf?.(id) === 'global' ? undefined : cells.openAt(row);
        if (data === undefined) continue;
        if (data.kind !== 'observed' || needsBins?.(id) !== true) {
          yield { id, start, interval, data };
          continue;
        }
        if (copy === undefined) {
          copy = cells.openCopy?.();
          if (copy !== undefined) yield* copy.close() as Generator<undefined>;
        }
        const bins = copy?.binsAt(row);
        if (bins !== undefined) yield { id, start, interval, data: { ...data, bins } };
      }
    }
  }

  *ids(): Generator<number> {
    for (const { rows } of this.cells.values()) {
      for (let row = 0; row < rows.size; row++) yield rows.idAt(row);
    }
  }

  /** Of values whose sum was cut, one was not added in full. */
  private count(values: number, isWhole: boolean): void {
    this.values += isWhole ? values : values - 1;
    if (!isWhole) this.rules.onOutOfRange?.(1);
  }

  private cellsOf(type: ContextType): Cells {
    const known = this.cells.get(type);
    if (known !== undefined) return known;
    const cells = MAKE_CELLS[type](this.rules);
    this.cells.set(type, cells);
    return cells;
  }
}
