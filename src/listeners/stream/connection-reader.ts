/**
 * Hot path. The bytes of one connection, as they come, to packets in the shard's memory.
 *
 *   chunk ──copied once──▶ staging │ held │ chunk │ ──framing──▶ packets, in place
 *                                     ▲ the beginning of a packet that an earlier chunk ended with
 *                                     └── kept here between two chunks
 *
 * A reader stops where the packet it handed on was the last of its turn; what is left of the chunk comes
 * again. So a chunk is never copied a second time, except for what was not read of it.
 *
 * Memory  one staging area for all connections of the thread: no connection needs it between two chunks.
 *         A connection keeps room for the longest unfinished packet it has had, framing.heldBytesMax at most.
 */
import { LF, PACKET_PADDING_BYTES } from '../../model/core-border.ts';
import { EMPTY, type Framing, type Leftover, MORE, PACKET, SKIPPED } from './framing.ts';

/** The longest piece that is staged at once; Node reads 64 KiB at most. */
const CHUNK_BYTES_MAX = 65_536;

/**
 * V8 copies into shared memory by words only where source and target have the same alignment, else by bytes, at an
 * eighth of the speed. Node's chunks begin at a multiple of this.
 */
const CHUNK_ALIGNMENT = 16;

/** Whom a reader tells what it finds. */
export interface PacketSink {
  /** A packet at `ptr` of the shard's memory, borrowed for the call; true when the turn is over with it. */
  packet(ptr: number, length: number): boolean;
  empty(): void;
  /**
   * A frame or line too long to be taken has begun. A frame says it has `length` bytes; `head` is what there is of them.
   */
  skipped(length: number, head: Uint8Array): void;
  /** A frame says it has `length` bytes, which cannot be; `head` is what there is of them. No more is read. */
  impossible(length: number, head: Uint8Array): void;
}

/** Memory in which all readers of a thread look for packets. */
export class Staging {
  readonly bytes: Uint8Array;
  /** Where `bytes` begins in the shard's memory. */
  readonly ptr: number;
  /** Where a chunk begins; what a connection held goes right before it. */
  readonly chunkAt: number;

  /** `takeRegion` takes bytes of the shard's memory, `memory()` is the memory afterwards; it never moves. */
  constructor(heldBytesMax: number, takeRegion: (bytes: number) => number, memory: () => Buffer) {
    const length = heldBytesMax + CHUNK_ALIGNMENT + CHUNK_BYTES_MAX + PACKET_PADDING_BYTES;
    this.ptr = takeRegion(length);
    const { buffer, byteOffset } = memory();
    this.bytes = new Uint8Array(buffer, byteOffset + this.ptr, length);
    this.chunkAt = heldBytesMax + (-(this.bytes.byteOffset + heldBytesMax) & (CHUNK_ALIGNMENT - 1));
  }
}

const NOTHING = new Uint8Array(0);

export class ConnectionReader {
  private readonly staging: Staging;
  private readonly framing: Framing;
  private readonly sink: PacketSink;
  /** The beginning of a packet: `heldBytes` of `held`. */
  private held: Uint8Array = NOTHING;
  private heldBytes = 0;
  private isBroken = false;

  constructor(staging: Staging, framing: Framing, sink: PacketSink) {
    this.staging = staging;
    this.framing = framing;
    this.sink = sink;
  }

  /** Whether the next byte begins a packet. */
  get isBetweenPackets(): boolean {
    return this.heldBytes === 0 && this.framing.skipping === 0;
  }

  /** Reads the chunk from `offset` on; returns where it stopped: the chunk's length unless the turn is over. */
  read(chunk: Uint8Array, offset: number): number {
    let at = offset;
    while (at < chunk.length && !this.isBroken) {
      const end = Math.min(chunk.length, at + CHUNK_BYTES_MAX);
      const stopped = this.readPiece(chunk, at, end);
      if (stopped < end) return stopped;
      at = end;
    }
    return chunk.length;
  }

  /**
   * The connection has ended. What it left unfinished; a line without its end is taken as if it had one when
   * `takesUnterminated` says so.
   */
  finish(takesUnterminated: boolean): Leftover {
    if (this.isBroken) return 'nothing';
    const { heldBytes, staging } = this;
    const leftover = this.framing.leftover(heldBytes);
    this.heldBytes = 0;
    if (leftover !== 'unterminated' || !takesUnterminated) return leftover;
    // held < heldBytesMax, so there is room for the LF.
    staging.bytes.set(this.held.subarray(0, heldBytes), 0);
    staging.bytes[heldBytes] = LF;
    this.sink.packet(staging.ptr, heldBytes + 1);
    return 'nothing';
  }

  /** What has come of a packet that is not complete, for another reader to begin with; this one has it no more. */
  takeHeld(): { readonly held: Uint8Array; readonly skipping: number } {
    const held = this.held.slice(0, this.heldBytes);
    this.heldBytes = 0;
    return { held, skipping: this.framing.skipping };
  }

  /** Goes on within something that is left out, as another reader's takeHeld() says. */
  skip(skipping: number): void {
    this.framing.skipping = skipping;
  }

  /** Reads [from, to) of the chunk; where it stopped. */
  private readPiece(chunk: Uint8Array, from: number, to: number): number {
    const { staging, framing, sink } = this;
    const { bytes, chunkAt } = staging;
    bytes.set(from === 0 && to === chunk.length ? chunk : chunk.subarray(from, to), chunkAt);
    let at = chunkAt - this.heldBytes;
    if (this.heldBytes > 0) bytes.set(this.held.subarray(0, this.heldBytes), at);
    this.heldBytes = 0;
    const end = chunkAt + to - from;
    for (;;) {
      const found = framing.next(bytes, at, end);
      at = framing.rest;
      if (found === PACKET) {
        if (sink.packet(staging.ptr + framing.start, framing.length)) return from + at - chunkAt;
      } else if (found === MORE) {
        this.hold(at, end);
        return to;
      } else if (found === EMPTY) sink.empty();
      else if (found === SKIPPED) sink.skipped(framing.length, bytes.subarray(at, end));
      else {
        this.isBroken = true;
        sink.impossible(framing.length, bytes.subarray(at, end));
        return to;
      }
    }
  }

  private hold(at: number, end: number): void {
    if (at === end) return;
    this.heldBytes = end - at;
    if (this.held.length < this.heldBytes) {
      this.held = new Uint8Array(
        Math.min(2 ** Math.ceil(Math.log2(this.heldBytes)), this.framing.heldBytesMax),
      );
    }
    this.held.set(this.staging.bytes.subarray(at, end));
  }
}
