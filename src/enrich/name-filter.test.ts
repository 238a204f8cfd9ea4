import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileNameFilter, histogramNameFilter, ingestNameFilter, matchesName } from './name-filter.ts';

const NONE = {
  metric_filterlist: [],
  metric_filterlist_match_prefix: false,
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
  filters(['é'], true, '\xc3\xa9t');
  filters([''], true, 'anything');

  passes([], false, 'a');
  passes([], true, 'a');
  passes(['a'], false, 'ab');
  passes(['ab'], true, 'a');
  passes(['ab', 'b'], true, 'aab');
  passes(['A'], true, 'a');

  it('matches prefixes as testing every entry does', () => {
    const word = fc.string({ unit: fc.constantFrom('a', 'b', '.'), maxLength: 5 });
    fc.assert(
      fc.property(fc.array(word), word, (entries, name) => {
        const want = entries.some((entry) => name.startsWith(entry));
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
    expect([...filter.names]).toEqual(['a.max', 'a.95percentile']);
    expect(matchesName(filter, 'b')).toBe(false);
  });

  it('matches prefixes where the list does', () => {
    const filter = histogramNameFilter({ ...options, metric_filterlist_match_prefix: true }, suffixes);
    expect(matchesName(filter, 'a.maximum')).toBe(true);
    expect(matchesName(filter, 'b.max')).toBe(false);
  });
});
