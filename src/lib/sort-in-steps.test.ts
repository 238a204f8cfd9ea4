import fc from 'fast-check';
import { expect, test } from 'vitest';
import '../../test/support/property-seed.ts';
import { inOrder, orderInSteps, sortInSteps } from './sort-in-steps.ts';

function sort(items: Uint32Array, compare: (a: number, b: number) => number): Uint32Array {
  const steps = sortInSteps(items, compare);
  let step = steps.next();
  while (step.done !== true) step = steps.next();
  return step.value;
}

test('is what sort() makes of it, equal items in the order they had', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 3000 }), fc.integer({ min: 1, max: 5000 }), (length, keys) => {
      const keyOf = (item: number): number => Math.imul(item, 2654435761) % keys;
      const compare = (a: number, b: number): number => keyOf(a) - keyOf(b);
      const items = Uint32Array.from({ length }, (_, i) => i);
      expect(sort(items.slice(), compare)).toEqual(items.slice().sort(compare));
    }),
    { numRuns: 200 },
  );
});

test('the order of a list is where its items are, smallest first', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ maxLength: 2 }), { maxLength: 1000 }), (list) => {
      const steps = orderInSteps(list.length, (a, b) => {
        const [one, other] = [list[a] as string, list[b] as string];
        return one < other ? -1 : Number(one > other);
      });
      let step = steps.next();
      while (step.done !== true) step = steps.next();
      expect(inOrder(list, step.value)).toEqual([...list].sort());
    }),
  );
});

test.each([0, 1, 255, 256, 257, 511, 512, 513, 2048, 2049])('sorts %i items', (length) => {
  const sorted = Uint32Array.from({ length }, (_, i) => i);
  expect(sort(sorted.slice().reverse(), (a, b) => a - b)).toEqual(sorted);
});

test('compares no more than a few thousand times between two steps', () => {
  const items = Uint32Array.from({ length: 100_000 }, (_, i) => Math.imul(i, 2654435761) >>> 0);
  let compared = 0;
  let most = 0;
  const steps = sortInSteps(items, (a, b) => {
    compared++;
    return a - b;
  });
  let count = 0;
  for (let step = steps.next(); step.done !== true; step = steps.next()) {
    count++;
    most = Math.max(most, compared);
    compared = 0;
  }
  expect(most).toBeLessThan(20_000);
  expect(count).toBeGreaterThan(400);
});
