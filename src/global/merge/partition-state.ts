/**
 * The state of a partition after a close: with it and the log, any owner continues where another stopped.
 *
 *   ordinal         closes so far
 *   closedThrough   end of the last bucket that closed
 *   position        of the record that closed it
 *   held            chunks before that record that are in buckets still open: their positions, grouped by what
 *                   `closedThrough` was when each was read, which decides what was late
 *   producers       the newest chunk of each edge (producers.ts)
 *
 * A new owner reads the log from the first position held, takes of what lies before `position` exactly the chunks held,
 * and everything after it as if it had read it all. The newest chunk of each edge alone would not do: chunks of open
 * buckets are not above it and would be lost. The ids of the chunks in open buckets alone would not do either: a repeat of
 * a chunk whose bucket has closed would be taken for late data and counted twice.
 *
 * Encoded   version 1 │ fingerprint text │ numbers │ groups of held positions as distances │ producers; 30 bytes an edge.
 */
import { ByteReader } from '../bytes/byte-reader.ts';
import { ByteWriter } from '../bytes/byte-writer.ts';
import type { Deduplication } from './producers.ts';

const VERSION = 1;

export interface HeldGroup {
  readonly closedThrough: number;
  /** Ascending. */
  readonly positions: readonly number[];
}

export interface PartitionState {
  /** Of the settings it was computed with (merge-settings.ts). */
  readonly fingerprint: string;
  readonly ordinal: number;
  readonly closedThrough: number;
  readonly position: number;
  readonly held: readonly HeldGroup[];
  /** Encoded; the part of Deduplication. */
  readonly producers: Buffer;
}

/** Where a new owner begins to read. */
export function replayFrom({ position, held }: PartitionState): number {
  return Math.min(position + 1, ...held.map(({ positions }) => positions[0] ?? Number.POSITIVE_INFINITY));
}

export function encodePartitionState(
  state: Omit<PartitionState, 'producers'>,
  deduplication: Pick<Deduplication, 'write'>,
): Buffer {
  const writer = new ByteWriter();
  writer.u8(VERSION);
  writer.text(state.fingerprint);
  writer.varint(state.ordinal);
  writer.f64(state.closedThrough);
  writer.varint(state.position);
  writer.varint(state.held.length);
  for (const { closedThrough, positions } of state.held) {
    writer.f64(closedThrough);
    writer.varint(positions.length);
    let before = 0;
    for (const position of positions) {
      writer.varint(position - before);
      before = position;
    }
  }
  deduplication.write(writer);
  return writer.bytes();
}

/** Throws a RangeError when the bytes are no state, or of a later version. */
export function decodePartitionState(bytes: Buffer): PartitionState {
  const reader = new ByteReader(bytes);
  const version = reader.u8();
  if (version !== VERSION)
    throw new RangeError(`a state has version ${version}; this whippet reads ${VERSION}`);
  const fingerprint = reader.text();
  const ordinal = reader.varint();
  const closedThrough = reader.f64();
  const position = reader.varint();
  const held: HeldGroup[] = [];
  for (let groups = reader.count(9); groups > 0; groups--) {
    const group = { closedThrough: reader.f64(), positions: [] as number[] };
    let before = 0;
    for (let left = reader.count(); left > 0; left--) {
      before += reader.varint();
      group.positions.push(before);
    }
    held.push(group);
  }
  return {
    fingerprint,
    ordinal,
    closedThrough,
    position,
    held,
    producers: Buffer.from(bytes.subarray(reader.at)),
  };
}
