import { describe, expect, it } from 'vitest';
import { processorMs } from '../../../test/support/processor-time.ts';
import { toByteString } from '../../model/text.ts';
import { compileMapper, type Mapper } from './mapper.ts';
import type { MapperProfileOptions, MapperRuleOptions } from './mapper-rules.ts';

function mapperOf(profiles: MapperProfileOptions[], cacheSize = 10): Mapper {
  const { mapper, problem } = compileMapper(profiles, cacheSize);
  if (mapper === undefined) throw new Error(problem?.message ?? 'no profiles');
  return mapper;
}

const oneRule = (rule: MapperRuleOptions) => mapperOf([{ name: 'p', prefix: '*', mappings: [rule] }]);

const maps = (rule: MapperRuleOptions, name: string, want: string, tags: string[] = []) =>
  it(`${rule.match} maps ${JSON.stringify(name)} to ${want} ${tags}`, () => {
    const mapping = oneRule(rule).map(name);
    expect({ name: mapping?.name, tags: mapping?.tags }).toEqual({ name: want, tags });
  });
const leaves = (rule: MapperRuleOptions, name: string) =>
  it(`${rule.match} leaves ${JSON.stringify(name)}`, () => expect(oneRule(rule).map(name)).toBeUndefined());

describe('wildcards', () => {
  const rule = { match: 'a.*.b', name: 'x.$1' };
  maps(rule, 'a.1.b', 'x.1');
  maps(rule, 'a..b', 'x.');
  maps(rule, 'a.$1 \xff.b', 'x.$1 \xff');
  maps({ match: 'test.*a*', name: 'x', tags: { l: '$1', r: '$2' } }, 'test.banana', 'x', ['l:banan', 'r:']);
  maps({ match: '*', name: '$0' }, '', '');
  maps({ match: 'a.*', name: '$1' }, 'a.', '');

  leaves(rule, 'a.1.2.b');
  leaves(rule, 'a.1.bb');
  leaves(rule, 'xa.1.b');
  leaves(rule, 'aX1.b');
  leaves(rule, 'A.1.b');
  leaves(rule, 'a.1.b\n');
  leaves(rule, '');
});

describe('regular expressions', () => {
  const regex = (match: string, name = '$0', tags = {}) => ({ match, match_type: 'regex', name, tags });
  maps(regex('a(.)c'), toByteString('aéc'), toByteString('aéc'));
  maps(regex('a(.)c', '[$1]'), 'a\xffc', '[\xff]');
  maps(regex('(é+)', '[$1]', { é: '$1' }), toByteString('éé'), toByteString('[éé]'), [toByteString('é:éé')]);
  maps(regex('(?i)É'), toByteString('é'), toByteString('é'));
  maps(regex('(a)|(b)', 'x', { one: '$1', two: '$2' }), 'b', 'x', ['one:', 'two:b']);
  maps(regex('foo|bar'), 'foobar', 'foo');
  maps(regex('foo|bar'), 'xxbar', 'bar');
  maps(regex('(?P<n>\\w+)\\.(?<m>\\d+?)', '$m-$n'), 'ab.12', '12-ab');

  leaves(regex('a(.)c'), 'a\nc');
  leaves(regex('\\w'), '\xe9');
  leaves(regex('foo|bar'), 'xfoox');
  leaves(regex('a'), 'a\n');
  leaves(regex('a(..)c'), toByteString('aéc'));
});

describe('profiles', () => {
  const rules = (...matches: string[]) =>
    matches.map((match) => ({ match, name: match.replaceAll('*', 's') }));

  it('the first one whose prefix fits decides, even with nothing to say', () => {
    const mapper = mapperOf([
      { name: 'empty', prefix: 'a.b' },
      { name: 'a', prefix: 'a', mappings: rules('a.x', 'a.*', 'a.b.*') },
      { name: 'rest', prefix: '*', mappings: rules('*', 'ab.c') },
    ]);
    expect(mapper.map('a.b.c')).toBeUndefined();
    expect(mapper.map('ab.c')).toBeUndefined();
    expect(mapper.map('a.x')?.name).toBe('a.x');
    expect(mapper.map('a.y')?.name).toBe('a.s');
    expect(mapper.map('c')?.name).toBe('s');
    expect(mapper.map('a.y')?.rule.profileName).toBe('a');
  });

  it('a star inside a longer prefix is literal', () => {
    const mapper = mapperOf([{ name: 'p', prefix: 'a*', mappings: rules('*') }]);
    expect(mapper.map('ab')).toBeUndefined();
    expect(mapper.map('a*')?.name).toBe('s');
  });

  it('a prefix with letters beyond ASCII is compared as UTF-8', () => {
    const mapper = mapperOf([{ name: 'p', prefix: 'é', mappings: rules('*') }]);
    expect(mapper.map(toByteString('éa'))?.name).toBe('s');
    expect(mapper.map('\xe9a')).toBeUndefined();
  });
});

describe('the cache', () => {
  const profiles = [
    { name: 'p', prefix: 'a.', mappings: [{ match: 'a.*.x', name: 'm', tags: { t: '$1' } }] },
  ];

  it('holds misses as well, and only names of a profile', () => {
    const mapper = mapperOf(profiles, 2);
    for (const name of ['a.1.x', 'a.miss', 'b.1', 'b.2', 'a.1.x', 'a.miss']) mapper.map(name);
    expect(mapper.cacheEvictions).toBe(0);
    mapper.map('a.2.x');
    expect(mapper.cacheEvictions).toBe(1);
  });

  it('changes no result, whatever its size', () => {
    const [small, large] = [mapperOf(profiles, 1), mapperOf(profiles, 100)];
    for (let i = 0; i < 50; i++) {
      const name = i % 3 === 0 ? `a.${i % 7}` : `a.${i % 7}.x`;
      expect(small.map(name)?.tags).toEqual(large.map(name)?.tags);
    }
  });

  it('of size 0 turns the mapper off, as in the Agent, and a rule that is wrong is still found', () => {
    expect(compileMapper(profiles, 0)).toEqual({});
    expect(compileMapper([{ name: 'p', prefix: 'a.', mappings: [{ match: '' }] }], 0).problem).toBeDefined();
  });
});

it('without profiles there is no mapper and no problem', () => expect(compileMapper([], 0)).toEqual({}));

it('a hostile name takes time linear in its length', () => {
  const mapper = oneRule({ match: '(a*)*(a*)*(a*)*b', match_type: 'regex', name: 'x' });
  const elapsedMs = processorMs(() => expect(mapper.map('a'.repeat(8192))).toBeUndefined());
  expect(elapsedMs).toBeLessThan(2000);
});
