/**
 * How packets lie in a stream of bytes, as a reader of connections sees it: something that finds the next
 * packet in bytes that are there, and says when it needs more of them.
 *
 *   length-framing.ts   │ length u32 │ packet │ length u32 │ packet │ …     Unix streams
 *   line-framing.ts     line LF line LF …                                  TCP and named pipes
 *
 * One framing belongs to one connection. All positions are offsets in the bytes it is given.
 */

/** A packet is at [start, start + length); reading goes on at `rest`. */
export const PACKET = 0;
/** What is at [rest, end) is the beginning of a packet; the rest of it has yet to come. */
export const MORE = 1;
/** A packet without bytes; reading goes on at `rest`. */
export const EMPTY = 2;
/** A frame or line longer than the limit: it is skipped as it comes; reading goes on at `rest`. */
export const SKIPPED = 3;
/** A length that no frame has, at `rest`: nobody knows where the next frame begins, so this is the end. */
export const IMPOSSIBLE = 4;
export type Found = 0 | 1 | 2 | 3 | 4;

/** What a connection that ended left unfinished. */
export type Leftover = 'nothing' | 'cut_header' | 'cut_payload' | 'unterminated';

export interface Framing {
  /** Bytes a connection keeps at most while it waits for more. */
  readonly heldBytesMax: number;
  /** What next() found; valid until the next call. */
  readonly start: number;
  readonly length: number;
  readonly rest: number;
  /** What is still to be skipped: bytes of a frame; of a line, whose end is not known, 1. 0 for nothing. */
  skipping: number;
  /** Looks for a packet in [at, end). */
  next(bytes: Uint8Array, at: number, end: number): Found;
  /** What it means that a connection ended with `held` bytes that make no packet. */
  leftover(held: number): Leftover;
}
