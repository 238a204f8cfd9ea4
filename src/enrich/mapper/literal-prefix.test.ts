import fc from 'fast-check';
import { RE2JS } from 're2js';
import { expect, it } from 'vitest';
import { literalPrefix } from './literal-prefix.ts';

const begins = (source: string, want: string) =>
  it(`${source} begins with "${want}"`, () => expect(literalPrefix(source)).toBe(want));

begins('app\\.svc1\\.(\\w+)', 'app.svc1.');
begins('app', 'app');
begins('jobs?', 'job');
begins('ab*', 'a');
begins('ab{0,2}', 'a');
begins('ab+c', 'ab');
begins('é+x', 'é');
begins('a😀?', 'a');
begins('a(b|c)', 'a');
begins('a[|]b', 'a');
begins('a[]|]b', 'a');
begins('a[^]|]b', 'a');
begins('a\\|b', 'a|b');

begins('^app\\.x', 'app.x');
begins('a[[:alpha:]|]', 'a');

begins('', '');
begins('^*a', '');
begins('^a|b', '');
begins('a[[:alpha:](]|b', '');
begins('\uFFFDa', '');
begins('.a', '');
begins('\\da', '');
begins('(?i)a', '');
begins('a|b', '');
begins('(a)|b', '');
begins('a\\Qb|c\\E', '');
begins('[a', '');
begins('a\\', 'a');

it('every match of an expression begins with it', () => {
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
  );
  const sources = fc.array(unit, { maxLength: 8 }).map((units) => units.join(''));
  const names = fc.string({ unit: fc.constantFrom('a', 'b', '.', '|'), maxLength: 6 });
  fc.assert(
    fc.property(sources, names, (source, name) => {
      const pattern = compile(`^${source}$`);
      if (pattern?.matcher(name).find()) expect(name.startsWith(literalPrefix(source))).toBe(true);
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
