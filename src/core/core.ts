/**
 * The typed bridge to the core (assembly/index.ts): one instance is one shard's hot path.
 *
 * Memory  a shared WebAssembly memory that the control thread made, so that it can read sealed buckets
 *         and counters. The core hands out regions of it; whoever writes packets asks for one.
 * Thread  only the listener thread that owns the shard calls it.
 */
import { assert } from '../lib/assert.ts';
import {
  BEGINNING_BYTES,
  CONTEXT_KEY_WORDS,
  CORE_COUNTERS,
  NEW_SLOT,
  NO_SLOT,
  TOO_MANY_TAGS,
} from '../model/core-border.ts';
import type { ByteString } from '../model/text.ts';
import { failAssertion } from './failed-assertion.ts';
import { powersOfFive } from './powers-of-five.ts';

/** WebAssembly pages, 64 KiB each: what a shard starts with and may grow to (2 GiB). */
const PAGES_INITIAL = 16;
const PAGES_MAX = 32_768;
const POWER_MIN = -64;
const POWER_MAX = 64;

export interface CoreSettings {
  /** Cached lines, each of the two tables. */
  readonly linesMax: number;
  /** Contexts with a slot. */
  readonly contextsMax: number;
  /** Distinct (context, key) pairs a bucket holds: bins, values, elements. */
  readonly keysMax: number;
  /** Distinct values a histogram keeps exactly. */
  readonly histogramValuesMax: number;
  /** Whether a sample of a histogram or distribution weighs 1/rate, and not the whole part of it (`weights`). */
  readonly exactWeights: boolean;
  /** Samples with a timestamp of their own a bucket holds. */
  readonly timestampedMax: number;
  /** Buckets after which an unseen line is forgotten. */
  readonly idleBuckets: number;
  /** Whether `T` counts (dogstatsd_no_aggregation_pipeline). */
  readonly timestamps: boolean;
  /** Whether `c:`, `e:` and `card:` count for what a line is. */
  readonly clientFields: boolean;
}

/** The secret of a server's hashes; all its shards share it, so that a context has one key. */
export interface HashKey {
  readonly bytes: Uint8Array;
  readonly seed: bigint;
  /** For elements of sets, when all servers of a fleet are to hash them alike; those of `bytes` otherwise. */
  readonly elements?: Uint8Array;
}

/**
 * The cold path as the core calls it. `tags` is where the tag field of the line is, of 0 bytes when it has none or was not
 * read. Must not throw. Answers 1 to make the thread look at its socket.
 */
export type Resolve = (
  line: number,
  length: number,
  origin: number,
  tags: number,
  tagsBytes: number,
) => number;

/** What `contextSlot` found. */
export interface ContextSlot {
  slot: number;
  isNew: boolean;
  /** Whether a tag came more than once; only of tags that are a set. */
  repeats: boolean;
}

/** The exports of the module; Core says what each does. */
export interface CoreExports {
  initialize(): number;
  hashKeyBytes(): number;
  takeElementKey(): number;
  useElementKey(ptr: number): void;
  configure(
    linesMax: number,
    contextsMax: number,
    keysMax: number,
    histogramValuesMax: number,
    exactWeights: number,
    timestampedMax: number,
    idleBuckets: number,
    timestamps: number,
    clientFields: number,
    keySeed: bigint,
    start: number,
  ): number;
  counters(): number;
  clock(): number;
  takeRegion(bytes: number): number;
  ingest(ptr: number, length: number, origin: number, eol: number, truncated: number): number;
  ingestBatch(
    headers: number,
    slots: number,
    slotBytes: number,
    origins: number,
    first: number,
    messages: number,
    eol: number,
  ): number;
  countMessages(ptr: number, length: number): number;
  install(slot: number, op: number, copySlot: number, orderFree: number, sparing: number): void;
  addSample(slot: number, op: number, value: number, rate: number, timestamp: number): void;
  addElement(slot: number, element: number, length: number): void;
  contextSlot(
    ptr: number,
    head: number,
    length: number,
    variant: number,
    ordered: number,
    mayAdd: number,
    written: number,
  ): number;
  dropRepeatedTags(ptr: number, head: number, length: number): number;
  anyItemBeginsWith(ptr: number, stop: number, beginnings: number, count: number): number;
  copyBytes(from: number, to: number, length: number): void;
  contextKey(): number;
  sealBucket(start: number): number;
  openStart(): number;
  openIsEmpty(): number;
  isSweeping(): number;
  sweepStep(entries: number): number;
  freedSlots(): number;
  forgetLines(): void;
  forgetLinesOf(slots: number, length: number): void;
  ageRegions(): void;
  beginRelease(): void;
  takeReleasable(): number;
  releasableBytes(): number;
}

