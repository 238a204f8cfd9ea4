import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cut, splitTag, visible } from './text.ts';

describe('text from the wire', () => {
  it.each([
    ['a\x1b[31mb', 'a\\x1b[31mb'],
    ['a\u202eb', 'a\\u202eb'],
    ['a\nb\tc', 'a\\nb\\tc'],
    ['\u200b', '\\u200b'],
    ['<img src=x onerror=alert(1)>', '<img src=x onerror=alert(1)>'],
    ['größe.页面', 'größe.页面'],
  ])('%j is shown as %j', (text, shown) => expect(visible(text)).toBe(shown));

  it('has no control or bidirectional character left in it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const hidden = /[\p{Cc}\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/u;
        expect(visible(text)).not.toMatch(hidden);
      }),
    );
  });

  it('is cut when it is long, never inside a character', () => {
    expect(cut('abc', 3)).toEqual({ text: 'abc', isCut: false });
    expect(cut('abcd', 3)).toEqual({ text: 'abc…', isCut: true });
    expect(cut('ab😀d', 3)).toEqual({ text: 'ab…', isCut: true });
  });

  it('that is a tag has a key, and mostly a value', () => {
    expect(splitTag('env:prod:eu')).toEqual({ key: 'env', value: 'prod:eu' });
    expect(splitTag('bare')).toEqual({ key: 'bare', value: undefined });
  });
});
