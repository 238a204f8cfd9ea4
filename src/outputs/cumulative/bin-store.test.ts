import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type BinColumns, BinStore } from './bin-store.ts';

const columns = (pairs: readonly (readonly [number, number])[]): BinColumns => ({
  keys: Int16Array.from(pairs, ([key]) => key),
  counts: Float64Array.from(pairs, ([, count]) => count),
  length: pairs.length,
});
const pairsOf = ({ keys, counts, length }: BinColumns): [number, number][] =>
  Array.from({ length }, (_, i) => [keys[i] as number, counts[i] as number]);

const pairs = fc
  .uniqueArray(fc.tuple(fc.integer({ min: -40, max: 40 }), fc.integer({ min: 1, max: 9 })), {
    selector: ([key]) => key,
    maxLength: 40,
  })
  .map((list) => list.sort(([a], [b]) => a - b));

describe('a bin store', () => {
  it('equals a map of maps, whatever is added and forgotten', () => {
    const step = fc.record({ id: fc.nat(20), bins: fc.option(pairs, { nil: undefined }) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
        const store = new BinStore(1_000_000);
        const model = new Map<number, Map<number, number>>();
        for (const { id, bins } of steps) {
          if (bins === undefined) {
            store.forget(id);
            model.delete(id);
            continue;
          }
          expect(store.add(id, columns(bins))).toBe(true);
          const own = model.get(id) ?? new Map<number, number>();
          for (const [key, count] of bins) own.set(key, (own.get(key) ?? 0) + count);
          model.set(id, own);
        }
        for (let id = 0; id <= 20; id++)
          expect(pairsOf(store.read(id))).toEqual([...(model.get(id) ?? [])].sort(([a], [b]) => a - b));
      }),
    );
  });

  it('refuses what has no room and keeps what it had', () => {
    const store = new BinStore(20_000);
    expect(store.add(1, columns([[5, 1]]))).toBe(true);
    const large = columns(Array.from({ length: 9000 }, (_, i) => [i, 1] as const));
    expect(store.add(1, large)).toBe(false);
    expect(pairsOf(store.read(1))).toEqual([[5, 1]]);
    expect(store.add(1, columns([[5, 2]]))).toBe(true);
    expect(pairsOf(store.read(1))).toEqual([[5, 3]]);
  });

  it('lets go of pages that are empty, and uses places again', () => {
    const store = new BinStore(1_000_000);
    for (let id = 0; id < 10_000; id++) store.add(id, columns([[id, 1]]));
    const full = store.bins;
    for (let id = 0; id < 10_000; id++) store.forget(id);
    expect(store.bins).toBe(0);
    for (let round = 0; round < 3; round++) {
      for (let id = 0; id < 10_000; id++) store.add(id, columns([[id, 1]]));
      for (let id = 0; id < 10_000; id++) store.forget(9999 - id);
    }
    for (let id = 0; id < 10_000; id++) store.add(id, columns([[id, 1]]));
    expect(store.bins).toBe(full);
  });

  it('holds a distribution with a bin for every key', () => {
    const store = new BinStore(1_000_000);
    const whole = columns(Array.from({ length: 65_535 }, (_, i) => [i - 32_767, i + 1] as const));
    expect(store.add(3, whole)).toBe(true);
    expect(store.add(3, whole)).toBe(true);
    expect(store.read(3).length).toBe(65_535);
    expect(store.read(3).counts[65_534]).toBe(2 * 65_535);
  });
});
