/**
 * Byte reader: reads what a ByteWriter wrote, from bytes that may be damaged.
 *
 * Reading past the end throws a RangeError, and so does a varint of more than 53 bits. Whoever decodes a record catches
 * it once and calls the record unreadable; checksums make that rare.
 */
import type { ByteString } from '../../model/text.ts';

const VARINT_BYTES_MAX = 8;

export class ByteReader {
  at: number;
  readonly end: number;
  readonly bytes: Buffer;
  private readonly view: DataView;

  constructor(bytes: Buffer, start = 0, end = bytes.length) {
    this.bytes = bytes;
    this.at = start;
    this.end = end;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, end);
  }

  get left(): number {
    return this.end - this.at;
  }

  u8(): number {
    const value = this.view.getUint8(this.at);
    this.at += 1;
    return value;
  }

  u16(): number {
    const value = this.view.getUint16(this.at, true);
    this.at += 2;
    return value;
  }

  u32(): number {
    const value = this.view.getUint32(this.at, true);
    this.at += 4;
    return value;
  }

  f64(): number {
    const value = this.view.getFloat64(this.at, true);
    this.at += 8;
    return value;
  }

  varint(): number {
    let byte = this.u8();
    if (byte < 0x80) return byte;
    let value = byte & 0x7f;
    let factor = 0x80;
    for (let read = 1; read < VARINT_BYTES_MAX; read++) {
      byte = this.u8();
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
      factor *= 0x80;
    }
    throw new RangeError('a varint is too long');
  }

  /** Reads `count` numbers that ByteWriter.weights() wrote. */
  weights(into: Float64Array, count: number): void {
    const isWhole = this.u8() === 0;
    if (count * (isWhole ? 1 : 8) > this.left) throw new RangeError('a count leads past the end');
    for (let i = 0; i < count; i++) into[i] = isWhole ? this.varint() : this.f64();
  }

  zigzag(): number {
    const value = this.varint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  /** A count of things that take at least `bytesEach`: more than can follow is damage, and not allocated for. */
  count(bytesEach = 1): number {
    const count = this.varint();
    if (count * bytesEach > this.left) throw new RangeError('a count leads past the end');
    return count;
  }

  /** Borrowed: a part of the bytes given. */
  raw(length: number): Buffer {
    this.skip(length);
    return this.bytes.subarray(this.at - length, this.at);
  }

  text(): ByteString {
    const length = this.count();
    const start = this.at;
    this.skip(length);
    return this.bytes.toString('latin1', start, this.at);
  }

  skip(length: number): void {
    if (length > this.left) throw new RangeError('a length leads past the end');
    this.at += length;
  }
}
