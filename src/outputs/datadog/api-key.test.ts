import { describe, expect, it } from 'vitest';
import { findKey, fingerprintKey, nameDestination } from './api-key.ts';

describe('findKey', () => {
  const finds = (before: string[], index: number, after: string[], want: string | undefined) =>
    it(`for key ${index} of ${before} finds ${want} in ${after}`, () => {
      expect(findKey(after, nameDestination(before, index))).toBe(want);
    });
  finds(['a', 'b'], 0, ['a', 'b'], 'a');
  finds(['a', 'b'], 1, ['a', 'b'], 'b');
  // The order changed: the key counts, not its place.
  finds(['a', 'b'], 0, ['b', 'a'], 'a');
  // A key was replaced by another one.
  finds(['a', 'b'], 1, ['a', 'c'], 'c');
  finds(['a'], 0, ['c'], 'c');
  // A key is gone: what was meant for it must not go to another one.
  finds(['a', 'b'], 0, ['b'], undefined);
  finds(['a'], 0, ['b', 'c'], undefined);

  it('makes nothing of a damaged name', () => {
    for (const name of ['', 'x', 'x /', 'x 5/2', 'x a/b']) expect(findKey(['a', 'b'], name)).toBeUndefined();
  });
});

it('a fingerprint has nothing of the key', () => {
  expect(fingerprintKey('0123456789abcdef0123456789abcdef')).toMatch(/^[0-9a-f]{8}$/);
  expect('0123456789abcdef0123456789abcdef').not.toContain(
    fingerprintKey('0123456789abcdef0123456789abcdef'),
  );
});
