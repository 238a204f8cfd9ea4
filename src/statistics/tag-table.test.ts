import { afterEach, expect, test, vi } from 'vitest';
import { DistinctCounter } from './distinct-counter.ts';
import { largestKey, type TagKeys, TagTable } from './tag-table.ts';

afterEach(() => vi.restoreAllMocks());

test('a flood of values is counted without asking for an estimate each time', () => {
  const asked = vi.spyOn(DistinctCounter.prototype, 'value', 'get');
  const keys: TagKeys = new Map();
  const table = new TagTable([1, 2]);
  for (let i = 0; i < 10_000; i++) table.add(keys, ['env:prod', `user:${i}`]);
  // Only while examples are gathered: of env there is one, and its counter is exact.
  const contexts = asked.mock.contexts as readonly DistinctCounter[];
  expect(contexts.filter(({ isExact }) => isExact).length).toBeGreaterThan(0);
  expect(contexts.filter(({ isExact }) => !isExact).length).toBeLessThan(20);
  const largest = largestKey(keys);
  expect(largest?.key).toBe('user');
  expect(Math.abs((largest?.distinct ?? 0) / 10_000 - 1)).toBeLessThan(3 * (largest?.error ?? 0));
});
