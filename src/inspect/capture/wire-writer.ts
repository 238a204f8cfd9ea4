/**
 * Writes protobuf messages: the opposite of wire-reader.ts, for records and states of captures.
 *
 * Fields with default values are left out, as proto3 has it. Numbers are at most 2^53, or bigint for 64 bits.
 *
 * Memory  one array that doubles when it is full; take() copies what is written.
 */
import { BYTES, VARINT } from './wire-reader.ts';

const VARINT_BYTES_MAX = 10;
const INITIAL_BYTES = 256;

export class WireWriter {
  length = 0;
  private bytes = new Uint8Array(INITIAL_BYTES);

  /** A number with a sign; left out when it is 0. A negative one takes ten bytes. */
  varint(field: number, value: number | bigint): void {
    if (Number(value) === 0) return;
    this.reserve(2 * VARINT_BYTES_MAX);
    this.put((field << 3) | VARINT);
    this.put(value);
  }

  /** Left out when it is empty. */
  data(field: number, bytes: Uint8Array): void {
    if (bytes.length > 0) this.item(field, bytes);
  }

  /** An entry of a list, also when it is empty. */
  item(field: number, bytes: Uint8Array): void {
    this.reserve(2 * VARINT_BYTES_MAX + bytes.length);
    this.put((field << 3) | BYTES);
    this.put(bytes.length);
    this.bytes.set(bytes, this.length);
    this.length += bytes.length;
  }

  text(field: number, text: string): void {
    if (text !== '') this.item(field, Buffer.from(text, 'utf8'));
  }

  /** What is written, as a copy; the writer is empty afterwards. */
  take(): Uint8Array {
    const bytes = this.bytes.slice(0, this.length);
    this.length = 0;
    return bytes;
  }

  private put(value: number | bigint): void {
    if (typeof value === 'number' && value >= 0 && value <= 0x7fffffff) {
      let rest = value;
      while (rest > 127) {
        this.bytes[this.length++] = (rest & 127) | 128;
        rest >>>= 7;
      }
      this.bytes[this.length++] = rest;
      return;
    }
    let rest = BigInt.asUintN(64, BigInt(value));
    while (rest > 127n) {
      this.bytes[this.length++] = Number(rest & 127n) | 128;
      rest >>= 7n;
    }
    this.bytes[this.length++] = Number(rest);
  }

  private reserve(more: number): void {
    if (this.length + more <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(2 * this.bytes.length, this.length + more));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
  }
}
