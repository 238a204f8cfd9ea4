import fc from 'fast-check';
import { expect, it } from 'vitest';
import { FAMILY_KINDS, type NamedFamily } from './family.ts';
import { NameBook, type NameRules } from './naming.ts';

const RULES: NameRules<NamedFamily> = {
  ownName: ({ name }) => name,
  claims: ({ kind }, displayed) => (kind === 'histogram' ? [displayed, `${displayed}_sum`] : [displayed]),
  alternative: ({ name, kind }, attempt) => `${name}_${kind}_${attempt}`,
};

const step = fc.oneof(
  fc.record({ do: fc.constant('join' as const), family: fc.nat(11) }),
  fc.record({ do: fc.constant('leave' as const), family: fc.nat(11) }),
  fc.record({ do: fc.constant('settle' as const) }),
  fc.record({ do: fc.constant('reserve' as const), name: fc.constantFrom('a', 'a_sum') }),
);

it('no name has two owners, and nobody but the server takes a name from a family that has it', () => {
  const families = ['a', 'a_sum', 'b'].flatMap((name) =>
    (['counter', 'gauge', 'histogram', 'set'] as const).map(
      (kind): NamedFamily => ({ name, kind, source: name, conflictCounted: false }),
    ),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const book = new NameBook<NamedFamily>(RULES, () => {});
      const members = new Set<NamedFamily>();
      const reserved = new Set<string>();
      const established = new Map<NamedFamily, string>();
      for (const one of steps) {
        const family = families['family' in one ? one.family : 0] as NamedFamily;
        if (one.do === 'join' && !members.has(family)) {
          members.add(family);
          book.join(family);
        } else if (one.do === 'leave' && members.delete(family)) {
          established.delete(family);
          book.leave(family);
        } else if (one.do === 'reserve') {
          reserved.add(one.name);
          for (const [known, name] of established)
            if (RULES.claims(known, name).includes(one.name)) established.delete(known);
          book.reserve([one.name]);
        } else if (one.do === 'settle') {
          book.settle();
          const named = book.displayed();
          expect(named).toHaveLength(members.size);
          const names = named.flatMap(({ family, displayed }) => RULES.claims(family, displayed));
          expect(new Set([...names, ...reserved]).size).toBe(names.length + reserved.size);
          for (const [known, name] of established) expect(book.displayedOf(known)).toBe(name);
          for (const { family, displayed } of named) established.set(family, displayed);
        }
      }
    }),
  );
  expect(FAMILY_KINDS).toContain('set');
});
