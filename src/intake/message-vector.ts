/**
 * Hot path. The array recvmmsg and sendmmsg work on: `count` mmsghdr, then one iovec for each.
 *
 *   mmsghdr   0        8         16    24        32        40             48      56       64
 *             │ name   │ length  │ iov │ iov # 1 │ control │ control len  │ flags │ length │
 *   iovec     │ base   │ length  │ 16
 *
 * The kernel reads iovec and control length, and writes flags, length and control length. Buffers are
 * borrowed: only their addresses are kept.
 */
import type { Libc } from './libc.ts';

/** Sizes and offsets of the kernel's structs, in bytes. */
const MMSGHDR_BYTES = 64;
const IOVEC_BYTES = 16;
/** The same in 32-bit words, as MessageVector indexes its memory. */
const HEADER_WORDS = MMSGHDR_BYTES / 4;
const IOVEC_WORDS = IOVEC_BYTES / 4;
const IOV_WORD = 4;
const IOV_COUNT_WORD = 6;
const CONTROL_WORD = 8;
const CONTROL_LENGTH_WORD = 10;
const FLAGS_WORD = 12;
const LENGTH_WORD = 14;
const WORD_SPAN = 2 ** 32;

export class MessageVector {
  readonly count: number;
  /** Address of the first mmsghdr. */
  readonly headers: number;
  private readonly words: Uint32Array;

  /** Bytes of memory the array takes. */
  static bytes(count: number): number {
    return count * (MMSGHDR_BYTES + IOVEC_BYTES);
  }

  /** `words` is where the array lives, MessageVector.bytes(count) long; by default memory of its own. */
  constructor(
    libc: Libc,
    count: number,
    words: Uint32Array = new Uint32Array(MessageVector.bytes(count) / 4),
  ) {
    this.count = count;
    this.words = words;
    this.headers = libc.address(this.words);
    for (let i = 0; i < count; i++) {
      this.setWide(i * HEADER_WORDS + IOV_WORD, this.headers + count * MMSGHDR_BYTES + i * IOVEC_BYTES);
      this.words[i * HEADER_WORDS + IOV_COUNT_WORD] = 1;
    }
  }

  /** Address of mmsghdr `i`, to go on in the middle of the array. */
  headerAt(i: number): number {
    return this.headers + i * MMSGHDR_BYTES;
  }

  /** Where message `i` is received to or sent from. */
  setBuffer(i: number, address: number, length: number): void {
    const at = this.count * HEADER_WORDS + i * IOVEC_WORDS;
    this.setWide(at, address);
    this.words[at + 2] = length;
  }

  /** Where ancillary data goes. To be set again before every receive: the kernel overwrites the length. */
  setControl(i: number, address: number, length: number): void {
    this.setWide(i * HEADER_WORDS + CONTROL_WORD, address);
    this.words[i * HEADER_WORDS + CONTROL_LENGTH_WORD] = length;
  }

  /** Bytes of ancillary data that were received. */
  controlLength(i: number): number {
    return this.words[i * HEADER_WORDS + CONTROL_LENGTH_WORD] as number;
  }

  /** Bytes that were received or sent. */
  length(i: number): number {
    return this.words[i * HEADER_WORDS + LENGTH_WORD] as number;
  }

  /** MSG_TRUNC and its kind. */
  flags(i: number): number {
    return this.words[i * HEADER_WORDS + FLAGS_WORD] as number;
  }

  private setWide(at: number, value: number): void {
    this.words[at] = value % WORD_SPAN;
    this.words[at + 1] = value / WORD_SPAN;
  }
}
