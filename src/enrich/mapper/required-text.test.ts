import fc from 'fast-check';
import { RE2JS } from 're2js';
import { expect, it } from 'vitest';
import { requiredTexts } from './required-text.ts';

const contains = (source: string, ...want: string[]) =>
  it(`${source} contains ${JSON.stringify(want)}`, () => expect(requiredTexts(source)).toEqual(want));

contains('app\\.(\\w+)\\.svc1\\.(.*)', 'app.', '.svc1.');
contains('^.*\\.svc-1\\d$', '.svc-1');
contains('jobs?\\.x', 'job', '.x');
contains('ab+c', 'ab', 'c');
contains('ab+?c', 'ab', 'c');
contains('ab*c', 'a', 'c');
contains('ab{0,2}c', 'a', 'c');
contains('a[[:alpha:](]b', 'a', 'b');
contains('a(b(c|[)])d)e', 'a', 'e');
contains('a(?:b|c)?d(?P<x>e)(?<y>f)', 'a', 'd');
contains('aéb', 'a', 'b');

contains('');
contains('(foo|bar)');
contains('foo|bar');
contains('a\\');
contains('(?i)foo');
contains('foo((?i)a)');
contains('a\\Qb\\E');
contains('a\\pNb');
contains('a\\x2eb');
contains('a{[}]b]');

it('every match of an expression contains them', () => {
  const unit = fc.constantFrom(
    'a',
    'b',
    '.',
    '\\.',
    '*',
    '+',
    '?',
    '(',
    ')',
    '|',
    '[',
    ']',
    '^',
    '\\',
    '{2}',
    '\\Q',
    '\\E',
    '\\w',
    '{',
    '(?i)',
    '[:alpha:]',
    'A',
  );
  const sources = fc.array(unit, { maxLength: 8 }).map((units) => units.join(''));
  const names = fc.string({ unit: fc.constantFrom('a', 'b', '.', '|', '{', 'A'), maxLength: 6 });
  fc.assert(
    fc.property(sources, names, (source, name) => {
      const pattern = compile(`^${source}$`);
      if (!pattern?.matcher(name).find()) return;
      for (const text of requiredTexts(source)) expect(name).toContain(text);
    }),
    { numRuns: 3000 },
  );
});

function compile(source: string): RE2JS | undefined {
  try {
    return RE2JS.compile(source);
  } catch {
    return undefined;
  }
}
