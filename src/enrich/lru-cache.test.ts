import fc from 'fast-check';
import { expect, it } from 'vitest';
import { LruCache } from './lru-cache.ts';

it('forgets the entry unused for longest', () => {
  const cache = new LruCache<string, number>(2);
  cache.set('a', 1);
  cache.set('b', 2);
  expect(cache.get('a')).toBe(1);
  cache.set('c', 3);
  expect(cache.get('b')).toBeUndefined();
  expect(cache.get('a')).toBe(1);
  expect(cache.get('c')).toBe(3);
  expect(cache.evictions).toBe(1);
});

it('pushes nothing out when a held key is set again', () => {
  const cache = new LruCache<string, number>(2);
  cache.set('a', 1);
  cache.set('b', 2);
  cache.set('a', 3);
  expect([cache.get('a'), cache.get('b'), cache.evictions]).toEqual([3, 2, 0]);
});

it('holds exactly the keys used last, and never more than its size', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 4 }), fc.array(fc.integer({ min: 0, max: 6 })), (size, keys) => {
      const cache = new LruCache<number, number>(size);
      for (const key of keys) if (cache.get(key) === undefined) cache.set(key, key);
      const recent = [...new Set(keys.toReversed())].slice(0, size);
      expect(cache.count).toBe(recent.length);
      for (const key of recent) expect(cache.get(key)).toBe(key);
    }),
  );
});
