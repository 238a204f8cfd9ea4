import fc from 'fast-check';
import { expect, test } from 'vitest';
import { HashMakers } from './hash-makers.ts';

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
