import fc from 'fast-check';
import { expect, it } from 'vitest';
import { FAMILY_KINDS, type NamedFamily } from './family.ts';
import { NameBook, type NameRules } from './naming.ts';

const RULES: NameRules<NamedFamily> = {
  orderOf: (family) => family,
  ownName: ({ name }) => name,
  suffixes: ['', '_sum'],
  suffixesOf: ({ kind }) => (kind === 'histogram' ? ['', '_sum'] : ['']),
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
      (kind): NamedFamily => ({ name, kind, source: name }),
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
            if (claims(known, name).includes(one.name)) established.delete(known);
          book.reserve([one.name]);
        } else if (one.do === 'settle') {
          book.settle();
          const named = book.displayed();
          expect(named).toHaveLength(members.size);
          const names = named.flatMap(({ family, displayed }) => claims(family, displayed));
          expect(new Set([...names, ...reserved]).size).toBe(names.length + reserved.size);
          for (const [known, name] of established) expect(book.displayedOf(known)).toBe(name);
          for (const { family, displayed } of named) established.set(family, displayed);
        }
      }
    }),
  );
  expect(FAMILY_KINDS).toContain('set');
});

it('what is settled together gets the names that an order by name and type gives, whoever came first', () => {
  const families = ['a', 'a_sum', 'a_sum_sum', 'b'].flatMap((name) =>
    (['counter', 'gauge', 'histogram', 'set'] as const).map(
      (kind): NamedFamily => ({ name, kind, source: name }),
    ),
  );
  const any = fc.uniqueArray(fc.constantFrom(...families));
  fc.assert(
    fc.property(any, any, fc.subarray(['a', 'a_sum']), (before, after, reserved) => {
      const conflicts: string[] = [];
      const book = new NameBook<NamedFamily>(RULES, ({ family, displayed, holder }) =>
        conflicts.push(`${family.name} ${family.kind} ${displayed} ${holder?.name} ${holder?.kind}`),
      );
      const model = new SlowBook();
      for (const newcomers of [before, after.filter((family) => !before.includes(family))]) {
        for (const family of newcomers) book.join(family);
        book.settle();
        model.settle(newcomers);
        if (newcomers === before) {
          book.reserve(reserved);
          model.reserve(reserved);
        }
      }
      book.settle();
      model.settle([]);
      const shown = new Map(book.displayed().map(({ family, displayed }) => [family, displayed]));
      expect(shown).toEqual(model.shown);
      expect(conflicts).toEqual(model.conflicts);
      for (const [family, displayed] of shown) expect(book.displayedOf(family)).toBe(displayed);
    }),
  );
});

const change = fc.oneof(
  fc.record({
    do: fc.constantFrom('join' as const, 'leave' as const),
    first: fc.nat(599),
    count: fc.nat(300),
  }),
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('steps' as const), first: fc.nat(3), count: fc.constant(0) }),
  },
  fc.record({ do: fc.constant('settle' as const), first: fc.constant(0), count: fc.constant(0) }),
);

it('families may leave and names be looked at between the steps of settling, and nobody sees half of it', () => {
  // All but the first of each name have to take an alternative, or one of those whose suffix is their name.
  const families = Array.from({ length: 600 }, (_, i): NamedFamily => {
    const name = `m${Math.floor(i / 4)}${i % 8 === 5 ? '_sum' : ''}`;
    return { name, kind: (['counter', 'gauge', 'histogram', 'set'] as const)[i % 4] ?? 'set', source: name };
  });
  fc.assert(
    fc.property(fc.array(change, { maxLength: 30 }), (changes) => {
      const book = new NameBook<NamedFamily>(RULES, () => {});
      const members = new Set<NamedFamily>();
      const known = new Map<NamedFamily, string>();
      let newcomers: NamedFamily[] = [];
      let settling: Generator | undefined;
      const goOn = (steps: number): void => {
        for (let i = 0; i < steps && settling !== undefined; i++) {
          if (settling.next().done !== true) continue;
          settling = undefined;
          for (const family of newcomers) if (members.has(family)) known.set(family, '');
          newcomers = [];
        }
      };
      for (const { do: what, first, count } of changes) {
        for (let i = 0; i < count; i++) {
          const family = families[(first + i) % families.length] as NamedFamily;
          if (what === 'leave' && members.delete(family)) {
            known.delete(family);
            book.leave(family);
          } else if (what === 'join' && settling === undefined && !members.has(family)) {
            members.add(family);
            newcomers.push(family);
            book.join(family);
          }
        }
        if (what === 'settle') settling ??= book.settleSteps();
        goOn(what === 'settle' ? 1 : what === 'steps' ? first : 0);
        const named = book.displayed();
        expect(new Set(named.map(({ family }) => family))).toEqual(new Set(known.keys()));
        const names = named.flatMap(({ family, displayed }) => claims(family, displayed));
        expect(new Set(names).size).toBe(names.length);
        for (const { family, displayed } of named) {
          expect(displayed).toBe(known.get(family) || displayed);
          known.set(family, displayed);
        }
      }
      goOn(Number.POSITIVE_INFINITY);
      book.settle();
      expect(book.displayed()).toHaveLength(members.size);
    }),
    { numRuns: 200 },
  );
});

function claims(family: NamedFamily, displayed: string): string[] {
  return RULES.suffixesOf(family).map((suffix) => displayed + suffix);
}

/** The rules as they are written down: everything is sorted, and every name has its owner. */
class SlowBook {
  readonly shown = new Map<NamedFamily, string>();
  readonly conflicts: string[] = [];
  private readonly owners = new Map<string, NamedFamily | undefined>();
  private waiting: NamedFamily[] = [];

  reserve(names: readonly string[]): void {
    for (const name of names) {
      const owner = this.owners.get(name);
      if (owner !== undefined) {
        for (const one of claims(owner, this.shown.get(owner) as string)) this.owners.delete(one);
        this.shown.delete(owner);
        this.waiting.push(owner);
      }
      this.owners.set(name, undefined);
    }
  }

  settle(newcomers: readonly NamedFamily[]): void {
    const sorted = [...this.waiting, ...newcomers].sort((a, b) =>
      a.name === b.name
        ? FAMILY_KINDS.indexOf(a.kind) - FAMILY_KINDS.indexOf(b.kind)
        : a.name < b.name
          ? -1
          : 1,
    );
    this.waiting = [];
    const displaced = sorted.filter((family) => !this.claim(family, family.name));
    for (const family of displaced) {
      const taken = claims(family, family.name).find((name) => this.owners.has(name)) as string;
      const holder = this.owners.get(taken);
      let attempt = 1;
      while (!this.claim(family, RULES.alternative(family, attempt))) attempt++;
      this.conflicts.push(
        `${family.name} ${family.kind} ${this.shown.get(family)} ${holder?.name} ${holder?.kind}`,
      );
    }
  }

  private claim(family: NamedFamily, displayed: string): boolean {
    const names = claims(family, displayed);
    if (names.some((name) => this.owners.has(name))) return false;
    for (const name of names) this.owners.set(name, family);
    this.shown.set(family, displayed);
    return true;
  }
}
