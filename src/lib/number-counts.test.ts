import fc from 'fast-check';
import { expect, it } from 'vitest';
import { NumberCounts } from './number-counts.ts';

it('counts as a map does, whatever comes and goes', () => {
  // Few numbers meet often; those at the ends of the range wrap around the table.
  const numbers = fc.oneof(fc.nat(40), fc.nat(2000), fc.constantFrom(2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1));
  const steps = fc.array(fc.tuple(fc.boolean(), numbers), { maxLength: 1000, size: 'max' });
  fc.assert(
    fc.property(steps, (steps) => {
      const counts = new NumberCounts();
      const model = new Map<number, number>();
      for (const [adds, number] of steps) {
        const known = model.get(number) ?? 0;
        if (adds) {
          counts.add(number);
          model.set(number, known + 1);
        } else if (known > 0) {
          if (counts.remove(number) !== known - 1) throw new Error(`${number} was counted ${known} times`);
          if (known === 1) model.delete(number);
          else model.set(number, known - 1);
        }
        if (counts.get(number) !== (model.get(number) ?? 0)) throw new Error(`the count of ${number}`);
      }
      expect(counts.size).toBe(model.size);
      expect(new Map(counts.entries())).toEqual(model);
    }),
    { numRuns: 100 },
  );
});

it('forgets a hundred thousand numbers, the last ones first', () => {
  const counts = new NumberCounts();
  for (let number = 0; number < 100_000; number++) counts.add(number * 7);
  for (let number = 99_999; number >= 0; number -= 2) counts.remove(number * 7);
  expect(counts.size).toBe(50_000);
  const left = Array.from({ length: 100_000 }, (_, number) => counts.get(number * 7));
  expect(left.every((count, number) => count === (number % 2 === 0 ? 1 : 0))).toBe(true);
  for (let number = 0; number < 100_000; number += 2) counts.remove(number * 7);
  expect([...counts.entries()]).toEqual([]);
});

it('refuses to remove what is not there', () => {
  expect(() => new NumberCounts().remove(3)).toThrow('a number that is removed was counted');
});
