/**
 * Where recvmmsg() puts a batch of datagrams: an array of struct mmsghdr and one slot of bytes for each,
 * in the shard's memory, so that the core reads them where the kernel wrote them.
 *
 *   headers  │ mmsghdr │ mmsghdr │ … │ iovec │ iovec │ …        (drawn in message-vector.ts)
 *   slots    │ bufferBytes, padding │ bufferBytes, padding │ …
 *
 * Memory   one region, sized at start: about `count * (bufferBytes + 128)` bytes.
 * Borrowed what a slot holds is valid until the next receive.
 */
import type { Libc } from './libc.ts';
import { MessageVector } from './message-vector.ts';

/** The core reads up to this many bytes beyond a packet; what it finds there does not count. */
const PADDING_BYTES = 128;
const SLOT_ALIGNMENT = 64;

export class ReceiveSlots {
  readonly count: number;
  /** Addresses in the shard's memory, for the core. */
  readonly headersPtr: number;
  readonly slotsPtr: number;
  readonly slotBytes: number;
  private readonly libc: Libc;
  private readonly vector: MessageVector;
  /** Address of the headers for the kernel; a BigInt, so that a receive makes no object. */
  private readonly headers: bigint;

  /** `takeRegion` takes bytes of the shard's memory; `memory()` is the memory afterwards. */
  constructor(
    libc: Libc,
    count: number,
    bufferBytes: number,
    takeRegion: (bytes: number) => number,
    memory: () => Buffer,
  ) {
    this.libc = libc;
    this.count = count;
    this.slotBytes = (bufferBytes + PADDING_BYTES + SLOT_ALIGNMENT - 1) & ~(SLOT_ALIGNMENT - 1);
    this.headersPtr = takeRegion(MessageVector.bytes(count));
    this.slotsPtr = takeRegion(count * this.slotBytes);
    const bytes = memory();
    const base = libc.address(bytes);
    const words = new Uint32Array(
      bytes.buffer,
      bytes.byteOffset + this.headersPtr,
      MessageVector.bytes(count) / 4,
    );
    this.vector = new MessageVector(libc, count, words);
    this.headers = BigInt(this.vector.headers);
    for (let i = 0; i < count; i++) this.vector.setBuffer(i, base + this.slotPtr(i), bufferBytes);
  }

  /** Receives a batch; the number of datagrams, or a negative errno. */
  receive(fd: number, flags: number): number {
    return this.libc.recvmmsg(fd, this.headers, this.count, flags);
  }

  /** Address of message `i` in the shard's memory. */
  slotPtr(i: number): number {
    return this.slotsPtr + i * this.slotBytes;
  }

  /** Length of message `i` in bytes. */
  length(i: number): number {
    return this.vector.length(i);
  }

  /** The flags the kernel gave message `i`. */
  flags(i: number): number {
    return this.vector.flags(i);
  }
}
