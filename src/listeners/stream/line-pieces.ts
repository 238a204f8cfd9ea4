/**
 * Cuts many lines into pieces of whole lines that fit a packet:
 *
 *   a:1|c LF b:2|c LF xxxxxxxxxxxxxxxx LF c:3|c
 *   └──── piece ────┘ └ too long: left ┘ └ piece: the last line needs no LF
 */
import { LF } from '../../model/core-border.ts';

/**
 * Calls `piece` with [start, end) of every piece of at most `bytesMax` bytes; returns how many lines were too long for one
 * and left out.
 */
export function cutLines(
  bytes: Uint8Array,
  bytesMax: number,
  piece: (start: number, end: number) => void,
): number {
  let tooLong = 0;
  let start = 0;
  while (start < bytes.length) {
    if (bytes.length - start <= bytesMax) {
      piece(start, bytes.length);
      break;
    }
    const last = bytes.lastIndexOf(LF, start + bytesMax - 1);
    if (last >= start) {
      piece(start, last + 1);
      start = last + 1;
      continue;
    }
    const end = bytes.indexOf(LF, start + bytesMax);
    // With its LF a line of bytesMax bytes is too long, as on a stream.
    tooLong++;
    start = end < 0 ? bytes.length : end + 1;
  }
  return tooLong;
}
