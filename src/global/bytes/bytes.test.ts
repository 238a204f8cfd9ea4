import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteReader } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';

const integers = fc.oneof(
  fc.maxSafeNat(),
  fc.constantFrom(
    0,
    1,
    127,
    128,
    129,
    16_383,
    16_384,
    2 ** 31 - 1,
    2 ** 31,
    2 ** 32 - 1,
    2 ** 32,
    2 ** 53 - 1,
  ),
);

describe('bytes', () => {
  it('reads back every integer', () => {
    fc.assert(
      fc.property(fc.array(integers), (values) => {
        const writer = new ByteWriter();
        for (const value of values) {
          writer.varint(value);
          writer.zigzag(Math.floor(value / 2));
          writer.zigzag(-Math.floor(value / 2));
        }
        const reader = new ByteReader(writer.bytes());
        for (const value of values) {
          expect(reader.varint()).toBe(value);
          expect(reader.zigzag()).toBe(Math.floor(value / 2));
          expect(reader.zigzag()).toBe(-Math.floor(value / 2) + 0);
        }
        expect(reader.left).toBe(0);
      }),
    );
  });

  it('reads back texts and doubles', () => {
    const writer = new ByteWriter();
    writer.text('caf\u00e9');
    writer.f64(-0.1);
    writer.u16(65_535);
    writer.u32(4_294_967_295);
    writer.text('x'.repeat(5000));
    const reader = new ByteReader(writer.bytes());
    expect(reader.text()).toBe('caf\u00e9');
    expect(reader.f64()).toBe(-0.1);
    expect(reader.u16()).toBe(65_535);
    expect(reader.u32()).toBe(4_294_967_295);
    expect(reader.text()).toHaveLength(5000);
  });

  it('throws a RangeError instead of reading past the end', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 12 }), (bytes) => {
        const reader = new ByteReader(Buffer.from(bytes));
        try {
          for (;;) reader.text();
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
        expect(reader.at).toBeLessThanOrEqual(bytes.length);
      }),
    );
  });
});
