/** A sealed bucket made by the control thread itself: counters and gauges with one value each. */
import type { NumberBatch } from '../../model/number-batch.ts';
import type { SealedBucket } from '../../model/sealed-bucket.ts';

export class OwnBucket implements SealedBucket {
  readonly start: number;
  readonly keyPositions = 0;
  readonly timestampedCount = 0;
  private readonly at: number;
  private readonly values = new Map<number, number>();

  /** `at`: when the values were taken, Unix seconds. */
  constructor(start: number, at: number) {
    this.start = start;
    this.at = at;
  }

  add(slot: number, value: number): void {
    this.values.set(slot, value);
  }

  get slots(): Uint32Array {
    return Uint32Array.from(this.values.keys());
  }

  sum(slot: number): number {
    return this.values.get(slot) ?? 0;
  }

  last(slot: number): number {
    return this.sum(slot);
  }

  lastAt(): number {
    return this.at;
  }

  lastSeen(): number {
    return this.at;
  }

  samples(): number {
    return 1;
  }

  count(): number {
    return 1;
  }

  min(slot: number): number {
    return this.sum(slot);
  }

  max(slot: number): number {
    return this.sum(slot);
  }

  weightedSum(slot: number): number {
    return this.sum(slot);
  }

  readNumbers(_slot: number, batch: NumberBatch): void {
    batch.begin(false);
  }

  forEachKey(): void {}

  forEachTimestamped(): void {}
}
