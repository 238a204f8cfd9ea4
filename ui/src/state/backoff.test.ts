import { expect, it } from 'vitest';
import { Backoff } from './backoff.ts';

it('waits 1, 2, 4, 8, then 15 seconds, and 1 again after a success', () => {
  const backoff = new Backoff();
  expect(Array.from({ length: 7 }, () => backoff.next())).toEqual([1, 2, 4, 8, 15, 15, 15]);
  backoff.reset();
  expect(backoff.next()).toBe(1);
});
