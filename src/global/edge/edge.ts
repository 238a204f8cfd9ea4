/**
 * The edge: what one flush has for the fleet, as chunks.
 *
 *   context, bucket, partial ─▶ partition ─▶ pending in that bucket and partition ──end of flush──▶ chunks, numbered
 *
 * Partitioned by context; on the first of two levels by edge, so that each bucket is one full chunk.
 * A context that is aggregated here as well may lose tags on its way to the fleet; several then become one.
 *
 * Thread  the control thread, within a flush. Reads no clock.
 * Memory  the contexts of the fleet (edge-contexts.ts); the partials of one flush.
 */
import type { Context } from '../../model/context.ts';
import type { GlobalGauge } from '../../model/metric-rule.ts';
import type { PartialData } from '../../model/partial-data.ts';
import type { ByteString } from '../../model/text.ts';
import { ByteReader } from '../bytes/byte-reader.ts';
import { ByteWriter } from '../bytes/byte-writer.ts';
import { partitionOf } from '../chunk/fleet-hash.ts';
import { makePartial, partialOf, writePartial } from '../partials/make-partial.ts';
import type { Partial, Source } from '../partials/partial.ts';
import { EdgeChunks, PendingPartials } from './edge-chunks.ts';
import { EdgeContexts } from './edge-contexts.ts';

export interface EdgeSettings {
  /** 16 characters, one a byte; the same at every start when there is a folder to keep it in. */
  readonly id: Source;
  /** Later at every start. */
  readonly epoch: number;
  readonly partitions: number;
  /** Partitioned by edge rather than by context. */
  readonly byEdge: boolean;
  readonly chunkBytes: number;
  /** `global.hash_key`. */
  readonly hashKey: string;
}

export interface EdgeChunk {
  readonly partition: number;
  readonly bytes: Buffer;
  /** Partials in it. */
  readonly count: number;
}

/** How a context joins the fleet's. */
export interface Joining {
  readonly gauge: GlobalGauge;
  /** The tags it has there. */
  readonly tags: readonly ByteString[];
  /** Whether contexts that differ here may be one there. */
  readonly isShared: boolean;
}

/** What one bucket has, by partition. */
interface OpenChunks {
  readonly start: number;
  readonly width: number;
  readonly pending: Map<number, PendingPartials>;
  /** Contexts of the fleet that several here may have joined, by hash. */
  readonly shared: Map<string, Shared>;
}

interface Shared {
  /** The first that joined. */
  readonly id: number;
  readonly partition: number;
  readonly partial: Partial;
  joined: number;
}

export class Edge {
  /** Partials in chunks. */
  sealed = 0;
  private readonly settings: EdgeSettings;
  private readonly submit: (chunk: EdgeChunk) => void;
  private readonly buckets = new Map<string, OpenChunks>();
  /** The one asked for last: nearly always the one asked for next. */
  private latest: OpenChunks | undefined;
  /** Empty ones, whose memory is used again. */
  private readonly spare: PendingPartials[] = [];
  private readonly ownPartition: number;
  /** Chunks of each partition since the start. */
  private readonly numbers: Float64Array;
  private readonly contexts: EdgeContexts;
  private readonly chunks: EdgeChunks;
  private readonly writer = new ByteWriter();

  constructor(settings: EdgeSettings, submit: (chunk: EdgeChunk) => void) {
    this.settings = settings;
    this.submit = submit;
    this.numbers = new Float64Array(settings.partitions);
    this.ownPartition = partitionOf(Buffer.from(settings.id, 'latin1'), settings.partitions);
    this.contexts = new EdgeContexts(settings.hashKey, settings.partitions);
    this.chunks = new EdgeChunks(this.contexts, settings.chunkBytes);
  }

  /** Takes what a context has in a bucket. Borrows `data` for the call. */
  take(
    context: Context,
    bucket: { readonly start: number; readonly widthSeconds: number },
    data: PartialData,
    { tags, gauge, isShared }: Joining,
  ): void {
    const ofContext = this.contexts.partitionOf(context, tags);
    const partition = this.settings.byEdge ? this.ownPartition : ofContext;
    const open = this.openAt(bucket.start, bucket.widthSeconds);
    if (isShared) {
      this.join(open, context, partition, partialOf(data, gauge));
      return;
    }
    const pending = this.pendingOf(open, partition);
    writePartial(data, gauge, pending.begin(context.id));
    pending.end();
  }

  /** Ends the flush: submits its chunks, in ascending order of number in each partition. */
  endFlush(): void {
    const { id: edge, epoch } = this.settings;
    const buckets = [...this.buckets.values()].sort((a, b) => a.start + a.width - b.start - b.width);
    this.buckets.clear();
    this.latest = undefined;
    for (const open of buckets) {
      const { start, width } = open;
      for (const { id, partition, partial } of open.shared.values()) {
        const pending = this.pendingOf(open, partition);
        partial.write(pending.begin(id));
        pending.end();
      }
      for (const [partition, pending] of open.pending) {
        const next = this.numbers[partition] as number;
        const chunks = this.chunks.build(pending, { edge, epoch, start, width }, next + 1);
        pending.clear();
        this.spare.push(pending);
        this.numbers[partition] = next + chunks.length;
        for (const { bytes, count } of chunks) {
          this.sealed += count;
          this.submit({ partition, bytes, count });
        }
      }
    }
  }

  /** Contexts are gone; their ids may be given to others. To be called between a flush and the next. */
  forget(ids: readonly number[]): void {
    this.contexts.forget(ids);
  }

  /** The rules have changed, and with them the tags that contexts may lose. To be called between two flushes. */
  forgetAll(): void {
    this.contexts.forgetAll();
  }

  private pendingOf(open: OpenChunks, partition: number): PendingPartials {
    let pending = open.pending.get(partition);
    if (pending === undefined) {
      pending = this.spare.pop() ?? new PendingPartials();
      open.pending.set(partition, pending);
    }
    return pending;
  }

  /** Gauges of contexts that join are counted side by side, like those of different edges. */
  private join(open: OpenChunks, { id, type }: Context, partition: number, partial: Partial): void {
    const key = this.contexts.hashKeyOf(id);
    let shared = open.shared.get(key);
    if (shared === undefined) {
      shared = { id, partition, partial: makePartial(type), joined: 0 };
      open.shared.set(key, shared);
    }
    this.writer.clear();
    partial.write(this.writer);
    shared.partial.merge(new ByteReader(this.writer.bytes()), this.settings.id, String(shared.joined++));
  }

  private openAt(start: number, width: number): OpenChunks {
    if (this.latest?.start === start && this.latest.width === width) return this.latest;
    const key = `${start} ${width}`;
    this.latest = this.buckets.get(key);
    if (this.latest !== undefined) return this.latest;
    const open: OpenChunks = { start, width, pending: new Map(), shared: new Map() };
    this.buckets.set(key, open);
    this.latest = open;
    return open;
  }
}
