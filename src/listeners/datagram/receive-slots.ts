/**
 * Where recvmmsg() puts a batch of datagrams: an array of struct mmsghdr and one slot of bytes for each,
 * in the shard's memory, so that the core reads them where the kernel wrote them.
 *
 *   headers  │ mmsghdr │ mmsghdr │ … │ iovec │ iovec │ …        (drawn in message-vector.ts)
 *   slots    │ bufferBytes, padding │ bufferBytes, padding │ …
 *   origins  │ u32 │ u32 │ …          numbers of the senders (shard/senders.ts), when they are asked for
 *
 * Memory   one region, sized at start: about `count * (bufferBytes + 128)` bytes.
 * Borrowed what a slot holds is valid until the next receive.
 */
import { PACKET_PADDING_BYTES } from '../../model/core-border.ts';
import type { CredentialSlots } from '../origin/credential-slots.ts';
import { type Libc, MSG_CMSG_CLOEXEC } from '../system/libc.ts';
import { MessageVector } from '../system/message-vector.ts';

const SLOT_ALIGNMENT = 64;
/** Datagrams of one receive at most: 64 of 8 KiB stay in the processor's second-level cache. */
export const RECEIVED_MAX = 64;

export class ReceiveSlots {
  readonly count: number;
  /** Addresses in the shard's memory, for the core. */
  readonly headersPtr: number;
  readonly slotsPtr: number;
  readonly slotBytes: number;
  /** Address of the numbers of the senders; 0 while they are not asked for. */
  originsPtr = 0;
  /** Those numbers, to be written before the shard takes a batch. */
  origins: Uint32Array = new Uint32Array();
  /** What the kernel says of senders; undefined for sockets that cannot tell. */
  credentials: CredentialSlots | undefined;
  private readonly libc: Libc;
  readonly vector: MessageVector;
  /** Address of each header for the kernel; BigInts, so that a receive makes no object. */
  private readonly headers: readonly bigint[];

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
    this.slotBytes = (bufferBytes + PACKET_PADDING_BYTES + SLOT_ALIGNMENT - 1) & ~(SLOT_ALIGNMENT - 1);
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
    this.headers = Array.from({ length: count }, (_, i) => BigInt(this.vector.headerAt(i)));
    for (let i = 0; i < count; i++) this.vector.setBuffer(i, base + this.slotPtr(i), bufferBytes);
  }

  /**
   * Receives into the slots from `first` on, 0 for a new batch; the number of datagrams, RECEIVED_MAX at most, or a negative
   * errno. There is a slot `first`.
   */
  receive(fd: number, flags: number, first = 0): number {
    const { credentials } = this;
    const headers = this.headers[first] as bigint;
    const count = Math.min(this.count - first, RECEIVED_MAX);
    if (credentials === undefined || !credentials.isOn) return this.libc.recvmmsg(fd, headers, count, flags);
    if (first === 0) credentials.release();
    const received = this.libc.recvmmsg(fd, headers, count, flags | MSG_CMSG_CLOEXEC);
    if (received > 0) credentials.take(first, received);
    return received;
  }

  /** Has the shard be told who sends, by numbers that whoever receives writes to `origins`. */
  useOrigins(takeRegion: (bytes: number) => number, memory: () => Buffer): void {
    this.originsPtr = takeRegion(this.count * Uint32Array.BYTES_PER_ELEMENT);
    const { buffer, byteOffset } = memory();
    this.origins = new Uint32Array(buffer, byteOffset + this.originsPtr, this.count);
  }

  /** Number of the sender of message `i`; 0 when it is not known. */
  origin(i: number): number {
    return this.originsPtr === 0 ? 0 : (this.origins[i] as number);
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
