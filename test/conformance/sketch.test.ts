/** Every case of sketch.json (vectors AGGREGATION.md) against the sketch of aggregate/. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { QuantileSketch } from '../../src/aggregate/sketch/sketch.ts';
import type { SketchLimits } from '../../src/aggregate/sketch/sketch-bins.ts';
import { keyOf, valueOfKey } from '../../src/aggregate/sketch/sketch-keys.ts';

type Bin = [key: number, n: number];

type Op =
  | { op: 'insert'; values: number[]; rate?: number }
  | { op: 'insert_run'; value: number; times: number; rate?: number }
  | { op: 'flush' }
  | { op: 'set_bins'; bins: Bin[] }
  | { op: 'insert_keys'; keys: number[] }
  | { op: 'insert_counts'; counts: Bin[] }
  | { op: 'merge'; ops: Op[] }
  | { op: 'merge_bins'; bins: Bin[] };

interface OpsCase {
  kind: 'ops';
  id: string;
  ops: Op[];
  bin_limit?: number;
  max_bin_count?: number;
  ts?: number;
  expect: {
    buffered?: number;
    count_before_flush?: number;
    count: number;
    bins: Bin[];
    summary?: { cnt: number; min: number; max: number; sum: number; avg: number };
    quantiles?: [q: number, value: number][];
    dogsketch_hex?: string;
  };
}

type Case =
  | { kind: 'key'; id: string; values: number[]; keys: number[] }
  | { kind: 'value_of_key'; id: string; keys: number[]; values: number[]; rel_tol: number }
  | { kind: 'roundtrip'; id: string; keys: number[] }
  | OpsCase;

interface Vectors {
  constants: { bin_limit: number; max_bin_count: number };
  cases: Case[];
}

const vectors: Vectors = JSON.parse(readFileSync(new URL('./sketch.json', import.meta.url), 'utf8'));

describe('sketch.json', () => {
  for (const vector of vectors.cases) it(vector.id, () => check(vector));
});

function check(vector: Case): void {
  switch (vector.kind) {
    case 'key':
      expect(vector.values.map(keyOf).map(plusZero)).toEqual(vector.keys);
      break;
    case 'roundtrip':
      expect(vector.keys.map((key) => keyOf(valueOfKey(key)))).toEqual(vector.keys);
      break;
    case 'value_of_key':
      vector.keys.forEach((key, i) => {
        expectClose(valueOfKey(key), vector.values[i] as number, vector.rel_tol);
      });
      break;
    case 'ops':
      checkOps(vector);
  }
}

function checkOps(vector: OpsCase): void {
  const limits: SketchLimits = {
    binLimit: vector.bin_limit ?? vectors.constants.bin_limit,
    countMax: vector.max_bin_count ?? vectors.constants.max_bin_count,
  };
  const want = vector.expect;
  const sketch = build(vector.ops, limits);
  if (want.buffered !== undefined) expect(sketch.buffered).toBe(want.buffered);
  if (want.count_before_flush !== undefined) expect(sketch.binTotal).toBe(want.count_before_flush);
  sketch.flush();
  expect(sketch.binTotal).toBe(want.count);
  expect(sketch.keys.map((key, i) => [key, sketch.counts[i]])).toEqual(want.bins);
  if (want.summary !== undefined) {
    expect(sketch.count).toBe(want.summary.cnt);
    for (const field of ['min', 'max', 'sum', 'avg'] as const) {
      expectClose(sketch[field], want.summary[field], 1e-9);
    }
  }
  for (const [q, value] of want.quantiles ?? []) expectClose(sketch.quantile(q), value, 1e-9);
  if (want.dogsketch_hex !== undefined) {
    expect(encodeDogsketch(sketch, vector.ts as number)).toBe(want.dogsketch_hex);
  }
}

function build(ops: readonly Op[], limits: SketchLimits): QuantileSketch {
  let sketch = new QuantileSketch(limits);
  for (const step of ops) {
    switch (step.op) {
      case 'insert':
        for (const value of step.values) sketch.insert(value, step.rate);
        break;
      case 'insert_run':
        for (let i = 0; i < step.times; i++) sketch.insert(step.value, step.rate);
        break;
      case 'flush':
        sketch.flush();
        break;
      case 'set_bins':
        sketch = ofBins(step.bins, limits);
        break;
      case 'insert_keys':
        sketch.insertKeys(step.keys);
        break;
      case 'insert_counts':
        sketch.insertCounts(...columnsOf(step.counts));
        break;
      case 'merge':
        sketch.merge(build(step.ops, limits));
        break;
      case 'merge_bins':
        sketch.merge(ofBins(step.bins, limits));
    }
  }
  return sketch;
}

/** Bins of equal key are put together: placing their sum gives the same bins again. */
function ofBins(bins: readonly Bin[], limits: SketchLimits): QuantileSketch {
  const groups = new Map<number, number>();
  for (const [key, n] of bins) groups.set(key, (groups.get(key) ?? 0) + n);
  const empty = { count: 0, min: 0, max: 0, sum: 0, avg: 0 };
  return QuantileSketch.fromBins(...columnsOf([...groups]), empty, limits);
}

function columnsOf(bins: readonly Bin[]): [keys: number[], counts: number[]] {
  return [bins.map(([key]) => key), bins.map(([, n]) => n)];
}

function expectClose(actual: number, want: number, tolerance: number): void {
  const near = Math.abs(actual - want) <= tolerance * Math.max(1e-9, Math.abs(want));
  expect(near, `${actual} is not near ${want}`).toBe(true);
}

/** The mirror of key 0 is -0, which means the same and compares otherwise. */
function plusZero(x: number): number {
  return x + 0;
}

// Dogsketch (docs/behaviour/sketch.md#on-the-wire): ts 1, cnt 2, min 3, max 4, avg 5, sum 6, packed k 7, packed n 8
//
//   08 e8 07 │ 10 01 │ 19 <8 bytes> … │ 3a 02 f4 14 │ 42 01 01
//   ts         cnt     min              k             n
function encodeDogsketch(sketch: QuantileSketch, ts: number): string {
  const bytes: number[] = [];
  const doubles = [sketch.min, sketch.max, sketch.avg, sketch.sum];
  if (ts !== 0) bytes.push(0x08, ...varint(ts));
  if (sketch.count !== 0) bytes.push(0x10, ...varint(sketch.count));
  doubles.forEach((value, i) => {
    if (value !== 0) bytes.push(((3 + i) << 3) | 1, ...new Uint8Array(Float64Array.of(value).buffer));
  });
  const keys = sketch.keys.flatMap((key) => varint(key < 0 ? -2 * key - 1 : 2 * key));
  const counts = sketch.counts.flatMap(varint);
  bytes.push(0x3a, ...varint(keys.length), ...keys, 0x42, ...varint(counts.length), ...counts);
  return Buffer.from(bytes).toString('hex');
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80);
  return [...bytes, rest];
}
