import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Tags } from './tags.ts';

const BEGINNINGS = ['host:', 'dd.internal.'];
/** Any bytes that a tag on the wire may hold. */
const byteText = (bytes: Uint8Array): string =>
  Buffer.from(bytes).toString('latin1').replaceAll(/[,\n]/g, '_');
/** No comma, as on the wire. */
const item = fc.oneof(
  fc.constantFrom(
    '',
    'a',
    'b',
    'host:',
    'host:x',
    'xhost:',
    'dd.internal.card:low',
    'dd.internal',
    ' host:y',
  ),
  fc.uint8Array({ maxLength: 6 }).map(byteText),
);
/** Tags from elsewhere may hold commas. */
const other = fc.oneof(item, fc.constantFrom(',', 'a,b', 'host:a,host:b'));

/** What Tags are to be, with a list. */
interface Model {
  readonly tags: Tags;
  readonly list: readonly string[];
  readonly isDistinct: boolean;
}

const steps: Record<string, (model: Model, others: readonly string[]) => Model> = {
  with: ({ tags, list }, others) => ({
    tags: tags.with(others),
    list: [...list, ...others],
    isDistinct: tags.isDistinct && others.length === 0,
  }),
  withMissing: ({ tags, list, isDistinct }, others) => ({
    tags: tags.withMissing(others),
    list: [...list, ...new Set(others)].filter((tag, i) => i < list.length || !list.includes(tag)),
    isDistinct,
  }),
  distinct: ({ tags, list }) => ({ tags: tags.distinct(), list: [...new Set(list)], isDistinct: true }),
};

describe('tags', () => {
  it('are those of a list, whatever they are made of and whether or not somebody has looked', () => {
    const step = fc.tuple(
      fc.constantFrom('with', 'withMissing', 'distinct'),
      fc.array(other, { maxLength: 4 }),
      fc.boolean(),
    );
    fc.assert(
      fc.property(
        fc.array(item, { maxLength: 8 }),
        fc.boolean(),
        fc.array(step, { maxLength: 4 }),
        (items, isField, rest) => {
          const text = items.join(',');
          const list = text === '' ? [] : items;
          let model: Model = { tags: isField ? Tags.ofField(text) : Tags.of(list), list, isDistinct: false };
          for (const [name, others, looks] of rest) {
            if (looks) model.tags.list;
            model = (steps[name] as (typeof steps)[string])(model, others);
          }
          const { tags } = model;
          const begins = model.list.some((tag) => BEGINNINGS.some((beginning) => tag.startsWith(beginning)));
          expect(tags.anyBeginsWith(BEGINNINGS)).toBe(begins);
          expect(tags.isEmpty).toBe(model.list.length === 0);
          expect(tags.isDistinct).toBe(model.isDistinct);
          expect(tags.list).toEqual(model.list);
          expect(tags.anyBeginsWith(BEGINNINGS)).toBe(begins);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('of a field are its items; an empty field has none', () => {
    expect(Tags.ofField('').list).toEqual([]);
    expect(Tags.ofField(',').list).toEqual(['', '']);
    expect(Tags.ofField('a,,b,').list).toEqual(['a', '', 'b', '']);
  });

  it('answer each question for itself', () => {
    const tags = Tags.ofField('x:1,y:2');
    expect([['x'], ['z'], ['y'], ['x', 'z']].map((beginnings) => tags.anyBeginsWith(beginnings))).toEqual([
      true,
      false,
      true,
      true,
    ]);
  });
});
