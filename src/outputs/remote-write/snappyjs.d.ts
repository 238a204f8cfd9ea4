/** The two functions of snappyjs; it has no types of its own. */
declare module 'snappyjs' {
  /** Snappy's block format, without frames. A Uint8Array gives one of exactly its size. */
  export function compress(bytes: Uint8Array): Uint8Array;
  /** Throws when the bytes are no Snappy block, or hold more than `lengthMax`. */
  export function uncompress(bytes: Uint8Array, lengthMax?: number): Uint8Array;
}
