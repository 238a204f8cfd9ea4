import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Context, ContextType } from '../../model/context.ts';
import { type Exposure, PLAIN } from './exposure.ts';
import { familyShelf, type NamingFormat } from './family-shelf.ts';
import { FamilyTable } from './family-table.ts';
import { NameBook, type NameRules } from './naming.ts';
import { CLAIMED_SUFFIXES, claimedSuffixes, displayName } from './syntax.ts';

const SECONDS: Exposure = { ...PLAIN, suffix: '_seconds' };

function contextOf(id: number, name: string, type: ContextType = 'gauge'): Context {
  return { id, name, type, host: '', tags: [] };
}

function join(table: FamilyTable, context: Context, exposure = PLAIN): number {
  return table.join(context, exposure);
}

it('tells families apart by the name as shown, the type and the form', () => {
  const table = new FamilyTable();
  const first = join(table, contextOf(1, 'a.b'));
  expect(join(table, contextOf(2, 'a_b'))).toBe(first);
  expect(join(table, contextOf(3, 'a.b', 'counter'))).not.toBe(first);
  const timing = join(table, contextOf(4, 'a', 'histogram'), SECONDS);
  expect(join(table, contextOf(5, 'a_seconds', 'histogram'), SECONDS)).toBe(timing);
  expect(join(table, contextOf(6, 'a', 'histogram'))).not.toBe(timing);
  expect([table.nameOf(first), table.nameOf(timing)]).toEqual(['a_b', 'a_seconds']);
  expect(table.sourceOf(first)).toBe('a.b');
  expect(table.size).toBe(4);
});

it('keeps names that are not ASCII, which only a unit can bring', () => {
  const table = new FamilyTable();
  const family = join(table, contextOf(1, 'load'), { ...PLAIN, suffix: '_µλ' });
  expect(table.nameOf(family)).toBe('load_µλ');
  expect(table.firstNamed('load_µλ')).toBe(family);
});

it('keeps an order until a member comes or goes, and no order of members that have changed since', () => {
  const table = new FamilyTable();
  const family = join(table, contextOf(1, 'a'));
  join(table, contextOf(2, 'a'));
  table.collectMembers(Uint32Array.of(0, family, family));
  const members = table.membersOf(family);
  expect(members).toEqual({ ids: Uint32Array.of(1, 2), sorted: false });
  if (members === undefined) return;
  table.keepOrder(family, members, Uint32Array.of(2, 1));
  expect(table.membersOf(family)).toEqual({ ids: Uint32Array.of(2, 1), sorted: true });
  join(table, contextOf(3, 'a'));
  table.keepOrder(family, members, Uint32Array.of(2, 1));
  expect(table.membersOf(family)).toBeUndefined();
});

it('has the members, the name and the smallest source of each family, whatever comes and goes', () => {
  const step = fc.record({ id: fc.nat(9), name: fc.constantFrom('a.b', 'a_b', 'c'), trims: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const table = new FamilyTable();
      const familyOf = new Uint32Array(10);
      const sources = new Map<number, string>();
      for (const { id, name, trims } of steps) {
        const family = familyOf[id] as number;
        if (family === 0) {
          const joined = join(table, contextOf(id, name));
          familyOf[id] = joined;
          const before = table.sizeOf(joined) === 1 ? name : (sources.get(joined) as string);
          sources.set(joined, before < name ? before : name);
        } else {
          table.leave(family, id);
          familyOf[id] = 0;
        }
        if (trims) table.trim();
        table.collectMembers(familyOf);
        const numbers = new Set(familyOf.filter((number) => number !== 0));
        expect(table.size).toBe(numbers.size);
        for (const number of numbers) {
          const ids = Array.from(familyOf.keys()).filter((one) => familyOf[one] === number);
          expect(Array.from(table.membersOf(number)?.ids ?? [])).toEqual(ids);
          expect(table.sourceOf(number)).toBe(sources.get(number));
          expect(table.firstNamed(table.nameOf(number))).toBe(number);
        }
      }
    }),
  );
});

describe.each(['text', 'openmetrics'] as const)('names in the format %s', (format: NamingFormat) => {
  const step = fc.oneof(
    fc.record({
      do: fc.constant('change' as const),
      name: fc.constantFrom('a', 'a_total', 'a_sum', 'a_sum_total', 'b'),
      type: fc.constantFrom<ContextType>('counter', 'gauge', 'histogram'),
    }),
    fc.record({ do: fc.constant('settle' as const) }),
    fc.record({ do: fc.constant('reserve' as const), name: fc.constantFrom('a', 'a_sum') }),
  );

  it('are those of a book that keeps everything in maps', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const table = new FamilyTable();
        const typeIn = (number: number) => table.shapeOf(number).typeIn(format);
        const rules: NameRules<number> = {
          orderOf: (number) => ({ name: table.nameOf(number), kind: table.shapeOf(number).kind }),
          ownName: (number) => displayName(format, typeIn(number), table.nameOf(number)),
          suffixes: CLAIMED_SUFFIXES,
          suffixesOf: (number) => claimedSuffixes(format, typeIn(number)),
          alternative: (number, attempt) =>
            `${table.nameOf(number)}_${table.shapeOf(number).kind}_${attempt}`,
        };
        const books = [
          new NameBook<unknown>(rules as NameRules<unknown>, () => {}),
          new NameBook<unknown>(rules as NameRules<unknown>, () => {}, familyShelf(table, format) as never),
        ];
        const numbers = new Map<string, number>();
        for (const one of steps) {
          if (one.do === 'settle') {
            for (const book of books) book.settle();
          } else if (one.do === 'reserve') {
            for (const book of books) book.reserve([one.name]);
          } else {
            const key = `${one.type} ${one.name}`;
            const known = numbers.get(key);
            if (known === undefined) {
              const family = join(table, contextOf(1, one.name, one.type));
              numbers.set(key, family);
              for (const book of books) book.join(family);
            } else {
              for (const book of books) book.leave(known);
              table.leave(known, 1);
              numbers.delete(key);
            }
          }
          const [expected, got] = books.map((book) => book.displayed());
          expect(got).toEqual(expected);
        }
      }),
    );
  });
});
