import fc from 'fast-check';
import { expect, test } from 'vitest';
import { mergeEqualPairs, sortPairs } from './sort-pairs.ts';

const keys = fc.array(fc.oneof(fc.integer({ min: -5, max: 5 }), fc.double({ noNaN: true })), {
  maxLength: 300,
});

test('sortPairs sorts the keys and takes the weights along', () => {
  fc.assert(
    fc.property(keys, (unsorted) => {
      const sorted = Float64Array.from(unsorted);
      const origins = Float64Array.from(unsorted, (_, i) => i);
      sortPairs(sorted, origins, 0, sorted.length);
      expect([...sorted]).toEqual([...unsorted].map((key) => key).sort((a, b) => a - b));
      expect([...origins].map((origin) => unsorted[origin])).toEqual([...sorted]);
      expect(new Set(origins).size).toBe(unsorted.length);
    }),
  );
});

test('sortPairs leaves rows outside its range alone', () => {
  const sorted = Float64Array.of(9, 3, 1, 2, 0);
  sortPairs(sorted, new Float64Array(5), 1, 4);
  expect([...sorted]).toEqual([9, 1, 2, 3, 0]);
});

test('sortPairs takes long runs of equal, ascending and descending keys', () => {
  for (const key of [() => 1, (i: number) => i, (i: number) => -i]) {
    const sorted = Float64Array.from({ length: 20_000 }, (_, i) => key(i));
    sortPairs(sorted, new Float64Array(20_000), 0, 20_000);
    expect([...sorted]).toEqual([...sorted].sort((a, b) => a - b));
  }
});

test('mergeEqualPairs adds up the weights of equal keys', () => {
  const sorted = Float64Array.of(1, 1, 2, 3, 3, 3);
  const weights = Float64Array.of(1, 2, 4, 8, 16, 32);
  const end = mergeEqualPairs(sorted, weights, 0, 6);
  expect([...sorted.subarray(0, end)]).toEqual([1, 2, 3]);
  expect([...weights.subarray(0, end)]).toEqual([3, 4, 56]);
});
