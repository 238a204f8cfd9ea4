/**
 * Which texts come from more than one maker, by their hashes: a hash that is shared says which texts to compare, and one
 * that is not says that there is nothing to compare.
 *
 *   hash & mask ─▶ │ hash, maker + 1 │ free │ hash, maker + 1 │ …      open addressing, linear probing
 *
 * Memory  8 bytes an entry, at most two thirds of them used, for as long as this object lives.
 * Why     a map with a string for each of a million names takes 150 bytes a name, most of which a collection copies.
 */
const CAPACITY_MIN = 1024;
/** What FNV multiplies with. */
const PRIME = 0x01000193;

export class HashMakers {
  /** Hashes that more than one maker has noted. */
  readonly shared = new Set<number>();
  private hashes = new Uint32Array(CAPACITY_MIN);
  /** Plus 1; 0 for a free entry. */
  private makers = new Uint32Array(CAPACITY_MIN);
  private size = 0;

  /** Notes that `maker`, a number from 0 on, has a text with this hash. */
  note(hash: number, maker: number): void {
    const at = this.find(hash);
    const known = this.makers[at];
    if (known === 0) {
      this.hashes[at] = hash;
      this.makers[at] = maker + 1;
      if (++this.size * 3 > this.makers.length * 2) this.grow();
    } else if (known !== maker + 1) this.shared.add(hash);
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

/** A hash of `text` that goes on from that of what is before it; the last one is to be finished. */
export function hashOn(hash: number, text: string): number {
  let mixed = hash;
  for (let i = 0; i < text.length; i++) mixed = Math.imul(mixed ^ text.charCodeAt(i), PRIME);
  return mixed;
}

/** The finalizer of MurmurHash3: every bit of a hash, from 0 to 2^32, depends on all of its text. */
export function finishHash(hash: number): number {
  let mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
