import { describe, expect, it } from 'vitest';
import { allowTagValues, compileTagValues, type TagValueEntry, type TagValues } from './tag-values.ts';

const ROUTE: TagValueEntry = { metric_prefix: 'http.', tag_name: 'route', values: ['/', '/users'] };
const OTHER: TagValueEntry = { ...ROUTE, on_miss: 'replace', replacement: 'other' };

function tagsOf(entry: TagValueEntry, name: string, tags: string[]): readonly string[] {
  return allowTagValues(compileTagValues([entry]) as TagValues, name, tags);
}

describe('values that are not known', () => {
  const becomes = (entry: TagValueEntry, name: string, tags: string[], want: string[]) =>
    it(`${entry.on_miss ?? 'remove'}: ${name} ${tags.join(' ')} becomes ${want.join(' ') || 'nothing'}`, () =>
      expect(tagsOf(entry, name, tags)).toEqual(want));
  becomes(ROUTE, 'http.hits', ['route:/', 'a:1'], ['route:/', 'a:1']);
  becomes(ROUTE, 'http.hits', ['route:/x9', 'a:1'], ['a:1']);
  becomes(ROUTE, 'http.hits', ['route:'], []);
  becomes(ROUTE, 'http.hits', ['route'], ['route']);
  becomes(ROUTE, 'http.hits', ['routes:/x9'], ['routes:/x9']);
  becomes(ROUTE, 'HTTP.hits', ['route:/x9'], ['route:/x9']);
  becomes(ROUTE, 'grpc.hits', ['route:/x9'], ['route:/x9']);
  becomes(OTHER, 'http.hits', ['route:/x9', 'a:1'], ['route:other', 'a:1']);
  becomes(OTHER, 'http.hits', ['route:other'], ['route:other']);
  becomes({ ...ROUTE, values: [] }, 'http.hits', ['route:/'], []);

  it('leave a list in which all are known as it is', () => {
    const tags = ['route:/', 'a:1'];
    expect(tagsOf(OTHER, 'http.hits', tags)).toBe(tags);
  });

  it('are another entry’s for another tag or another prefix', () => {
    const rules = compileTagValues([
      ROUTE,
      { ...ROUTE, metric_prefix: 'grpc.' },
      { ...ROUTE, tag_name: 'code' },
    ]);
    expect(allowTagValues(rules as TagValues, 'grpc.x', ['route:/x9', 'code:1'])).toEqual(['code:1']);
    expect(allowTagValues(rules as TagValues, 'http.x', ['route:/x9', 'code:1'])).toEqual([]);
  });
});

describe('an entry is refused', () => {
  const refuses = (entries: TagValueEntry[], why: string) =>
    it(why, () => expect(compileTagValues(entries)).toEqual({ problem: why }));
  refuses([{ tag_name: 'a' }], 'entry 1 has no metric_prefix');
  refuses([{ metric_prefix: 'a' }], 'entry 1 has no tag_name');
  refuses([{ metric_prefix: 'a', tag_name: 'b:c' }], 'entry 1 has a colon in its tag_name "b:c"');
  refuses([{ ...ROUTE, on_miss: 'replace' }], 'entry 1 replaces values and has no replacement');
  refuses(
    [{ ...ROUTE, replacement: 'x' }],
    'entry 1 has a replacement and removes; on_miss: replace uses it',
  );
  const overlap =
    'entry 2 is for names that another entry for route is for: one prefix begins with the other';
  refuses([ROUTE, ROUTE], overlap);
  refuses([ROUTE, { ...ROUTE, metric_prefix: 'http.x' }], overlap);
  refuses([ROUTE, { ...ROUTE, metric_prefix: 'h' }], overlap);
});
