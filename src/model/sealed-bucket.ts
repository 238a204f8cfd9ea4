/**
 * What one shard aggregated in one bucket, read by the control thread from shared memory.
 *
 * Borrowed: valid until the bucket is released to the shard; copy what you keep. A shard may seal
 * several partial buckets with the same start; merging them is the reader's work.
 *
 * Slots are the shard's own numbers for contexts. What a cell holds depends on the context's type:
 *
 *   counter       sum
 *   gauge         last, lastAt
 *   histogram     count, sum, min, max, weightedSum, and numbers: values or sketch bins
 *   distribution  count, sum, min, max, weightedSum, and numbers: sketch bins
 *   set           keys: hashes of the elements
 *
 * The numbers of a histogram with very many different values are keys, too: value bits, and sketch bins beyond the limit.
 */
import type { NumberBatch } from './number-batch.ts';

/** What the key of an entry is. The numbers are those of the core's memory. */
export const KEY_KIND = { value: 0, bin: 1, element: 2 } as const;
export type KeyKind = (typeof KEY_KIND)[keyof typeof KEY_KIND];

export type VisitKey = (slot: number, kind: KeyKind, low: number, high: number, weight: number) => void;
/** `weight` is 1/rate of the copy of a histogram; nothing else that has a timestamp has one. */
export type VisitTimestamped = (slot: number, timestamp: number, value: number, weight: number) => void;

export interface SealedBucket {
  /** Start of the bucket, Unix seconds. */
  readonly start: number;
  /** Slots that received at least one sample, each once. */
  readonly slots: Uint32Array;
  /** Sum of value/rate. For a counter its value. */
  sum(slot: number): number;
  /** Value of the last gauge sample. */
  last(slot: number): number;
  /** When the last gauge sample was received, Unix seconds with fraction. */
  lastAt(slot: number): number;
  /** Receive time of the last sample of any type, Unix seconds with fraction. */
  lastSeen(slot: number): number;
  /** How many samples, whatever their rate. */
  samples(slot: number): number;
  /** Sum of trunc(1/rate). */
  count(slot: number): number;
  min(slot: number): number;
  max(slot: number): number;
  /** Sum of value * trunc(1/rate); divided by count it is the sketch's avg. */
  weightedSum(slot: number): number;
  /** Reads the values or bins of a histogram or distribution into `batch`; without any, that is empty. */
  readNumbers(slot: number, batch: NumberBatch): void;
  /** Positions of the keys' table, of which some are empty. */
  readonly keyPositions: number;
  /**
   * Visits every (slot, key) with its weight, in no particular order. A value's key is its IEEE bits
   * (`low`, `high` words), a bin's key is `low` as a signed number, an element's key is a 64-bit hash.
   *
   * Of all positions, or of those in [start, end).
   */
  forEachKey(visit: VisitKey, start?: number, end?: number): void;
  /** How many samples have timestamps of their own. */
  readonly timestampedCount: number;
  /** Visits the samples with timestamps of their own, in arrival order: all, or those in [start, end). */
  forEachTimestamped(visit: VisitTimestamped, start?: number, end?: number): void;
}
