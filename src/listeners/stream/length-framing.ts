/**
 * Hot path. Frames of a Unix stream (docs/protocol.md):
 *
 *   0                4                4 + length
 *   │ length u32 LE  │ packet         │ next frame …
 *
 * Limits  a packet of `packetBytesMax` is taken. A longer one is skipped: its length says where the next frame begins.
 *         A length of LENGTH_IMPOSSIBLE and more ends the connection: whoever sends text without frames begins with
 *         such a length, because the fourth byte of a text is not 0.
 * Empty   a frame of length 0 is no packet and no error.
 */
import {
  EMPTY,
  type Found,
  type Framing,
  IMPOSSIBLE,
  type Leftover,
  MORE,
  PACKET,
  SKIPPED,
} from './framing.ts';

const HEADER_BYTES = 4;
/** 16 MiB: lengths whose fourth byte is not 0. */
export const LENGTH_IMPOSSIBLE = 2 ** 24;

export class LengthFraming implements Framing {
  readonly heldBytesMax: number;
  start = 0;
  length = 0;
  rest = 0;
  skipping = 0;
  private readonly packetBytesMax: number;

  constructor(packetBytesMax: number) {
    this.packetBytesMax = packetBytesMax;
    this.heldBytesMax = HEADER_BYTES + packetBytesMax;
  }

  next(bytes: Uint8Array, at: number, end: number): Found {
    if (this.skipping > 0) {
      const skipped = Math.min(this.skipping, end - at);
      this.skipping -= skipped;
      at += skipped;
    }
    this.rest = at;
    const start = at + HEADER_BYTES;
    if (start > end) return MORE;
    const length = lengthAt(bytes, at);
    this.length = length;
    if (length > this.packetBytesMax) {
      if (length >= LENGTH_IMPOSSIBLE) return IMPOSSIBLE;
      this.rest = start;
      this.skipping = length;
      return SKIPPED;
    }
    if (start + length > end) return MORE;
    this.start = start;
    this.rest = start + length;
    return length === 0 ? EMPTY : PACKET;
  }

  leftover(held: number): Leftover {
    // A frame that is skipped was counted when it began.
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
