/**
 * Packs encoded items into payloads, each as full as its limits allow (docs/datadog.md#payloads-and-their-limits).
 *
 *   items ─▶ pending ──worst case no longer fits──▶ compressed, exact size ─▶ … ─▶ payload
 *            │                                      │
 *            never longer than what still fits       never longer than the limit
 *
 * An item goes into pending while the worst case of compressing all of it still fits below the limit. When it
 * no longer does, pending is compressed, which tells how much room there really is, and the item is tried
 * again. When that does not help, the payload is closed and the next one begun. The room shrinks with every
 * turn, so after REPACKS_MAX of them the payload counts as full.
 *
 * An item that may not fit even an empty payload is compressed on the side. If it really does not fit, it is
 * dropped and `onTooLarge` is told its name; items are never split.
 *
 * Thread  the control thread, one call of pack() or finish() at a time; compression is on the thread pool.
 * Memory  pending, which is at most about the compressed limit, and the compressed pieces of one payload.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { ProtoWriter } from '../protobuf/proto-writer.ts';
import type { CompressedBody, Compressor } from './compression.ts';
import type { ItemChunk } from './item-chunk.ts';
import type { Payload } from './payload.ts';
import type { PayloadFormat } from './payload-format.ts';

const REPACKS_MAX = 40;
/** Items that are packed before the event loop has its turn. */
const ITEMS_A_TURN = 5000;
const PENDING_BYTES = 64 * 1024;

export interface PackerOptions {
  readonly format: PayloadFormat;
  readonly compressor: Compressor;
  /** Items of one group stand together. */
  readonly isGrouped?: boolean;
  readonly onPayload: (payload: Payload) => void | Promise<void>;
  /** An item was dropped; `byteCount` is its size before compression. */
  readonly onTooLarge: (name: string, byteCount: number) => void;
}

/** An item's place in a chunk. */
interface Item {
  readonly chunk: ItemChunk;
  readonly index: number;
}

export class Packer {
  private readonly options: PackerOptions;
  private readonly headers: Readonly<Record<string, string>>;
  /** Items of the open payload that are not compressed yet. */
  private readonly pending = new ProtoWriter(PENDING_BYTES);
  private body: CompressedBody | undefined;
  /** Of the open payload: bytes before compression, without the close; items; points; times it was repacked. */
  private uncompressedBytes = 0;
  private itemCount = 0;
  private pointCount = 0;
  private repacks = 0;
  /** The group of the last item. */
  private group = '';

  constructor(options: PackerOptions) {
    this.options = options;
    const { encoding } = options.compressor;
    const { headers } = options.format;
    this.headers = encoding === undefined ? headers : { ...headers, 'Content-Encoding': encoding };
  }

  /** Packs the items of a chunk in order; payloads that are full are handed on. */
  async pack(chunk: ItemChunk): Promise<void> {
    if (this.options.isGrouped === true) chunk.group();
    let turn = 0;
    for (const index of chunk.indexes()) {
      if (++turn % ITEMS_A_TURN === 0) await nextTurn();
      const item = { chunk, index };
      if (this.fits(item)) this.append(item);
      else await this.makeRoom(item);
    }
  }

  /** Hands on the payload under way, unless it is empty. */
  async finish(): Promise<void> {
    if (this.itemCount === 0) return;
    const { format, onPayload } = this.options;
    this.pending.raw(format.close);
    const body = await this.openBody().finish(this.pendingBytes());
    const { kind, route } = format;
    const { itemCount, pointCount } = { itemCount: this.itemCount, pointCount: this.pointCount };
    this.reset();
    await onPayload({ kind, route, headers: this.headers, body, itemCount, pointCount });
  }

  /** Forgets the payload under way, after a failure. */
  abandon(): void {
    this.body?.discard();
    this.reset();
  }

