import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Ring } from './ring.ts';

describe('a ring', () => {
  it('has the newest items and the number of each', () => {
    const ring = new Ring<string>(3);
    for (const item of ['a', 'b', 'c', 'd']) ring.push(item);
    expect(ring.slice()).toEqual(['b', 'c', 'd']);
    expect([ring.first, ring.pushed, ring.length]).toEqual([1, 4, 3]);
    expect([ring.at(0), ring.at(1), ring.at(3), ring.at(4)]).toEqual([undefined, 'b', 'd', undefined]);
  });

  it('equals the end of a list, whatever its capacity and whatever is pushed', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 9 }),
        fc.array(fc.integer(), { maxLength: 40 }),
        (capacity, items) => {
          const ring = new Ring<number>(capacity);
          for (const item of items) ring.push(item);
          expect(ring.slice()).toEqual(capacity === 0 ? [] : items.slice(-capacity));
          expect(ring.pushed).toBe(items.length);
        },
      ),
    );
  });

  it('forgets everything when it is cleared, and counts on', () => {
    const ring = new Ring<number>(2);
    ring.push(1);
    ring.clear();
    ring.push(2);
    expect([ring.slice(), ring.pushed]).toEqual([[2], 2]);
  });
});
