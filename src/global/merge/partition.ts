/**
 * A partition as its owner reads it: chunks go to open buckets, a record in the log closes them.
 *
 *   chunk ─▶ repeat? ─▶ clock ─▶ late? ─▶ open buckets ──CLOSE through t──▶ everything that ends by t, in order
 *
 * The result of a bucket is a function of the log and of the settings alone. What lies before the record that closes a
 * bucket counts; what lies after it is late. So any reader computes the same value, at any time and after any crash, and a
 * second owner does no harm: its record is one more, and the first that closes anything wins.
 *
 * A record that closes is ignored when nothing open ends by its time, when that time has passed already, or when it is
 * ahead of the time at which the log appended it: an owner with a wrong clock must not make a fleet's data late.
 *
 * No clock, no socket, no thread: records in, closed buckets out. Memory: the open buckets, the contexts (context-table.ts),
 * the edges (producers.ts), and the position of each chunk in an open bucket.
 */

import { ByteReader } from '../bytes/byte-reader.ts';
import { Chunk, type ChunkEntry, type ChunkHead } from '../chunk/chunk.ts';
import type { LogRecord } from '../log/log.ts';
import { decodeRecord } from '../log/log-record.ts';
import type { Partial } from '../partials/partial.ts';
import { ContextTable, type GlobalContext } from './context-table.ts';
import { type MergeCounts, type RefusalReason, zeroCounts } from './merge-counts.ts';
import { FUTURE_BUCKETS, fingerprintOf, type MergeSettings } from './merge-settings.ts';
import { type MergeHow, OpenBucket } from './open-bucket.ts';
import { encodePartitionState, type PartitionState, replayFrom } from './partition-state.ts';
import { type Deduplication, Producers } from './producers.ts';

/** Names whose refused contexts are counted each. */
const OVERFLOW_NAMES_MAX = 100;

export interface ClosedBucket {
  readonly start: number;
  readonly width: number;
  /** It is a difference to what was sent for the bucket before. */
  readonly isLate: boolean;
  readonly entries: readonly { readonly context: GlobalContext; readonly partial: Partial }[];
}

/** What one record closed. */
export interface ClosedSet {
  /** From 1; the same for every reader. */
  readonly ordinal: number;
  readonly closedThrough: number;
  /** When the log appended the record that closed it, Unix seconds. */
  readonly closedAt: number;
  readonly buckets: readonly ClosedBucket[];
  /** The encoded state after it. */
  readonly state: Buffer;
}

export class Partition {
  readonly counts: MergeCounts = zeroCounts();
  readonly producers = new Producers();
  /** Partials refused because their bucket had no room for another context, by metric. */
  readonly overflow = new Map<string, number>();
  /** Edges that had sent nothing, or not all, of the bucket closed last when it closed. */
  missingEdges = 0;
  private readonly settings: MergeSettings;
  private readonly deduplication: Deduplication;
  private readonly _contexts = new ContextTable();
  private readonly open = new Map<string, OpenBucket>();
  /** Position ─▶ what closedThrough was, of chunks that a state says are in open buckets. */
  private readonly toReplay = new Map<number, number>();
  private readonly replayBefore: number;
  /** Positions of chunks in buckets that may be open, by closedThrough when they were read, with the latest end. */
  private held: { readonly closedThrough: number; readonly chunks: { position: number; end: number }[] }[] =
    [];
  private _ordinal: number;
  private _closedThrough: number;
  private _next: number;

  /** `deduplication` is for tests of designs that do not work. */
  constructor(settings: MergeSettings, state?: PartitionState, deduplication?: Deduplication) {
    this.settings = settings;
    this.deduplication = deduplication ?? this.producers;
    this._ordinal = state?.ordinal ?? 0;
    this._closedThrough = state?.closedThrough ?? Number.NEGATIVE_INFINITY;
    this._next = state === undefined ? 0 : replayFrom(state);
    this.replayBefore = state === undefined ? 0 : state.position + 1;
    if (state === undefined) return;
    for (const { closedThrough, positions } of state.held)
      for (const position of positions) this.toReplay.set(position, closedThrough);
    this.deduplication.read(new ByteReader(state.producers));
  }

  /** The position to read next. */
  get next(): number {
    return this._next;
  }

  /** Where an owner that took over now would begin to read. */
  get replayFrom(): number {
    return Math.min(this._next, ...this.held.map(({ chunks }) => chunks[0]?.position ?? this._next));
  }

  /** Closes so far. */
  get ordinal(): number {
    return this._ordinal;
  }

  get closedThrough(): number {
    return this._closedThrough;
  }

  get contexts(): number {
    return this._contexts.size;
  }

