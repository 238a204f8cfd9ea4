/**
 * Decodes a capture of the Datadog Agent (`.dog`) from pieces of any size, as they come.
 *
 *   0        D4 74 D0 60 Fv FF 00 00       v = version 1, 2, 3
 *   8        ( u32 LE length > 0, UnixDogstatsdMsg )*
 *            00 00 00 00                    separator       ┐
 *            TaggerState, n bytes                           │ from version 2 on
 *   end-4    u32 LE n                                       ┘
 *
 * What is damaged is told apart and counted, never guessed: a record that does not decode is skipped by its length,
 * a record that the file ends in is reported with its number of bytes, and a state counts only when its length says
 * where the separator is.
 *
 * Memory  the record under way, RECORD_BYTES_MAX at most, and after the separator the state, STATE_BYTES_MAX at most.
 *         Records borrow the pieces they were in, which their owner must not write again.
 */
import { decodeRecord, type ReadRecord } from './record.ts';
import { decodeState, type TaggerState } from './tagger-state.ts';
import type { WireFault } from './wire-reader.ts';

/** No writer buffers more than 64 KiB; a length beyond this is damage, and the record is passed over. */
export const RECORD_BYTES_MAX = 1024 * 1024;
export const STATE_BYTES_MAX = 64 * 1024 * 1024;
export const HEADER_BYTES = 8;
const LENGTH_BYTES = 4;
const VERSION_BYTE = 4;
const HEADER = [0xd4, 0x74, 0xd0, 0x60, 0xf0, 0xff, 0x00, 0x00];
export const LATEST_VERSION = 3;
const NS_PER_UNIT: Readonly<Record<number, bigint>> = { 1: 1_000_000_000n, 2: 1_000_000_000n, 3: 1n };

/** Why a record is not among those that were read. */
export type RecordFault = WireFault | 'too_long';

export interface BadRecord {
  /** Offset of the record's length in the uncompressed file. */
  readonly at: number;
  readonly fault: RecordFault;
}

/** How a capture ends. */
export type DogEnd =
  | {
      readonly kind: 'end_of_file';
      /** Fewer than the four bytes of a length; 0 to 3. */
      readonly looseBytes: number;
    }
  | {
      readonly kind: 'truncated_record';
      readonly at: number;
      /** Bytes of the record that the file has and that are lost, its length included; and how many it should have. */
      readonly bytes: number;
      readonly wantedBytes: number;
    }
  | { readonly kind: 'separator'; readonly state: TaggerState | undefined; readonly problem?: string };

export interface DogFacts {
  readonly version: number;
  readonly records: number;
  /** Records that were passed over, by reason. */
  readonly badRecords: ReadonlyMap<RecordFault, number>;
  /** The first few of them. */
  readonly firstBad: readonly BadRecord[];
  readonly end: DogEnd;
}

/** What was read is no capture; the message says why. */
export class CaptureFormatError extends Error {
  override readonly name = 'CaptureFormatError';
  readonly code = 'ERR_CAPTURE_FORMAT';
}

const FIRST_BAD_MAX = 10;
const NO_BYTES = new Uint8Array(0);

/** Whether a file that begins with these bytes means to be a capture, cut or damaged as its header may be. */
export function startsAsDog(head: Uint8Array): boolean {
  const length = Math.min(head.length, VERSION_BYTE);
  return length > 0 && HEADER.slice(0, length).every((byte, i) => head[i] === byte);
}

/** Whether a file that begins with these bytes is a capture, of whatever version. */
export function isDog(head: Uint8Array): boolean {
  return (
    head.length >= HEADER_BYTES &&
    HEADER.every((byte, i) => (i === VERSION_BYTE ? ((head[i] as number) & 0xf0) === byte : head[i] === byte))
  );
}

export class DogDecoder {
  private version = 0;
  private nsPerUnit = 1n;
  private records = 0;
  private readonly badRecords = new Map<RecordFault, number>();
  private readonly firstBad: BadRecord[] = [];
  /** Something that is not whole: `held` bytes of it have come. */
  private rest: Uint8Array = NO_BYTES;
  private held = 0;
  /** Offset in the file of what is decoded next. */
  private at = 0;
  /** Bytes of a record that is too long and still to be passed over; `wanted` is all of it. */
  private passing = 0;
  private wanted = 0;
  /** Set after the separator: `tailBytes` of what follows it; empty when those are too many. */
  private tail: Uint8Array | undefined;
  private tailBytes = 0;
  private readonly stateOnly: boolean;

