/**
 * A sealed bucket without a core: it aggregates samples in plain objects, by the core's rules, and shows
 * them as a shard would.
 */
import { keyOf } from '../../src/aggregate/sketch-keys.ts';
import type { ContextType } from '../../src/model/context.ts';
import {
  KEY_KIND,
  type KeyKind,
  type SealedBucket,
  type VisitKey,
  type VisitTimestamped,
} from '../../src/model/sealed-bucket.ts';

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
  /** Weights by kind and key. */
  keys: Map<string, { kind: KeyKind; low: number; high: number; weight: number }>;
  /** Different values so far, for the histogram's budget. */
  values: number;
}

export class FakeBucket implements SealedBucket {
  readonly start: number;
  readonly #valuesMax: number;
  readonly #cells = new Map<number, FakeCell>();
  readonly #timestamped: Parameters<VisitTimestamped>[] = [];

  /** `valuesMax`: how many values a histogram may hold before it turns to bins. */
  constructor(start: number, options: { readonly valuesMax?: number } = {}) {
    this.start = start;
    this.#valuesMax = options.valuesMax ?? Number.POSITIVE_INFINITY;
  }

  /** Adds one sample. A value that is not finite is rejected without a trace. */
  add(sample: FakeSample): void {
    const { type, value, rate = 1 } = sample;
    if (typeof value === 'string') {
      this.#addKey(this.#touch(sample), KEY_KIND.element, hashElement(value), 1);
      return;
    }
    if (!Number.isFinite(value)) return;
    const cell = this.#touch(sample);
    if (type === 'counter') cell.sum += value * (1 / rate);
    else if (type === 'gauge') cell.last = value;
    else if (type === 'histogram') this.#addToHistogram(cell, value, 1 / (rate === 0 ? 1 : rate));
    else this.#addToDistribution(cell, value, rate > 0 && rate <= 1 ? 1 / rate : 1);
  }

  addTimestamped(slot: number, timestamp: number, value: number, weight = 1): void {
    this.#timestamped.push([slot, timestamp, value, weight]);
  }

  get slots(): Uint32Array {
    return Uint32Array.from(this.#cells.keys());
  }

  sum(slot: number): number {
    return this.#cell(slot).sum;
  }

  last(slot: number): number {
    return this.#cell(slot).last;
  }

  lastAt(slot: number): number {
    return this.#cell(slot).lastAt;
  }

  lastSeen(slot: number): number {
    return this.#cell(slot).lastAt;
  }

  samples(slot: number): number {
    return this.#cell(slot).samples;
  }

  count(slot: number): number {
    return this.#cell(slot).count;
  }

  min(slot: number): number {
    return this.#cell(slot).min;
  }

  max(slot: number): number {
    return this.#cell(slot).max;
  }

  weightedSum(slot: number): number {
    return this.#cell(slot).weightedSum;
  }

  get keyPositions(): number {
    return this.#allKeys().length;
  }

  forEachKey(visit: VisitKey, start = 0, end?: number): void {
    for (const key of this.#allKeys().slice(start, end)) visit(...key);
  }

  get timestampedCount(): number {
    return this.#timestamped.length;
  }

  forEachTimestamped(visit: VisitTimestamped, start = 0, end?: number): void {
    for (const record of this.#timestamped.slice(start, end)) visit(...record);
  }

  #allKeys(): Parameters<VisitKey>[] {
    return [...this.#cells].flatMap(([slot, cell]) =>
      [...cell.keys.values()].map(
        ({ kind, low, high, weight }): Parameters<VisitKey> => [slot, kind, low, high, weight],
      ),
    );
  }

  #addToHistogram(cell: FakeCell, value: number, weight: number): void {
    const whole = Math.trunc(weight);
    const isKnown = cell.keys.has(nameOf(KEY_KIND.value, wordsOf(value)));
    if (cell.values >= this.#valuesMax && !isKnown) {
      this.#addKey(cell, KEY_KIND.bin, [keyOf(value), 0], whole);
    } else if (this.#addKey(cell, KEY_KIND.value, wordsOf(value), whole)) {
      cell.values++;
    }
    summarize(cell, value, weight);
  }

  #addToDistribution(cell: FakeCell, value: number, weight: number): void {
    this.#addKey(cell, KEY_KIND.bin, [keyOf(value), 0], Math.trunc(weight));
    summarize(cell, value, weight);
  }

  /** True when the key is new. */
  #addKey(cell: FakeCell, kind: KeyKind, words: readonly [number, number], weight: number): boolean {
    const name = nameOf(kind, words);
    const [low, high] = words;
    const known = cell.keys.get(name);
    if (known === undefined) cell.keys.set(name, { kind, low, high, weight });
    else known.weight += weight;
    return known === undefined;
  }

  #touch({ slot, at }: FakeSample): FakeCell {
    const cell = this.#cells.get(slot) ?? emptyCell();
    this.#cells.set(slot, cell);
    cell.lastAt = at;
    cell.samples++;
    return cell;
  }

  #cell(slot: number): FakeCell {
    const cell = this.#cells.get(slot);
    if (cell === undefined) throw new Error(`slot ${slot} has no sample in this bucket`);
    return cell;
  }
}

function nameOf(kind: KeyKind, [low, high]: readonly [number, number]): string {
  return `${kind} ${low} ${high}`;
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
    keys: new Map(),
    values: 0,
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

function wordsOf(value: number): [low: number, high: number] {
  const [low = 0, high = 0] = new Uint32Array(Float64Array.of(value + 0).buffer);
  return [low, high];
}

/** 64 bits of FNV-1a, which is enough for the few elements of a test. */
function hashElement(text: string): [low: number, high: number] {
  let hash = 0xcbf29ce484222325n;
  for (const byte of Buffer.from(text, 'latin1')) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  }
  return [Number(hash & 0xffffffffn), Number(hash >> 32n)];
}
