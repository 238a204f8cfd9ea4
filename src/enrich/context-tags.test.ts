import { expect, it } from 'vitest';
import { contextTags, messageTags, timestampedTags } from './context-tags.ts';
import { compileTagFilter } from './tag-filter.ts';

const FILTER = compileTagFilter([{ metric_name: 'm', tags: ['b'] }], []);
const LINE = ['z', 'a', 'b:1', 'a'];
const ORIGIN = ['b:2', 'o', 'a', 'o'];

it('a context has each tag once, in the order first seen', () =>
  expect(contextTags('x', LINE, ORIGIN, FILTER)).toEqual(['z', 'a', 'b:1', 'b:2', 'o']));

it('a context is filtered by its name, origin tags included', () =>
  expect(contextTags('m', LINE, ORIGIN, FILTER)).toEqual(['z', 'a', 'o']));

it('a timestamped sample keeps order and duplicates', () => {
  expect(timestampedTags('x', LINE, ORIGIN, FILTER)).toEqual([...LINE, ...ORIGIN]);
  expect(timestampedTags('m', LINE, [], FILTER)).toEqual(['z', 'a', 'a']);
});

it('an event or check has each tag once, sorted by bytes', () =>
  expect(messageTags(['é', 'b', 'B'], ['a', 'b'])).toEqual(['B', 'a', 'b', 'é']));

it('empty tags are tags', () => expect(contextTags('x', ['', 'a', ''], [], FILTER)).toEqual(['', 'a']));
