/**
 * Reads the fields of one protobuf message, without a schema: what captures are made of.
 *
 *   08 96 01        field 1, varint 150          20 b9 60        field 4, varint 12345
 *   1a 05 …         field 3, 5 bytes             key = field << 3 | wire type
 *
 * next() steps to the next field and parses its value; the caller looks at `field` and `type` and takes the value it
 * knows. A known number with another wire type is an unknown field. Groups, which proto3 does not write, are skipped.
 *
 * Memory    none of its own; bytes are borrowed. Never throws: `fault` says what is wrong, and nothing follows it.
 */

export const VARINT = 0;
export const BYTES = 2;

/** Why a message cannot be read. */
export type WireFault = 'cut_varint' | 'long_varint' | 'bad_field_number' | 'bad_wire_type' | 'cut_field';

const FIXED_64 = 1;
const START_GROUP = 3;
const END_GROUP = 4;
const FIXED_32 = 5;
const VARINT_BYTES_MAX = 10;
/** Field numbers have 29 bits. */
const KEY_HIGH_BITS = 32;
const GROUP_DEPTH_MAX = 100;

export class WireReader {
  bytes: Uint8Array = new Uint8Array(0);
  field = 0;
  type = 0;
  /** The last varint: bits 0 to 31 and 32 to 63. */
  low = 0;
  high = 0;
  /** The last bytes field. */
  start = 0;
  end = 0;
  fault: WireFault | undefined;
  private at = 0;
  private stop = 0;

  /** Begins with the message at [start, end) of `bytes`. */
  open(bytes: Uint8Array, start: number, end: number): this {
    this.bytes = bytes;
    this.at = start;
    this.stop = end;
    this.fault = undefined;
    return this;
  }

  /** Steps to the next field; false at the end of the message, and at a fault. */
  next(): boolean {
    if (this.at >= this.stop || this.fault !== undefined) return false;
    if (!this.readKey()) return false;
    return this.readValue(0);
  }

  /** The last varint as a 32-bit number with a sign, as protobuf cuts it. */
  get int32(): number {
    return this.low | 0;
  }

  /** The last varint as a 64-bit number with a sign. */
  get int64(): bigint {
    return (BigInt(this.high | 0) << 32n) | BigInt(this.low >>> 0);
  }

  private readKey(): boolean {
    if (!this.readVarint()) return false;
    this.field = this.low >>> 3;
    this.type = this.low & 7;
    if (this.field === 0 || this.high % 2 ** KEY_HIGH_BITS !== 0) return this.fail('bad_field_number');
    return true;
  }

  private readValue(depth: number): boolean {
    switch (this.type) {
      case VARINT:
        return this.readVarint();
      case FIXED_64:
        return this.skip(8);
      case BYTES:
        return this.readBytes();
      case FIXED_32:
        return this.skip(4);
      case START_GROUP:
        return this.skipGroup(depth);
      default:
        return this.fail('bad_wire_type');
    }
  }

  private readVarint(): boolean {
    let low = 0;
    let high = 0;
    for (let i = 0; i < VARINT_BYTES_MAX; i++) {
      if (this.at >= this.stop) return this.fail('cut_varint');
      const byte = this.bytes[this.at++] as number;
      const bits = byte & 0x7f;
      // 7 bits a byte; the fifth byte is shared by both halves, and the tenth has one bit.
      if (i < 4) low |= bits << (7 * i);
      else if (i === 4) {
        low |= bits << 28;
        high = bits >>> 4;
      } else if (i < 9) high |= bits << (7 * i - 32);
      else if (byte > 1) return this.fail('long_varint');
      else high |= bits << 31;
      if (byte < 0x80) {
        this.low = low >>> 0;
        this.high = high >>> 0;
        return true;
      }
    }
    return this.fail('long_varint');
  }

  private readBytes(): boolean {
    if (!this.readVarint()) return false;
    if (this.high !== 0 || this.low > this.stop - this.at) return this.fail('cut_field');
    this.start = this.at;
    this.end = this.at + this.low;
    this.at = this.end;
    return true;
  }

  private skip(bytes: number): boolean {
    if (bytes > this.stop - this.at) return this.fail('cut_field');
    this.at += bytes;
    return true;
  }

  /** Skips to the end of the group that has begun; `field` and `type` are those of its beginning afterwards. */
  private skipGroup(depth: number): boolean {
    const { field } = this;
    if (depth === GROUP_DEPTH_MAX) return this.fail('bad_wire_type');
    for (;;) {
      if (this.at >= this.stop) return this.fail('cut_field');
      if (!this.readKey()) return false;
      if (this.type === END_GROUP) {
        if (this.field !== field) return this.fail('bad_wire_type');
        this.type = START_GROUP;
        return true;
      }
      if (!this.readValue(depth + 1)) return false;
    }
  }

  private fail(fault: WireFault): false {
    this.fault = fault;
    return false;
  }
}
