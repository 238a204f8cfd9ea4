import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { processorMs } from '../../../test/support/processor-time.ts';
import { compileMapper } from './mapper.ts';
import type { MapperRuleOptions } from './mapper-rules.ts';
import { RuleIndex } from './rule-index.ts';

const wildcard = (number: number, text: string) => ({
  number,
  wildcard: text,
  literalPrefix: text.split('*', 1)[0] ?? '',
  requiredTexts: text.split('*'),
});
const regex = (number: number, literalPrefix: string, requiredTexts: string[] = []) => ({
  number,
  wildcard: undefined,
  literalPrefix,
  requiredTexts,
});

describe('RuleIndex', () => {
  it('files a wildcard under the segment it shares with the fewest rules', () => {
    const index = new RuleIndex([wildcard(1, 'app.*.a'), wildcard(2, 'app.*.b'), wildcard(3, 'app.*')]);
    expect(index.candidates('app.x.b').map(({ number }) => number)).toEqual([2]);
    expect(index.candidates('app.x').map(({ number }) => number)).toEqual([3]);
    expect(index.candidates('app.x.c')).toEqual([]);
  });

  it('files a rule under four characters of its texts when they are rarer', () => {
    const rules = [regex(1, 'app.', ['app.', '.svc1.']), regex(2, 'app.', ['app.', '.svc2.'])];
    const numbers = (name: string) => new RuleIndex(rules).candidates(name).map(({ number }) => number);
    expect(numbers('app.x.svc2.svc2.count')).toEqual([2]);
    expect(numbers('app.x.svc3.count')).toEqual([]);
  });

  it('gives candidates of all kinds in the order of the rules', () => {
    const rules = [regex(1, ''), wildcard(2, '*.a'), regex(3, 'x'), wildcard(4, 'x*')];
    const numbers = (name: string) => new RuleIndex(rules).candidates(name).map(({ number }) => number);
    expect(numbers('x.a')).toEqual([1, 2, 3, 4]);
    expect(numbers('y.a')).toEqual([1, 2]);
    expect(numbers('')).toEqual([1]);
  });
});

it('a mapper with an index gives what trying every rule gives', () => {
  const unit = fc.constantFrom('a', 'b', '.', '*');
  const wildcards = fc
    .string({ unit, minLength: 1, maxLength: 6 })
    .map((text): MapperRuleOptions => ({ match: text.replace(/\*+/g, '*'), name: 'x' }));
  const regexes = fc
    .constantFrom('a', 'a\\.b', 'a.*', '(a|b)\\.', 'ab?', '.+', 'a|b', '[ab]+', '^a', '.*ab\\.b', '.*abab.*')
    .map((match): MapperRuleOptions => ({ match, match_type: 'regex', name: 'x' }));
  const names = fc.string({ unit: fc.constantFrom('a', 'b', '.', 'ab', '\xe9'), maxLength: 6 });
  fc.assert(
    fc.property(fc.array(fc.oneof(wildcards, regexes), { maxLength: 12 }), names, (rules, name) => {
      const mappings = rules.map((rule, i) => ({ ...rule, name: `rule${i}` }));
      const mapOne = (mappings: MapperRuleOptions[]) =>
        compileMapper([{ name: 'p', prefix: '*', mappings }], 1).mapper?.map(name)?.name;
      const want = mappings.map((rule) => mapOne([rule])).find((mapped) => mapped !== undefined);
      expect(mapOne(mappings)).toBe(want);
    }),
    { numRuns: 500 },
  );
});

it('10,000 rules cost a new name less than a millisecond, whatever their form', () => {
  const forms: ((i: number) => MapperRuleOptions)[] = [
    (i) => ({ match: `app.svc${i}.*.count`, name: 'x' }),
    (i) => ({ match: `app.*.svc${i}.*`, name: 'x' }),
    (i) => ({ match: `*.svc${i}`, name: 'x' }),
    (i) => ({ match: `app\\.svc${i}\\.(\\w+)`, match_type: 'regex', name: 'x' }),
  ];
  for (const form of forms) {
    const mappings = Array.from({ length: 10_000 }, (_, i) => form(i));
    const { mapper } = compileMapper([{ name: 'p', prefix: '*', mappings }], 1);
    const elapsedMs = processorMs(() => {
      for (let i = 0; i < 200; i++) mapper?.map(`app.unknown${i}.svcx.count`);
    });
    expect(elapsedMs / 200).toBeLessThan(1);
  }
});

it('an expression built to explode takes time in proportion to the name', () => {
  const mappings = [{ match: '(a+)+$', match_type: 'regex', name: 'x' }];
  const { mapper } = compileMapper([{ name: 'p', prefix: '*', mappings }], 1);
  const elapsedMs = processorMs(() => expect(mapper?.map(`${'a'.repeat(60_000)}!`)).toBeUndefined());
  expect(elapsedMs).toBeLessThan(1000);
});
