import { describe, expect, it } from 'vitest';
import { processorMs } from '../../../test/support/processor-time.ts';
import type { ContextType } from '../../model/context.ts';
import type { MetricRuleOptions } from '../../model/metric-rule.ts';
import { compileMetricRules, type RuleErrorCode, ruleWarnings } from './metric-rule.ts';
import { MetricRules, typeUnder } from './metric-rules.ts';

function rulesOf(list: readonly MetricRuleOptions[]): MetricRules {
  const compiled = compileMetricRules(list);
  if ('problems' in compiled) throw new Error(compiled.problems[0].message);
  return new MetricRules(compiled);
}

describe('a line gets the first rule', () => {
  const rules = rulesOf([
    { match: 'http.*.time', types: ['histogram'] },
    { match: 'http.web.*' },
    { match: 'http\\..*', match_type: 'regex', types: ['count', 'set'] },
    { match: 'http.web.time', drop: true },
  ]);
  it.each<[name: string, type: ContextType, rule: number | undefined]>([
    ['http.web.time', 'histogram', 1],
    ['http.web.time', 'gauge', 2],
    ['http.db.time', 'counter', 3],
    ['http.db.time', 'gauge', undefined],
    ['http.a.b.c', 'set', 3],
    ['http', 'counter', undefined],
    ['http.web.time.x', 'gauge', undefined],
  ])('that matches its name and type: %s as %s gets rule %s', (name, type, rule) => {
    // Twice: the second answer comes from the cache.
    for (let i = 0; i < 2; i++) expect(rules.ruleOfLine(name, type)?.number).toBe(rule);
  });
});

describe('a context gets the rule', () => {
  it('that lists its type or makes it, whichever is first', () => {
    const rules = rulesOf([
      { match: 'a', types: ['count'], as: 'gauge' },
      { match: 'a', types: ['gauge'] },
      { match: '*' },
    ]);
    const numbers = (['counter', 'gauge', 'set'] as const).map(
      (type) => rules.ruleOfContext('a', type)?.number,
    );
    expect(numbers).toEqual([1, 1, 3]);
    expect(rules.ruleOfLine('a', 'gauge')?.number).toBe(2);
  });
});

describe('typeUnder', () => {
  const [rule] = compileMetricRules([{ match: 'a', as: 'distribution' }]) as never[];
  const [gauge] = compileMetricRules([{ match: 'a', as: 'gauge' }]) as never[];
  it.each([
    ['makes what the rule says', rule, 'counter', false, 'distribution'],
    ['leaves sets', rule, 'set', false, 'set'],
    ['leaves what has a timestamp and could then not have it', rule, 'counter', true, 'counter'],
    ['makes what can have a timestamp', gauge, 'histogram', true, 'gauge'],
    ['leaves all without a rule', undefined, 'histogram', false, 'histogram'],
  ] as const)('%s', (_, given, type, timestamped, want) => {
    expect(typeUnder(given, type, timestamped)).toBe(want);
  });
});

describe('a rule is refused', () => {
  it.each<[MetricRuleOptions, RuleErrorCode, string]>([
    [{}, 'match_required', 'entry 1 needs a match'],
    [{ match: 'a.**' }, 'consecutive_wildcards', 'entry 1 "a.**" must not hold two * in a row'],
    [{ match: 'a b' }, 'invalid_wildcard', 'may hold only'],
    [{ match: '(', match_type: 'regex' }, 'invalid_regex', 'does not compile'],
    [{ match: 'a', match_type: 'glob' }, 'invalid_match_type', '"glob"'],
    [{ match: 'a', drop: true, keep_tags: [] }, 'drop_alone', 'so keep_tags has no effect'],
    [{ match: 'a', keep_tags: ['a'], drop_tags: ['b'] }, 'tags_twice', 'keep one of them'],
    [{ match: 'a', types: [] }, 'no_types', 'leave types out'],
    [{ match: 'a', types: ['set'], as: 'gauge' }, 'set_as', 'remove as'],
    [{ match: 'a', drop: true, bucket_seconds: 60 }, 'drop_alone', 'so bucket_seconds has no effect'],
    [{ match: 'a', types: ['count'], percentiles: [0.5] }, 'no_histogram', 'has percentiles'],
    [{ match: 'a', as: 'distribution', aggregates: 'none' }, 'no_histogram', 'has aggregates'],
    [{ match: 'a', types: ['histogram'], as: 'count', percentiles: 'none' }, 'no_histogram', 'types or as'],
    [{ match: 'a', types: ['count'], buckets: [1] }, 'no_histogram', 'has buckets'],
    [{ match: 'a', buckets: [] }, 'no_buckets', 'empty list of buckets'],
    [{ match: 'a', unit: 'Sec onds' }, 'bad_unit', '"Sec onds"'],
    [{ match: 'a', drop: true, scale: 2 }, 'drop_alone', 'so scale has no effect'],
  ])('%j', (options, code, message) => {
    expect(compileMetricRules([options])).toEqual({
      problems: [{ code, message: expect.stringContaining(message) }],
    });
  });

  it('together with every other that is wrong, and then all are', () => {
    const compiled = compileMetricRules([{ match: 'good' }, { match: '**' }, {}]);
    expect('problems' in compiled && compiled.problems.map(({ message }) => message.slice(0, 7))).toEqual([
      'entry 2',
      'entry 3',
    ]);
  });
});

describe('what a rule says about aggregation', () => {
  const aggregation = (options: MetricRuleOptions) =>
    rulesOf([options]).ruleOfContext('a', 'histogram')?.aggregation;

  it('is nothing when it only drops, retags or retypes', () => {
    expect(aggregation({ match: 'a', drop: true })).toBeUndefined();
    expect(aggregation({ match: 'a', keep_tags: [], as: 'gauge' })).toBeUndefined();
  });

  it('tells none from what is left out', () => {
    expect(aggregation({ match: 'a', aggregates: 'none', percentiles: [0.5] })).toEqual({
      aggregates: [],
      percentiles: [0.5],
    });
    expect(aggregation({ match: 'a', as: 'histogram', percentiles: 'none' })).toEqual({ percentiles: [] });
    expect(aggregation({ match: 'a', bucket_seconds: 60, expiry_seconds: 0 })).toEqual({
      bucketSeconds: 60,
      expirySeconds: 0,
    });
  });
});

it('a rule that lists an instruction as a tag is warned of by its place', () => {
  expect(ruleWarnings([{ match: 'a' }, { match: 'b', drop_tags: ['host'] }])).toEqual([
    expect.stringMatching(/^rules: entry 2 "b" lists host/),
  ]);
});

describe('10,000 rules, none of which matches, cost a new name less than a millisecond', () => {
  const NAMES = 40;
  it.each<[form: string, rule: (i: number) => MetricRuleOptions]>([
    ['as wildcards', (i) => ({ match: `app.*.svc${i}.*`, drop: true })],
    ['as regular expressions', (i) => ({ match: `app\\.(\\w+)\\.svc${i}\\..*`, match_type: 'regex' })],
  ])('%s', (_, rule) => {
    const rules = rulesOf(Array.from({ length: 10_000 }, (_, i) => rule(i)));
    const elapsedMs = Array.from({ length: NAMES }, (_, i) =>
      processorMs(() => expect(rules.ruleOfLine(`app.new${i}.svcx.count`, 'counter')).toBeUndefined()),
    );
    // Half of all names: the first ones find code that is not compiled yet.
    expect(elapsedMs.sort((a, b) => a - b)[NAMES / 2]).toBeLessThan(1);
  });
});
