/**
 * A pipeline: everything that happens to one kind of payload between its encoder and the sink.
 *
 *   encoder ─▶ open chunk ──full, or the flush ends──▶ queue ─▶ packer ─▶ sink
 *
 * Chunks are encoded items (item-chunk.ts), or rows that become columns when they are packed (columns/series-rows.ts).
 *
 * Thread   the control thread. Chunks are packed one at a time, with a turn of the event loop before each.
 * Memory   at most QUEUE_BYTES_MAX, of grouped items GROUPED_BYTES_MAX, wait for the packer, beside one open chunk.
 * Full     further items are dropped and counted.
 * Totals  taken = packed + dropped + held, in series, sketches, events or service checks.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Log } from '../../lib/log.ts';
import type { ByteString } from '../../model/text.ts';
import { toSafeText } from '../safe-text.ts';
import { ColumnPacker } from './columns/column-packer.ts';
import { SeriesRows } from './columns/series-rows.ts';
import type { Compressor } from './compression.ts';
import { ItemChunk } from './item-chunk.ts';
import { Packer, type PackerOptions } from './packer.ts';
import type { Payload, PayloadKind, PayloadSink } from './payload.ts';
import type { PayloadFormat } from './payload-format.ts';

export const DROP_REASONS = ['too_large', 'non_finite', 'queue_full', 'failed'] as const;
export type DropReason = (typeof DROP_REASONS)[number];

const QUEUE_BYTES_MAX = 64 * 1024 * 1024;
/** A flush that is one chunk is put in order in one turn of the event loop, so it is kept smaller. */
const GROUPED_BYTES_MAX = 8 * 1024 * 1024;
const CHUNK_BYTES = 256 * 1024;
/** Dropped items that the log names, of each reason and flush. */
const NAMES_MAX = 3;
const NAME_LENGTH_MAX = 200;

export interface PipelineOptions {
  readonly format: PayloadFormat;
  readonly compressor: Compressor;
  readonly sink: PayloadSink;
  readonly log: Log;
  /** Items of one group have to stand together, so a flush is packed as one chunk. */
  readonly isGrouped?: boolean;
  readonly queueBytesMax?: number;
}

/** What is written between two turns of the packer. */
export interface Chunk {
  readonly size: number;
  readonly byteCount: number;
}

interface ChunkPacker<C> {
  pack(chunk: C): Promise<void>;
  finish(): Promise<void>;
  abandon(): void;
}

/** What a pipeline carries: how its chunks are made and packed. */
interface Cargo<C> {
  makeChunk(): C;
  makePacker(options: PackerOptions): ChunkPacker<C>;
}

/** Items that are encoded one by one. */
export function itemPipeline(options: PipelineOptions): Pipeline<ItemChunk> {
  return new Pipeline(options, {
    makeChunk: () => new ItemChunk(CHUNK_BYTES),
    makePacker: (packing) => new Packer(packing),
  });
}

/** Series that become columns of their payload. */
export function columnPipeline(options: PipelineOptions): Pipeline<SeriesRows> {
  return new Pipeline(options, {
    makeChunk: () => new SeriesRows(),
    makePacker: (packing) => new ColumnPacker(packing),
  });
}

export class Pipeline<C extends Chunk = Chunk> {
  readonly kind: PayloadKind;
  taken = 0;
  packed = 0;
  payloads = 0;
  payloadBytes = 0;
  readonly dropped = new Map<DropReason, number>(DROP_REASONS.map((reason) => [reason, 0]));
  private readonly options: PipelineOptions;
  private readonly cargo: Cargo<C>;
  private readonly packer: ChunkPacker<C>;
  private readonly queueBytesMax: number;
  private open: C;
  /** Items of the open chunk that are counted as taken. */
  private counted = 0;
  private _queuedBytes = 0;
  private queuedItems = 0;
  /** Everything that was queued, packed. */
  private work: Promise<void> = Promise.resolve();
  /** What the log has not heard of yet. */
  private readonly unsaid = new Map<DropReason, { count: number; names: string[] }>();

