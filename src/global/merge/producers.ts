/**
 * Producers: which chunks of each edge a partition has taken, and what is known about the edge's clock.
 *
 *   source ─▶ epoch, number of the newest chunk │ when │ skew │ how complete its buckets are │ counts
 *
 * An edge appends its chunks in ascending order of (epoch, number), and only ever repeats the newest. So whatever is not
 * above the newest is a repeat, however long ago its bucket closed.
 *
 * Memory  about 200 bytes an edge; one that has been silent for an hour is forgotten.
 */
import type { ByteReader } from '../bytes/byte-reader.ts';
import type { ByteWriter } from '../bytes/byte-writer.ts';
import { type ChunkHead, EDGE_ID_BYTES } from '../chunk/chunk.ts';
import type { Source } from '../partials/partial.ts';
import { FORGET_EDGE_SECONDS } from './merge-settings.ts';

/** Early closing waits for the edges that were there in so many buckets before. */
const RECENT_BUCKETS = 6;

export interface Producer {
  epoch: number;
  number: number;
  /** When its newest chunk was appended, Unix seconds. */
  lastAt: number;
  /** Log's time minus the edge's at the last attempt, seconds; more than 0 when the edge is behind. */
  skew: number;
  /** Width of its newest bucket, seconds; 0 while it is not known. */
  width: number;
  /** End of the newest bucket it sent anything of, and of the newest it sent all of. */
  seenEnd: number;
  completeEnd: number;
  /** Chunks. */
  late: number;
  repeats: number;
  future: number;
}

/** Decides what a repeat is. */
export interface Deduplication {
  /** Whether the chunk is new; notes it then. */
  accept(head: ChunkHead, appendedAt: number): boolean;
  /** After a close through `closedThrough` at the log's time `now`. */
  forget(now: number, closedThrough: number): void;
  write(writer: ByteWriter): void;
  read(reader: ByteReader): void;
}

export class Producers implements Deduplication {
  private readonly bySource = new Map<Source, Producer>();

  get size(): number {
    return this.bySource.size;
  }

  accept({ edge, epoch, number }: ChunkHead, appendedAt: number): boolean {
    const known = this.bySource.get(edge);
    if (known === undefined) {
      this.bySource.set(edge, newProducer(epoch, number, appendedAt));
      return true;
    }
    const isNew = epoch > known.epoch || (epoch === known.epoch && number > known.number);
    known.lastAt = Math.max(known.lastAt, appendedAt);
    if (!isNew) {
      known.repeats++;
      return false;
    }
    known.epoch = epoch;
    known.number = number;
    return true;
  }

  get(source: Source): Producer | undefined {
    return this.bySource.get(source);
  }

  all(): Iterable<readonly [Source, Producer]> {
    return this.bySource;
  }

  /** Notes how far an edge is: `end` is where the bucket of the chunk ends. */
  noteProgress(head: ChunkHead, end: number): void {
    const producer = this.bySource.get(head.edge);
    if (producer === undefined) return;
    producer.seenEnd = Math.max(producer.seenEnd, end);
    if (head.seq === head.lastSeq) producer.completeEnd = Math.max(producer.completeEnd, end);
  }

  /** Whether every edge of late has sent all of the bucket that ends at `end`. */
  isComplete(end: number, width: number): boolean {
    let recent = 0;
    for (const { seenEnd, completeEnd } of this.bySource.values()) {
      if (seenEnd < end - RECENT_BUCKETS * width) continue;
      recent++;
      if (completeEnd < end) return false;
    }
    return recent > 0;
  }

  /** Edges of late that have not sent all of the bucket that ends at `end`. */
  missing(end: number, width: number): number {
    let missing = 0;
    for (const { seenEnd, completeEnd } of this.bySource.values())
      if (seenEnd >= end - RECENT_BUCKETS * width && completeEnd < end) missing++;
    return missing;
  }

  forget(now: number): void {
    for (const [source, { lastAt }] of this.bySource)
      if (lastAt < now - FORGET_EDGE_SECONDS) this.bySource.delete(source);
  }

  write(writer: ByteWriter): void {
    writer.varint(this.bySource.size);
    for (const [source, { epoch, number, lastAt }] of this.bySource) {
      writer.raw(Buffer.from(source, 'latin1'));
      writer.f64(epoch);
      writer.varint(number);
      writer.f64(lastAt);
    }
  }

  read(reader: ByteReader): void {
    for (let left = reader.count(EDGE_ID_BYTES); left > 0; left--) {
      const source = reader.raw(EDGE_ID_BYTES).toString('latin1');
      this.bySource.set(source, newProducer(reader.f64(), reader.varint(), reader.f64()));
    }
  }
}

function newProducer(epoch: number, number: number, lastAt: number): Producer {
  return {
    epoch,
    number,
    lastAt,
    skew: 0,
    width: 0,
    seenEnd: 0,
    completeEnd: 0,
    late: 0,
    repeats: 0,
    future: 0,
  };
}
