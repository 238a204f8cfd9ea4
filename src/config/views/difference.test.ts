import { expect, it } from 'vitest';
import { describeDifference, differingKeys } from './difference.ts';

const before = { tags: ['a'], http: { port: 1, host: 'x' }, name: 'n' };

it('names the keys that differ, within sections too', () => {
  const after = { tags: ['a', 'b'], http: { port: 2, host: 'x' }, name: 'n' };
  expect([...differingKeys(before, after)]).toEqual(['tags', 'http.port']);
  expect([...differingKeys(before, before)]).toEqual([]);
});

it('describes a difference, and cuts long values', () => {
  expect(describeDifference(before, { ...before, tags: [] }, 'tags')).toBe('tags: ["a"] -> []');
  expect(describeDifference(before, { ...before, name: 'x'.repeat(500) }, 'name')).toMatch(/ -> "x{199}…$/);
});