/** The memory of a shard, which may grow to `pagesMax` pages of 64 KiB. */
export function makeShardMemory(pagesMax = PAGES_MAX): WebAssembly.Memory {
  return new WebAssembly.Memory({ initial: PAGES_INITIAL, maximum: pagesMax, shared: true });
}

export { HASH_KEY_BYTES } from '../model/core-border.ts';

export class Core {
  readonly memory: WebAssembly.Memory;
  /** Where the counters are, for the control thread. */
  readonly countersPtr: number;
  /**
   * One number: the Unix time, in seconds with fraction, of what is ingested next. It is memory and not an
   * argument because an argument would be a new object in every call.
   */
  readonly clock: Float64Array;
  private readonly wasm: CoreExports;
  private buffer: ArrayBufferLike;
  private view: Buffer;
  private readonly found: ContextSlot = { slot: 0, isNew: false, repeats: false };
  /** The key of the context contextSlot() last spoke of, and behind it how many of its tags were there before. */
  private readonly foundContext: Uint32Array;
  private readonly contextKey: Uint32Array;
  /** Texts that the core knows, and where. */
  private beginnings: { readonly list: readonly ByteString[]; readonly ptr: number } = { list: [], ptr: 0 };
  /** Where numbers of slots are handed to the core. */
  private slotList = { ptr: 0, capacity: 0 };

  constructor(
    module: WebAssembly.Module,
    memory: WebAssembly.Memory,
    settings: CoreSettings,
    key: HashKey,
    start: number,
    resolve: Resolve,
  ) {
    const abort = (message: number, file: number, line: number, column: number): never =>
      failAssertion(memory, message, file, line, column);
    const instance = new WebAssembly.Instance(module, { env: { memory, resolve, abort } });
    this.wasm = instance.exports as unknown as CoreExports;
    this.memory = memory;
    const keyPtr = this.wasm.initialize();
    new Uint8Array(memory.buffer).set(key.bytes.subarray(0, this.wasm.hashKeyBytes()), keyPtr);
    const powersPtr = this.wasm.configure(
      settings.linesMax,
      settings.contextsMax,
      settings.keysMax,
      settings.histogramValuesMax,
      Number(settings.exactWeights),
      settings.timestampedMax,
      settings.idleBuckets,
      Number(settings.timestamps),
      Number(settings.clientFields),
      BigInt.asIntN(64, key.seed),
      start,
    );
    new BigUint64Array(memory.buffer, powersPtr).set(powersOfFive(POWER_MIN, POWER_MAX));
    if (key.elements !== undefined) {
      const ptr = this.wasm.takeElementKey();
      new Uint8Array(memory.buffer).set(key.elements.subarray(0, this.wasm.hashKeyBytes()), ptr);
      this.wasm.useElementKey(ptr);
    }
    this.countersPtr = this.wasm.counters();
    this.clock = new Float64Array(memory.buffer, this.wasm.clock(), 1);
    this.foundContext = new Uint32Array(memory.buffer, this.wasm.contextKey(), CONTEXT_KEY_WORDS + 1);
    this.contextKey = this.foundContext.subarray(0, CONTEXT_KEY_WORDS);
    this.buffer = memory.buffer;
    this.view = Buffer.from(this.buffer);
  }

