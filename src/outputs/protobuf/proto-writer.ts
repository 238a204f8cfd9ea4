/**
 * Writes protobuf messages into memory of its own: the hot part of making series, sketches and points.
 *
 *   field 3, text "env:prod"    │ 1a │ 08 │ 65 6e 76 3a 70 72 6f 64 │       key (3 << 3 | 2), length, bytes
 *
 * Scalars that are zero and texts that are empty are left out, as proto3 has it; items of repeated fields are
 * always written. Field numbers are below 2048: a key is one byte below 16, and two from there on.
 *
 * Text comes as the wire has it, one character a byte. It is nearly always ASCII and copied as it is; other
 * text is decoded first, and what is not UTF-8 becomes U+FFFD, because protobuf strings must be UTF-8.
 *
 * Memory  one array that doubles when it is full. `bytes` changes with it: borrowed until the next write.
 * Why     three times as fast as building messages for the generated code (docs/decisions/payload-encoder.md);
 *         tests hold it to that code, byte by byte.
 */
import { type ByteString, toText } from '../../model/text.ts';

const VARINT_BYTES_MAX = 10;
const KEY_BYTES_MAX = 2;
const FIXED_BYTES = 8;
const FLOAT_BYTES = 4;
const WIRE_VARINT = 0;
const WIRE_FIXED = 1;
const WIRE_BYTES = 2;
const LOW_32 = 2 ** 32;

export class ProtoWriter {
  bytes: Uint8Array;
  length = 0;
  private view: DataView;

  constructor(capacity = 1024) {
    this.bytes = new Uint8Array(capacity);
    this.view = new DataView(this.bytes.buffer);
  }

  /** A repeated or single text, also when it is empty. */
  textItem(field: number, text: ByteString): void {
    if (!this.asciiItem(field, text)) this.bytesItem(field, Buffer.from(toText(text)));
  }

  /** Ordinary text, such as a label made from wire text; also when it is empty. */
  stringItem(field: number, text: string): void {
    if (!this.asciiItem(field, text)) this.bytesItem(field, Buffer.from(text));
  }

  text(field: number, text: ByteString): void {
    if (text !== '') this.textItem(field, text);
  }

  /** A nested message, or bytes. */
  bytesItem(field: number, bytes: Uint8Array, length = bytes.length): void {
    this.reserve(KEY_BYTES_MAX + VARINT_BYTES_MAX + length);
    this.putKey(field, WIRE_BYTES);
    this.putVarint(length);
    this.raw(bytes, length);
  }

  /** Fields that are already written. */
  raw(bytes: Uint8Array, length = bytes.length): void {
    this.reserve(length);
    this.bytes.set(length === bytes.length ? bytes : bytes.subarray(0, length), this.length);
    this.length += length;
  }

  double(field: number, value: number): void {
    // Minus zero is not the default value and is written.
    if (!Object.is(value, 0)) this.doubleItem(field, value);
  }

  /** A double that is there even when it is zero: one of several alternatives. */
  doubleItem(field: number, value: number): void {
    this.reserve(KEY_BYTES_MAX + FIXED_BYTES);
    this.putKey(field, WIRE_FIXED);
    this.view.setFloat64(this.length, value, true);
    this.length += FIXED_BYTES;
  }

  /** Exactly these 64 bits as a double: a NaN that passes through arithmetic may lose some of its own. */
  doubleBits(field: number, bits: bigint): void {
    this.reserve(KEY_BYTES_MAX + FIXED_BYTES);
    this.putKey(field, WIRE_FIXED);
    this.view.setBigUint64(this.length, bits, true);
    this.length += FIXED_BYTES;
  }

  /** A fixed64 of `high` * 2^32 + `low`. */
  fixed64(field: number, low: number, high: number): void {
    if (low === 0 && high === 0) return;
    this.reserve(KEY_BYTES_MAX + FIXED_BYTES);
    this.putKey(field, WIRE_FIXED);
    this.view.setUint32(this.length, low, true);
    this.view.setUint32(this.length + 4, high, true);
    this.length += FIXED_BYTES;
  }

  /** A fixed64 of a whole number from 0 to 2^53. */
  fixed(field: number, value: number): void {
    this.fixed64(field, value % LOW_32, Math.floor(value / LOW_32));
  }

  /** A whole number from 0 to 2^53. */
  integer(field: number, value: number): void {
    if (value !== 0) this.integerItem(field, value);
  }

  /** A whole number that is there even when it is zero: one of several alternatives. */
  integerItem(field: number, value: number): void {
    this.reserve(KEY_BYTES_MAX + VARINT_BYTES_MAX);
    this.putKey(field, WIRE_VARINT);
    this.putVarint(value);
  }

