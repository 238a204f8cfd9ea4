import { expect, it } from 'vitest';
import { RelativeGauges } from './relative-gauges.ts';

it('a sign changes the value, and no sign sets it', () => {
  const gauges = new RelativeGauges(() => {});
  const apply = (value: number, isRelative: boolean) => gauges.apply('load', value, isRelative);
  expect([apply(3, true), apply(-1, true), apply(10, false), apply(-4, true)]).toEqual([3, 2, 10, 6]);
  expect(gauges.apply('other', 1, true)).toBe(1);
});

it('a gauge stays finite', () => {
  const gauges = new RelativeGauges(() => {});
  gauges.apply('a', Number.MAX_VALUE, false);
  expect(gauges.apply('a', Number.MAX_VALUE, true)).toBe(Number.MAX_VALUE);
});

it('forgets those that were not sent for the longest time, and counts them', () => {
  let forgotten = 0;
  const gauges = new RelativeGauges(() => forgotten++, 2);
  gauges.apply('a', 1, false);
  gauges.apply('b', 1, false);
  gauges.apply('a', 1, true);
  gauges.apply('c', 1, false);
  expect([gauges.apply('a', 1, true), forgotten]).toEqual([3, 1]);
  expect(gauges.apply('b', 1, true)).toBe(1);
});
