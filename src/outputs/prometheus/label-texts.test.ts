import fc from 'fast-check';
import { expect, test } from 'vitest';
import '../../../test/support/property-seed.ts';
import { toByteString } from '../../model/text.ts';
import { LabelTexts } from './label-texts.ts';
import { renderLabels } from './labels.ts';

test('writes what renderLabels() writes, of any tags and host', () => {
  const key = fc.oneof(
    fc.constantFrom('env', 'az', 'le', 'quantile', 'host', '__name__', 'env-x', 'env.x', '', '9', 'é'),
    fc.string({ maxLength: 4 }),
  );
  const value = fc.oneof(
    fc.constantFrom('', 'prod', 'a"b', 'a\\b', 'a\nb', 'a:b', '\u0001'),
    fc.string({ unit: 'grapheme', maxLength: 6 }),
  );
  const tag = fc.oneof(
    fc.tuple(key, value).map(([name, text]) => toByteString(`${name}:${text}`)),
    key.map(toByteString),
    fc.constant('a\xff:\xfe'),
  );
  const texts = new LabelTexts();
  fc.assert(
    fc.property(fc.array(tag, { maxLength: 12 }), fc.constantFrom('', '', 'web-1'), (tags, host) => {
      expect(texts.render(tags, host)).toBe(renderLabels(tags, host));
    }),
    { numRuns: 2000 },
  );
});
