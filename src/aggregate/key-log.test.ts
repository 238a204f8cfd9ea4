import fc from 'fast-check';
import { expect, test } from 'vitest';
import { finish } from '../lib/time/steps.ts';
import { KeyLog } from './key-log.ts';

test('a key log brings the keys of each row together, ascending, with weights added up', () => {
  const entry = fc.tuple(fc.nat(5), fc.integer({ min: -3, max: 3 }), fc.integer({ min: 1, max: 9 }));
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 200 }), (entries) => {
      const log = new KeyLog({ weighted: true });
      for (const [row, key, weight] of entries) log.append(row, key, weight);
      finish(log.group(7));
      for (let row = 0; row < 7; row++) {
        const want = new Map<number, number>();
        for (const [at, key, weight] of entries) if (at === row) want.set(key, (want.get(key) ?? 0) + weight);
        expect(log.countOf(row)).toBe(entries.filter(([at]) => at === row).length);
        expect(log.countDistinct(row)).toBe(want.size);
      }
    }),
  );
});

test('a key log merges equal keys of a row', () => {
  const log = new KeyLog({ weighted: true });
  for (const [row, key, weight] of [
    [1, 5, 1],
    [0, 9, 2],
    [1, -5, 4],
    [1, 5, 8],
  ] as const) {
    log.append(row, key, weight);
  }
  finish(log.group(3));
  expect(rowOf(log, 0)).toEqual([[9, 2]]);
  expect(rowOf(log, 1)).toEqual([
    [-5, 4],
    [5, 9],
  ]);
  expect(rowOf(log, 2)).toEqual([]);
});

test('a key log without weights counts keys', () => {
  const log = new KeyLog({ weighted: false });
  for (const key of [3, 1, 3]) log.append(0, key, 1);
  finish(log.group(1));
  expect(log.countOf(0)).toBe(3);
  expect(log.countDistinct(0)).toBe(2);
});

function rowOf(log: KeyLog, row: number): [key: number, weight: number][] {
  const { keys, weights } = log.weightsOf(row);
  return [...keys].map((key, i) => [key, weights[i] as number]);
}
