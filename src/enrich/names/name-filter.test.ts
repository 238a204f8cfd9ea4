import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  compileNameFilter,
  histogramNameFilter,
  ingestNameFilter,
  matchesName,
  matchingEntry,
} from './name-filter.ts';
import { normalName, normalPrefix } from './normal-name.ts';

const NONE = {
  metric_filterlist: [],
  metric_filterlist_match_prefix: false,
  metric_filterlist_prefix: [],
  statsd_metric_blocklist: [],
  statsd_metric_blocklist_match_prefix: false,
};

describe('compileNameFilter', () => {
  const filters = (entries: string[], prefix: boolean, name: string) =>
    it(`${JSON.stringify(entries)}${prefix ? ' as prefixes' : ''} filters ${name}`, () =>
      expect(matchesName(compileNameFilter(entries, prefix), name)).toBe(true));
  const passes = (entries: string[], prefix: boolean, name: string) =>
    it(`${JSON.stringify(entries)}${prefix ? ' as prefixes' : ''} lets ${name} pass`, () =>
      expect(matchesName(compileNameFilter(entries, prefix), name)).toBe(false));

  filters(['a', 'b.c'], false, 'b.c');
  filters(['a', 'b.c'], true, 'b.c');
  filters(['a', 'b.c'], true, 'b.cd');
  filters(['abc', 'ab'], true, 'abd');
  filters(['my-app'], false, 'my_app');
  filters(['my_app'], true, 'my-app.x');
  filters(['9.a'], false, '_a_');
  filters([''], true, 'anything');

  passes([], false, 'a');
  passes([], true, 'a');
  passes(['a'], false, 'ab');
  passes(['ab'], true, 'a');
  passes(['ab', 'b'], true, 'aab');
  passes(['A'], true, 'a');
  passes(['é'], true, '\xc3\xa9t');
  passes(['9'], true, '99');
  passes(['service_'], true, 'services');

  it('matches prefixes as testing every entry does', () => {
    const word = fc.string({ unit: fc.constantFrom('a', 'b', '.'), maxLength: 5 });
    fc.assert(
      fc.property(fc.array(word), word, (entries, name) => {
        const normal = normalName(name);
        const want = entries
          .map(normalPrefix)
          .some((prefix) => prefix !== undefined && normal?.startsWith(prefix) === true);
        expect(matchesName(compileNameFilter(entries, true), name)).toBe(want);
      }),
    );
  });
});

describe('ingestNameFilter', () => {
  it('uses the older list with its own flag while the newer one is empty', () => {
    const filter = ingestNameFilter({
      ...NONE,
      statsd_metric_blocklist: ['old.'],
      statsd_metric_blocklist_match_prefix: true,
    });
    expect(matchesName(filter, 'old.x')).toBe(true);
  });

  it('does not mix the lists or their flags', () => {
    const filter = ingestNameFilter({
      ...NONE,
      metric_filterlist: ['new.'],
      metric_filterlist_match_prefix: false,
      statsd_metric_blocklist: ['old.'],
      statsd_metric_blocklist_match_prefix: true,
    });
    expect(matchesName(filter, 'new.')).toBe(true);
    expect(matchesName(filter, 'new.x')).toBe(false);
    expect(matchesName(filter, 'old.x')).toBe(false);
  });
});

describe('histogramNameFilter', () => {
  const suffixes = ['.max', '.95percentile'];
  const options = { ...NONE, metric_filterlist: ['a.max', 'a.95percentile', 'a.avg', 'b'] };

  it('holds only entries a histogram can produce', () => {
    const filter = histogramNameFilter(options, suffixes);
    expect(filter.names).toEqual(
      new Map(Object.entries({ 'a.max': 'a.max', 'a.95percentile': 'a.95percentile' })),
    );
    expect(matchesName(filter, 'b')).toBe(false);
  });

  it('matches prefixes where the list does', () => {
    const filter = histogramNameFilter({ ...options, metric_filterlist_match_prefix: true }, suffixes);
    expect(matchesName(filter, 'a.maximum')).toBe(true);
    expect(matchesName(filter, 'b.max')).toBe(false);
  });
});

