import fc from 'fast-check';
import { expect, test } from 'vitest';
import { copyBytes, equalBytes, findByte, hashBytes, viewOf } from './bytes-by-words.ts';

/** Bytes of few kinds, so that many are the same, at any place of a buffer. */
const bytes = fc.array(fc.constantFrom(0, 1, 10, 11, 138, 255), { maxLength: 12 });

/** A view in which bytes stand at `at`, between others. */
function viewAt(content: readonly number[], at: number, around: number): DataView {
  const buffer = Buffer.alloc(at + content.length + 8, around);
  buffer.set(content, at);
  return viewOf(buffer);
}

test('equal bytes are equal and have the same hash wherever they stand, others are not', () => {
  const place = fc.tuple(fc.nat(9), fc.constantFrom(0, 10, 255));
  fc.assert(
    fc.property(bytes, bytes, place, place, (one, other, [at, around], [otherAt, otherAround]) => {
      const view = viewAt(one, at, around);
      const same = viewAt(one, otherAt, otherAround);
      expect(equalBytes(view, at, same, otherAt, one.length)).toBe(true);
      expect(hashBytes(view, at, at + one.length)).toBe(hashBytes(same, otherAt, otherAt + one.length));
      if (one.length !== other.length) return;
      const second = viewAt(other, otherAt, otherAround);
      expect(equalBytes(view, at, second, otherAt, one.length)).toBe(one.join() === other.join());
    }),
  );
});

test('what is copied is all and nothing else', () => {
  fc.assert(
    fc.property(bytes, fc.nat(9), fc.nat(9), (content, at, otherAt) => {
      const copy = Buffer.alloc(40, 7);
      copyBytes(viewOf(copy), otherAt, viewAt(content, at, 1), at, content.length);
      const expected = Buffer.alloc(40, 7);
      expected.set(content, otherAt);
      expect(copy).toEqual(expected);
    }),
  );
});

test('the first byte is found at every place, and none beyond the end', () => {
  fc.assert(
    fc.property(bytes, fc.nat(9), fc.constantFrom(0, 1, 10, 138, 255), (content, at, byte) => {
      const first = content.indexOf(byte);
      const found = findByte(viewAt(content, at, byte), byte, at, at + content.length);
      expect(found).toBe(at + (first < 0 ? content.length : first));
    }),
  );
});

test('hashes of texts that are alike do not meet', () => {
  const texts = [
    ...Array.from({ length: 100_000 }, (_, i) => `env:${i}`),
    ...Array.from({ length: 1000 }, (_, i) => 'x'.repeat(i)),
    ...Array.from({ length: 1000 }, (_, i) => '\0'.repeat(i)),
    ...Array.from({ length: 256 }, (_, i) => String.fromCharCode(i)),
  ].map((text) => Buffer.from(text, 'latin1'));
  const hashes = texts.map((text) => hashBytes(viewOf(text), 0, text.length));
  const unique = new Set(texts.map((text) => text.toString('latin1'))).size;
  // Of 102,000 numbers of 32 bits one or two pairs meet by chance.
  expect(new Set(hashes).size).toBeGreaterThan(unique - 20);
  // Parts of a table are chosen by the upper bits, places by the lower.
  for (const shift of [0, 24]) {
    const counts = new Uint32Array(256);
    for (const hash of hashes.slice(0, 100_000)) {
      const part = (hash >>> shift) & 0xff;
      counts[part] = (counts[part] as number) + 1;
    }
    expect(Math.max(...counts)).toBeLessThan(2 * (100_000 / 256));
  }
});
