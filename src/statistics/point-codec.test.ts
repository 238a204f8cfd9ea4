import fc from 'fast-check';
import { expect, test } from 'vitest';
import { quantise, unquantise, VALUE_BYTES_MAX, ValueReader, writeValue } from './point-codec.ts';

const anyValue = fc.oneof(
  fc.double(),
  fc.maxSafeInteger(),
  fc.integer(),
  fc.float(),
  fc.constantFrom(
    0,
    -0,
    1,
    -1,
    2 ** 50,
    2 ** 50 - 1,
    -(2 ** 50),
    2 ** 53,
    Number.NaN,
    Infinity,
    -Infinity,
    0.1,
  ),
);

test('any values come back as they were, in bounded room', () => {
  fc.assert(
    fc.property(fc.array(anyValue, { maxLength: 50 }), (values) => {
      const bytes = new Uint8Array(values.length * VALUE_BYTES_MAX + 1);
      let at = 0;
      let before = 0;
      for (const value of values) {
        const next = writeValue(bytes, at, value, before);
        expect(next - at).toBeLessThanOrEqual(VALUE_BYTES_MAX);
        at = next;
        before = value;
      }
      const reader = new ValueReader(bytes, 0);
      before = 0;
      for (const value of values) {
        before = reader.value(before);
        expect(before).toBe(value);
      }
      expect(reader.at).toBe(at);
    }),
  );
});

test('a counter that changes little takes one or two bytes', () => {
  const bytes = new Uint8Array(16);
  expect(writeValue(bytes, 0, 100, 100)).toBe(1);
  expect(writeValue(bytes, 0, 103, 100)).toBe(1);
  expect(writeValue(bytes, 0, 900, 100)).toBe(2);
});

test('a quantised value is within 0.2 %', () => {
  fc.assert(
    fc.property(fc.double({ min: -1e300, max: 1e300, noNaN: true }), (value) => {
      const back = unquantise(quantise(value));
      expect(Math.abs(back - value)).toBeLessThanOrEqual(Math.abs(value) * 0.0021 + 1e-12);
    }),
  );
});
