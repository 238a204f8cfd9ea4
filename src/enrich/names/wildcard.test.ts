import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileNamePattern, type NamePattern } from './name-pattern.ts';
import { compileWildcardTest, wildcardProblem } from './wildcard.ts';

const accepts = (wildcard: string, name: string) =>
  it(`${wildcard} takes ${JSON.stringify(name)}`, () =>
    expect(compileWildcardTest(wildcard)(name)).toBe(true));
const rejects = (wildcard: string, name: string) =>
  it(`${wildcard} leaves ${JSON.stringify(name)}`, () =>
    expect(compileWildcardTest(wildcard)(name)).toBe(false));

describe('a wildcard', () => {
  accepts('a.b', 'a.b');
  accepts('a.*.c', 'a.b.c');
  accepts('a.*.c', 'a..c');
  accepts('*', '');
  accepts('a*a', 'aa');
  accepts('*b*b', 'xbyb');
  accepts('*ab*ab*', 'abab');
  accepts('*.hits', 'w\xff.hits');

  rejects('a.b', 'a.b.c');
  rejects('a.*.c', 'a.b.b.c');
  rejects('a*a', 'a');
  rejects('*ab*ab', 'aab');
  rejects('*ab*', 'ba');
  rejects('*', 'a.b');
  rejects('A.*', 'a.b');

  it('says the same as the regular expression of the mapper', () => {
    const text = (...chars: string[]) => fc.string({ unit: fc.constantFrom(...chars), maxLength: 9 });
    const wildcard = text('a', 'b', '.', '*').filter((each) => wildcardProblem(each) === undefined);
    fc.assert(
      fc.property(wildcard, text('a', 'b', '.'), (match, name) => {
        const { pattern } = compileNamePattern({ match }) as NamePattern;
        const want = pattern().matcher(Buffer.from(name, 'latin1')).find();
        expect(compileWildcardTest(match)(name)).toBe(want);
      }),
      { numRuns: 2000 },
    );
  });
});