  get openBuckets(): readonly OpenBucket[] {
    return [...this.open.values()];
  }

  get openBytes(): number {
    let bytes = 0;
    for (const bucket of this.open.values()) bytes += bucket.bytes;
    return bytes;
  }

  /** Takes the next record of the log; what it closed, if it did. */
  take(record: LogRecord): ClosedSet | undefined {
    const { position } = record;
    this._next = position + 1;
    const isReplay = position < this.replayBefore;
    const heldAt = this.toReplay.get(position);
    // An empty record is the engine's own: it moves a reader over a gap.
    if ((isReplay && heldAt === undefined) || record.bytes.length === 0) return undefined;
    const decoded = decodeRecord(record.bytes);
    if (decoded?.kind === 'chunk') {
      if (heldAt === undefined) this.takeChunk(decoded.chunk, decoded.sentAt, record);
      else this.replay(decoded.chunk, decoded.sentAt, record, heldAt);
    } else if (decoded?.kind === 'close') return this.takeClose(decoded.through, record);
    else this.counts.unreadable++;
    return undefined;
  }

  private takeChunk(bytes: Buffer, sentAt: number, record: LogRecord): void {
    const chunk = Chunk.open(bytes);
    if (typeof chunk === 'string') {
      if (chunk === 'version') this.counts.unknownVersions++;
      else this.counts.unreadable++;
      return;
    }
    const { head } = chunk;
    const { appendedAt } = record;
    this.counts.chunks++;
    this.counts.read += head.count;
    if (!this.deduplication.accept(head, appendedAt)) {
      this.counts.repeatedChunks++;
      this.counts.repeated += head.count;
      return;
    }
    const skew = appendedAt - sentAt / 1000;
    const producer = this.producers.get(head.edge);
    if (producer !== undefined) {
      producer.skew = skew;
      producer.width = head.width;
    }
    const start = this.startOf(head, skew);
    if (start > appendedAt + FUTURE_BUCKETS * head.width) {
      if (producer !== undefined) producer.future++;
      this.refuse('future', head.count);
      return;
    }
    const isLate = start + head.width <= this._closedThrough;
    if (isLate) {
      this.counts.lateChunks++;
      if (producer !== undefined) producer.late++;
    } else this.producers.noteProgress(head, start + head.width);
    if (isLate && this.settings.late === 'drop') {
      this.refuse('late', head.count);
      return;
    }
    this.merge(chunk, { start, closedThrough: this._closedThrough, position: record.position });
  }

  /** Takes a chunk again that a state says is in an open bucket, as it was taken then. */
  private replay(
    bytes: Buffer,
    sentAt: number,
    { position, appendedAt }: LogRecord,
    closedThrough: number,
  ): void {
    this.toReplay.delete(position);
    const chunk = Chunk.open(bytes);
    if (typeof chunk === 'string') return;
    const { head } = chunk;
    this.counts.replayed += head.count;
    const start = this.startOf(head, appendedAt - sentAt / 1000);
    this.producers.noteProgress(head, start + head.width);
    this.merge(chunk, { start, closedThrough, position, isReplay: true });
  }

  /** Where a chunk's bucket starts, moved by whole buckets when the edge's clock is off by more than one. */
  private startOf({ start, width }: ChunkHead, skew: number): number {
    if (this.settings.skew === 'keep' || Math.abs(skew) <= width) return start;
    return start + Math.round(skew / width) * width;
  }

  private merge(chunk: Chunk, at: TakenAt): void {
    const { head, reader } = chunk;
    const { closedThrough } = at;
    const isLate = at.start + head.width <= closedThrough;
    // What came late is as late as it was when it was first read.
    const nextStart = isLate ? startAfter(closedThrough, head.width) : at.start;
    const how: MergeHow = { isLate, contextsMax: this.settings.contextsMax };
    const differs: MergeHow = { ...how, isLate: false };
    const sendsDifferences = isLate && this.settings.late === 'resend';
    // Looked up once: nearly all entries of a chunk go to one bucket.
    let next: OpenBucket | undefined;
    let latestEnd = Number.NEGATIVE_INFINITY;
    let done = 0;
    const visit = (entry: ChunkEntry): void => {
      const isDifference = sendsDifferences && ADDS.has(entry.type);
      const start = isDifference ? at.start : nextStart;
      // A replay finds parts of a chunk whose buckets have closed since.
      const isOver = isDifference || start + head.width <= this._closedThrough;
      if (at.isReplay === true && isOver) return;
      let bucket: OpenBucket;
      if (isDifference) bucket = this.bucketAt(start, head.width, true);
      else {
        next ??= this.bucketAt(start, head.width, false);
        bucket = next;
      }
      const id = this._contexts.take(chunk, entry, this._ordinal + 1);
      const { name, type } = this._contexts.at(id);
      if (type !== entry.type) throw new RangeError('two types have the hash of one context');
      reader.at = entry.partialStart;
      const outcome = bucket.merge(id, type, reader, head.edge, isDifference ? differs : how);
      if (outcome !== 'full') latestEnd = Math.max(latestEnd, isDifference ? 0 : bucket.end);
      if (outcome !== 'full' && reader.at > entry.partialEnd)
        throw new RangeError('a partial is longer than its entry says');
      done++;
      if (at.isReplay === true) return;
      this.count(outcome, isLate);
      if (outcome === 'full') this.countOverflow(name);
    };
    try {
      chunk.forEach(visit);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      if (at.isReplay !== true) this.refuse('damaged', head.count - done);
    }
    if (latestEnd > Number.NEGATIVE_INFINITY) this.hold(at.position, closedThrough, latestEnd);
  }

