/**
 * Packets as they were received, copied one after the other: what a listener thread hands over when it is captured.
 *
 *   record, from a multiple of 8     0 length u32 │ 4 flags u32 │ 8 time f64, Unix seconds
 *                                    16 pid i32 │ 20 uid u32 │ 24 gid u32 │ 28 zero
 *                                    32 peer │ packet │ up to 7 bytes of nothing
 *   flags                            bits 0–7 listener │ bit 8 cut │ bit 9 peer is a sockaddr │ bits 16–31 length of peer
 *
 * Hot path while somebody captures: append() makes at most one object, for packets beyond WORDS_MAX words.
 */

export const RECORD_HEADER_BYTES = 32;
const ALIGNMENT = 8;
const CUT = 1 << 8;
const SOCKADDR = 1 << 9;
const PEER_SHIFT = 16;
/** Up to here copying words is faster than asking the engine to copy bytes. */
const WORDS_MAX = 64;

/** Who sent a packet. Zeros and an empty peer where the transport does not say. */
export interface PacketSource {
  pid: number;
  uid: number;
  gid: number;
  /** Number of the listener within its thread. */
  listener: number;
  /** Text, or a sockaddr of the kernel. */
  peer: Uint8Array;
  isSockaddr: boolean;
}

/** For packets of transports that say nothing. */
export const UNKNOWN_SOURCE: PacketSource = {
  pid: 0,
  uid: 0,
  gid: 0,
  listener: 0,
  peer: new Uint8Array(0),
  isSockaddr: false,
};

/** A packet that was read from a segment; the bytes are borrowed from it. */
export interface SegmentPacket {
  readonly seconds: number;
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
  readonly listener: number;
  readonly isCut: boolean;
  readonly peer: Uint8Array;
  readonly isSockaddr: boolean;
  readonly payload: Uint8Array;
}

export class PacketSegment {
  readonly buffer: ArrayBuffer;
  length = 0;
  packets = 0;
  /** Packets that were not copied while this segment was filled. */
  droppedPackets = 0;
  droppedBytes = 0;
  private readonly bytes: Uint8Array;
  private readonly words: Int32Array;
  private readonly doubles: Float64Array;

  constructor(buffer: ArrayBuffer) {
    this.buffer = buffer;
    this.bytes = new Uint8Array(buffer);
    this.words = new Int32Array(buffer);
    this.doubles = new Float64Array(buffer);
  }

  /** Begins anew. */
  clear(): void {
    this.length = 0;
    this.packets = 0;
    this.droppedPackets = 0;
    this.droppedBytes = 0;
  }

  drop(packets: number, bytes: number): void {
    this.droppedPackets += packets;
    this.droppedBytes += bytes;
  }

  /** Copies the packet at [ptr, ptr + length) of `memory`; false when there is no room. */
  append(
    memory: Uint8Array,
    memoryWords: Int32Array,
    ptr: number,
    length: number,
    seconds: number,
    isCut: boolean,
    source: PacketSource,
  ): boolean {
    const { peer } = source;
    const start = this.length;
    const at = start + RECORD_HEADER_BYTES;
    const end = (at + peer.length + length + ALIGNMENT - 1) & ~(ALIGNMENT - 1);
    if (end > this.bytes.length) return false;
    const { words } = this;
    const word = start >> 2;
    words[word] = length;
    words[word + 1] =
      source.listener | (isCut ? CUT : 0) | (source.isSockaddr ? SOCKADDR : 0) | (peer.length << PEER_SHIFT);
    this.doubles[(start >> 3) + 1] = seconds;
    words[word + 4] = source.pid;
    words[word + 5] = source.uid;
    words[word + 6] = source.gid;
    words[word + 7] = 0;
    if (peer.length > 0) this.bytes.set(peer, at);
    const packetAt = at + peer.length;
    const count = (length + 3) >> 2;
    if (count <= WORDS_MAX && (ptr & 3) === 0 && (packetAt & 3) === 0 && packetAt + 4 * count <= end) {
      const from = ptr >> 2;
      const to = packetAt >> 2;
      for (let i = 0; i < count; i++) words[to + i] = memoryWords[from + i] as number;
    } else this.bytes.set(memory.subarray(ptr, ptr + length), packetAt);
    this.length = end;
    this.packets++;
    return true;
  }
}

/** When the first packet of a segment that has one was received, Unix seconds. */
export function startOfSegment(buffer: ArrayBuffer): number {
  return new DataView(buffer).getFloat64(8, true);
}

/** The packets in the first `length` bytes of a segment, in the order they were received. */
export function* readSegment(buffer: ArrayBuffer, length: number): Generator<SegmentPacket> {
  const view = new DataView(buffer);
  for (let start = 0; start < length; ) {
    const packetBytes = view.getUint32(start, true);
    const flags = view.getUint32(start + 4, true);
    const at = start + RECORD_HEADER_BYTES;
    const peerBytes = flags >>> PEER_SHIFT;
    yield {
      seconds: view.getFloat64(start + 8, true),
      pid: view.getInt32(start + 16, true),
      uid: view.getUint32(start + 20, true),
      gid: view.getUint32(start + 24, true),
      listener: flags & 255,
      isCut: (flags & CUT) !== 0,
      isSockaddr: (flags & SOCKADDR) !== 0,
      peer: new Uint8Array(buffer, at, peerBytes),
      payload: new Uint8Array(buffer, at + peerBytes, packetBytes),
    };
    start = (at + peerBytes + packetBytes + ALIGNMENT - 1) & ~(ALIGNMENT - 1);
  }
}
