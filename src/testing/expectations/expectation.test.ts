import { describe, expect, it } from 'vitest';
import { MetricTable } from '../test-server/metric-table.ts';
import type { ReceivedType } from '../test-server/received.ts';
import { describeExpectation, findMetric, type MetricExpectation } from './expectation.ts';

const table = new MetricTable();
const add = (name: string, type: ReceivedType, values: number[], tags: string[] = [], sampleRate = 1): void =>
  table.add({ name, type, tags, host: '', values, element: undefined, sampleRate, timestamp: 0 });
add('hits', 'count', [1, 2], ['env:test', 'path:/a']);
add('hits', 'count', [4], ['env:test', 'path:/b'], 0.5);
add('load', 'gauge', [7, 5], ['env:prod'], 0.5);
add('time', 'timing', [0.1, 0.2]);
for (const element of ['a', 'b', 'a']) {
  table.add({ name: 'u', type: 'set', tags: [], host: '', values: [], element, sampleRate: 1, timestamp: 0 });
}

const fits = (expected: MetricExpectation): boolean => findMetric(table.all(), expected) !== undefined;

describe('an expectation', () => {
  it.each<MetricExpectation>([
    { name: 'hits' },
    { name: /^hi/, type: 'count', sum: 11, count: 4, samples: 3, messages: 2 },
    { name: 'hits', tags: { path: '/a' }, sum: 3, value: 3 },
    { name: 'hits', tags: ['env:test', /^path:/], sum: 11 },
    { name: 'hits', tags: { env: true, path: /b$/ }, sum: 8 },
    { name: 'hits', tags: { env: 'test', path: '/a' }, exactTags: true },
    { name: 'load', value: 5, last: 5, min: 5, max: 7, values: [5, 7] },
    { name: 'time', sum: 0.3, value: 0.1 },
    { name: 'u', value: 2, elements: ['b', 'a'], count: 3 },
  ])('%j is met', (expected) => {
    expect(fits(expected)).toBe(true);
  });

  it.each<MetricExpectation>([
    { name: 'hit' },
    { name: 'hits', type: 'gauge' },
    { name: 'hits', sum: 10 },
    { name: 'hits', tags: ['env'] },
    { name: 'hits', tags: { env: 'te' } },
    { name: 'hits', tags: ['env:test'], exactTags: true },
    { name: 'hits', host: 'other' },
    { name: 'load', value: 7 },
    { name: 'load', values: [5] },
    { name: 'time', value: 0.3 },
    { name: 'u', value: 3 },
    { name: 'u', elements: ['a'] },
  ])('%j is not met', (expected) => {
    expect(fits(expected)).toBe(false);
  });

  it('is matched anew each time by a pattern that keeps a state', () => {
    const name = /hits/g;
    expect([fits({ name }), fits({ name }), fits({ name })]).toEqual([true, true, true]);
  });

  it('is said in words', () => {
    expect(describeExpectation({ name: 'a', type: 'count', tags: { env: 'x' }, sum: 3 })).toBe(
      'a (count) with env:x, sum 3',
    );
    expect(describeExpectation({ title: /x/, tags: ['a'] })).toBe('with a, title /x/');
  });
});
