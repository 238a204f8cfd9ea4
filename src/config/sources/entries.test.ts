/** Keys that hold lists of maps, through loadConfig. */
import { describe, expect, test } from 'vitest';
import { loadConfig } from '../load.ts';
import { valueAt } from '../schema.ts';

const PROFILES = 'dogstatsd_mapper_profiles';

const load = (key: string, value: unknown) => loadConfig({ values: { [key]: value } }).config;

const accepts = (key: string, value: unknown, want: unknown) =>
  test(`${key} reads ${JSON.stringify(value)}`, () => expect(valueAt(load(key, value), key)).toEqual(want));
const rejects = (key: string, value: unknown, ...want: string[]) =>
  test(`${key} refuses ${JSON.stringify(value)}`, () =>
    expect(() => load(key, value)).toThrow(
      want.map((text) => `${key} (given values): entry ${text}`).join('\n'),
    ));
const rejectsWhole = (value: unknown) =>
  test(`${JSON.stringify(value)} is no list of profiles`, () =>
    expect(() => load(PROFILES, value)).toThrow(
      '(given values); allowed: a list of profiles with name, prefix and mappings (docs/mapper.md), as YAML or JSON',
    ));

describe('lists of maps', () => {
  const profile = {
    name: 'p',
    prefix: 'a.',
    mappings: [{ match: 'a.*', match_type: 'wildcard', name: 'a', tags: { b: '$1' } }],
  };
  accepts(PROFILES, [], []);
  accepts(PROFILES, [profile, { name: 'q' }], [profile, { name: 'q' }]);
  accepts(PROFILES, JSON.stringify([profile]), [profile]);
  accepts(PROFILES, ' ', []);
  accepts(PROFILES, [{ name: 'p', prefix: null, mappings: null }], [{ name: 'p' }]);
  accepts(
    PROFILES,
    [{ mappings: [{ name: 7, tags: { code: 200 } }] }],
    [{ mappings: [{ name: '7', tags: { code: '200' } }] }],
  );
  accepts('metric_tag_filterlist', [{ metric_name: 'a', tags: ['b'] }], [{ metric_name: 'a', tags: ['b'] }]);

  rejectsWhole('[{"name":');
  rejectsWhole('name');
  rejectsWhole({ name: 'p' });
  rejectsWhole(5);

  test('come from a variable as JSON', () => {
    const env = { DD_DOGSTATSD_MAPPER_PROFILES: '[{"name":"p","prefix":"a."}]' };
    expect(loadConfig({ env }).config.dogstatsd_mapper_profiles).toEqual([{ name: 'p', prefix: 'a.' }]);
  });
  test('are frozen to their leaves', () => {
    const [first] = load(PROFILES, [profile]).dogstatsd_mapper_profiles;
    for (const part of [first, first?.mappings, first?.mappings?.[0], first?.mappings?.[0]?.tags])
      expect(Object.isFrozen(part)).toBe(true);
  });
});

describe('a mistake inside is named with its place and the nearest field', () => {
  const rule = (fields: object) => [{ name: 'p', mappings: [{ match: 'a.*' }, fields] }];
  rejects(PROFILES, ['a', 5], '1: must be a map', '2: must be a map');
  rejects(PROFILES, [{ nmae: 'p' }], '1: nmae is not a known field; did you mean name?');
  rejects(
    PROFILES,
    [{ name: 'p', colour: 1 }],
    '1 "p": colour is not a known field; allowed: name, prefix, mappings',
  );
  rejects(PROFILES, rule({ mach: 'a' }), '1 "p", mappings 2: mach is not a known field; did you mean match?');
  rejects(
    PROFILES,
    rule({ match: 'b.*', tags: ['x'] }),
    '1 "p", mappings 2 "b.*", tags: must be a map of text to text',
  );
  rejects(PROFILES, rule({ name: ['x'] }), '1 "p", mappings 2, name: must be text without line breaks');
  rejects(PROFILES, rule({ name: 'a\nb' }), '1 "p", mappings 2 "a\\nb", name: must be text without');
  rejects(PROFILES, rule({ tags: { a: 'x\ny' } }), '1 "p", mappings 2, tags, a: must be text without');
  rejects(PROFILES, rule({ tests: [{ name: 'x' }] }), '1 "p", mappings 2, tests 1 "x", match: must be text');
  rejects(
    PROFILES,
    rule({ tests: [{ match: 'x', mapped: 'no' }] }),
    '1 "p", mappings 2, tests 1 "x", mapped:',
  );
  rejects(
    'metric_tag_filterlist',
    [{ metric: 'a' }],
    '1: metric is not a known field; allowed: metric_name,',
  );
  rejects('metric_tag_filterlist', [{ tags: 'a' }], '1, tags: must be a list');
});

describe('text that separators must not get into', () => {
  for (const key of ['dogstatsd_tags', 'statsd_metric_namespace', 'histogram_copy_to_distribution_prefix'])
    test(`${key} refuses a line feed`, () => {
      const value = key === 'dogstatsd_tags' ? ['a\nb'] : 'a\nb';
      expect(() => load(key, value)).toThrow('line breaks');
    });
});
