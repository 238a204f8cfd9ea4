import { expect, it } from 'vitest';
import { Overrides } from './overrides.ts';

const statuses = (overrides: Overrides, count: number): (number | undefined)[] =>
  Array.from({ length: count }, () => overrides.take('POST', '/a')?.statusCode);

it('gives those with a number first, in their order, then the one without for good', () => {
  const overrides = new Overrides();
  overrides.add({ endpoint: '/a', statusCode: 202 });
  overrides.add({ endpoint: '/a', statusCode: 500, times: 2 });
  overrides.add({ endpoint: '/a', statusCode: 429, times: 1 });
  expect(statuses(overrides, 6)).toEqual([500, 500, 429, 202, 202, 202]);
});

it('replaces the one without a number', () => {
  const overrides = new Overrides();
  overrides.add({ endpoint: '/a', statusCode: 500 });
  overrides.add({ endpoint: '/a', statusCode: 503 });
  expect(statuses(overrides, 2)).toEqual([503, 503]);
});

it('goes by method and path, and is for POST unless it says otherwise', () => {
  const overrides = new Overrides();
  overrides.add({ endpoint: '/a', method: 'get', statusCode: 500 });
  expect(overrides.take('POST', '/a')).toBeUndefined();
  expect(overrides.take('GET', '/a/b')).toBeUndefined();
  expect(overrides.take('GET', '/a')?.statusCode).toBe(500);
});

it('takes a thousand and refuses more, until some are used up or cleared', () => {
  const overrides = new Overrides();
  for (let i = 0; i < 1000; i++)
    expect(overrides.add({ endpoint: '/a', statusCode: 500, times: 1 })).toBe(true);
  expect(overrides.add({ endpoint: '/b', statusCode: 500 })).toBe(false);
  overrides.take('POST', '/a');
  expect(overrides.add({ endpoint: '/b', statusCode: 500 })).toBe(true);
  overrides.clear();
  expect(overrides.take('POST', '/b')).toBeUndefined();
});
