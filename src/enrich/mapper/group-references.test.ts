// biome-ignore-all lint/suspicious/noTemplateCurlyInString: templates with ${} are what is tested.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { compileTemplate, expandTemplate } from './group-references.ts';

/** Expands against the groups (whole), (one), (two) where group 2 is also called `zwei`. */
function expand(text: string): string {
  const template = compileTemplate(text, 2, { zwei: 2, é: 1 });
  return expandTemplate(template, (group) => ['whole', 'one', 'two'][group] ?? 'unexpected');
}

const gives = (text: string, want: string) =>
  it(`${JSON.stringify(text)} gives ${JSON.stringify(want)}`, () => expect(expand(text)).toBe(want));

gives('', '');
gives('plain', 'plain');
gives('$1', 'one');
gives('${1}', 'one');
gives('$0', 'whole');
gives('a.$2.${1}_x', 'a.two.one_x');
gives('$1$2', 'onetwo');
gives('$zwei', 'two');
gives('${zwei}!', 'two!');
gives('$1-x', 'one-x');
gives('$é', 'one');

// No such group: nothing.
gives('$1_x', '');
gives('$1x', '');
gives('$1é', '');
gives('$3', '');
gives('$12', '');
gives('${9}', '');
gives('$01', '');
gives('$00', '');
gives('$drei.', '.');
gives('$99999999999999999999', '');
gives('$constructor', '');
gives('$__proto__', '');

// No reference: the text itself.
gives('$', '$');
gives('a$', 'a$');
gives('$-', '$-');
gives('${', '${');
gives('${}', '${}');
gives('${1', '${1');
gives('${1 }', '${1 }');
gives('${ 1}', '${ 1}');
gives('$.1', '$.1');

// A doubled dollar sign is one.
gives('$$', '$');
gives('$$1', '$1');
gives('$$$1', '$one');
gives('$$$', '$$');
gives('${$1}', '${one}');

it('literal text becomes wire bytes', () => expect(expand('é$1')).toBe('\xc3\xa9one'));

it('text without dollar signs is unchanged', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'ab1_{}. ') }), (text) => {
      expect(expand(text)).toBe(text);
    }),
  );
});

it('any text compiles, and doubling its dollar signs makes it literal', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'${}01_a.') }), (text) => {
      expand(text);
      expect(expand(text.replaceAll('$', '$$$$'))).toBe(text);
    }),
  );
});