  /** With `stateOnly` records are stepped over, and none is returned. */
  constructor({ stateOnly = false }: { readonly stateOnly?: boolean } = {}) {
    this.stateOnly = stateOnly;
  }

  /** The records that are whole with this piece. Throws CaptureFormatError when it is no capture. */
  push(piece: Uint8Array): ReadRecord[] {
    if (this.tail !== undefined) {
      this.keepTail(piece);
      return [];
    }
    const records: ReadRecord[] = [];
    let bytes = this.pass(piece);
    if (this.held > 0) bytes = this.complete(bytes, records);
    if (bytes.length === 0 || this.tail !== undefined) return records;
    const used = this.decode(bytes, records);
    if (this.tail === undefined && this.passing === 0) this.hold(bytes, used);
    return records;
  }

  /** There is no more. Throws CaptureFormatError when it was no capture. */
  finish(): DogFacts {
    if (this.version === 0) throw new CaptureFormatError(describeHeader(this.rest.subarray(0, this.held)));
    const { version, records, badRecords, firstBad } = this;
    return { version, records, badRecords, firstBad, end: this.end() };
  }

  /** Adds to what is held just what it lacks, so that a large piece is not copied; returns what is left of the piece. */
  private complete(piece: Uint8Array, records: ReadRecord[]): Uint8Array {
    let bytes = piece;
    while (this.held > 0) {
      const taken = Math.min(this.rest.length - this.held, bytes.length);
      this.rest.set(bytes.subarray(0, taken), this.held);
      this.held += taken;
      bytes = bytes.subarray(taken);
      if (this.held < this.rest.length) break;
      const whole = this.rest;
      this.held = 0;
      const used = this.decode(whole, records);
      // What was known to be missing was not all: a length has told how much follows.
      if (this.tail === undefined && this.passing === 0) this.hold(whole, used);
      else if (this.tail !== undefined) this.keepTail(bytes);
      else bytes = this.pass(bytes);
      if (this.tail !== undefined) break;
    }
    return bytes;
  }

  /** Passes over what is left of a record that is too long; returns what follows it. */
  private pass(bytes: Uint8Array): Uint8Array {
    const passed = Math.min(this.passing, bytes.length);
    this.passing -= passed;
    this.at += passed;
    return bytes.subarray(passed);
  }

  /** Keeps what begins at `at` and is not whole, with room for the rest of it. */
  private hold(bytes: Uint8Array, at: number): void {
    this.held = bytes.length - at;
    if (this.held === 0) return;
    const isLengthKnown = this.version !== 0 && this.held >= LENGTH_BYTES;
    const wanted = isLengthKnown
      ? LENGTH_BYTES + lengthAt(bytes, at)
      : this.version === 0
        ? HEADER_BYTES
        : LENGTH_BYTES;
    this.rest = new Uint8Array(wanted);
    this.rest.set(bytes.subarray(at));
  }

  /** Decodes what is whole; how far it came. */
  private decode(bytes: Uint8Array, records: ReadRecord[]): number {
    let at = 0;
    if (this.version === 0) {
      if (bytes.length < HEADER_BYTES) return 0;
      this.readHeader(bytes);
      at = HEADER_BYTES;
      this.at = HEADER_BYTES;
    }
    while (bytes.length - at >= LENGTH_BYTES) {
      const length = lengthAt(bytes, at);
      const start = at + LENGTH_BYTES;
      if (length === 0) {
        this.at += LENGTH_BYTES;
        this.tail = NO_BYTES;
        this.keepTail(bytes.subarray(start));
        return bytes.length;
      }
      if (length > RECORD_BYTES_MAX) {
        this.passOver(length, bytes.length - at);
        if (this.passing > 0) return bytes.length;
        at = start + length;
        continue;
      }
      if (bytes.length - start < length) break;
      const record = this.stateOnly ? undefined : decodeRecord(bytes, start, start + length, this.nsPerUnit);
      if (record === undefined) this.records++;
      else if (typeof record === 'string') this.noteBad(record, this.at);
      else {
        records.push(record);
        this.records++;
      }
      at = start + length;
      this.at += LENGTH_BYTES + length;
    }
    return at;
  }

