import { describe, expect, it } from 'vitest';
import { compileProfiles, type MapperErrorCode, type MapperRuleOptions } from './mapper-rules.ts';

const accepts = (rule: MapperRuleOptions) =>
  it(`accepts ${JSON.stringify(rule)}`, () =>
    expect(compileProfiles([{ name: 'p', prefix: 'a.', mappings: [rule] }])).toHaveLength(1));

const rejects = (rule: MapperRuleOptions, code: MapperErrorCode, message: string) =>
  it(`rejects ${JSON.stringify(rule)}`, () => {
    const profiles = [
      { name: 'first', prefix: '*' },
      { name: 'p', prefix: 'a.', mappings: [{ match: 'a.ok', name: 'ok' }, rule] },
    ];
    expect(compileProfiles(profiles)).toEqual({ code, message: expect.stringContaining(message) });
  });

describe('rules', () => {
  accepts({ match: 'a.*.b-c_D0', name: 'x' });
  accepts({ match: '*', name: 'x' });
  accepts({ match: '*a*.*', match_type: 'wildcard', name: 'x' });
  accepts({ match: 'a.b', match_type: '', name: 'x' });
  accepts({ match: 'a\\.(?P<n>\\w+)', match_type: 'regex', name: '$n', tags: { é: '$n' } });

  rejects(
    { match: 'a.b', match_type: 'Regex', name: 'x' },
    'invalid_match_type',
    'mapper profile 2 "p", rule 2 "a.b" has match_type "Regex"; it must be wildcard or regex',
  );
  rejects({ match: 'a.b', name: '' }, 'name_required', 'mapper profile 2 "p", rule 2 "a.b" needs a name');
  rejects({ name: 'x' }, 'match_required', 'mapper profile 2 "p", rule 2 needs a match');
  rejects({}, 'name_required', 'rule 2 needs a name');
  rejects({ match: 'a b', name: 'x' }, 'invalid_wildcard', 'rule 2 "a b" may hold only');
  rejects({ match: 'é', name: 'x' }, 'invalid_wildcard', 'may hold only');
  rejects({ match: 'a\n', name: 'x' }, 'invalid_wildcard', 'may hold only');
  rejects({ match: 'a.***', name: 'x' }, 'consecutive_wildcards', 'must not hold two * in a row');
  rejects({ match: 'a(', match_type: 'regex', name: 'x' }, 'invalid_regex', 'does not compile: ');
  rejects({ match: 'a(?=b)', match_type: 'regex', name: 'x' }, 'invalid_regex', 'does not compile: ');
  rejects({ match: '(a)\\1', match_type: 'regex', name: 'x' }, 'invalid_regex', 'does not compile: ');
});

describe('profiles', () => {
  it('need a name', () =>
    expect(compileProfiles([{ prefix: 'a' }])).toEqual({
      code: 'profile_name_required',
      message: 'mapper profile 1 needs a name',
    }));

  it('need a prefix', () =>
    expect(compileProfiles([{ name: 'p', prefix: '' }])).toEqual({
      code: 'profile_prefix_required',
      message: 'mapper profile 1 "p" needs a prefix; use * for all names',
    }));

  it('may share a name and may be empty', () =>
    expect(
      compileProfiles([
        { name: 'p', prefix: 'a' },
        { name: 'p', prefix: 'b', mappings: [] },
      ]),
    ).toHaveLength(2));
});