  private count(outcome: 'merged' | 'full' | 'meaningless', isLate: boolean): void {
    if (outcome === 'full') this.refuse('contexts', 1);
    else if (outcome === 'meaningless') this.refuse('late_gauge', 1);
    else if (isLate) this.counts.late++;
    else this.counts.merged++;
  }

  private refuse(reason: RefusalReason, partials: number): void {
    this.counts.refused[reason] += partials;
  }

  private countOverflow(name: string): void {
    const key = this.overflow.has(name) || this.overflow.size < OVERFLOW_NAMES_MAX ? name : '';
    this.overflow.set(key, (this.overflow.get(key) ?? 0) + 1);
  }

  private hold(position: number, closedThrough: number, end: number): void {
    const group = this.held.find((one) => one.closedThrough === closedThrough);
    if (group !== undefined) group.chunks.push({ position, end });
    else this.held.push({ closedThrough, chunks: [{ position, end }] });
  }

  private bucketAt(start: number, width: number, isLate: boolean): OpenBucket {
    const key = `${start} ${width} ${isLate}`;
    const known = this.open.get(key);
    if (known !== undefined) return known;
    const bucket = new OpenBucket(start, width, isLate);
    this.open.set(key, bucket);
    return bucket;
  }

  private takeClose(through: number, { position, appendedAt }: LogRecord): ClosedSet | undefined {
    const closing = [...this.open]
      .filter(([, bucket]) => bucket.isLate || bucket.end <= through)
      .sort(([, a], [, b]) => a.end - b.end || a.width - b.width || Number(b.isLate) - Number(a.isLate));
    if (!(through > this._closedThrough) || through > appendedAt || closing.length === 0) {
      this.counts.ignoredCloses++;
      return undefined;
    }
    this.counts.closes++;
    this._ordinal++;
    this._closedThrough = through;
    const newest = closing.findLast(([, { isLate }]) => !isLate)?.[1];
    if (newest !== undefined) this.missingEdges = this.producers.missing(newest.end, newest.width);
    for (const [key] of closing) this.open.delete(key);
    for (const group of this.held)
      group.chunks.splice(0, group.chunks.length, ...group.chunks.filter(({ end }) => end > through));
    this.held = this.held.filter(({ chunks }) => chunks.length > 0);
    this.deduplication.forget(appendedAt, through);
    const buckets = closing.map(([, bucket]) => this.closed(bucket));
    this._contexts.sweep(this._ordinal);
    return {
      ordinal: this._ordinal,
      closedThrough: through,
      closedAt: appendedAt,
      buckets,
      state: this.encodeState(position),
    };
  }

  private closed({ start, width, isLate, partials }: OpenBucket): ClosedBucket {
    const entries = [...partials].map(([id, partial]) => ({ context: this._contexts.at(id), partial }));
    return { start, width, isLate, entries };
  }

  private encodeState(position: number): Buffer {
    return encodePartitionState(
      {
        fingerprint: fingerprintOf(this.settings),
        ordinal: this._ordinal,
        closedThrough: this._closedThrough,
        position,
        held: this.held.map(({ closedThrough, chunks }) => ({
          closedThrough,
          positions: chunks.map((chunk) => chunk.position),
        })),
      },
      this.deduplication,
    );
  }
}

/** When and as what a chunk is taken. */
interface TakenAt {
  /** Start of its bucket, after skew. */
  readonly start: number;
  readonly closedThrough: number;
  readonly position: number;
  readonly isReplay?: boolean;
}

/** Types whose results an output can add up. */
const ADDS: ReadonlySet<string> = new Set(['counter', 'distribution']);

/** The first bucket of a width that ends after `time`. */
function startAfter(time: number, width: number): number {
  return Math.floor(time / width) * width;
}
