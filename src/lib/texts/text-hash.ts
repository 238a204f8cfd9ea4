/** A 32-bit hash of a text that may come in pieces: FNV-1a, and then every bit spread over all others. */

const FNV_PRIME = 0x01000193;

/** A hash of `text` that goes on from that of what is before it; the last one is to be finished. */
export function hashOn(hash: number, text: string): number {
  let mixed = hash;
  for (let i = 0; i < text.length; i++) mixed = Math.imul(mixed ^ text.charCodeAt(i), FNV_PRIME);
  return mixed;
}

/** The finalizer of MurmurHash3: every bit of a hash, from 0 to 2^32, depends on all of its text. */
export function finishHash(hash: number): number {
  let mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
