/**
 * Points of a series in few bytes: each value is written as what it differs by from the one before.
 *
 *   value  │ zigzag(difference) << 2 | 0, varint │      both are whole numbers
 *          │ 1 │ float32                         │      a fraction that 4 bytes hold
 *          │ 2 │ float64                         │      any other
 *          │ 3 │                                 │      the same as before
 *
 * Percentiles are quantised first to whole numbers on a logarithmic scale (quantise), a step of which is 0.2 %, so that
 * neighbours differ by one or two bytes.
 */

/** Most bytes of one value: a varint of a 53-bit difference shifted by two. */
export const VALUE_BYTES_MAX = 9;
const TAG_FLOAT32 = 1;
const TAG_FLOAT64 = 2;
const TAG_SAME = 3;
/** A difference below this keeps the varint within VALUE_BYTES_MAX and exact. */
const WHOLE_MAX = 2 ** 50;
const QUANTUM_LN = Math.log(1.004);
/** So that magnitudes from 1e-12 have positive numbers. */
const QUANTUM_BIAS = 7000;

const scratch = new DataView(new ArrayBuffer(8));

/** Writes `value` after `before` at `at`; returns where the next one goes. */
export function writeValue(bytes: Uint8Array, at: number, value: number, before: number): number {
  if (Object.is(value, before)) {
    bytes[at] = TAG_SAME;
    return at + 1;
  }
  const difference = value - before;
  if (
    Number.isInteger(value) &&
    Number.isInteger(before) &&
    Math.abs(difference) < WHOLE_MAX &&
    !Object.is(value, -0)
  )
    return writeVarint(bytes, at, zigzag(difference) * 4);
  const isShort = Object.is(Math.fround(value), value);
  bytes[at] = isShort ? TAG_FLOAT32 : TAG_FLOAT64;
  const length = isShort ? 4 : 8;
  if (isShort) scratch.setFloat32(0, value);
  else scratch.setFloat64(0, value);
  for (let i = 0; i < length; i++) bytes[at + 1 + i] = scratch.getUint8(i);
  return at + 1 + length;
}

/** Reads values one after the other. */
export class ValueReader {
  at: number;
  private readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array, at: number) {
    this.bytes = bytes;
    this.at = at;
  }

  value(before: number): number {
    const tag = (this.bytes[this.at] as number) & 3;
    if (tag === TAG_SAME) {
      this.at++;
      return before;
    }
    if (tag === 0) return before + unzigzag(this.varint() / 4);
    const length = tag === TAG_FLOAT32 ? 4 : 8;
    for (let i = 0; i < length; i++) scratch.setUint8(i, this.bytes[this.at + 1 + i] as number);
    this.at += 1 + length;
    return tag === TAG_FLOAT32 ? scratch.getFloat32(0) : scratch.getFloat64(0);
  }

  varint(): number {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = this.bytes[this.at++] as number;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 128;
    }
  }
}

export function writeVarint(bytes: Uint8Array, at: number, value: number): number {
  let rest = value;
  let to = at;
  while (rest >= 0x80) {
    bytes[to++] = (rest % 128) + 0x80;
    rest = Math.floor(rest / 128);
  }
  bytes[to++] = rest;
  return to;
}

/** A whole number for a value, a step of which is 0.4 %; 0 for 0. Infinite ones keep their sign. */
export function quantise(value: number): number {
  const magnitude = Math.abs(value);
  if (!(magnitude > 1e-12)) return 0;
  const level = Math.max(
    1,
    Math.round(Math.log(Math.min(magnitude, Number.MAX_VALUE)) / QUANTUM_LN) + QUANTUM_BIAS,
  );
  return value < 0 ? -level : level;
}

export function unquantise(level: number): number {
  if (level === 0) return 0;
  return Math.sign(level) * Math.exp((Math.abs(level) - QUANTUM_BIAS) * QUANTUM_LN);
}

// 0, -1, 1, -2 … become 0, 1, 2, 3 …
function zigzag(value: number): number {
  return value < 0 ? -2 * value - 1 : 2 * value;
}

function unzigzag(value: number): number {
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
}
