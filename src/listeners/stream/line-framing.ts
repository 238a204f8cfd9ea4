/**
 * Hot path. Lines of a byte stream, as TCP and named pipes carry them: everything up to and with the last LF
 * that is there, and that fits a packet, is one packet.
 *
 *   a:1|c LF b:2|c LF c:3
 *   └──── packet ───┘ └─ waits for its LF
 *
 * Limits  a line with its LF fits into `packetBytesMax`; a longer one is skipped up to and with its LF.
 */
import { LF } from '../../model/core-border.ts';
import { type Found, type Framing, type Leftover, MORE, PACKET, SKIPPED } from './framing.ts';

export class LineFraming implements Framing {
  readonly heldBytesMax: number;
  start = 0;
  length = 0;
  rest = 0;
  private readonly packetBytesMax: number;
  /** 1 within a line that is too long. */
  skipping = 0;
  /** How much of what is held is known to have no LF, so that a slow sender's line is not searched again and again. */
  private searched = 0;

  constructor(packetBytesMax: number) {
    this.packetBytesMax = packetBytesMax;
    this.heldBytesMax = packetBytesMax;
  }

  next(bytes: Uint8Array, at: number, end: number): Found {
    let start = at;
    if (this.skipping > 0) {
      while (start < end && bytes[start] !== LF) start++;
      this.rest = start;
      if (start === end) return MORE;
      this.skipping = 0;
      start++;
    }
    const limit = Math.min(end, start + this.packetBytesMax);
    const from = start + this.searched;
    let last = limit - 1;
    while (last >= from && bytes[last] !== LF) last--;
    this.start = start;
    this.rest = start;
    if (last >= from) {
      this.searched = 0;
      this.length = last + 1 - start;
      this.rest = last + 1;
      return PACKET;
    }
    if (limit - start < this.packetBytesMax) {
      this.searched = limit - start;
      return MORE;
    }
    this.searched = 0;
    this.skipping = 1;
    this.length = 0;
    this.rest = limit;
    return SKIPPED;
  }

  leftover(held: number): Leftover {
    // A line that is skipped was counted when it began.
    return held === 0 || this.skipping > 0 ? 'nothing' : 'unterminated';
  }
}
