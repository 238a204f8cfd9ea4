/**
 * Cells: what the contexts of one type hold in one bucket. Each type has a file of its own, and
 * bucket.ts lists them.
 *
 *   merge, mergeKey  for every part a shard delivers ─▶ close, once ─▶ outcomeAt, for every row
 */
import type { Steps } from '../lib/steps.ts';
import type { KeyKind, SealedBucket } from '../model/sealed-bucket.ts';
import type { AggregateData, Series } from '../model/series.ts';
import type { Rows } from './rows.ts';

/** What a row comes to at the flush. */
export interface Outcome {
  readonly data: AggregateData;
  /** What the Agent would send for it. */
  readonly series: readonly Series[];
}

export interface Cells {
  readonly rows: Rows;
  /**
   * Adds the cell a shard has for `slot` to context `id`. `clockWentBack` says that its time does not tell
   * that it came last, although it did.
   */
  merge(id: number, sealed: SealedBucket, slot: number, clockWentBack?: boolean): void;
  /** Adds one of the keys a shard has for context `id`. */
  mergeKey?(id: number, kind: KeyKind, low: number, high: number, weight: number): void;
  /** Says that no more merges follow. */
  close?(): Steps;
  /** Undefined when the row holds nothing to tell. */
  outcomeAt(row: number): Outcome | undefined;
}
