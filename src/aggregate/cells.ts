/**
 * Cells: what the contexts of one type hold in one bucket. Each type has a file of its own, and
 * bucket.ts lists them.
 *
 *   merge, mergeNumbers, mergeKey  for every part a shard delivers ─▶ close, once ─▶ outcomeAt, for every row
 */
import type { Steps } from '../lib/time/steps.ts';
import type { NumberBatch } from '../model/number-batch.ts';
import type { OpenBins, OpenData } from '../model/open-value.ts';
import type { PartialData } from '../model/partial-data.ts';
import type { KeyKind, SealedBucket } from '../model/sealed-bucket.ts';
import type { AggregateData, Series } from '../model/series.ts';
import type { Rows } from './rows.ts';

/** What a row comes to at the flush. */
export interface Outcome {
  readonly data: AggregateData;
  /** What the Agent would send for it. */
  readonly series: readonly Series[];
}

/** Close it before it is read; nothing may be merged meanwhile. */
export interface OpenCopy {
  close(): Steps;
  binsAt(row: number): OpenBins | undefined;
}

export interface Cells {
  readonly rows: Rows;
  /** Whether the cell a shard has for `slot` can be added to context `id`; absent where it always can. */
  hasRoom?(id: number, sealed: SealedBucket, slot: number): boolean;
  /**
   * Adds the cell a shard has for `slot` to context `id`, for which there is room. `clockWentBack` says that its time
   * does not tell that it came last, although it did. False when a sum is cut: it stays at the largest double.
   */
  merge(id: number, sealed: SealedBucket, slot: number, clockWentBack?: boolean): boolean;
  /** Adds the values or bins a shard has for context `id`, whose cell is merged already. */
  mergeNumbers?(id: number, batch: NumberBatch): void;
  /** Adds one of the keys a shard has for context `id`. */
  mergeKey?(id: number, kind: KeyKind, low: number, high: number, weight: number): void;
  /** Says that no more merges follow. */
  close?(): Steps;
  /** What the row holds while parts still come; absent for types that can tell only at the end. */
  openAt?(row: number): OpenData | undefined;
  /** A copy of what the cells hold, to read bins from while parts still come; absent for types without bins. */
  openCopy?(): OpenCopy;
  /** Undefined when the row holds nothing to tell. */
  outcomeAt(row: number): Outcome | undefined;
  /** The same, as it is sent to be merged with what other servers have. */
  partialAt(row: number): PartialData | undefined;
}