  /** The shard's memory as bytes. Borrowed: valid until the next call that may take memory. */
  get bytes(): Buffer {
    if (this.memory.buffer !== this.buffer) {
      this.buffer = this.memory.buffer;
      this.view = Buffer.from(this.buffer);
    }
    return this.view;
  }

  /** Takes a zeroed region for good. Throws when the memory's maximum is reached. */
  takeRegion(bytes: number): number {
    const region = this.wasm.takeRegion(bytes);
    if (region === 0) throw new Error(`shard memory cannot hold ${bytes} more bytes`);
    return region;
  }

  /** Ingests one packet received at `clock[0]`; true when the cold path asked to look at the socket. */
  ingest(ptr: number, length: number, origin: number, eol: boolean, truncated: boolean): boolean {
    return this.wasm.ingest(ptr, length, origin, Number(eol), Number(truncated)) !== 0;
  }

  /** Ingests messages [first, count) of a batch received at `clock[0]`; the index of the first it did not take. */
  ingestBatch(
    headers: number,
    slots: number,
    slotBytes: number,
    origins: number,
    first: number,
    count: number,
    eol: boolean,
  ): number {
    return this.wasm.ingestBatch(headers, slots, slotBytes, origins, first, count, Number(eol));
  }

  /** How many messages a packet holds. */
  countMessages(ptr: number, length: number): number {
    return this.wasm.countMessages(ptr, length);
  }

  /** Within resolve(): caches what the line does, when `sparing` at second sight. `copySlot` is -1 for no copy. */
  install(slot: number, op: number, copySlot: number, orderFree: boolean, sparing: boolean): void {
    this.wasm.install(slot, op, copySlot + 1, Number(orderFree), Number(sparing));
  }

  addSample(slot: number, op: number, value: number, rate: number, timestamp: number): void {
    this.wasm.addSample(slot, op, value, rate, timestamp);
  }

  addElement(slot: number, ptr: number, length: number): void {
    this.wasm.addElement(slot, ptr, length);
  }

  /**
   * Finds or makes the slot of the context whose text (name LF host LF tags joined by LF) is at `ptr`.
   * `head` is the length up to the tags, `variant` its type. The first `written` bytes of tags may be joined by commas,
   * which this makes LF. Tags that are not `ordered` are a set: those that repeat count once, and the slot of too many
   * is TOO_MANY_TAGS. Without `mayAdd`, or without room, the slot of an unknown one is NO_SLOT. Borrowed: valid until
   * the next call.
   */
  contextSlot(
    ptr: number,
    head: number,
    length: number,
    variant: number,
    ordered: boolean,
    mayAdd: boolean,
    written: number,
  ): ContextSlot {
    const { wasm } = this;
    const answer =
      wasm.contextSlot(ptr, head, length, variant, Number(ordered), Number(mayAdd), written) >>> 0;
    this.found.repeats = this.foundContext[CONTEXT_KEY_WORDS] !== 0;
    this.found.isNew = answer >= NEW_SLOT && answer !== NO_SLOT && answer !== TOO_MANY_TAGS;
    this.found.slot = this.found.isNew ? answer - NEW_SLOT : answer;
    return this.found;
  }

  /** Leaves each tag of the text that contextSlot() was given at its first place alone; the length of what is left. */
  dropRepeatedTags(ptr: number, head: number, length: number): number {
    return this.wasm.dropRepeatedTags(ptr, head, length);
  }

