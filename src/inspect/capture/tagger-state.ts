/**
 * What a capture knows about the workloads that sent it: the tags of containers, and which process was in which.
 *
 *   TaggerState   1 state: map of text to Entity   2 pidMap: map of pid to entity id   3 duration, ms   100 note
 *   Entity        1 id { 1 prefix, 2 uid }   3 high   4 orchestrator   5 low   6 standard   7 isComplete
 *   note          1 moment, ns   2 reason   3 asked, ms   4 dropped packets   5 dropped bytes        ours
 *
 * Entities are keyed by their id, because the keys of the map differ between releases (`abc`, `container_id://abc`).
 * Standard tags are low ones as well. Text is kept as bytes (model/text.ts).
 *
 * Limits  ENTITIES_MAX entities and processes; what is beyond them is counted.
 */
import type { ByteString } from '../../model/text.ts';
import { BYTES, VARINT, type WireFault, WireReader } from './wire-reader.ts';
import { WireWriter } from './wire-writer.ts';

export interface EntityTags {
  readonly low: readonly ByteString[];
  readonly orchestrator: readonly ByteString[];
  readonly high: readonly ByteString[];
}

/** What whippet writes beside the Agent's fields. */
export interface CaptureNote {
  /** The moment that had the capture saved, Unix nanoseconds; 0 when there was none. */
  readonly moment: bigint;
  /** Why, such as `packets dropped`; empty for a capture that somebody asked for. */
  readonly reason: string;
  /** What should have been captured and did not fit. */
  readonly droppedPackets: number;
  readonly droppedBytes: number;
}

export interface TaggerState {
  /** By entity id, such as `container_id://abc`. */
  readonly entities: ReadonlyMap<ByteString, EntityTags>;
  /** Entity ids by process id. */
  readonly pids: ReadonlyMap<number, ByteString>;
  /** How long the capture was to run, ms; 0 when the file does not say. */
  readonly durationMs: number;
  readonly note: CaptureNote;
  /** Entities and processes beyond the limit. */
  readonly leftOut: number;
}

const ENTITIES_MAX = 100_000;
const NO_NOTE: CaptureNote = { moment: 0n, reason: '', droppedPackets: 0, droppedBytes: 0 };

export const EMPTY_STATE: TaggerState = {
  entities: new Map(),
  pids: new Map(),
  durationMs: 0,
  note: NO_NOTE,
  leftOut: 0,
};

interface Entity {
  prefix: ByteString;
  uid: ByteString;
  readonly low: ByteString[];
  readonly orchestrator: ByteString[];
  readonly high: ByteString[];
  readonly standard: ByteString[];
}

export function decodeState(bytes: Uint8Array): TaggerState | WireFault {
  const entities = new Map<ByteString, EntityTags>();
  const pids = new Map<number, ByteString>();
  let durationMs = 0;
  let note = NO_NOTE;
  let leftOut = 0;
  let fault: WireFault | undefined;
  const fields = new WireReader().open(bytes, 0, bytes.length);
  while (fields.next() && fault === undefined) {
    if (fields.field === 3 && fields.type === VARINT) durationMs = Number(fields.int64);
    if (fields.type !== BYTES) continue;
    const { start, end } = fields;
    if (fields.field === 1) {
      const entry = decodeEntry(bytes, start, end);
      if (typeof entry === 'string') fault = entry;
      else if (entities.size >= ENTITIES_MAX) leftOut++;
      else entities.set(...entry);
    } else if (fields.field === 2) {
      const process = decodeProcess(bytes, start, end);
      if (typeof process === 'string') fault = process;
      else if (pids.size >= ENTITIES_MAX) leftOut++;
      else pids.set(...process);
    } else if (fields.field === 100) {
      const read = decodeNote(bytes, start, end);
      if (typeof read === 'string') fault = read;
      else note = read;
    }
  }
  return fields.fault ?? fault ?? { entities, pids, durationMs, note, leftOut };
}

export function encodeState({ entities, pids, durationMs, note }: TaggerState): Uint8Array {
  const state = new WireWriter();
  const entry = new WireWriter();
  for (const [id, tags] of entities) {
    entry.item(1, toBytes(id));
    entry.item(2, encodeEntity(id, tags));
    state.item(1, entry.take());
  }
  for (const [pid, id] of pids) {
    entry.varint(1, pid);
    entry.item(2, toBytes(id));
    state.item(2, entry.take());
  }
  state.varint(3, Math.round(durationMs));
  entry.varint(1, note.moment);
  entry.text(2, note.reason);
  entry.varint(4, note.droppedPackets);
  entry.varint(5, note.droppedBytes);
  state.data(100, entry.take());
  return state.take();
}