  constructor(options: PipelineOptions, cargo: Cargo<C>) {
    this.options = options;
    this.cargo = cargo;
    this.open = cargo.makeChunk();
    this.kind = options.format.kind;
    this.queueBytesMax =
      options.queueBytesMax ?? (options.isGrouped === true ? GROUPED_BYTES_MAX : QUEUE_BYTES_MAX);
    this.packer = cargo.makePacker({
      format: options.format,
      compressor: options.compressor,
      isGrouped: options.isGrouped === true,
      onPayload: (payload) => this.handOn(payload),
      onTooLarge: (name, byteCount) => this.drop('too_large', `${nameOf(name)} (${byteCount} bytes)`),
    });
  }

  get queuedBytes(): number {
    return this._queuedBytes + this.open.byteCount;
  }

  get droppedItems(): number {
    return [...this.dropped.values()].reduce((sum, count) => sum + count, 0);
  }

  /** Items that are neither packed nor dropped yet. */
  get held(): number {
    return this.taken - this.packed - this.droppedItems;
  }

  /** Where to write the next items, `count` at most; undefined, and they are dropped, when the queue is full. */
  room(count: number, name: ByteString): C | undefined {
    if (this.queuedBytes < this.queueBytesMax) return this.open;
    this.refuse('queue_full', name, count);
    return undefined;
  }

  /** Counts what was written to room(), and queues it when it is enough. */
  wrote(): void {
    this.taken += this.open.size - this.counted;
    this.counted = this.open.size;
    if (this.open.byteCount >= CHUNK_BYTES && this.options.isGrouped !== true) this.queueOpen(false);
  }

  /** Counts items that came and cannot be written. */
  refuse(reason: DropReason, name: ByteString, count = 1): void {
    this.taken += count;
    this.drop(reason, nameOf(name), count);
  }

  /** Ends the flush: what was taken becomes payloads, also when the last one is not full. */
  flush(): void {
    this.queueOpen(true);
  }

  /** Resolves when everything that was flushed has been handed to the sink. */
  whenIdle(): Promise<void> {
    return this.work;
  }

  private queueOpen(endsFlush: boolean): void {
    const chunk = this.open;
    const { byteCount, size } = chunk;
    if (size > 0) {
      this.open = this.cargo.makeChunk();
      this.counted = 0;
      this._queuedBytes += byteCount;
      this.queuedItems += size;
    }
    this.work = this.work.then(() => this.pack(chunk, endsFlush));
  }

  private async pack(chunk: C, endsFlush: boolean): Promise<void> {
    try {
      if (chunk.size > 0) {
        await nextTurn();
        await this.packer.pack(chunk);
      }
      if (endsFlush) await this.packer.finish();
    } catch (error) {
      this.abandon(chunk.size, error);
    } finally {
      this._queuedBytes -= chunk.byteCount;
      this.queuedItems -= chunk.size;
    }
    if (endsFlush) this.tellDrops();
  }

  private async handOn(payload: Payload): Promise<void> {
    this.packed += payload.itemCount;
    this.payloads++;
    this.payloadBytes += payload.body.length;
    await this.options.sink.submit(payload);
  }

  /** Compression failed, for want of memory or because of a bug: what was being packed is lost. */
  private abandon(chunkItems: number, error: unknown): void {
    this.packer.abandon();
    const waiting = this.queuedItems - chunkItems + this.counted;
    this.drop('failed', '', this.held - waiting);
    this.options.log.error(
      { kind: this.kind, err: error },
      'could not build a Datadog payload; its contents are lost',
    );
  }

  private drop(reason: DropReason, name: string, count = 1): void {
    this.dropped.set(reason, (this.dropped.get(reason) ?? 0) + count);
    const unsaid = this.unsaid.get(reason) ?? { count: 0, names: [] };
    unsaid.count += count;
    if (unsaid.names.length < NAMES_MAX && name !== '') unsaid.names.push(name);
    this.unsaid.set(reason, unsaid);
  }

  /** One line of the log for each reason, at most once a flush. */
  private tellDrops(): void {
    for (const [reason, { count, names }] of this.unsaid) {
      const fields = { kind: this.kind, reason, dropped: count, names };
      this.options.log.error(fields, 'the Datadog output dropped items it cannot send');
    }
    this.unsaid.clear();
  }
}

function nameOf(name: ByteString): string {
  return toSafeText(name.slice(0, NAME_LENGTH_MAX));
}
