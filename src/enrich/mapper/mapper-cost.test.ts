/**
 * What the mapper costs a name it has not seen: in proportion to the name, and under a millisecond with
 * 10,000 rules, whatever form they have.
 */
import { describe, expect, it } from 'vitest';
import { processorMs } from '../../../test/support/processor-time.ts';
import { compileMapper, type Mapper } from './mapper.ts';
import type { MapperRuleOptions } from './mapper-rules.ts';

const RULES = 10_000;
const NAMES = 40;

describe('10,000 rules, none of which matches, cost a new name less than a millisecond', () => {
  it.each<[form: string, rule: (i: number) => MapperRuleOptions]>([
    ['a wildcard with a segment of its own', (i) => wildcard(`app.*.svc${i}.*`)],
    ['a wildcard that begins with a star', (i) => wildcard(`*.svc${i}.count`)],
    ['a wildcard with a star at the end of a segment', (i) => wildcard(`app.svc${i}-*.*.count`)],
    ['a wildcard with a star at the start of a segment', (i) => wildcard(`app.*-svc${i}.*.count`)],
    ['a regex that begins with text', (i) => regex(`app\\.svc${i}\\.(\\w+)`)],
    ['a regex that begins with ^', (i) => regex(`^app\\.svc${i}\\.(\\w+)$`)],
    ['a regex with its text behind a group', (i) => regex(`app\\.(\\w+)\\.svc${i}\\.(\\w+)`)],
    ['a regex that begins with .*', (i) => regex(`.*\\.svc${i}\\.(.*)`)],
  ])('%s', (_, rule) => {
    const mapper = mapperOf(Array.from({ length: RULES }, (_, i) => rule(i)));
    const elapsedMs = Array.from({ length: NAMES }, (_, i) => timeOf(mapper, `app.new${i}.svcx.count`));
    // Half of all names: the first ones find code that is not compiled yet.
    expect(elapsedMs.sort((a, b) => a - b)[NAMES / 2]).toBeLessThan(1);
  });
});

describe('an expression built to explode', () => {
  it.each(['(a+)+$', '(a*)*b', '(a|aa)+$', '(a|a)*c'])('%s takes time in proportion to the name', (match) => {
    const mapper = mapperOf([regex(match)]);
    const fastest = (length: number): number => {
      // A name of its own for each try, so that none comes from the cache.
      const name = (i: number): string => `${'a'.repeat(length)}!${i}`;
      return Math.min(...Array.from({ length: 5 }, (_, i) => timeOf(mapper, name(i))));
    };
    fastest(2000);
    const growth = fastest(80_000) / fastest(5000);
    // Sixteen times the name; a square would take 256 times as long, an exponential one would never end.
    expect(growth).toBeLessThan(96);
  });
});

function timeOf(mapper: Mapper, name: string): number {
  return processorMs(() => expect(mapper.map(name)).toBeUndefined());
}

function mapperOf(mappings: readonly MapperRuleOptions[]): Mapper {
  const { mapper } = compileMapper([{ name: 'p', prefix: '*', mappings }], 1);
  if (mapper === undefined) throw new Error('the rules are refused');
  return mapper;
}

function wildcard(match: string): MapperRuleOptions {
  return { match, name: 'x' };
}

function regex(match: string): MapperRuleOptions {
  return { match, match_type: 'regex', name: 'x' };
}
