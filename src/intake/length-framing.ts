/**
 * Hot path. Frames of a Unix stream (spec intake §1.6):
 *
 *   0                4                4 + length
 *   │ length u32 LE  │ packet         │ next frame …
 *
 * Limits  a packet of `packetBytesMax` is taken, a longer one ends the connection: its length is not believed,
 *         so nobody knows where the next frame begins.
 * Empty   a frame of length 0 is no packet and no error.
 */
import { EMPTY, type Found, type Framing, type Leftover, MORE, PACKET, TOO_LONG } from './framing.ts';

const HEADER_BYTES = 4;

export class LengthFraming implements Framing {
  readonly heldBytesMax: number;
  start = 0;
  length = 0;
  rest = 0;
  /** Never: a frame that is too long ends its connection. */
  isSkipping = false;
  private readonly packetBytesMax: number;

  constructor(packetBytesMax: number) {
    this.packetBytesMax = packetBytesMax;
    this.heldBytesMax = HEADER_BYTES + packetBytesMax;
  }

  next(bytes: Uint8Array, at: number, end: number): Found {
    this.rest = at;
    const start = at + HEADER_BYTES;
    if (start > end) return MORE;
    const length = lengthAt(bytes, at);
    this.length = length;
    if (length > this.packetBytesMax) return TOO_LONG;
    if (start + length > end) return MORE;
    this.start = start;
    this.rest = start + length;
    return length === 0 ? EMPTY : PACKET;
  }

  leftover(held: number): Leftover {
    if (held === 0) return 'nothing';
    return held < HEADER_BYTES ? 'cut_header' : 'cut_payload';
  }
}

/** The four bytes at `at`, least significant first, as an unsigned number. */
function lengthAt(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24)) >>>
    0
  );
}
