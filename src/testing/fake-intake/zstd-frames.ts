/**
 * Looks through the frames of a zstd body without unpacking them (RFC 8878 §3.1), for what they would cost to unpack.
 *
 *   28 b5 2f fd │ descriptor │ window │ dictionary │ content size │ block … block │ checksum
 *                                └ a few bytes can ask for a window of gigabytes, which a decoder allocates at once
 *
 * Bytes that are no frame are left to the decoder, which says what is wrong with them.
 */

const MAGIC = 0xfd2fb528;
const SKIPPABLE_MAGIC = 0x184d2a50;
const DICTIONARY_BYTES = [0, 1, 2, 4] as const;
const BLOCK_RLE = 1;

/** What a walk over the frames of a body finds. */
export interface Frames {
  /** The largest window that a frame asks for, bytes. */
  readonly window: number;
  /**
   * The frames with content, the last one with all that follows it. A body may have several, one behind the other, and a
   * decoder may stop after the first without a word.
   */
  readonly bodies: readonly Uint8Array[];
}

export function walkFrames(body: Uint8Array): Frames {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const starts: number[] = [];
  let largest = 0;
  try {
    for (let at = 0; at < body.length; ) {
      const magic = view.getUint32(at, true);
      if ((magic & 0xfffffff0) >>> 0 === SKIPPABLE_MAGIC) {
        at += 8 + view.getUint32(at + 4, true);
        continue;
      }
      if (magic !== MAGIC) break;
      starts.push(at);
      const { window, end } = readHeader(view, at + 4);
      largest = Math.max(largest, window);
      at = skipBlocks(view, end) + ((view.getUint8(at + 4) & 4) === 0 ? 0 : 4);
    }
  } catch (error) {
    // The body ends within a frame.
    if (!(error instanceof RangeError)) throw error;
  }
  const bodies = starts.map((start, i) => body.subarray(start, starts[i + 1]));
  return { window: largest, bodies: bodies.length > 0 ? bodies : [body] };
}

/** `at` is that of the descriptor; `end` is where the blocks begin. */
function readHeader(view: DataView, at: number): { readonly window: number; readonly end: number } {
  const descriptor = view.getUint8(at);
  const isSingle = (descriptor & 0x20) !== 0;
  let next = at + 1;
  let window = 0;
  if (!isSingle) {
    const byte = view.getUint8(next++);
    const base = 2 ** (10 + (byte >> 3));
    window = base + (base / 8) * (byte & 7);
  }
  next += DICTIONARY_BYTES[descriptor & 3] as number;
  const sizeFlag = descriptor >> 6;
  const sizeBytes = sizeFlag === 0 ? (isSingle ? 1 : 0) : 2 ** sizeFlag;
  if (isSingle) window = readSize(view, next, sizeBytes);
  return { window, end: next + sizeBytes };
}

function readSize(view: DataView, at: number, bytes: number): number {
  if (bytes === 1) return view.getUint8(at);
  if (bytes === 2) return view.getUint16(at, true) + 256;
  if (bytes === 4) return view.getUint32(at, true);
  return Number(view.getBigUint64(at, true));
}

/** Returns where the frame's last block ends. */
function skipBlocks(view: DataView, start: number): number {
  for (let at = start; ; ) {
    const header = view.getUint16(at, true) | (view.getUint8(at + 2) << 16);
    const isLast = (header & 1) !== 0;
    at += 3 + (((header >> 1) & 3) === BLOCK_RLE ? 1 : header >> 3);
    if (isLast) return at;
  }
}
