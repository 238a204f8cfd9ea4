/** Seeded random numbers (sfc32), so that two processes generate the same corpus. Not for secrets. */
export class Random {
  private a: number;
  private b = 0x9e3779b9 | 0;
  private c = 0x243f6a88 | 0;
  private counter = 1;

  constructor(seed: number) {
    this.a = seed | 0;
    for (let i = 0; i < 12; i++) this.bits();
  }

  /** 32 random bits as a signed number. */
  bits(): number {
    const t = (((this.a + this.b) | 0) + this.counter) | 0;
    this.counter = (this.counter + 1) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = (((this.c << 21) | (this.c >>> 11)) + t) | 0;
    return t;
  }

  /** A number in [0, 1). */
  share(): number {
    return (this.bits() >>> 0) / 2 ** 32;
  }

  /** A whole number in [0, end). */
  below(end: number): number {
    return Math.floor(this.share() * end);
  }

  /** A whole number from `range[0]` to `range[1]`, both included. */
  within(range: readonly [number, number]): number {
    return range[0] + this.below(range[1] - range[0] + 1);
  }

  chance(probability: number): boolean {
    return this.share() < probability;
  }
}
