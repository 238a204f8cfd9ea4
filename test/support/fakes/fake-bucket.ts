/**
 * A sealed bucket without a core: it aggregates samples in plain objects, by the core's rules, and shows
 * them as a shard would.
 */
import { keyOf } from '../../../src/aggregate/sketch/sketch-keys.ts';
import type { ContextType } from '../../../src/model/context.ts';
import type { NumberBatch } from '../../../src/model/number-batch.ts';
import { weightOf } from '../../../src/model/sample-weight.ts';
import {
  KEY_KIND,
  type SealedBucket,
  type VisitKey,
  type VisitTimestamped,
} from '../../../src/model/sealed-bucket.ts';

export interface FakeSample {
  readonly slot: number;
  readonly type: ContextType;
  /** A number; for a set the element's text. */
  readonly value: number | string;
  /** The sample rate; 1 when not given. */
  readonly rate?: number;
  /** When it is received, Unix seconds with fraction. */
  readonly at: number;
}

interface FakeCell {
  samples: number;
  sum: number;
  last: number;
  lastAt: number;
  count: number;
  min: number;
  max: number;
  weightedSum: number;
  /** Weights of elements by their hash. */
  elements: Map<string, { low: number; high: number }>;
  /** Weights of a histogram by value. */
  values: Map<number, number>;
  /** Weights of a distribution by sketch key. */
  bins: Map<number, number>;
}

export class FakeBucket implements SealedBucket {
  readonly start: number;
  private readonly valuesMax: number;
  private readonly cells = new Map<number, FakeCell>();
  private readonly timestamped: Parameters<VisitTimestamped>[] = [];

  /** `valuesMax`: how many values a histogram may hold before it turns to bins. */
  constructor(start: number, options: { readonly valuesMax?: number } = {}) {
    this.start = start;
    this.valuesMax = options.valuesMax ?? Number.POSITIVE_INFINITY;
  }

  /** Adds one sample. A value that is not finite, or refused for its rate, leaves no trace. */
  add(sample: FakeSample): void {
    const { type, value, rate = 1 } = sample;
    if (typeof value === 'string') {
      const [low, high] = hashElement(value);
      this.touch(sample).elements.set(`${low} ${high}`, { low, high });
      return;
    }
    const weight = weightOf(type, rate);
    if (!Number.isFinite(value) || weight === undefined) return;
    const cell = this.touch(sample);
    if (type === 'counter') cell.sum += value * weight;
    else if (type === 'gauge') cell.last = value;
    else {
      if (type === 'histogram') addWeight(cell.values, value + 0, Math.trunc(weight));
      else addWeight(cell.bins, keyOf(value), Math.trunc(weight));
      summarize(cell, value, weight);
    }
  }

  addTimestamped(slot: number, timestamp: number, value: number, weight = 1): void {
    this.timestamped.push([slot, timestamp, value, weight]);
  }

  get slots(): Uint32Array {
    return Uint32Array.from(this.cells.keys());
  }

  sum(slot: number): number {
    return this.cell(slot).sum;
  }

  last(slot: number): number {
    return this.cell(slot).last;
  }

  lastAt(slot: number): number {
    return this.cell(slot).lastAt;
  }

  lastSeen(slot: number): number {
    return this.cell(slot).lastAt;
  }

  samples(slot: number): number {
    return this.cell(slot).samples;
  }

  count(slot: number): number {
    return this.cell(slot).count;
  }

  min(slot: number): number {
    return this.cell(slot).min;
  }

  max(slot: number): number {
    return this.cell(slot).max;
  }

  weightedSum(slot: number): number {
    return this.cell(slot).weightedSum;
  }

  readNumbers(slot: number, batch: NumberBatch): void {
    const { values, bins } = this.cell(slot);
    batch.begin(bins.size > 0 || values.size > this.valuesMax);
    for (const [key, weight] of bins) batch.add(key, weight);
    for (const [value, weight] of values) batch.add(batch.isBins ? keyOf(value) : value, weight);
  }

  get keyPositions(): number {
    return this.allKeys().length;
  }

  forEachKey(visit: VisitKey, start = 0, end?: number): void {
    for (const key of this.allKeys().slice(start, end)) visit(...key);
  }

  get timestampedCount(): number {
    return this.timestamped.length;
  }

  forEachTimestamped(visit: VisitTimestamped, start = 0, end?: number): void {
    for (const record of this.timestamped.slice(start, end)) visit(...record);
  }

  private allKeys(): Parameters<VisitKey>[] {
    return [...this.cells].flatMap(([slot, cell]) =>
      [...cell.elements.values()].map(
        ({ low, high }): Parameters<VisitKey> => [slot, KEY_KIND.element, low, high, 1],
      ),
    );
  }

  private touch({ slot, at }: FakeSample): FakeCell {
    const cell = this.cells.get(slot) ?? emptyCell();
    this.cells.set(slot, cell);
    cell.lastAt = at;
    cell.samples++;
    return cell;
  }

  private cell(slot: number): FakeCell {
    const cell = this.cells.get(slot);
    if (cell === undefined) throw new Error(`slot ${slot} has no sample in this bucket`);
    return cell;
  }
}

function addWeight(into: Map<number, number>, key: number, weight: number): void {
  into.set(key, (into.get(key) ?? 0) + weight);
}

function emptyCell(): FakeCell {
  return {
    samples: 0,
    sum: 0,
    last: 0,
    lastAt: 0,
    count: 0,
    min: Number.POSITIVE_INFINITY,
    max: Number.NEGATIVE_INFINITY,
    weightedSum: 0,
    elements: new Map(),
    values: new Map(),
    bins: new Map(),
  };
}

function summarize(cell: FakeCell, value: number, weight: number): void {
  const whole = Math.trunc(weight);
  cell.min = Math.min(cell.min, value);
  cell.max = Math.max(cell.max, value);
  cell.count += whole;
  cell.sum += value * weight;
  cell.weightedSum += value * whole;
}

/** 64 bits of FNV-1a, which is enough for the few elements of a test. */
function hashElement(text: string): [low: number, high: number] {
  let hash = 0xcbf29ce484222325n;
  for (const byte of Buffer.from(text, 'latin1')) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  }
  return [Number(hash & 0xffffffffn), Number(hash >> 32n)];
}