  /** Whether an item of the text at `ptr`, whose items are joined by commas, begins with one of the few `beginnings`. */
  anyItemBeginsWith(ptr: number, length: number, beginnings: readonly ByteString[]): boolean {
    // The same list each time, so it is written once.
    if (this.beginnings.list !== beginnings) this.beginnings = this.writeBeginnings(beginnings);
    return this.wasm.anyItemBeginsWith(ptr, ptr + length, this.beginnings.ptr, beginnings.length) !== 0;
  }

  /** Copies within the shard's memory. JavaScript's own copyWithin() takes 5 us for 2 KB of shared memory. */
  copyBytes(from: number, to: number, length: number): void {
    this.wasm.copyBytes(from, to, length);
  }

  /** Writes the 128-bit key of the context contextSlot() last spoke of into four words. */
  writeContextKey(into: Uint32Array, at: number): void {
    into.set(this.contextKey, at);
  }

  private writeBeginnings(list: readonly ByteString[]): { list: readonly ByteString[]; ptr: number } {
    const ptr = this.takeRegion(list.length * BEGINNING_BYTES);
    list.forEach((text, i) => {
      assert(text.length > 0 && text.length < BEGINNING_BYTES, 'a beginning has a byte and fits');
      const at = ptr + i * BEGINNING_BYTES;
      this.bytes[at] = text.length;
      this.bytes.write(text, at + 1, 'latin1');
    });
    return { list, ptr };
  }

  get openStart(): number {
    return this.wasm.openStart();
  }

  get openIsEmpty(): boolean {
    return this.wasm.openIsEmpty() !== 0;
  }

  /**
   * Seals the open bucket and opens the one at `start`; where the sealed one is. Lines and contexts that have been
   * idle are forgotten from then on, by sweep().
   */
  sealBucket(start: number): number {
    return this.wasm.sealBucket(start);
  }

  /** Whether idle lines and contexts are still to be forgotten. */
  get isSweeping(): boolean {
    return this.wasm.isSweeping() !== 0;
  }

  /** Looks at some `entries` lines and contexts and forgets the idle ones; how many slots that freed. */
  sweep(entries: number): number {
    return this.wasm.sweepStep(entries) >>> 0;
  }

  /** The `count` slots that the last sweep() freed. Asked for before anything else is. */
  freedSlots(count: number): Uint32Array {
    return new Uint32Array(this.memory.buffer, this.wasm.freedSlots(), count).slice();
  }

  /** Forgets all cached lines, as after a change of what lines mean. */
  forgetLines(): void {
    this.wasm.forgetLines();
  }

  /** Forgets the cached lines that some slots are behind, so that they are resolved anew. */
  forgetLinesOf(slots: readonly number[]): void {
    if (slots.length === 0) return;
    const bytes = slots.length * Uint32Array.BYTES_PER_ELEMENT;
    if (this.slotList.capacity < bytes) {
      // The largest there can be is a few times the last; the core has no need of the one before.
      this.slotList = { ptr: this.takeRegion(2 * bytes), capacity: 2 * bytes };
    }
    new Uint32Array(this.memory.buffer, this.slotList.ptr, slots.length).set(slots);
    this.wasm.forgetLinesOf(this.slotList.ptr, slots.length);
  }

  /**
   * Has `release` make zero what regions hold that have been free since the last call, by giving the pages back
   * to the system. It is handed their place and length in the memory, multiples of 4,096. Returns how many bytes that were.
   */
  releaseFree(release: (ptr: number, bytes: number) => void): number {
    let total = 0;
    this.wasm.beginRelease();
    for (let ptr = this.wasm.takeReleasable(); ptr !== 0; ptr = this.wasm.takeReleasable()) {
      const bytes = this.wasm.releasableBytes();
      release(ptr >>> 0, bytes);
      total += bytes;
    }
    this.wasm.ageRegions();
    return total;
  }
}

/** A view of a shard's counters; a memory that grows keeps earlier views valid. */
export function countersView(memory: WebAssembly.Memory, ptr: number): Float64Array {
  return new Float64Array(memory.buffer, ptr, CORE_COUNTERS);
}
