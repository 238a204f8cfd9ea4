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
  /** Addresses of the segments of keys. */
  private readonly keySegments: Uint32Array;
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
    this.slots = this.readTouched(ptr);
    const table = this.word(ptr + layout.BUCKET_KEYS);
    this.keyEpoch = this.word(table + layout.KEY_TABLE_EPOCH);
    const segments = this.word(table + layout.KEY_TABLE_SEGMENTS);
    this.keySegments = new Uint32Array(
      memory.buffer,
      this.word(table + layout.KEY_TABLE_DIRECTORY),
      segments,
    );
    this.keyPositions = segments * (this.word(table + layout.KEY_TABLE_INDEX_MASK) + 1);
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
    return this.word(this.cellAt(slot) + layout.CELL_SAMPLES);
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
    this.numbers.read(this.cellAt(slot), batch);
  }

  forEachKey(visit: VisitKey, start = 0, end = this.keyPositions): void {
    const stop = Math.min(end, this.keyPositions);
    for (let position = start; position < stop; ) {
      const index = position % layout.SEGMENT_ENTRIES;
      const count = Math.min(layout.SEGMENT_ENTRIES - index, stop - position);
      const segment = this.keySegments[(position - index) / layout.SEGMENT_ENTRIES] as number;
      this.visitKeys(visit, segment + index * layout.KEY_BYTES, count);
      position += count;
    }
  }

  /** Visits those of `count` entries at `first` that are the bucket's. */
  private visitKeys(visit: VisitKey, first: number, count: number): void {
    const { u32, f64 } = this;
    const stop = first + count * layout.KEY_BYTES;
    for (let entry = first; entry < stop; entry += layout.KEY_BYTES) {
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
      const record = this.itemAt(this.timestamped, i, layout.STAMPED_BYTES);
      visit(
        this.word(record + layout.STAMPED_SLOT),
        this.f64[(record + layout.STAMPED_TIME) / 8] as number,
        this.f64[(record + layout.STAMPED_VALUE) / 8] as number,
        this.f64[(record + layout.STAMPED_WEIGHT) / 8] as number,
      );
    }
  }

  private cell(slot: number, field: number): number {
    return this.f64[(this.cellAt(slot) + field) / 8] as number;
  }

  private cellAt(slot: number): number {
    return this.itemAt(this.cells, slot, layout.CELL_BYTES);
  }

  /** Address of an item in a list of blocks. */
  private itemAt(blocks: number, index: number, bytes: number): number {
    const at = index * bytes;
    const within = at % layout.BLOCK_BYTES;
    return this.word(blocks + layout.BLOCKS_ADDRESSES + ((at - within) / layout.BLOCK_BYTES) * 4) + within;
  }

  /** The slots that were touched: where they are while they fit into a block, which a million does not. */
  private readTouched(ptr: number): Uint32Array {
    const { buffer } = this.u32;
    const blocks = this.word(ptr + layout.BUCKET_TOUCHED);
    const count = this.word(ptr + layout.BUCKET_TOUCHED_COUNT);
    const perBlock = layout.BLOCK_BYTES / 4;
    if (count <= perBlock) return new Uint32Array(buffer, this.itemAt(blocks, 0, 4), count);
    const slots = new Uint32Array(count);
    for (let at = 0; at < count; at += perBlock) {
      const length = Math.min(perBlock, count - at);
      slots.set(new Uint32Array(buffer, this.itemAt(blocks, at, 4), length), at);
    }
    return slots;
  }

  private word(address: number): number {
    return this.u32[address >>> 2] as number;
  }
}