  /** An sint32 or sint64 from -2^52 to 2^52. */
  signed(field: number, value: number): void {
    this.integer(field, zigzag(value));
  }

  /** Packed sint32 or sint64, from -2^52 to 2^52: numbers near zero are short, also negative ones. */
  packedSigned(field: number, values: ArrayLike<number>): void {
    const scratch = this.beginPacked(values.length);
    if (scratch === undefined) return;
    for (let i = 0; i < values.length; i++) scratch.putVarint(zigzag(values[i] as number));
    this.bytesItem(field, scratch.bytes, scratch.length);
  }

  /** Packed uint32 or uint64, from 0 to 2^53. */
  packed(field: number, values: ArrayLike<number>): void {
    const scratch = this.beginPacked(values.length);
    if (scratch === undefined) return;
    for (let i = 0; i < values.length; i++) scratch.putVarint(values[i] as number);
    this.bytesItem(field, scratch.bytes, scratch.length);
  }

  /** An entry of a packed field that the caller puts together and frames with bytesItem(): a whole number from 0 to 2^53. */
  entry(value: number): void {
    this.reserve(VARINT_BYTES_MAX);
    this.putVarint(value);
  }

  /** As entry(), of sint32 or sint64 from -2^52 to 2^52. */
  signedEntry(value: number): void {
    this.entry(zigzag(value));
  }

  /** As entry(), of floats. */
  floatEntry(value: number): void {
    this.reserve(FLOAT_BYTES);
    this.view.setFloat32(this.length, value, true);
    this.length += FLOAT_BYTES;
  }

  /** As entry(), of doubles. */
  doubleEntry(value: number): void {
    this.reserve(FIXED_BYTES);
    this.view.setFloat64(this.length, value, true);
    this.length += FIXED_BYTES;
  }

  /** A text behind its length, without a key: one of several within a field of bytes. */
  textEntry(text: ByteString): void {
    const start = this.length;
    this.reserve(VARINT_BYTES_MAX + text.length);
    if (this.putAscii(text)) return;
    this.length = start;
    const bytes = Buffer.from(toText(text));
    this.entry(bytes.length);
    this.raw(bytes);
  }

  /** Writes a text that has only ASCII, as nearly all have; false, and nothing is written, for others. */
  private asciiItem(field: number, text: string): boolean {
    this.reserve(KEY_BYTES_MAX + VARINT_BYTES_MAX + text.length);
    const start = this.length;
    this.putKey(field, WIRE_BYTES);
    if (this.putAscii(text)) return true;
    this.length = start;
    return false;
  }

  /** Length and characters; false where one is not ASCII. The caller has reserved room, and then begins again where it was. */
  private putAscii(text: string): boolean {
    const { length } = text;
    this.putVarint(length);
    const { bytes } = this;
    let at = this.length;
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i);
      if (code > 127) return false;
      bytes[at++] = code;
    }
    this.length = at;
    return true;
  }

  /** An empty writer for `count` packed numbers; undefined for none, which are left out. */
  private beginPacked(count: number): ProtoWriter | undefined {
    if (count === 0) return undefined;
    packedScratch.length = 0;
    packedScratch.reserve(VARINT_BYTES_MAX * count);
    return packedScratch;
  }

  /** The caller has reserved room. */
  private putKey(field: number, wireType: number): void {
    const key = (field << 3) | wireType;
    if (key > 127) {
      this.bytes[this.length++] = (key & 127) | 0x80;
      this.bytes[this.length++] = key >>> 7;
    } else this.bytes[this.length++] = key;
  }

  /** The caller has reserved room. */
  private putVarint(value: number): void {
    const { bytes } = this;
    let rest = value;
    while (rest > 0x7fffffff) {
      bytes[this.length++] = (rest % 128) | 0x80;
      rest = Math.floor(rest / 128);
    }
    while (rest > 127) {
      bytes[this.length++] = (rest & 127) | 0x80;
      rest >>>= 7;
    }
    bytes[this.length++] = rest;
  }

  private reserve(more: number): void {
    if (this.length + more <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(2 * this.bytes.length, this.length + more));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
    this.view = new DataView(grown.buffer);
  }
}

/** 0, -1, 1, -2, … as 0, 1, 2, 3, …, without a loss beyond 32 bits. */
function zigzag(value: number): number {
  return value < 0 ? -2 * value - 1 : 2 * value;
}

/** Packed numbers are written here first, because their length comes before them. */
const packedScratch = new ProtoWriter(8192);
