/**
 * A decoder of protobuf and Snappy for tests, written on its own: it shares nothing with what the server writes with.
 */

export type Raw = ReadonlyMap<number, readonly (bigint | Buffer)[]>;

/** All fields by number: varints as bigint, everything else as bytes. */
export function decodeMessage(bytes: Buffer): Raw {
  const fields = new Map<number, (bigint | Buffer)[]>();
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes.readUInt8(at++);
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const key = Number(varint());
    const list = fields.get(key >> 3) ?? [];
    fields.set(key >> 3, list);
    if ((key & 7) === 0) {
      list.push(varint());
      continue;
    }
    const length = (key & 7) === 1 ? 8 : (key & 7) === 5 ? 4 : Number(varint());
    if (at + length > bytes.length) throw new Error('truncated message');
    list.push(bytes.subarray(at, at + length));
    at += length;
  }
  return fields;
}

export const messages = (raw: Raw, field: number): Raw[] => buffers(raw, field).map(decodeMessage);
export const buffers = (raw: Raw, field: number): Buffer[] => (raw.get(field) ?? []) as Buffer[];
export const text = (raw: Raw, field: number): string => buffers(raw, field).at(-1)?.toString() ?? '';
export const number = (raw: Raw, field: number): number => Number((raw.get(field) ?? []).at(-1) ?? 0n);
export const double = (raw: Raw, field: number): number => buffers(raw, field).at(-1)?.readDoubleLE() ?? 0;
export const bits = (raw: Raw, field: number): bigint => buffers(raw, field).at(-1)?.readBigUInt64LE() ?? 0n;
export const zigzag = (value: bigint): number => Number((value >> 1n) ^ -(value & 1n));
export const signed = (raw: Raw, field: number): number =>
  zigzag(((raw.get(field) ?? []).at(-1) as bigint | undefined) ?? 0n);

export function packed(bytes: Buffer): bigint[] {
  const values: bigint[] = [];
  let value = 0n;
  let shift = 0n;
  for (const byte of bytes) {
    value |= BigInt(byte & 127) << shift;
    shift += 7n;
    if (byte < 128) {
      values.push(value);
      value = 0n;
      shift = 0n;
    }
  }
  return values;
}

/** Snappy's block format. */
export function unsnap(bytes: Buffer): Buffer {
  let at = 0;
  let length = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes.readUInt8(at++);
    length |= (byte & 127) << shift;
    if (byte < 128) break;
  }
  const out = Buffer.alloc(length);
  let to = 0;
  while (at < bytes.length) {
    const tag = bytes.readUInt8(at++);
    const kind = tag & 3;
    if (kind === 0) {
      let count = (tag >> 2) + 1;
      if (count > 60) {
        const width = count - 60;
        count = bytes.readUIntLE(at, width) + 1;
        at += width;
      }
      bytes.copy(out, to, at, at + count);
      at += count;
      to += count;
      continue;
    }
    const count = kind === 1 ? ((tag >> 2) & 7) + 4 : (tag >> 2) + 1;
    let offset = 0;
    if (kind === 1) offset = ((tag >> 5) << 8) | bytes.readUInt8(at++);
    else {
      offset = bytes.readUIntLE(at, kind === 2 ? 2 : 4);
      at += kind === 2 ? 2 : 4;
    }
    if (offset === 0 || offset > to) throw new Error('a copy from before the start');
    for (let i = 0; i < count; i++, to++) out[to] = out[to - offset] as number;
  }
  if (to !== length) throw new Error(`${to} bytes instead of ${length}`);
  return out;
}
