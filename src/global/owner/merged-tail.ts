/**
 * The tail of `merged`: which sets of results are whole, and how far they are delivered.
 *
 *   result 7, 0 of 2 │ result 7, 1 of 2 │ state 7, 0 of 1 │ delivered 7 │ result 8, 0 of 1 │ …
 *
 * A result without its state does not exist. The first whole set of an ordinal wins; a second one, from an owner that did
 * not know it had been replaced, or from one that crashed, says the same.
 *
 * Memory  the sets that are not delivered, and the newest state.
 */

import type { LogRecord } from '../log/log.ts';
import { decodeRecord, type Part, type ResultFlags } from '../log/log-record.ts';
import type { Source } from '../partials/partial.ts';

/** One result: a chunk, and what it is for. */
export interface ResultChunk extends ResultFlags {
  readonly chunk: Buffer;
}

export interface MergedSet {
  readonly ordinal: number;
  readonly writer: Source;
  readonly results: readonly ResultChunk[];
  /** Encoded (merge/partition-state.ts). */
  readonly state: Buffer;
}

interface Pieces {
  readonly results: Map<number, ResultChunk>;
  readonly states: Map<number, Buffer>;
}

/** In front of a state: how many results belong to it. */
const RESULT_COUNT_BYTES = 4;

export class MergedTail {
  /** Sets up to here are with the outputs, and the sketches of those up to `sketches` may be. */
  delivered = 0;
  sketches = 0;
  newest: MergedSet | undefined;
  private readonly sets = new Map<number, MergedSet>();
  private readonly pieces = new Map<string, Pieces>();

  /** Takes the records in order; may be told some of them again. */
  take(records: readonly LogRecord[]): void {
    for (const { bytes } of records) this.takeOne(bytes);
  }

  /** Whole sets that are not delivered, in order. */
  get undelivered(): readonly MergedSet[] {
    return [...this.sets.values()].sort((a, b) => a.ordinal - b.ordinal);
  }

  /** The set of an ordinal, if it is whole and not delivered. */
  get(ordinal: number): MergedSet | undefined {
    return this.sets.get(ordinal);
  }

  noteDelivered(ordinal: number, sketches: number): void {
    this.delivered = Math.max(this.delivered, ordinal);
    this.sketches = Math.max(this.sketches, sketches);
    for (const known of this.sets.keys()) if (known <= this.delivered) this.sets.delete(known);
  }

  private takeOne(bytes: Buffer): void {
    const record = decodeRecord(bytes);
    if (record?.kind === 'delivered') {
      this.noteDelivered(record.ordinal, record.sketches);
    } else if (record?.kind === 'result') {
      const { isLate, isForwarded, chunk } = record;
      this.piecesOf(record.part).results.set(record.part.index, { isLate, isForwarded, chunk });
    } else if (record?.kind === 'state') {
      const pieces = this.piecesOf(record.part);
      pieces.states.set(record.part.index, record.state);
      this.join(record.part, pieces);
    }
  }

  private piecesOf({ ordinal, writer }: Part): Pieces {
    const key = `${ordinal} ${writer}`;
    const known = this.pieces.get(key);
    if (known !== undefined) return known;
    const pieces: Pieces = { results: new Map(), states: new Map() };
    this.pieces.set(key, pieces);
    return pieces;
  }

  private join({ ordinal, writer, of }: Part, { results, states }: Pieces): void {
    if (states.size < of) return;
    const state = Buffer.concat(inOrder(states));
    const count = state.readUInt32LE(0);
    if (results.size < count) return;
    this.pieces.delete(`${ordinal} ${writer}`);
    const isFirst = ordinal > (this.newest?.ordinal ?? 0);
    if (!isFirst) return;
    const set: MergedSet = {
      ordinal,
      writer,
      results: inOrder(results),
      state: state.subarray(RESULT_COUNT_BYTES),
    };
    this.newest = set;
    if (ordinal > this.delivered) this.sets.set(ordinal, set);
    // What an owner left half-written will never be whole.
    for (const key of this.pieces.keys()) if (Number.parseInt(key, 10) <= ordinal) this.pieces.delete(key);
  }
}

/** A state as it stands in the log, behind the number of its results. */
export function withResultCount(state: Uint8Array, results: number): Buffer {
  const bytes = Buffer.allocUnsafe(RESULT_COUNT_BYTES + state.length);
  bytes.writeUInt32LE(results, 0);
  bytes.set(state, RESULT_COUNT_BYTES);
  return bytes;
}

function inOrder<T>(byIndex: ReadonlyMap<number, T>): T[] {
  return [...byIndex].sort(([a], [b]) => a - b).map(([, value]) => value);
}
