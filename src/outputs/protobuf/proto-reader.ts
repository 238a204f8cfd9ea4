/**
 * Reads protobuf messages field by field: answers of receivers, and requests of ours that have to be taken apart again.
 *
 *   for (const field of fieldsOf(bytes)) if (field.number === 5) … field.bytes …
 *
 * Values are views of the bytes given, borrowed as long as those. A message that breaks off, or whose lengths lead past
 * its end, throws RangeError; groups, which nobody writes any more, do too.
 */

export interface ProtoField {
  readonly number: number;
  /** 0 varint, 1 fixed64, 2 bytes, 5 fixed32. */
  readonly wireType: number;
  /** Of a varint: exact to 2^53. */
  readonly value: number;
  /** Of everything else: the content without key and length. */
  readonly bytes: Uint8Array;
  /** Where the field is, its key included. */
  readonly start: number;
  readonly end: number;
}

const NOTHING = new Uint8Array(0);

export function* fieldsOf(bytes: Uint8Array): Generator<ProtoField> {
  const cursor = { bytes, at: 0 };
  while (cursor.at < bytes.length) {
    const start = cursor.at;
    const key = readVarint(cursor);
    const [number, wireType] = [Math.floor(key / 8), key % 8];
    if (wireType === 0) {
      const value = readVarint(cursor);
      yield { number, wireType, value, bytes: NOTHING, start, end: cursor.at };
      continue;
    }
    const length = wireType === 2 ? readVarint(cursor) : wireType === 1 ? 8 : wireType === 5 ? 4 : -1;
    const end = cursor.at + length;
    if (length < 0 || end > bytes.length) throw new RangeError('this is not a whole protobuf message');
    const content = bytes.subarray(cursor.at, end);
    cursor.at = end;
    yield { number, wireType, value: 0, bytes: content, start, end };
  }
}

/** Numbers of a packed field. */
export function packedOf(bytes: Uint8Array): number[] {
  const values: number[] = [];
  const cursor = { bytes, at: 0 };
  while (cursor.at < bytes.length) values.push(readVarint(cursor));
  return values;
}

export function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}

function readVarint(cursor: { readonly bytes: Uint8Array; at: number }): number {
  let value = 0;
  let factor = 1;
  for (let count = 0; count < 10; count++) {
    const byte = cursor.bytes[cursor.at++];
    if (byte === undefined) break;
    value += (byte & 127) * factor;
    if (byte < 128) return value;
    factor *= 128;
  }
  throw new RangeError('this is not a whole protobuf message');
}
