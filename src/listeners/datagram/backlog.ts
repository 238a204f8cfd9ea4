/**
 * Hot path. Backlog: packets a listener thread has received and not yet ingested.
 *
 *   receive ──append──▶ │ header bytes │ header bytes │ … ──take──▶ core
 *
 * Memory  one region of the shard's memory, sized at start, never grown: packed records, 16-byte aligned,
 *         used by one thread. The header is 16 bytes:
 *
 *           0        4         8
 *           │length  │origin   │received at, Unix seconds f64 │
 *
 *         Bit 31 of the length says that the kernel cut the packet.
 * Limits  `bytes`, a power of two. A record never wraps; a skip marker (length -1) fills the end. An empty
 *         backlog starts again at the front, so that a small one stays in a few pages.
 * Full    append() returns false and copies nothing. The datagram loop then works before it receives
 *         again, so the kernel buffers, holds senders back, or drops (which it counts).
 * Why     a burst of unseen lines takes milliseconds to resolve; kernel buffers hold 256 small datagrams.
 *         Packed records hold more than fixed slots.
 */
import { PACKET_PADDING_BYTES } from '../../model/core-border.ts';

const HEADER_BYTES = 16;
const SKIP = -1;
const TRUNCATED = 0x80000000;

/** The oldest packet. Borrowed: valid until the next take(). */
export interface BacklogRecord {
  ptr: number;
  length: number;
  origin: number;
  receivedAt: number;
  truncated: boolean;
}

export class Backlog {
  /** Packets and bytes (headers included) that wait. */
  heldPackets = 0;
  heldBytes = 0;
  /** How far the region was written since it was last given back. */
  private reach = 0;
  private readonly region: number;
  private readonly bytes: number;
  private readonly memory: () => Buffer;
  private readonly words: Int32Array;
  private readonly doubles: Float64Array;
  /** Offsets in the region: where the next record goes, where the oldest is. */
  private head = 0;
  private tail = 0;
  private readonly record: BacklogRecord = { ptr: 0, length: 0, origin: 0, receivedAt: 0, truncated: false };

  /** `memory()` is the shard's memory as it is now, `region` the address of `bytes` bytes in it. */
  constructor(memory: () => Buffer, region: number, bytes: number) {
    this.region = region;
    this.bytes = bytes - PACKET_PADDING_BYTES;
    this.memory = memory;
    const { buffer, byteOffset } = memory();
    this.words = new Int32Array(buffer, byteOffset + region, bytes / 4);
    this.doubles = new Float64Array(buffer, byteOffset + region, bytes / 8);
  }

  get isEmpty(): boolean {
    return this.heldPackets === 0;
  }

  /** The part of the region that a burst used and that holds nothing now; whoever takes it may clear it. */
  takeUnused(): { ptr: number; bytes: number } | undefined {
    if (!this.isEmpty || this.reach === 0) return undefined;
    const unused = { ptr: this.region, bytes: this.reach };
    this.reach = 0;
    return unused;
  }

  /** Copies a packet from `ptr` of the shard's memory; false when it does not fit. */
  append(ptr: number, length: number, origin: number, receivedAt: number, truncated: boolean): boolean {
    const size = HEADER_BYTES + ((length + 15) & ~15);
    const at = this.place(size);
    if (at < 0) return false;
    this.words[at >> 2] = truncated ? length | TRUNCATED : length;
    this.words[(at >> 2) + 1] = origin;
    this.doubles[(at >> 3) + 1] = receivedAt;
    this.memory().copyWithin(this.region + at + HEADER_BYTES, ptr, ptr + length);
    this.head = at + size;
    if (this.head > this.reach) this.reach = this.head;
    this.heldPackets++;
    this.heldBytes += size;
    return true;
  }

  /** The oldest packet without removing it; undefined when there is none. */
  peek(): BacklogRecord | undefined {
    if (this.heldPackets === 0) return undefined;
    if (this.tail + HEADER_BYTES > this.bytes || this.words[this.tail >> 2] === SKIP) this.tail = 0;
    const at = this.tail;
    const word = this.words[at >> 2] as number;
    const record = this.record;
    record.ptr = this.region + at + HEADER_BYTES;
    record.length = word & ~TRUNCATED;
    record.origin = this.words[(at >> 2) + 1] as number;
    record.receivedAt = this.doubles[(at >> 3) + 1] as number;
    record.truncated = word < 0;
    return record;
  }

  /** Removes what peek() showed. */
  remove(): void {
    const size = HEADER_BYTES + ((this.record.length + 15) & ~15);
    this.tail += size;
    this.heldPackets--;
    this.heldBytes -= size;
    if (this.heldPackets === 0) {
      this.head = 0;
      this.tail = 0;
    }
  }

  /** Offset for a record of `size` bytes, or -1. One byte stays free, so that head = tail means empty. */
  private place(size: number): number {
    if (this.heldPackets === 0 || this.head > this.tail) {
      if (this.head + size <= this.bytes) return this.head;
      if (size >= this.tail) return -1;
      if (this.head + 4 <= this.bytes) this.words[this.head >> 2] = SKIP;
      return 0;
    }
    return this.head + size < this.tail ? this.head : -1;
  }
}
