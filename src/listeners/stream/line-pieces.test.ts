import fc from 'fast-check';
import { expect, it } from 'vitest';
import { cutLines } from './line-pieces.ts';

function piecesOf(text: string, bytesMax: number): { pieces: string[]; tooLong: number } {
  const bytes = Buffer.from(text, 'latin1');
  const pieces: string[] = [];
  const tooLong = cutLines(bytes, bytesMax, (start, end) => pieces.push(text.slice(start, end)));
  return { pieces, tooLong };
}

it.each([
  ['', 4, [], 0],
  ['a', 4, ['a'], 0],
  ['abcd', 4, ['abcd'], 0],
  ['abc\n', 4, ['abc\n'], 0],
  ['abc\nd', 4, ['abc\n', 'd'], 0],
  ['ab\nc\nd', 4, ['ab\n', 'c\nd'], 0],
  ['abcd\ne', 4, ['e'], 1],
  ['abcde', 4, [], 1],
  ['a\nbcdefgh\nc\n', 4, ['a\n', 'c\n'], 1],
  ['abcdefgh\nijklmnop', 4, [], 2],
  ['\n\n\n\n\n', 2, ['\n\n', '\n\n', '\n'], 0],
] as const)('cuts %j into pieces of at most %i bytes', (text, bytesMax, pieces, tooLong) => {
  expect(piecesOf(text, bytesMax)).toEqual({ pieces, tooLong });
});

it('takes every line that fits, in order, and counts every other one', () => {
  const line = fc.string({ maxLength: 12, unit: fc.constantFrom('a', 'b') });
  fc.assert(
    fc.property(
      fc.array(line, { minLength: 1, maxLength: 30 }),
      fc.integer({ min: 2, max: 16 }),
      (lines, bytesMax) => {
        const { pieces, tooLong } = piecesOf(lines.join('\n'), bytesMax);
        for (const piece of pieces) expect(piece.length).toBeLessThanOrEqual(bytesMax);
        const isLast = (i: number): boolean => i === lines.length - 1;
        const fits = lines.filter((text, i) => text.length + (isLast(i) ? 0 : 1) <= bytesMax);
        const notEmpty = (text: string): boolean => text !== '';
        expect(pieces.join('').split('\n').filter(notEmpty)).toEqual(fits.filter(notEmpty));
        expect(tooLong).toBe(lines.length - fits.length);
      },
    ),
  );
});
