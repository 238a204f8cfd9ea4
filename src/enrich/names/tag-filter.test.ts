import { describe, expect, it } from 'vitest';
import { compileTagFilter, filterTags, type TagFilterEntry } from './tag-filter.ts';

const TAGS = ['a:1', 'b', 'c:2:3', 'a', 'ab:1', ''];

const keeps = (what: string, entries: TagFilterEntry[], want: string[]) =>
  it(what, () => expect(filterTags(compileTagFilter(entries, []), 'm', TAGS)).toEqual(want));

describe('filterTags', () => {
  keeps('a metric without an entry keeps all', [{ metric_name: 'x', tags: ['a'] }], TAGS);
  keeps(
    'exclude is the default and removes the listed keys',
    [{ metric_name: 'm', tags: ['a', 'c'] }],
    ['b', 'ab:1', ''],
  );
  keeps(
    'include keeps the listed keys only',
    [{ metric_name: 'm', action: 'include', tags: ['a'] }],
    ['a:1', 'a'],
  );
  keeps('include without keys keeps nothing', [{ metric_name: 'm', action: 'include' }], []);
  keeps('exclude without keys keeps all', [{ metric_name: 'm' }], TAGS);
  keeps(
    'an unknown action excludes',
    [{ metric_name: 'm', action: 'Include', tags: ['a', 'b', 'c'] }],
    ['ab:1', ''],
  );
  keeps('a listed key is not a key and value', [{ metric_name: 'm', tags: ['a:1'] }], TAGS);
});

describe('several entries for one metric', () => {
  const include = { metric_name: 'm', action: 'include', tags: ['a'] };
  const exclude = { metric_name: 'm', action: 'exclude', tags: ['a'] };
  const without = ['b', 'c:2:3', 'ab:1', ''];

  keeps('the same action merges', [include, { ...include, tags: ['b'] }], ['a:1', 'b', 'a']);
  keeps('exclude stays when it comes first', [exclude, include], without);
  keeps('exclude stays when it comes last', [include, exclude], without);
});

it('an entry without a name is skipped with a warning', () => {
  const warnings: string[] = [];
  const filter = compileTagFilter([{ metric_name: 'x' }, { tags: ['a'] }, { metric_name: '' }], warnings);
  expect([...filter.keys()]).toEqual(['x']);
  expect(warnings).toEqual([
    'metric_tag_filterlist: entry 2 has no metric_name and is skipped',
    'metric_tag_filterlist: entry 3 has no metric_name and is skipped',
  ]);
});