describe('metric_filterlist_prefix', () => {
  const rules = [
    { prefix: 'sys', except_prefix: ['sys.cpu'], except_exact: ['sys.load'] },
    { prefix: 'app.', except_exact: ['sys.mem'] },
  ];
  const filter = ingestNameFilter({ ...NONE, metric_filterlist_prefix: rules });
  it.each(['system.x', 'sys', 'sys.loads', 'app.x', 'sys-disk'])('drops %s', (name) =>
    expect(matchingEntry(filter, name)?.isRule).toBe(true));
  it.each(['sys.cpu', 'sys.cpus', 'sys.load', 'sys.mem', 'application', 'x.sys', '9'])('keeps %s', (name) =>
    expect(matchingEntry(filter, name)).toBeUndefined());

  it('names the prefix that drops', () =>
    expect(matchingEntry(filter, 'app.x')).toEqual({ entry: 'app.', isRule: true }));

  it('an empty prefix is every name', () => {
    const all = ingestNameFilter({
      ...NONE,
      metric_filterlist_prefix: [{ prefix: '', except_prefix: ['a'] }],
    });
    expect(matchesName(all, 'b')).toBe(true);
    expect(matchesName(all, 'ab')).toBe(false);
  });

  it('exceptions do not save what metric_filterlist drops', () => {
    const both = ingestNameFilter({
      ...NONE,
      metric_filterlist: ['sys.cpu'],
      metric_filterlist_prefix: rules,
    });
    expect(matchingEntry(both, 'sys.cpu')).toEqual({ entry: 'sys.cpu', isRule: false });
  });

  it('a rule that the list covers counts for nothing, its exceptions included', () => {
    const covered = ingestNameFilter({
      ...NONE,
      metric_filterlist: ['sy'],
      metric_filterlist_match_prefix: true,
      metric_filterlist_prefix: [{ prefix: 'sys', except_exact: ['app.x'] }, { prefix: 'app.' }],
    });
    expect(matchesName(covered, 'app.x')).toBe(true);
  });

  it('what has no letter is left out and said, an exception alone or a rule', () => {
    const warnings: string[] = [];
    const list = [{ prefix: '9' }, {}, { prefix: 'a', except_exact: ['9', ''] }];
    const left = ingestNameFilter({ ...NONE, metric_filterlist_prefix: list }, warnings);
    expect(matchesName(left, 'ab')).toBe(true);
    expect(warnings).toEqual([
      'metric_filterlist_prefix: entry 1 has the prefix "9" without a letter and is skipped',
      'metric_filterlist_prefix: entry 2 has no prefix and is skipped',
      'metric_filterlist_prefix: entry 3 has the exception "9" without a letter, which is skipped',
      'metric_filterlist_prefix: entry 3 has the exception "" without a letter, which is skipped',
    ]);
  });

  it('a histogram loses the names that a prefix hits, and what an exception keeps it keeps whole', () => {
    const list = [{ prefix: 'baz.9' }, { prefix: 'kept', except_exact: ['kept'] }];
    const derived = histogramNameFilter({ ...NONE, metric_filterlist_prefix: list }, [
      '.95percentile',
      '.max',
    ]);
    expect(matchesName(derived, 'baz.95percentile')).toBe(true);
    expect(matchesName(derived, 'baz.max')).toBe(false);
    expect(matchesName(derived, 'kept.max')).toBe(false);
  });

  it('a star at the end of a whole name is said to be no pattern', () => {
    const warnings: string[] = [];
    ingestNameFilter({ ...NONE, metric_filterlist: ['abc.*'] }, warnings);
    expect(warnings).toEqual([
      'metric_filterlist: "abc.*" is the name without the star, not a pattern; metric_filterlist_match_prefix is for beginnings',
    ]);
  });
});
