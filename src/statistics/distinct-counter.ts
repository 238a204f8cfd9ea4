/**
 * How many different texts were seen: exactly up to EXACT_MAX, then by HyperLogLog (Flajolet and others 2007) with the
 * estimator of Ertl (2017), which needs no correction at either end.
 *
 *   hash, 53 bits  │ p bits: register │ rest: zeros in front + 1 = rank │     a register keeps the highest rank
 *
 * The standard error is 1.04 / sqrt(2^p): 3.25 % at p 10 in 1 KiB, 1.63 % at p 12 in 4 KiB. Counters of one seed and
 * size merge exactly, register by register. The seed is drawn at start, so that no sender can aim at registers.
 */
export const EXACT_MAX = 64;
/** Up to so many hashes an array has no room for more: V8 makes room for 17 at the first push. */
const PUSHED_FROM = 4;
const HASH_BITS = 53;
const LOW_BITS = 21;

/** Two 32-bit words, the same for all counters that are to be merged. */
export type HashSeed = readonly [number, number];

export class DistinctCounter {
  private readonly seed: HashSeed;
  private readonly precision: number;
  /** Hashes, while there are few. */
  private exact: number[] | undefined = [];
  private registers: Uint8Array | undefined;
  /** What the registers stand for; NaN when they have changed since. */
  private estimated = Number.NaN;

  constructor(seed: HashSeed, precision = 10) {
    this.seed = seed;
    this.precision = precision;
  }

  /** Whether `value` is exact. */
  get isExact(): boolean {
    return this.exact !== undefined;
  }

  /** Relative standard error of `value`. */
  get error(): number {
    return this.isExact ? 0 : 1.04 / Math.sqrt(2 ** this.precision);
  }

  get value(): number {
    if (this.exact !== undefined) return this.exact.length;
    if (Number.isNaN(this.estimated))
      this.estimated = Math.round(estimate(this.registers ?? new Uint8Array(0), HASH_BITS - this.precision));
    return this.estimated;
  }

  /** Whether a further value would need the registers. */
  get isFull(): boolean {
    return this.exact !== undefined && this.exact.length === EXACT_MAX;
  }

  add(text: string): void {
    this.addHash(hash53(text, this.seed));
  }

  /** Adds everything that `other` has seen; of the same seed and precision. */
  merge(other: DistinctCounter): void {
    if (other.exact !== undefined) for (const hash of other.exact) this.addHash(hash);
    const theirs = other.registers;
    if (theirs === undefined) return;
    const own = this.toRegisters();
    this.estimated = Number.NaN;
    for (let i = 0; i < own.length; i++) own[i] = Math.max(own[i] as number, theirs[i] as number);
  }

  private addHash(hash: number): void {
    if (this.exact !== undefined) {
      if (this.exact.includes(hash)) return;
      if (this.exact.length < PUSHED_FROM) this.exact = [...this.exact, hash];
      else this.exact.push(hash);
      if (this.exact.length > EXACT_MAX) this.toRegisters();
      return;
    }
    this.note(this.toRegisters(), hash);
  }

  private toRegisters(): Uint8Array {
    if (this.registers !== undefined) return this.registers;
    const registers = new Uint8Array(2 ** this.precision);
    for (const hash of this.exact ?? []) this.note(registers, hash);
    this.exact = undefined;
    this.registers = registers;
    return registers;
  }

  private note(registers: Uint8Array, hash: number): void {
    const restBits = HASH_BITS - this.precision;
    const register = Math.floor(hash / 2 ** restBits);
    const rest = hash % 2 ** restBits;
    const rank = restBits - bitLength(rest) + 1;
    if (rank <= (registers[register] as number)) return;
    registers[register] = rank;
    this.estimated = Number.NaN;
  }
}

function bitLength(value: number): number {
  const high = Math.floor(value / 2 ** 32);
  return high > 0 ? 64 - Math.clz32(high) : 32 - Math.clz32(value >>> 0);
}

/** Ertl's improved raw estimator for ranks 0 to `rankBits` + 1. */
function estimate(registers: Uint8Array, rankBits: number): number {
  const size = registers.length;
  const counts = new Float64Array(rankBits + 2);
  for (const rank of registers) (counts[rank] as number)++;
  let z = size * tau(1 - (counts[rankBits + 1] as number) / size);
  for (let rank = rankBits; rank >= 1; rank--) z = 0.5 * (z + (counts[rank] as number));
  z += size * sigma((counts[0] as number) / size);
  return (size * size) / (2 * Math.LN2 * z);
}

function sigma(start: number): number {
  if (start === 1) return Number.POSITIVE_INFINITY;
  let [x, y, z, before] = [start, 1, start, Number.NaN];
  while (z !== before) {
    x *= x;
    before = z;
    z += x * y;
    y += y;
  }
  return z;
}

function tau(start: number): number {
  if (start === 0 || start === 1) return 0;
  let [x, y, z, before] = [start, 1, 1 - start, Number.NaN];
  while (z !== before) {
    x = Math.sqrt(x);
    before = z;
    y *= 0.5;
    z -= (1 - x) ** 2 * y;
  }
  return z / 3;
}

/** Two mixed lanes of 32 bits, of which 53 bits are used: a whole number that a double holds. */
export function hash53(text: string, [seedA, seedB]: HashSeed): number {
  let a = 0xdeadbeef ^ seedA;
  let b = 0x41c6ce57 ^ seedB;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    a = Math.imul(a ^ unit, 0x9e3779b1);
    b = Math.imul(b ^ unit, 0x5f356495);
  }
  a = finish(a ^ (b >>> 15));
  b = finish(b ^ (a >>> 13));
  return (a >>> 0) * 2 ** LOW_BITS + (b >>> (32 - LOW_BITS));
}

/** The finalizer of MurmurHash3: every bit depends on all others. */
function finish(word: number): number {
  let mixed = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