  private readHeader(bytes: Uint8Array): void {
    const version = (bytes[VERSION_BYTE] as number) & 0x0f;
    const nsPerUnit = NS_PER_UNIT[version];
    if (!isDog(bytes) || nsPerUnit === undefined) throw new CaptureFormatError(describeHeader(bytes));
    this.version = version;
    this.nsPerUnit = nsPerUnit;
  }

  /** A record that is too long begins; `have` bytes of it are at hand. */
  private passOver(length: number, have: number): void {
    this.wanted = LENGTH_BYTES + length;
    const passed = Math.min(this.wanted, have);
    this.noteBad('too_long', this.at);
    this.passing = this.wanted - passed;
    this.at += passed;
  }

  private keepTail(piece: Uint8Array): void {
    const start = this.tailBytes;
    this.tailBytes += piece.length;
    if (this.tail === undefined || this.tailBytes > STATE_BYTES_MAX) {
      this.tail = NO_BYTES;
      return;
    }
    if (this.tailBytes > this.tail.length) {
      const grown = new Uint8Array(Math.max(2 * this.tail.length, this.tailBytes));
      grown.set(this.tail.subarray(0, start));
      this.tail = grown;
    }
    this.tail.set(piece, start);
  }

  private noteBad(fault: RecordFault, at: number): void {
    this.badRecords.set(fault, (this.badRecords.get(fault) ?? 0) + 1);
    if (this.firstBad.length < FIRST_BAD_MAX) this.firstBad.push({ at, fault });
  }

  private end(): DogEnd {
    if (this.tail !== undefined) return this.separator(this.tail.subarray(0, this.tailBytes));
    if (this.passing > 0) return this.cutWithinPassing();
    if (this.held < LENGTH_BYTES) return { kind: 'end_of_file', looseBytes: this.held };
    return { kind: 'truncated_record', at: this.at, bytes: this.held, wantedBytes: this.rest.length };
  }

  /** The record that was too long was none: the file ends before it does, so it counts as cut. */
  private cutWithinPassing(): DogEnd {
    const bytes = this.wanted - this.passing;
    const count = (this.badRecords.get('too_long') ?? 1) - 1;
    if (count === 0) this.badRecords.delete('too_long');
    else this.badRecords.set('too_long', count);
    const at = this.at - bytes;
    const last = this.firstBad.at(-1);
    if (last?.fault === 'too_long' && last.at === at) this.firstBad.pop();
    return { kind: 'truncated_record', at, bytes, wantedBytes: this.wanted };
  }

  private separator(tail: Uint8Array): DogEnd {
    const kind = 'separator';
    const unusable = (problem: string): DogEnd => ({ kind, state: undefined, problem });
    if (this.version < 2) {
      return this.tailBytes === 0 ? { kind, state: undefined } : unusable('version 1 has no state');
    }
    if (this.tailBytes > STATE_BYTES_MAX) return unusable(`it has more than ${STATE_BYTES_MAX} bytes`);
    const stateBytes = tail.length - LENGTH_BYTES;
    if (stateBytes < 0) return unusable('its length is missing');
    const said = lengthAt(tail, stateBytes);
    if (said !== stateBytes)
      return unusable(`its length is ${said}, and ${stateBytes} bytes follow the separator`);
    if (said === 0) return { kind, state: undefined };
    const state = decodeState(tail.subarray(0, stateBytes));
    return typeof state === 'string' ? unusable(`it does not decode (${state})`) : { kind, state };
  }
}

function describeHeader(head: Uint8Array): string {
  if (isDog(head)) {
    const version = (head[VERSION_BYTE] as number) & 0x0f;
    return `this is a capture of version ${version}; versions 1 to ${LATEST_VERSION} can be read`;
  }
  const shown = Buffer.from(head.subarray(0, HEADER_BYTES)).toString('hex');
  const what = head.length < HEADER_BYTES ? `it has ${head.length} bytes` : `it begins with ${shown}`;
  return `this is no capture: ${what}; a capture begins with d474d060 and a version`;
}

function lengthAt(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24)) >>>
    0
  );
}
