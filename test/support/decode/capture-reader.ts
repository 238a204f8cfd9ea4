/**
 * A reader of captures that shares nothing with the server's: whole file in memory, records by the protobuf library.
 * What the server writes is read back with it.
 */
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';

export interface IndependentRecord {
  timestamp: bigint;
  payloadSize: number;
  payload: string;
  pid: number;
  ancillary: string;
  /** Fields that the Agent does not know, by number. */
  readonly others: Record<number, string>;
}

export interface IndependentCapture {
  readonly version: number;
  /** `undefined` for one that the library cannot decode. */
  readonly records: readonly (IndependentRecord | undefined)[];
  readonly end: 'end of file' | 'truncated record' | 'separator, state not usable' | 'separator, state';
  readonly state: Uint8Array;
  readonly pids: ReadonlyMap<number, string>;
}

export function readIndependently(file: Uint8Array): IndependentCapture {
  const bytes = Buffer.from(file);
  if (bytes.length < 8 || bytes.readUInt32BE(0) !== 0xd474d060 || bytes.readUIntBE(5, 3) !== 0xff0000)
    throw new Error('no capture');
  const version = (bytes[4] as number) ^ 0xf0;
  if (version < 1 || version > 3) throw new Error('no capture');
  const records: (IndependentRecord | undefined)[] = [];
  const none = { state: new Uint8Array(0), pids: new Map<number, string>() };
  let at = 8;
  for (;;) {
    if (bytes.length - at < 4) return { version, records, end: 'end of file', ...none };
    const length = bytes.readUInt32LE(at);
    at += 4;
    if (length === 0) break;
    if (at + length > bytes.length) return { version, records, end: 'truncated record', ...none };
    records.push(recordOf(bytes.subarray(at, at + length)));
    at += length;
  }
  const size = bytes.length - at - 4;
  if (size <= 0 || bytes.readUInt32LE(bytes.length - 4) !== size)
    return { version, records, end: 'separator, state not usable', ...none };
  const state = bytes.subarray(at, at + size);
  return { version, records, end: 'separator, state', state, pids: pidsOf(state) };
}

function recordOf(message: Uint8Array): IndependentRecord | undefined {
  const record: IndependentRecord = {
    timestamp: 0n,
    payloadSize: 0,
    payload: '',
    pid: 0,
    ancillary: '',
    others: {},
  };
  const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');
  try {
    const reader = new BinaryReader(message);
    while (reader.pos < reader.len) {
      const [field, type] = reader.tag();
      if (type === WireType.Varint && field === 1) record.timestamp = BigInt(reader.int64());
      else if (type === WireType.Varint && field === 2) record.payloadSize = reader.int32();
      else if (type === WireType.LengthDelimited && field === 3) record.payload = latin1(reader.bytes());
      else if (type === WireType.Varint && field === 4) record.pid = reader.int32();
      else if (type === WireType.LengthDelimited && field === 6) record.ancillary = latin1(reader.bytes());
      else if (type === WireType.LengthDelimited && field >= 100)
        record.others[field] = latin1(reader.bytes());
      else reader.skip(type, field);
    }
    return reader.pos === reader.len ? record : undefined;
  } catch {
    return undefined;
  }
}

function pidsOf(state: Uint8Array): Map<number, string> {
  const pids = new Map<number, string>();
  try {
    const reader = new BinaryReader(state);
    while (reader.pos < reader.len) {
      const [field, type] = reader.tag();
      if (field !== 2 || type !== WireType.LengthDelimited) {
        reader.skip(type, field);
        continue;
      }
      const entry = new BinaryReader(reader.bytes());
      let [pid, id] = [0, ''];
      while (entry.pos < entry.len) {
        const [key, wire] = entry.tag();
        if (key === 1) pid = entry.int32();
        else if (key === 2) id = entry.string();
        else entry.skip(wire, key);
      }
      pids.set(pid, id);
    }
  } catch {
    return new Map();
  }
  return pids;
}