function encodeEntity(id: ByteString, { low, orchestrator, high }: EntityTags): Uint8Array {
  const split = id.indexOf('://');
  const name = new WireWriter();
  name.data(1, toBytes(id.slice(0, Math.max(split, 0))));
  name.data(2, toBytes(split < 0 ? id : id.slice(split + 3)));
  const entity = new WireWriter();
  entity.item(1, name.take());
  for (const tag of high) entity.item(3, toBytes(tag));
  for (const tag of orchestrator) entity.item(4, toBytes(tag));
  for (const tag of low) entity.item(5, toBytes(tag));
  return entity.take();
}

/** An entry of the map of entities: its id, and its tags. */
function decodeEntry(bytes: Uint8Array, start: number, end: number): [ByteString, EntityTags] | WireFault {
  let key = '';
  const entity: Entity = { prefix: '', uid: '', low: [], orchestrator: [], high: [], standard: [] };
  const fields = new WireReader().open(bytes, start, end);
  while (fields.next()) {
    if (fields.type !== BYTES) continue;
    if (fields.field === 1) key = textOf(fields);
    else if (fields.field === 2) {
      const fault = decodeEntity(bytes, fields.start, fields.end, entity);
      if (fault !== undefined) return fault;
    }
  }
  if (fields.fault !== undefined) return fields.fault;
  const { prefix, uid, low, orchestrator, high, standard } = entity;
  const id = uid === '' ? withPrefix(key) : `${prefix === '' ? 'container_id' : prefix}://${uid}`;
  return [id, { low: [...new Set([...low, ...standard])], orchestrator, high }];
}

function decodeEntity(bytes: Uint8Array, start: number, end: number, entity: Entity): WireFault | undefined {
  const fields = new WireReader().open(bytes, start, end);
  while (fields.next()) {
    if (fields.type !== BYTES) continue;
    if (fields.field === 1) {
      const id = new WireReader().open(bytes, fields.start, fields.end);
      while (id.next()) {
        if (id.type !== BYTES) continue;
        if (id.field === 1) entity.prefix = textOf(id);
        else if (id.field === 2) entity.uid = textOf(id);
      }
      if (id.fault !== undefined) return id.fault;
    } else if (fields.field === 3) entity.high.push(textOf(fields));
    else if (fields.field === 4) entity.orchestrator.push(textOf(fields));
    else if (fields.field === 5) entity.low.push(textOf(fields));
    else if (fields.field === 6) entity.standard.push(textOf(fields));
  }
  return fields.fault;
}

function decodeProcess(bytes: Uint8Array, start: number, end: number): [number, ByteString] | WireFault {
  let pid = 0;
  let id = '';
  const fields = new WireReader().open(bytes, start, end);
  while (fields.next()) {
    if (fields.field === 1 && fields.type === VARINT) pid = fields.int32;
    else if (fields.field === 2 && fields.type === BYTES) id = textOf(fields);
  }
  return fields.fault ?? [pid, withPrefix(id)];
}

function decodeNote(bytes: Uint8Array, start: number, end: number): CaptureNote | WireFault {
  let { moment, reason, droppedPackets, droppedBytes } = NO_NOTE;
  const fields = new WireReader().open(bytes, start, end);
  while (fields.next()) {
    if (fields.type === BYTES && fields.field === 2) reason = textOf(fields);
    if (fields.type !== VARINT) continue;
    if (fields.field === 1) moment = fields.int64;
    else if (fields.field === 4) droppedPackets = Number(fields.int64);
    else if (fields.field === 5) droppedBytes = Number(fields.int64);
  }
  return fields.fault ?? { moment, reason, droppedPackets, droppedBytes };
}

function withPrefix(id: ByteString): ByteString {
  return id === '' || id.includes('://') ? id : `container_id://${id}`;
}

function textOf({ bytes, start, end }: WireReader): ByteString {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1');
}

function toBytes(text: ByteString): Uint8Array {
  return Buffer.from(text, 'latin1');
}
