import { expect, it } from 'vitest';
import { toByteString } from '../../model/text.ts';
import { pointAt } from './caret.ts';

const points = (text: string, at: number, indent: number, want = text) =>
  it(`${JSON.stringify(text.slice(0, 20))} at byte ${at}`, () =>
    expect(pointAt(toByteString(text), at)).toEqual({ text: want, indent: ' '.repeat(indent) }));

points('a:x|c', 2, 2);
points('a', 1, 1);
points('', 0, 0);
points('é:x|c', 3, 2);
points('漢:x|c', 4, 3);
points('\x1b:x|c', 2, 5, '\\x1b:x|c');
points(`${'a'.repeat(300)}:x|c`, 301, 101, `…${'a'.repeat(99)}:x|c`);
points(`x${'a'.repeat(300)}`, 0, 0, `x${'a'.repeat(99)}…`);
