/**
 * Which texts come from more than one maker, by their hashes: a hash that is shared says which texts to compare, and one
 * that is not says that there is nothing to compare.
 *
 *   upper bits ─▶ part    lower bits ─▶ │ hash, maker + 1 │ free │ hash, maker + 1 │ …      open addressing, linear probing
 *
 * In parts, because a table that doubles moves all it has in one turn of the event loop.
 *
 * Memory  8 bytes an entry, at most two thirds of them used, for as long as this object lives.
 * Why     a map with a string for each of a million names takes 150 bytes a name, most of which a collection copies.
 */
const PARTS = 16;
const PART_SHIFT = 28;
const PART_CAPACITY_MIN = 64;

export class HashMakers {
  /** Hashes that more than one maker has noted. */
  readonly shared = new Set<number>();
  private readonly parts = Array.from({ length: PARTS }, () => new Part());

  /** Notes that `maker`, a number from 0 on, has a text with this hash, from 0 to 2^32. */
  note(hash: number, maker: number): void {
    if (!(this.parts[hash >>> PART_SHIFT] as Part).note(hash, maker)) this.shared.add(hash);
  }
}

class Part {
  private hashes = new Uint32Array(PART_CAPACITY_MIN);
  /** Plus 1; 0 for a free entry. */
  private makers = new Uint32Array(PART_CAPACITY_MIN);
  private size = 0;

  /** False when another maker has this hash. */
  note(hash: number, maker: number): boolean {
    const at = this.find(hash);
    const known = this.makers[at];
    if (known !== 0) return known === maker + 1;
    this.hashes[at] = hash;
    this.makers[at] = maker + 1;
    if (++this.size * 3 > this.makers.length * 2) this.grow();
    return true;
  }

  /** Where a hash is, or may be put. */
  private find(hash: number): number {
    const mask = this.makers.length - 1;
    let at = hash & mask;
    while (this.makers[at] !== 0 && this.hashes[at] !== hash) at = (at + 1) & mask;
    return at;
  }

  private grow(): void {
    const { hashes, makers } = this;
    this.hashes = new Uint32Array(2 * makers.length);
    this.makers = new Uint32Array(2 * makers.length);
    for (let i = 0; i < makers.length; i++) {
      if (makers[i] === 0) continue;
      const at = this.find(hashes[i] as number);
      this.hashes[at] = hashes[i] as number;
      this.makers[at] = makers[i] as number;
    }
  }
}
