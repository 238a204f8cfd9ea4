import fc from 'fast-check';
import { expect, test } from 'vitest';
import { hasEscapes } from './json-escapes.ts';

function check(bytes: Uint8Array, start: number, end: number): void {
  const text = Buffer.from(bytes.buffer, start, end - start).toString('latin1');
  const want = JSON.stringify(text) !== `"${text}"`;
  expect([start, end, hasEscapes(bytes, new Int32Array(bytes.buffer), start, end)]).toEqual([
    start,
    end,
    want,
  ]);
}

test('every byte at every place of a word, beside every kind of neighbour', () => {
  for (const neighbour of [0x21, 0x24, 0x5b, 0x5d, 0x61, 0x7f, 0x80, 0xa2, 0xdc, 0xff])
    for (let at = 0; at < 12; at++)
      for (let byte = 0; byte < 256; byte++) {
        const bytes = new Uint8Array(12).fill(neighbour);
        bytes[at] = byte;
        check(bytes, 0, 12);
      }
});

test('only the bytes that are asked for count', () => {
  const byte = fc.oneof(
    fc.constantFrom(0, 0x1f, 0x20, 0x22, 0x23, 0x5c, 0x7f, 0x80, 0x9f, 0xff),
    fc.nat(255),
  );
  const bytes = fc.array(byte, { minLength: 24, maxLength: 24 }).map((each) => Uint8Array.from(each));
  fc.assert(
    fc.property(bytes, fc.nat(24), fc.nat(24), fc.constantFrom(0x20, 0x61, 0xc3), (all, a, b, plain) => {
      const [start, end] = [Math.min(a, b), Math.max(a, b)];
      check(all, start, end);
      // Nothing within, but all around.
      check(
        all.map((one, i) => (i >= start && i < end ? plain : one)),
        start,
        end,
      );
    }),
    { numRuns: 1000 },
  );
});
