/**
 * A sealed bucket in a shard's memory, as the control thread reads it. Layout: model/core-border.ts.
 *
 * Borrowed: valid until the shard is told that the bucket is released.
 */

import { assert } from '../lib/assert.ts';
import * as layout from '../model/core-border.ts';
import type { NumberBatch } from '../model/number-batch.ts';
import type { KeyKind, SealedBucket, VisitKey, VisitTimestamped } from '../model/sealed-bucket.ts';
import { SealedNumbers } from './sealed-numbers.ts';

export class SealedMemory implements SealedBucket {
  readonly start: number;
  readonly slots: Uint32Array;
  readonly keyPositions: number;
  readonly timestampedCount: number;
  private readonly u32: Uint32Array;
  private readonly f64: Float64Array;
  private readonly numbers: SealedNumbers;
  private readonly cells: number;
  private readonly keyEntries: number;
  private readonly keyEpoch: number;
  private readonly timestamped: number;

  /** `ptr` is what Core.sealBucket() answered. */
  constructor(memory: WebAssembly.Memory, ptr: number) {
    assert(ptr > 0 && ptr < memory.buffer.byteLength, 'a sealed bucket is in the memory of its shard');
    this.u32 = new Uint32Array(memory.buffer);
    this.f64 = new Float64Array(memory.buffer);
    this.numbers = new SealedNumbers(memory);
    this.start = this.f64[(ptr + layout.BUCKET_START) / 8] ?? 0;
    this.cells = this.word(ptr + layout.BUCKET_CELLS);
    const touched = this.word(ptr + layout.BUCKET_TOUCHED);
    const count = this.word(ptr + layout.BUCKET_TOUCHED_COUNT);
    this.slots = new Uint32Array(memory.buffer, touched, count);
    const table = this.word(ptr + layout.BUCKET_KEYS);
    this.keyEpoch = this.word(table + layout.KEY_TABLE_EPOCH);
    this.keyEntries = this.word(table + layout.KEY_TABLE_ENTRIES);
    this.keyPositions = this.word(table + layout.KEY_TABLE_MASK) + 1;
    this.timestamped = this.word(ptr + layout.BUCKET_TIMESTAMPED);
    this.timestampedCount = this.word(ptr + layout.BUCKET_TIMESTAMPED_COUNT);
  }

  sum(slot: number): number {
    return this.cell(slot, layout.CELL_SUM);
  }

  last(slot: number): number {
    return this.cell(slot, layout.CELL_SUM);
  }

  lastAt(slot: number): number {
    return this.cell(slot, layout.CELL_LAST_AT);
  }

  lastSeen(slot: number): number {
    return this.cell(slot, layout.CELL_LAST_AT);
  }

  samples(slot: number): number {
    return this.word(this.cells + slot * layout.CELL_BYTES + layout.CELL_SAMPLES);
  }

  count(slot: number): number {
    return this.cell(slot, layout.CELL_COUNT);
  }

  min(slot: number): number {
    return this.cell(slot, layout.CELL_MIN);
  }

  max(slot: number): number {
    return this.cell(slot, layout.CELL_MAX);
  }

  weightedSum(slot: number): number {
    return this.cell(slot, layout.CELL_WEIGHTED_SUM);
  }

  readNumbers(slot: number, batch: NumberBatch): void {
    this.numbers.read(this.cells + slot * layout.CELL_BYTES, batch);
  }

  forEachKey(visit: VisitKey, start = 0, end = this.keyPositions): void {
    const { u32, f64 } = this;
    const stop = this.keyEntries + Math.min(end, this.keyPositions) * layout.KEY_BYTES;
    for (let entry = this.keyEntries + start * layout.KEY_BYTES; entry < stop; entry += layout.KEY_BYTES) {
      const meta = u32[(entry + layout.KEY_META) >>> 2] as number;
      if (meta >>> 2 !== this.keyEpoch) continue;
      const key = (entry + layout.KEY_KEY) >>> 2;
      visit(
        u32[entry >>> 2] as number,
        (meta & 3) as KeyKind,
        u32[key] as number,
        u32[key + 1] as number,
        f64[(entry + layout.KEY_WEIGHT) / 8] as number,
      );
    }
  }

  forEachTimestamped(visit: VisitTimestamped, start = 0, end = this.timestampedCount): void {
    for (let i = start; i < Math.min(end, this.timestampedCount); i++) {
      const record = this.timestamped + i * layout.STAMPED_BYTES;
      visit(
        this.word(record + layout.STAMPED_SLOT),
        this.f64[(record + layout.STAMPED_TIME) / 8] as number,
        this.f64[(record + layout.STAMPED_VALUE) / 8] as number,
        this.f64[(record + layout.STAMPED_WEIGHT) / 8] as number,
      );
    }
  }

  private cell(slot: number, field: number): number {
    return this.f64[(this.cells + slot * layout.CELL_BYTES + field) / 8] as number;
  }

  private word(address: number): number {
    return this.u32[address >>> 2] as number;
  }
}
