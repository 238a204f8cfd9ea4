/**
 * A partial: what one edge, or several, counted for one context in one bucket, in a form that merges.
 *
 *   counter       sum                                   gauge     value and time, or what a fleet's values come to
 *   distribution  moments and bins                      set       hashes of elements, or registers
 *   histogram     moments and values, or bins
 *
 * Merging is associative and commutative, except that doubles round: sums are taken in the order of the log, which is the
 * same for every reader. Each type has a file of its own and the table in make-partial.ts lists them.
 *
 * Memory  what a partial says of itself; a counter is one number, a set at most 16 KiB.
 */

import type { SketchLimits } from '../../aggregate/sketch/sketch-bins.ts';
import type { HistogramSeries } from '../../aggregate/types/histogram-series.ts';
import type { AggregateData, Series } from '../../model/series.ts';
import type { ByteReader } from '../bytes/byte-reader.ts';
import type { ByteWriter } from '../bytes/byte-writer.ts';

/** Which edge a partial comes from: its id as 16 characters, one a byte. */
export type Source = string;

/** How results are computed; the owner's configuration. */
export interface OutcomeRules {
  readonly intervalSeconds: number;
  readonly series: HistogramSeries;
  readonly sketchLimits: SketchLimits;
}

/** What a merged partial comes to for the outputs. */
export interface GlobalOutcome {
  readonly data: AggregateData;
  readonly series: readonly Series[];
}

export interface Partial {
  /** Adds an encoded partial of the same type, as it stands in a chunk. `key` is for gauges (gauge.ts). */
  merge(reader: ByteReader, source: Source, key?: string): void;
  /**
   * The same for one that came after its bucket had closed and is added to a later one. False when it has no meaning
   * there; the reader has then moved past it.
   */
  mergeLate(reader: ByteReader, source: Source): boolean;
  write(writer: ByteWriter): void;
  /** Undefined when it holds nothing to tell. */
  outcome(rules: OutcomeRules): GlobalOutcome | undefined;
  /** About how much memory it takes. */
  readonly bytes: number;
}
