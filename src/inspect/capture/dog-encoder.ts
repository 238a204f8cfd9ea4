/**
 * Encodes a capture of version 3, as dog-decoder.ts draws it: the Agent and its tools read it.
 *
 *   header, records as they come, then separator, state and its length
 */
import { LATEST_VERSION } from './dog-decoder.ts';
import { type CaptureRecord, encodeRecord } from './record.ts';
import { EMPTY_STATE, encodeState, type TaggerState } from './tagger-state.ts';

export function dogHeader(): Uint8Array {
  return Uint8Array.of(0xd4, 0x74, 0xd0, 0x60, 0xf0 | LATEST_VERSION, 0xff, 0x00, 0x00);
}

/** A record in which everything is at its default: its time, spelled out. A length of 0 would be the separator. */
export const EMPTY_RECORD = Uint8Array.of(0x08, 0x00);

/** A record with its length before it. */
export function dogRecord(record: CaptureRecord): Uint8Array {
  const encoded = encodeRecord(record);
  const message = encoded.length > 0 ? encoded : EMPTY_RECORD;
  const framed = new Uint8Array(4 + message.length);
  new DataView(framed.buffer).setUint32(0, message.length, true);
  framed.set(message, 4);
  return framed;
}

/** What follows the last record. */
export function dogTrailer(state: TaggerState = EMPTY_STATE): Uint8Array {
  const bytes = encodeState(state);
  const trailer = new Uint8Array(4 + bytes.length + 4);
  trailer.set(bytes, 4);
  new DataView(trailer.buffer).setUint32(4 + bytes.length, bytes.length, true);
  return trailer;
}

/** A whole capture. */
export function encodeDog(records: Iterable<CaptureRecord>, state?: TaggerState): Uint8Array {
  const parts = [dogHeader()];
  for (const record of records) parts.push(dogRecord(record));
  parts.push(dogTrailer(state));
  return Buffer.concat(parts);
}
