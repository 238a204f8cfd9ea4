/**
 * HyperLogLog: how many different elements, from their hashes, in 16,384 registers (Flajolet et al., 2007).
 *
 *   hash, 53 bits, mixed   │ 14 bits: register │ 39 bits: zeros in front + 1 │      a register keeps the most it has seen
 *   encoded                16,384 × 6 bits = 12,288 bytes
 *
 * The estimate is the improved raw estimator of Ertl ("New cardinality estimation algorithms for HyperLogLog sketches",
 * 2017): one formula for all sizes, without corrections by table. Standard error 1.04 / sqrt(16,384) = 0.81 %.
 */
import type { ByteReader } from '../bytes/byte-reader.ts';
import type { ByteWriter } from '../bytes/byte-writer.ts';

const REGISTER_BITS = 14;
const REGISTERS = 1 << REGISTER_BITS;
/** Bits behind the register's number, of 64 mixed ones. */
const RANK_BITS = 64 - REGISTER_BITS;
const PACKED_BYTES = (REGISTERS * 6) / 8;
const ALPHA_INFINITE = 1 / (2 * Math.LN2);

export class HyperLogLog {
  readonly registers = new Uint8Array(REGISTERS);

  /** Adds an element by 53 bits of its hash. */
  add(hash: number): void {
    const high = Math.imul((hash / 2 ** 32) | 0, 0x9e3779b1) ^ (hash >>> 0);
    const a = mix(high);
    const b = mix((hash >>> 0) ^ Math.imul(a, 0x85ebca77) ^ ((hash / 2 ** 32) | 0));
    const register = a >>> (32 - REGISTER_BITS);
    const rest = (a << REGISTER_BITS) >>> 0;
    const zeros = rest !== 0 ? Math.clz32(rest) : 32 - REGISTER_BITS + Math.clz32(b);
    const rank = Math.min(zeros, RANK_BITS) + 1;
    if (rank > (this.registers[register] as number)) this.registers[register] = rank;
  }

  merge(reader: ByteReader): void {
    const packed = reader.raw(PACKED_BYTES);
    const { registers } = this;
    for (let at = 0, i = 0; at < PACKED_BYTES; at += 3, i += 4) {
      const bits =
        (packed[at] as number) | ((packed[at + 1] as number) << 8) | ((packed[at + 2] as number) << 16);
      for (let j = 0; j < 4; j++) {
        const rank = (bits >>> (6 * j)) & 0x3f;
        if (rank > (registers[i + j] as number)) registers[i + j] = rank;
      }
    }
  }

  write(writer: ByteWriter): void {
    const { registers } = this;
    const packed = Buffer.allocUnsafe(PACKED_BYTES);
    for (let at = 0, i = 0; at < PACKED_BYTES; at += 3, i += 4) {
      const bits =
        (registers[i] as number) |
        ((registers[i + 1] as number) << 6) |
        ((registers[i + 2] as number) << 12) |
        ((registers[i + 3] as number) << 18);
      packed[at] = bits;
      packed[at + 1] = bits >>> 8;
      packed[at + 2] = bits >>> 16;
    }
    writer.raw(packed);
  }

  estimate(): number {
    const counts = new Float64Array(RANK_BITS + 2);
    for (const rank of this.registers) (counts[Math.min(rank, RANK_BITS + 1)] as number)++;
    let z = REGISTERS * tau(1 - (counts[RANK_BITS + 1] as number) / REGISTERS);
    for (let rank = RANK_BITS; rank >= 1; rank--) z = 0.5 * (z + (counts[rank] as number));
    z += REGISTERS * sigma((counts[0] as number) / REGISTERS);
    return Math.round((ALPHA_INFINITE * REGISTERS * REGISTERS) / z);
  }
}

/** Every bit of 32 over all others (the finalizer of MurmurHash3). */
function mix(x: number): number {
  let hash = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function sigma(x: number): number {
  if (x === 1) return Number.POSITIVE_INFINITY;
  let power = x;
  let factor = 1;
  let sum = x;
  for (;;) {
    power *= power;
    const before = sum;
    sum += power * factor;
    factor += factor;
    if (sum === before) return sum;
  }
}

function tau(x: number): number {
  if (x === 0 || x === 1) return 0;
  let root = x;
  let factor = 1;
  let sum = 1 - x;
  for (;;) {
    root = Math.sqrt(root);
    const before = sum;
    factor *= 0.5;
    sum -= (1 - root) ** 2 * factor;
    if (sum === before) return sum / 3;
  }
}
