/**
 * Hot path. The array recvmmsg and sendmmsg work on: `count` mmsghdr, then one iovec for each.
 *
 *   mmsghdr   64 bytes each (model/core-border.ts draws them)
 *   iovec     │ base   │ length  │ 16
 *
 * The kernel reads iovec and control length, and writes flags, length and control length. Buffers are
 * borrowed: only their addresses are kept.
 */
import {
  MMSGHDR_BYTES,
  MMSGHDR_CONTROL,
  MMSGHDR_CONTROL_LENGTH,
  MMSGHDR_FLAGS,
  MMSGHDR_IOV,
  MMSGHDR_IOV_COUNT,
  MMSGHDR_LENGTH,
  MMSGHDR_NAME_LENGTH,
} from '../../model/core-border.ts';
import type { Libc } from './libc.ts';

const IOVEC_BYTES = 16;
/** Sizes and offsets in 32-bit words, as MessageVector indexes its memory. */
const HEADER_WORDS = MMSGHDR_BYTES / 4;
const IOVEC_WORDS = IOVEC_BYTES / 4;
const NAME_LENGTH_WORD = MMSGHDR_NAME_LENGTH / 4;
const IOV_WORD = MMSGHDR_IOV / 4;
const IOV_COUNT_WORD = MMSGHDR_IOV_COUNT / 4;
const CONTROL_WORD = MMSGHDR_CONTROL / 4;
const CONTROL_LENGTH_WORD = MMSGHDR_CONTROL_LENGTH / 4;
const FLAGS_WORD = MMSGHDR_FLAGS / 4;
const LENGTH_WORD = MMSGHDR_LENGTH / 4;
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

  /** Bytes that message `i` is to send, or has room for. */
  bufferLength(i: number): number {
    return this.words[this.count * HEADER_WORDS + i * IOVEC_WORDS + 2] as number;
  }

  /** Where the address of the sender goes. Its length is to be set again before every receive: the kernel overwrites it. */
  setName(i: number, address: number, length: number): void {
    this.setWide(i * HEADER_WORDS, address);
    this.setNameLength(i, length);
  }

  /** How much room there is for the address of the sender; the kernel overwrites it with what it has used. */
  setNameLength(i: number, length: number): void {
    this.words[i * HEADER_WORDS + NAME_LENGTH_WORD] = length;
  }

  /** Bytes of the sender's address. */
  nameLength(i: number): number {
    return this.words[i * HEADER_WORDS + NAME_LENGTH_WORD] as number;
  }

  /** Where ancillary data goes. To be set again before every receive: the kernel overwrites the length. */
  setControl(i: number, address: number, length: number): void {
    this.setWide(i * HEADER_WORDS + CONTROL_WORD, address);
    this.words[i * HEADER_WORDS + CONTROL_LENGTH_WORD] = length;
  }

  /** How much room there is for ancillary data; the kernel overwrites it with what it has used. */
  setControlLength(i: number, length: number): void {
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
