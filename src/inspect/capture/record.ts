/**
 * A record of a capture: one datagram or frame, with when and from whom it came.
 *
 *   UnixDogstatsdMsg   1 timestamp   2 payloadSize   3 payload   4 pid   5 ancillarySize   6 ancillary
 *                      100 listener  101 peer                       ours, which other readers skip
 *
 * Only the first payloadSize bytes of the payload are traffic: older writers stored their whole buffer. A record of
 * a transport without credentials has pid 0 and no ancillary data.
 */
import { BYTES, VARINT, type WireFault, WireReader } from './wire-reader.ts';
import { WireWriter } from './wire-writer.ts';

export interface CaptureRecord {
  /** When it was received, Unix nanoseconds by the clock of the receiver; 0 when nobody knows. */
  readonly timestamp: bigint;
  /** One packet: lines, as they came. */
  readonly payload: Uint8Array;
  /** Process id of the sender; 0 when unknown. */
  readonly pid: number;
  /** Control messages as the kernel delivered them. */
  readonly ancillary: Uint8Array;
  /** The kind of listener that received it, such as `udp`; empty when unknown. */
  readonly listener: string;
  /** Address of the sender; empty when unknown. */
  readonly peer: string;
}

/** A record as it was read. */
export interface ReadRecord extends CaptureRecord {
  /** Bytes of the payload that the sender sent and the file does not hold. */
  readonly missingBytes: number;
}

const TIMESTAMP = 1;
const PAYLOAD_SIZE = 2;
const PAYLOAD = 3;
const PID = 4;
const ANCILLARY_SIZE = 5;
const ANCILLARY = 6;
const LISTENER = 100;
const PEER = 101;

const NO_BYTES = new Uint8Array(0);
const reader = new WireReader();
const writer = new WireWriter();

/** Reads the message at [start, end); payload and ancillary data are borrowed from `bytes`. */
export function decodeRecord(
  bytes: Uint8Array,
  start: number,
  end: number,
  nsPerUnit: bigint,
): ReadRecord | WireFault {
  let timestamp = 0n;
  let size = 0;
  let payload: Uint8Array = NO_BYTES;
  let pid = 0;
  let ancillarySize = 0;
  let ancillary: Uint8Array = NO_BYTES;
  let listener = '';
  let peer = '';
  const message = reader.open(bytes, start, end);
  while (message.next()) {
    if (message.type === VARINT) {
      if (message.field === TIMESTAMP) timestamp = message.int64;
      else if (message.field === PAYLOAD_SIZE) size = message.int32;
      else if (message.field === PID) pid = message.int32;
      else if (message.field === ANCILLARY_SIZE) ancillarySize = message.int32;
    } else if (message.type === BYTES) {
      if (message.field === PAYLOAD) payload = bytes.subarray(message.start, message.end);
      else if (message.field === ANCILLARY) ancillary = bytes.subarray(message.start, message.end);
      else if (message.field === LISTENER) listener = textAt(message);
      else if (message.field === PEER) peer = textAt(message);
    }
  }
  if (message.fault !== undefined) return message.fault;
  const length = Math.max(size, 0);
  return {
    timestamp: timestamp * nsPerUnit,
    payload: payload.length > length ? payload.subarray(0, length) : payload,
    pid,
    ancillary: ancillary.subarray(0, Math.max(ancillarySize, 0)),
    listener,
    peer,
    missingBytes: Math.max(length - payload.length, 0),
  };
}

/** The record as a message of version 3. */
export function encodeRecord(record: CaptureRecord): Uint8Array {
  writer.varint(TIMESTAMP, record.timestamp);
  writer.varint(PAYLOAD_SIZE, record.payload.length);
  writer.data(PAYLOAD, record.payload);
  writer.varint(PID, record.pid);
  writer.varint(ANCILLARY_SIZE, record.ancillary.length);
  writer.data(ANCILLARY, record.ancillary);
  writer.text(LISTENER, record.listener);
  writer.text(PEER, record.peer);
  return writer.take();
}

/** When a record was received, Unix seconds. */
export function secondsOf({ timestamp }: Pick<CaptureRecord, 'timestamp'>): number {
  return Number(timestamp) / 1e9;
}

function textAt({ bytes, start, end }: WireReader): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('utf8');
}
