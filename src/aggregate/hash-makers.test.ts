import fc from 'fast-check';
import { expect, test } from 'vitest';
import { finishHash, HashMakers, hashOn } from './hash-makers.ts';

test('a hash is shared when more than one maker has it, whatever else there is', () => {
  const note = fc.record({
    // Few, and some that begin at the same place of a small table.
    hash: fc.oneof(fc.nat(20), fc.constantFrom(1024, 2048, 2049, 2 ** 32 - 1, 2 ** 31)),
    maker: fc.nat(2),
  });
  fc.assert(
    fc.property(fc.array(note), fc.nat(3000), (notes, more) => {
      const hashes = new HashMakers();
      const makersOf = new Map<number, Set<number>>();
      for (const { hash, maker } of notes) {
        hashes.note(hash, maker);
        makersOf.set(hash, (makersOf.get(hash) ?? new Set()).add(maker));
      }
      for (let i = 0; i < more; i++) hashes.note(100_000 + 7 * i, 0);
      for (const { hash, maker } of notes) hashes.note(hash, maker);
      const shared = [...makersOf].filter(([, makers]) => makers.size > 1).map(([hash]) => hash);
      expect([...hashes.shared].sort()).toEqual(shared.sort());
    }),
  );
});

test('a text has one hash however it is divided, and others have others', () => {
  const whole = finishHash(hashOn(7, 'lat.max'));
  expect(finishHash(hashOn(hashOn(7, 'lat'), '.max'))).toBe(whole);
  const others = [hashOn(8, 'lat.max'), hashOn(7, 'lat.min'), hashOn(7, ''), hashOn(7, '\0')].map(finishHash);
  expect(new Set([whole, ...others]).size).toBe(5);
});
