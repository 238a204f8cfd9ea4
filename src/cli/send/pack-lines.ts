/**
 * Lines to datagrams: as many whole lines in each as fit, with line breaks between them.
 *
 *   add(line) … ──▶ take(): PacketList      the bytes are copied; what is taken belongs to the caller
 */
import { offsetsOf, type PacketList } from '../../listeners/system/send-batch.ts';

const LINE_FEED = Buffer.from('\n');

export class LinePacker {
  private readonly packetBytesMax: number;
  private pieces: Uint8Array[] = [];
  private lengths: number[] = [];

  constructor(packetBytesMax: number) {
    this.packetBytesMax = packetBytesMax;
  }

  /** Adds a line to the open packet, or to a new one. Returns false for a line no packet can hold. */
  add(line: Uint8Array): boolean {
    if (line.length > this.packetBytesMax) return false;
    const open = this.lengths.length - 1;
    const openLength = this.lengths[open];
    if (openLength !== undefined && openLength + 1 + line.length <= this.packetBytesMax) {
      this.pieces.push(LINE_FEED, line);
      this.lengths[open] = openLength + 1 + line.length;
    } else {
      this.pieces.push(line);
      this.lengths.push(line.length);
    }
    return true;
  }

  /** All packets since the last call. */
  take(): PacketList {
    const bytes = Buffer.concat(this.pieces);
    const lengths = Uint32Array.from(this.lengths);
    this.pieces = [];
    this.lengths = [];
    return { bytes, offsets: offsetsOf(lengths), lengths };
  }
}
