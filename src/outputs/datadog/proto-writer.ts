/**
 * Writes protobuf messages into memory of its own: the hot part of making series and sketches.
 *
 *   field 3, text "env:prod"    │ 1a │ 08 │ 65 6e 76 3a 70 72 6f 64 │       key (3 << 3 | 2), length, bytes
 *
 * Scalars that are zero and texts that are empty are left out, as proto3 has it; items of repeated fields are
 * always written. Field numbers are below 16, so a key is one byte.
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
const DOUBLE_BYTES = 8;
const WIRE_VARINT = 0;
const WIRE_DOUBLE = 1;
const WIRE_BYTES = 2;

export class ProtoWriter {
  bytes: Uint8Array;
  length = 0;
  #view: DataView;

  constructor(capacity = 1024) {
    this.bytes = new Uint8Array(capacity);
    this.#view = new DataView(this.bytes.buffer);
  }

  /** A repeated or single text, also when it is empty. */
  textItem(field: number, text: ByteString): void {
    const { length } = text;
    this.#reserve(1 + VARINT_BYTES_MAX + length);
    const start = this.length;
    this.bytes[this.length++] = (field << 3) | WIRE_BYTES;
    this.#putVarint(length);
    const { bytes } = this;
    let at = this.length;
    for (let i = 0; i < length; i++) {
      const byte = text.charCodeAt(i);
      if (byte > 127) {
        this.length = start;
        this.bytesItem(field, Buffer.from(toText(text)));
        return;
      }
      bytes[at++] = byte;
    }
    this.length = at;
  }

  text(field: number, text: ByteString): void {
    if (text !== '') this.textItem(field, text);
  }

  /** A nested message, or bytes. */
  bytesItem(field: number, bytes: Uint8Array, length = bytes.length): void {
    this.#reserve(1 + VARINT_BYTES_MAX + length);
    this.bytes[this.length++] = (field << 3) | WIRE_BYTES;
    this.#putVarint(length);
    this.raw(bytes, length);
  }

  /** Fields that are already written. */
  raw(bytes: Uint8Array, length = bytes.length): void {
    this.#reserve(length);
    this.bytes.set(length === bytes.length ? bytes : bytes.subarray(0, length), this.length);
    this.length += length;
  }

  double(field: number, value: number): void {
    // Minus zero is not the default value and is written.
    if (Object.is(value, 0)) return;
    this.#reserve(1 + DOUBLE_BYTES);
    this.bytes[this.length++] = (field << 3) | WIRE_DOUBLE;
    this.#view.setFloat64(this.length, value, true);
    this.length += DOUBLE_BYTES;
  }

  /** A whole number from 0 to 2^53. */
  integer(field: number, value: number): void {
    if (value === 0) return;
    this.#reserve(1 + VARINT_BYTES_MAX);
    this.bytes[this.length++] = (field << 3) | WIRE_VARINT;
    this.#putVarint(value);
  }

  /** Packed sint32: numbers near zero are short, also negative ones. */
  packedSigned(field: number, values: ArrayLike<number>): void {
    const scratch = this.#packed(values.length);
    if (scratch === undefined) return;
    for (let i = 0; i < values.length; i++) {
      const value = values[i] as number;
      scratch.#putVarint(((value << 1) ^ (value >> 31)) >>> 0);
    }
    this.bytesItem(field, scratch.bytes, scratch.length);
  }

  /** Packed uint32. */
  packed(field: number, values: ArrayLike<number>): void {
    const scratch = this.#packed(values.length);
    if (scratch === undefined) return;
    for (let i = 0; i < values.length; i++) scratch.#putVarint(values[i] as number);
    this.bytesItem(field, scratch.bytes, scratch.length);
  }

  /** An empty writer for `count` packed numbers; undefined for none, which are left out. */
  #packed(count: number): ProtoWriter | undefined {
    if (count === 0) return undefined;
    packedScratch.length = 0;
    packedScratch.#reserve(VARINT_BYTES_MAX * count);
    return packedScratch;
  }

  /** The caller has reserved room. */
  #putVarint(value: number): void {
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

  #reserve(more: number): void {
    if (this.length + more <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(2 * this.bytes.length, this.length + more));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}

/** Packed numbers are written here first, because their length comes before them. */
const packedScratch = new ProtoWriter(8192);
