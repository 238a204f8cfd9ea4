import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SpaceSaving } from './space-saving.ts';

/** A stream of keys, of which few are frequent, and weights. */
const stream = fc.array(
  fc.tuple(
    fc.oneof(
      fc.constantFrom('a', 'b', 'c'),
      fc.integer({ min: 0, max: 200 }).map((n) => `k${n}`),
    ),
    fc.oneof(fc.constantFrom(1, 2, 3, 1000), fc.integer({ min: 1, max: 2 ** 31 })),
  ),
  { maxLength: 400 },
);
const size = fc.constantFrom(1, 2, 3, 8, 63, 64, 65, 256);

function truthOf(items: readonly (readonly [string, number])[]): Map<string, number> {
  const truth = new Map<string, number>();
  for (const [key, weight] of items) truth.set(key, (truth.get(key) ?? 0) + weight);
  return truth;
}

function expectBounds(summary: SpaceSaving, truth: Map<string, number>): void {
  const n = [...truth.values()].reduce((sum, weight) => sum + weight, 0);
  expect(summary.total).toBe(n);
  expect(summary.floor).toBeLessThanOrEqual(n / summary.k);
  const rows = summary.entries();
  for (const { key, count, error } of rows) {
    const real = truth.get(key) ?? 0;
    expect(count).toBeGreaterThanOrEqual(real);
    expect(count - error).toBeLessThanOrEqual(real);
    expect(error).toBeLessThanOrEqual(n / summary.k);
  }
  const kept = new Set(rows.map(({ key }) => key));
  for (const [key, real] of truth) if (!kept.has(key)) expect(real).toBeLessThanOrEqual(summary.floor);
  for (const [key, real] of truth) if (real > n / summary.k) expect(kept.has(key)).toBe(true);
  const counts = rows.map(({ count }) => count);
  expect(counts).toEqual([...counts].sort((a, b) => b - a));
}

describe('SpaceSaving', () => {
  test('up to k keys are counted exactly', () => {
    const summary = new SpaceSaving(3);
    for (const [key, weight] of [
      ['a', 5],
      ['b', 2],
      ['a', 1],
      ['c', 9],
    ] as const)
      summary.add(key, weight);
    expect(summary.entries()).toEqual([
      { key: 'c', count: 9, error: 0 },
      { key: 'a', count: 6, error: 0 },
      { key: 'b', count: 2, error: 0 },
    ]);
    expect(summary.floor).toBe(2);
  });

  test('a new key takes the place of the smallest count and inherits it as its error', () => {
    const summary = new SpaceSaving(2);
    summary.add('a', 5);
    summary.add('b', 2);
    summary.add('c', 1);
    expect(summary.entries()).toEqual([
      { key: 'a', count: 5, error: 0 },
      { key: 'c', count: 3, error: 2 },
    ]);
  });

  test('the bounds hold for every entry of any stream', () => {
    fc.assert(
      fc.property(stream, size, (items, k) => {
        const summary = new SpaceSaving(k);
        for (const [key, weight] of items) summary.add(key, weight);
        expectBounds(summary, truthOf(items));
      }),
    );
  });

  test('and after merges of 1 to 8 parts in any order and grouping', () => {
    fc.assert(
      fc.property(
        fc.array(stream, { minLength: 1, maxLength: 8 }),
        size,
        fc.infiniteStream(fc.nat()),
        (streams, k, choices) => {
          const parts = streams.map((items) => {
            const part = new SpaceSaving(k);
            for (const [key, weight] of items) part.add(key, weight);
            return part;
          });
          while (parts.length > 1) {
            const count = 2 + ((choices.next().value as number) % (parts.length - 1));
            const taken = Array.from({ length: count }, () =>
              parts.splice((choices.next().value as number) % parts.length, 1),
            );
            parts.push(SpaceSaving.merge(taken.flat(), k));
          }
          expectBounds(parts[0] as SpaceSaving, truthOf(streams.flat()));
        },
      ),
    );
  });

  test('half of the past is forgotten and the order stays', () => {
    const summary = new SpaceSaving(2);
    summary.add('a', 8);
    summary.add('b', 2);
    summary.halve();
    expect(summary.entries()).toEqual([
      { key: 'a', count: 4, error: 0 },
      { key: 'b', count: 1, error: 0 },
    ]);
    expect(summary.total).toBe(5);
  });

  test('a heavy key stays first among 200,000 others', () => {
    const summary = new SpaceSaving(256);
    for (let i = 0; i < 200_000; i++) {
      summary.add(`one-off ${i}`);
      if (i % 20 === 0) summary.add('heavy');
    }
    expect(summary.entries()[0]?.key).toBe('heavy');
    expect(summary.size).toBe(256);
  });
});
