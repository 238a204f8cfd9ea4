import fc from 'fast-check';
import { expect, it } from 'vitest';
import { TopRows } from './top-rows.ts';

it('keeps what sorting and cutting keeps, equal rows in the order they came', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(20)), fc.nat(10), fc.boolean(), (keys, count, ascending) => {
      const top = new TopRows<{ key: number; at: number }>(count, { keyOf: ({ key }) => key, ascending });
      const rows = keys.map((key, at) => ({ key, at }));
      for (const row of rows) top.add(row);
      const sign = ascending ? 1 : -1;
      expect(top.rows()).toEqual(
        [...rows].sort((a, b) => sign * (a.key - b.key) || a.at - b.at).slice(0, count),
      );
      expect(top.seen).toBe(keys.length);
    }),
  );
});

it('orders texts too', () => {
  const top = new TopRows<string>(2, { keyOf: (text) => text, ascending: true });
  for (const text of ['c', 'a', 'b']) top.add(text);
  expect(top.rows()).toEqual(['a', 'b']);
});