  /** Repacks, closes or drops until the item is dealt with. */
  private async makeRoom(item: Item): Promise<void> {
    if (await this.isTooLarge(item)) {
      const { chunk, index } = item;
      this.options.onTooLarge(chunk.names[index] ?? '', sizeOf(item));
      return;
    }
    while (this.itemCount > 0) {
      const mayHelp = this.pending.length > 0 && this.repacks < REPACKS_MAX && this.isWithinPlain(item);
      if (mayHelp) await this.repack();
      else await this.finish();
      if (this.fits(item)) {
        this.append(item);
        return;
      }
    }
    const isSure = this.fits(item);
    this.append(item);
    if (!isSure) await this.repack();
  }

  /** Whether not even an empty payload takes the item. Where the worst case does not say, it is compressed. */
  private async isTooLarge(item: Item): Promise<boolean> {
    const { compressor, format } = this.options;
    const { limits, close } = format;
    const { chunk, index } = item;
    const open = format.open(chunk.groups[index] ?? '');
    const byteCount = open.length + sizeOf(item) + close.length;
    if ((chunk.points[index] as number) > limits.points || byteCount > limits.uncompressedBytes) return true;
    if (compressor.bound(byteCount) <= limits.compressedBytes) return false;
    const body = compressor.open();
    await body.compress(Buffer.concat([open, bytesOf(item)]));
    const compressed = body.byteCount + compressor.bound(close.length);
    body.discard();
    return compressed > limits.compressedBytes;
  }

  /** Whether the open payload takes the item for sure. */
  private fits(item: Item): boolean {
    if (!this.isWithinPlain(item)) return false;
    const { compressor, format } = this.options;
    const pending = this.pending.length + this.lengthOf(item) + format.close.length;
    const compressed = this.body?.byteCount ?? 0;
    return compressed + compressor.bound(pending) <= format.limits.compressedBytes;
  }

  /** Whether the open payload, with the item, is within the limits that compression has no part in. */
  private isWithinPlain(item: Item): boolean {
    const { limits, close } = this.options.format;
    return (
      this.pointCount + (item.chunk.points[item.index] as number) <= limits.points &&
      this.uncompressedBytes + this.lengthOf(item) + close.length <= limits.uncompressedBytes
    );
  }

  /** Bytes of the item and of what comes before it. */
  private lengthOf({ chunk, index }: Item): number {
    return (chunk.ends[index] as number) - chunk.start(index) + this.before(chunk.groups[index] ?? '').length;
  }

  private before(group: string): Uint8Array {
    const { format } = this.options;
    return this.itemCount === 0 ? format.open(group) : format.between(this.group, group);
  }

  private append(item: Item): void {
    const { chunk, index } = item;
    const group = chunk.groups[index] ?? '';
    const before = this.before(group);
    if (before.length > 0) this.pending.raw(before);
    this.pending.raw(bytesOf(item));
    this.uncompressedBytes += before.length + sizeOf(item);
    this.itemCount++;
    this.pointCount += chunk.points[index] as number;
    this.group = group;
  }

  private async repack(): Promise<void> {
    await this.openBody().compress(this.pendingBytes());
    this.pending.length = 0;
    this.repacks++;
  }

  private pendingBytes(): Uint8Array {
    return this.pending.bytes.subarray(0, this.pending.length);
  }

  private openBody(): CompressedBody {
    this.body ??= this.options.compressor.open();
    return this.body;
  }

  private reset(): void {
    this.body = undefined;
    this.pending.length = 0;
    this.uncompressedBytes = 0;
    this.itemCount = 0;
    this.pointCount = 0;
    this.repacks = 0;
    this.group = '';
  }
}

function sizeOf({ chunk, index }: Item): number {
  return (chunk.ends[index] as number) - chunk.start(index);
}

/** Borrowed from the chunk. */
function bytesOf({ chunk, index }: Item): Uint8Array {
  return chunk.writer.bytes.subarray(chunk.start(index), chunk.ends[index] as number);
}
