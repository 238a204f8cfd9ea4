import { describe, expect, it } from 'vitest';
import { chooseTags, compileTagChoice, instructionWarnings } from './tag-choice.ts';

const TAGS = ['a:1', 'a:2', 'b', 'c:2:3', 'a', 'ab:1', ''];

const leaves = (options: Parameters<typeof compileTagChoice>[0], want: string[]) =>
  it(`${JSON.stringify(options)} leaves ${JSON.stringify(want)}`, () =>
    expect(chooseTags(compileTagChoice(options), TAGS)).toEqual(want));

describe('chooseTags', () => {
  leaves({}, TAGS);
  leaves({ drop_tags: ['a'] }, ['b', 'c:2:3', 'ab:1', '']);
  leaves({ drop_tags: ['a:1', 'c:2:3'] }, ['a:2', 'b', 'a', 'ab:1', '']);
  leaves({ drop_tags: ['c:2', 'a:', 'A'] }, TAGS);
  leaves({ drop_tags: [] }, TAGS);
  leaves({ keep_tags: ['a'] }, ['a:1', 'a:2', 'a']);
  leaves({ keep_tags: ['a:2', 'b'] }, ['a:2', 'b']);
  leaves({ keep_tags: [] }, []);

  it('takes a key that is not ASCII for the bytes of its UTF-8', () => {
    expect(chooseTags(compileTagChoice({ drop_tags: ['é'] }), ['\xc3\xa9:1', 'e'])).toEqual(['e']);
  });
});

describe('instructionWarnings', () => {
  it('names entries that clients cannot mean', () => {
    const warnings = instructionWarnings({ keep_tags: ['env', 'host', 'hostname', 'dd.internal.card:low'] });
    expect(warnings).toEqual([
      'lists host: what a client sends under it is an instruction and no tag of the metric',
      'lists dd.internal.card:low: what a client sends under it is an instruction and no tag of the metric',
    ]);
  });
});
