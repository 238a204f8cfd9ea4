import { expect, it } from 'vitest';
import { Tags } from '../../model/tags.ts';
import { compileTagFilter } from '../names/tag-filter.ts';
import { contextTags, messageTags, timestampedTags } from './context-tags.ts';

const LISTS = { tagFilter: compileTagFilter([{ metric_name: 'm', tags: ['b'] }], []), tagValues: new Map() };
const LINE = Tags.ofField('z,a,b:1,a');
const ORIGIN = ['b:2', 'o', 'a', 'o'];

it('a context has each tag once, in the order first seen', () =>
  expect(contextTags('x', LINE, ORIGIN, LISTS).list).toEqual(['z', 'a', 'b:1', 'b:2', 'o']));

it('a context is filtered by its name, origin tags included', () =>
  expect(contextTags('m', LINE, ORIGIN, LISTS).list).toEqual(['z', 'a', 'o']));

it('a timestamped sample keeps order and duplicates', () => {
  expect(timestampedTags('x', LINE, ORIGIN, LISTS).list).toEqual([...LINE.list, ...ORIGIN]);
  expect(timestampedTags('m', LINE, [], LISTS).list).toEqual(['z', 'a', 'a']);
});

it('an event or check has each tag once, sorted by bytes', () =>
  expect(messageTags(['é', 'b', 'B'], ['a', 'b'], ['c', 'a'])).toEqual(['B', 'a', 'b', 'c', 'é']));

it('empty tags are tags', () =>
  expect(contextTags('x', Tags.ofField(',a,'), [], LISTS).list).toEqual(['', 'a']));
