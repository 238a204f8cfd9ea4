/**
 * Byte writer: appends numbers and texts to one growing buffer. Little-endian; the twin of byte-reader.ts.
 *
 *   varint    7 bits a byte, lowest first, the top bit says that more follow; integers up to 2^53 - 1
 *   zigzag    0 -1 1 -2 2 …  as varints 0 1 2 3 4 …
 *   text      length as a varint, then bytes
 *
 * Memory  one buffer that doubles; clear() keeps it. bytes() copies, view() lends until the next write.
 */
import type { ByteString } from '../../model/text.ts';

const SMALLEST_BYTES = 1024;
const SHORT_BYTES = 64;

export class ByteWriter {
  length = 0;
  private buffer = Buffer.allocUnsafe(SMALLEST_BYTES);
  private _view = viewOf(this.buffer);

  clear(): void {
    this.length = 0;
  }

  u8(value: number): void {
    this.reserve(1);
    this.buffer[this.length++] = value;
  }

  u16(value: number): void {
    this.reserve(2);
    this._view.setUint16(this.length, value, true);
    this.length += 2;
  }

  u32(value: number): void {
    this.reserve(4);
    this._view.setUint32(this.length, value, true);
    this.length += 4;
  }

  f64(value: number): void {
    this.reserve(8);
    this._view.setFloat64(this.length, value, true);
    this.length += 8;
  }

  varint(value: number): void {
    this.reserve(8);
    const buffer = this.buffer;
    let rest = value;
    while (rest >= 0x80) {
      // Bitwise operators would cut the number at 32 bits.
      buffer[this.length++] = (rest % 0x80) | 0x80;
      rest = rest < 0x80000000 ? rest >>> 7 : Math.floor(rest / 0x80);
    }
    buffer[this.length++] = rest;
  }

  zigzag(value: number): void {
    this.varint(value < 0 ? -value * 2 - 1 : value * 2);
  }

  /**
   * Numbers of which most are small integers, as weights are: varints behind a 0, or doubles behind a 1 when one of them
   * is no integer.
   */
  weights(values: ArrayLike<number>, count: number): void {
    let isWhole = true;
    for (let i = 0; i < count && isWhole; i++)
      isWhole = Number.isSafeInteger(values[i]) && (values[i] as number) >= 0;
    this.u8(isWhole ? 0 : 1);
    for (let i = 0; i < count; i++)
      if (isWhole) this.varint(values[i] as number);
      else this.f64(values[i] as number);
  }

  raw(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.buffer.set(bytes, this.length);
    this.length += bytes.length;
  }

  /** Bytes [start, start + length) of `bytes`. */
  rawPart(bytes: Uint8Array, start: number, length: number): void {
    this.reserve(length);
    const buffer = this.buffer;
    let at = this.length;
    this.length = at + length;
    // A loop is faster than a call as long as there are few.
    if (length > SHORT_BYTES) buffer.set(bytes.subarray(start, start + length), at);
    else for (let i = start; i < start + length; i++) buffer[at++] = bytes[i] as number;
  }

  /** The same of another writer. */
  copy(from: ByteWriter, start: number, length: number): void {
    this.rawPart(from.buffer, start, length);
  }

  /** Begins a block that is written behind its own length, a varint; endBlock() takes what this returns. */
  beginBlock(): number {
    this.u8(0);
    return this.length;
  }

  /** Most blocks are shorter than 128 bytes, and their length is one byte; a longer one is moved. */
  endBlock(start: number): void {
    const length = this.length - start;
    if (length < 0x80) {
      this.buffer[start - 1] = length;
      return;
    }
    const lengthBytes = length < 0x4000 ? 2 : length < 0x200000 ? 3 : 4;
    this.reserve(lengthBytes - 1);
    this.buffer.copyWithin(start - 1 + lengthBytes, start, start + length);
    this.length = start - 1;
    this.varint(length);
    this.length += length;
  }

  text(text: ByteString): void {
    this.varint(text.length);
    this.reserve(text.length);
    this.length += this.buffer.write(text, this.length, 'latin1');
  }

  /** Overwrites four bytes written before. */
  setU32(at: number, value: number): void {
    this._view.setUint32(at, value, true);
  }

  setU16(at: number, value: number): void {
    this._view.setUint16(at, value, true);
  }

  /** Borrowed: valid until the next write. */
  view(start = 0, end = this.length): Buffer {
    return this.buffer.subarray(start, end);
  }

  /** A copy of its own. */
  bytes(): Buffer {
    return Buffer.from(this.view());
  }

  private reserve(bytes: number): void {
    const needed = this.length + bytes;
    if (needed <= this.buffer.length) return;
    let capacity = this.buffer.length * 2;
    while (capacity < needed) capacity *= 2;
    const larger = Buffer.allocUnsafe(capacity);
    larger.set(this.view());
    this.buffer = larger;
    this._view = viewOf(larger);
  }
}

function viewOf(buffer: Buffer): DataView {
  return new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength);
}
