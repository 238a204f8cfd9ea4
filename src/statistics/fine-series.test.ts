import { describe, expect, test } from 'vitest';
import { FakeBucket } from '../../test/support/fakes/fake-bucket.ts';
import type { ContextType } from '../model/context.ts';
import { FineSeries, type PartSource } from './fine-series.ts';

/** Slots are ids; id 2 is another metric. */
function sourceOf(types: readonly ContextType[]): PartSource {
  return {
    idOf: (slot) => slot,
    nameOf: (id) => (id === 2 ? 'other' : 'm'),
    typeOf: (id) => types[id] ?? 'counter',
  };
}

describe('FineSeries', () => {
  test('counters of one metric by the second, by series and in total', () => {
    const fine = new FineSeries('m', 100);
    const source = sourceOf(['counter', 'counter', 'counter']);
    for (const [second, values] of [
      [100, [1, 2]],
      [101, [5, 0]],
    ] as const) {
      const part = new FakeBucket(100);
      part.add({ slot: 0, type: 'counter', value: values[0], at: second });
      if (values[1] > 0) part.add({ slot: 1, type: 'counter', value: values[1], at: second });
      part.add({ slot: 2, type: 'counter', value: 99, at: second });
      fine.add(part, source, second);
    }
    fine.moveTo(103);
    expect(fine.end).toBe(103);
    expect(fine.totals.get('counter')?.at(100)).toEqual(Float64Array.of(3));
    expect(fine.totals.get('counter')?.at(101)).toEqual(Float64Array.of(5));
    expect(fine.totals.get('counter')?.at(102)).toBeUndefined();
    expect(fine.rings.get(1)?.at(100)).toEqual(Float64Array.of(2));
    expect(fine.rings.get(1)?.at(101)).toBeUndefined();
    expect(fine.rings.has(2)).toBe(false);
  });

  test('parts of several shards within a second are one', () => {
    const fine = new FineSeries('m', 100);
    const source = sourceOf(['distribution', 'distribution']);
    for (const slot of [0, 1]) {
      const part = new FakeBucket(100);
      for (let i = 1; i <= 50; i++)
        part.add({ slot, type: 'distribution', value: i * (slot + 1), at: 100.5 });
      fine.add(part, source, 100);
    }
    fine.moveTo(101);
    const [count = 0, p50 = 0, , p99 = 0, max = 0] = fine.totals.get('distribution')?.at(100) ?? [];
    expect(count).toBe(100);
    expect(max).toBe(100);
    expect(p50).toBeGreaterThan(32);
    expect(p50).toBeLessThan(36);
    expect(p99).toBeGreaterThan(94);
    expect(fine.heat.map(100, 1)?.cells[0]?.reduce((sum, one) => sum + one, 0)).toBeGreaterThan(90);
  });

  test('exact values of a histogram count as its bins do', () => {
    const fine = new FineSeries('m', 100);
    const part = new FakeBucket(100);
    for (const value of [-4, 0, 8]) part.add({ slot: 0, type: 'histogram', value, at: 100 });
    fine.add(part, sourceOf(['histogram']), 100);
    fine.moveTo(101);
    const [count, p50, , , max] = fine.rings.get(0)?.at(100) ?? [];
    expect([count, p50, max]).toEqual([3, 0, 8]);
  });

  test('a gauge has its last value, a set its distinct elements', () => {
    const fine = new FineSeries('m', 100);
    const source = sourceOf(['gauge', 'set']);
    const first = new FakeBucket(100);
    first.add({ slot: 0, type: 'gauge', value: 5, at: 100.2 });
    for (const value of ['a', 'b', 'a']) first.add({ slot: 1, type: 'set', value, at: 100.3 });
    fine.add(first, source, 100);
    const second = new FakeBucket(100);
    second.add({ slot: 0, type: 'gauge', value: 7, at: 100.1 });
    fine.add(second, source, 100);
    fine.moveTo(101);
    // Another shard delivered later, and had received earlier.
    expect(fine.rings.get(0)?.at(100)).toEqual(Float64Array.of(5));
    expect(fine.rings.get(1)?.at(100)).toEqual(Float64Array.of(2));
  });

  test('keeps 64 series apart and counts all of them in the total', () => {
    const fine = new FineSeries('m', 100);
    const source: PartSource = { idOf: (slot) => slot, nameOf: () => 'm', typeOf: () => 'counter' };
    const part = new FakeBucket(100);
    for (let slot = 0; slot < 100; slot++) part.add({ slot, type: 'counter', value: 1, at: 100 });
    fine.add(part, source, 100);
    fine.moveTo(101);
    expect(fine.rings.size).toBe(64);
    expect(fine.totals.get('counter')?.at(100)).toEqual(Float64Array.of(100));
  });

  test('after five minutes the oldest second gives way', () => {
    const fine = new FineSeries('m', 100);
    for (let second = 100; second <= 401; second++) {
      const part = new FakeBucket(100);
      part.add({ slot: 0, type: 'counter', value: second, at: second });
      fine.add(part, sourceOf(['counter']), second);
    }
    fine.moveTo(402);
    expect(fine.rings.get(0)?.at(101)).toBeUndefined();
    expect(fine.rings.get(0)?.at(102)).toEqual(Float64Array.of(102));
    expect(fine.rings.get(0)?.at(401)).toEqual(Float64Array.of(401));
  });
});
