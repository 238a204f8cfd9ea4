/**
 * Writes the records of a capture one after the other into one buffer: the fast way for what is being received.
 * dog-encoder.ts says the same in a form that is easier to read, and a test holds the two together.
 *
 *   record() … ─▶ buffer ──full──▶ a piece of the file          take(): what there is; trailer(): the end
 *
 * Memory  two buffers of twice the size of a piece. Pieces are borrowed: valid until the next one.
 */
import { dogHeader, dogTrailer, EMPTY_RECORD } from './dog-encoder.ts';
import type { TaggerState } from './tagger-state.ts';

export interface WrittenRecord {
  /** Unix seconds. */
  readonly seconds: number;
  readonly payload: Uint8Array;
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
  readonly listener: string;
  readonly peer: string;
}

/** All fields of a record but the texts and the payload, at their longest. */
const FIELD_BYTES_MAX = 128;
const ANCILLARY_BYTES = 32;
const SOL_SOCKET = 1;
const SCM_CREDENTIALS = 2;
/** A half of a timestamp: four groups of 7 bits. */
const LOW = 2 ** 28;

export class DogWriter {
  private readonly pieceBytes: number;
  private buffer: Buffer;
  /** Takes turns with it, so that a piece is whole while the next one is written. */
  private other: Buffer;
  private length = 0;

  constructor(pieceBytes: number) {
    this.pieceBytes = pieceBytes;
    this.buffer = Buffer.alloc(2 * pieceBytes);
    this.other = Buffer.alloc(2 * pieceBytes);
    this.length = dogHeader().length;
    this.buffer.set(dogHeader());
  }

  /** Adds a record; a piece of the file when enough has come together. */
  record(record: WrittenRecord): Uint8Array | undefined {
    const { payload, pid, listener, peer } = record;
    // Texts are ASCII: a listener's name and an address.
    const most = FIELD_BYTES_MAX + payload.length + listener.length + 3 * peer.length;
    const piece = this.length + most > this.buffer.length ? this.take() : undefined;
    if (most > this.buffer.length) this.buffer = Buffer.alloc(most);
    const start = this.length;
    this.length += 4;
    this.timestamp(record.seconds);
    if (payload.length > 0) {
      this.byte(0x10);
      this.varint(payload.length);
      this.byte(0x1a);
      this.varint(payload.length);
      this.buffer.set(payload, this.length);
      this.length += payload.length;
    }
    if (pid > 0) this.sender(record);
    if (listener !== '') this.text(0xa2, listener);
    if (peer !== '') this.text(0xaa, peer);
    if (this.length === start + 4) for (const byte of EMPTY_RECORD) this.byte(byte);
    this.buffer.writeUInt32LE(this.length - start - 4, start);
    return piece ?? (this.length >= this.pieceBytes ? this.take() : undefined);
  }

  /** What is written since the last piece. */
  take(): Uint8Array {
    const piece = this.buffer.subarray(0, this.length);
    [this.buffer, this.other] = [this.other, this.buffer];
    this.length = 0;
    return piece;
  }

  trailer(state: TaggerState): Uint8Array {
    return dogTrailer(state);
  }

  // 08 │ nanoseconds, to the microsecond: a double has no more
  private timestamp(seconds: number): void {
    const micros = Math.round(seconds * 1e6);
    if (micros === 0) return;
    const low = (micros % LOW) * 1000;
    const high = Math.floor(micros / LOW) * 1000 + Math.floor(low / LOW);
    this.byte(0x08);
    let rest = low % LOW;
    if (high === 0) {
      this.varint(rest);
      return;
    }
    for (let i = 0; i < 4; i++) {
      this.byte((rest & 127) | 128);
      rest >>>= 7;
    }
    this.varint(high);
  }

  // 20 pid │ 28 size │ 32 size, control message: length u64, level, type, pid, uid, gid, padding
  private sender({ pid, uid, gid }: WrittenRecord): void {
    this.byte(0x20);
    this.varint(pid);
    this.byte(0x28);
    this.byte(ANCILLARY_BYTES);
    this.byte(0x32);
    this.byte(ANCILLARY_BYTES);
    const { buffer } = this;
    for (const word of [28, 0, SOL_SOCKET, SCM_CREDENTIALS, pid, uid, gid, 0])
      this.length = buffer.writeUInt32LE(word >>> 0, this.length);
  }

  /** A text of field 100 (a2 06) or 101 (aa 06). */
  private text(key: number, text: string): void {
    this.byte(key);
    this.byte(0x06);
    const bytes = Buffer.byteLength(text);
    this.varint(bytes);
    this.length += this.buffer.write(text, this.length);
  }

  private byte(value: number): void {
    this.buffer[this.length++] = value;
  }

  private varint(value: number): void {
    let rest = value;
    while (rest > 127) {
      this.buffer[this.length++] = (rest % 128) | 128;
      rest = Math.floor(rest / 128);
    }
    this.buffer[this.length++] = rest;
  }
}
