/**
 * Shard pipeline: lines in, sealed buckets out. The one assembly of core and cold path that the listener threads, the
 * warm-up, `simulate` and the tests all run, so that they cannot come to different answers.
 *
 *   packet in the shard's memory ─▶ core ──cached line──▶ open bucket ──seal()──▶ sealed bucket
 *                                     └─uncached─▶ Resolver ─▶ slot ─▶ ▲
 *                                                     └▶ sink: new contexts, events, checks, rejected lines
 *
 * It knows no socket, no thread, no file and no clock: whoever runs it says when a packet was received, when a bucket
 * is over, and what becomes of sealed buckets and freed slots.
 *
 * Memory  one shared WebAssembly memory, given by the caller, which the control thread may read.
 * Thread  whichever calls it; one at a time.
 */
import { Core, type CoreSettings, countersView, type HashKey, type Resolve } from '../core/core.ts';
import { RESOLVER_SCRATCH_BYTES } from '../enrich/context-slots.ts';
import type { PacketOrigin } from '../enrich/enrich.ts';
import { Resolver, type ResolverSink } from '../enrich/resolver.ts';
import type { EnrichSettings } from '../enrich/settings.ts';
import { awaitedKeys } from '../enrich/tags/awaited.ts';
import { TagTable, type WorkloadsChange } from '../enrich/tags/tag-table.ts';
import type { Tagger } from '../enrich/tags/tagger.ts';
import { bucketStartOf } from '../model/bucket-start.ts';
import type { Dialects } from '../model/dialect.ts';
import type { EventMessage, ParsedMetric, ServiceCheckMessage } from '../model/message.ts';
import { type ByteString, toByteString } from '../model/text.ts';
import type { ContextLimits } from '../model/views/cardinality.ts';
import { parseMessage } from '../protocol/message.ts';
import type { ParseObserver, ParseOptions } from '../protocol/options.ts';
import { CORE_COUNTERS } from '../telemetry/counters/core-counters.ts';
import type { ShardCounters } from '../telemetry/counters/shard-counters.ts';
import { Senders } from './senders.ts';
import { uncachedCore } from './uncached-core.ts';
import { type WaitingLine, WaitingLines } from './waiting-lines.ts';

export interface ShardPipelineOptions<Sink extends ResolverSink> {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly hashKey: HashKey;
  readonly core: CoreSettings;
  readonly limits: ContextLimits;
  readonly enrich: EnrichSettings;
  readonly tagger: Tagger;
  /** How often buckets are sealed; every width of buckets is a multiple. Seconds. */
  readonly intervalSeconds: number;
  /** Unix seconds; the bucket of this time is open first. */
  readonly openedAt: number;
  /** Whether every message must end with LF. */
  readonly eolRequired: boolean;
  /** What is not DogStatsD and understood all the same. */
  readonly dialects?: Dialects | undefined;
  readonly counters: ShardCounters;
  /** Makes whoever is told what is not for the core; the core is asked for the keys of new contexts. */
  readonly sink: (core: Core) => Sink;
  readonly observer?: ParseObserver;
  /** What the sockets told about origin `number`; that of `senders` when it is not given. */
  readonly senderOf?: (origin: number) => PacketOrigin;
  /**
   * Asks for what is not known of a sender (tags/awaited.ts); its lines wait for the answer. Without it no line waits.
   */
  readonly askForOrigin?: (key: ByteString) => void;
  /** Asked after each uncached line: whether the thread must look at its socket. Never, when not given. */
  readonly mustYield?: () => boolean;
  /** False makes every line take the cold path, which changes nothing but the speed. */
  readonly caching?: boolean;
}

export class ShardPipeline<Sink extends ResolverSink = ResolverSink> {
  readonly core: Core;
  readonly resolver: Resolver;
  readonly sink: Sink;
  /** The containers that packets come from, as numbers. */
  readonly senders = new Senders();
  /** The core's counters, as they change (telemetry/counters/core-counters.ts names them). */
  readonly counters: Float64Array;
  private readonly parse: ParseOptions;
  private readonly intervalSeconds: number;
  private readonly eolRequired: boolean;
  private start: number;
  private tagger: Tagger;
  private settings: EnrichSettings;
  private readonly waiting: WaitingLines | undefined;
  /** When the line that is resolved again was received. */
  private heldSince: number | undefined;

  constructor(options: ShardPipelineOptions<Sink>) {
    const { module, memory, hashKey, intervalSeconds, mustYield, core: settings } = options;
    this.intervalSeconds = intervalSeconds;
    this.eolRequired = options.eolRequired;
    this.tagger = options.tagger;
    this.settings = options.enrich;
    this.start = this.bucketOf(options.openedAt);
    const resolve: Resolve = (line, length, origin, tags, tagsBytes) => {
      this.resolver.resolve(line, length, origin, tags, tagsBytes);
      return mustYield?.() === true ? 1 : 0;
    };
    this.core = new Core(module, memory, settings, hashKey, this.start, resolve);
    this.counters = countersView(memory, this.core.countersPtr);
    this.sink = options.sink(this.core);
    const { askForOrigin } = options;
    this.waiting =
      askForOrigin === undefined
        ? undefined
        : new WaitingLines({ counters: options.counters, ask: askForOrigin });
    this.parse = {
      noAggregationPipeline: settings.timestamps,
      originDetectionClient: settings.clientFields,
      dialects: options.dialects,
    };
    const parse = options.observer === undefined ? this.parse : { ...this.parse, observer: options.observer };
    this.resolver = new Resolver({
      core: options.caching === false ? uncachedCore(this.core) : this.core,
      scratchPtr: this.core.takeRegion(RESOLVER_SCRATCH_BYTES),
      parse: (line, rest) => parseMessage(line, parse, rest),
      settings: options.enrich,
      limits: options.limits,
      tagger: options.tagger,
      counters: options.counters,
      sink: this.sink,
      senderOf: options.senderOf ?? ((origin) => this.senders.senderOf(origin)),
      ...(this.waiting && { hold: (...line) => this.hold(...line) }),
    });
  }

  /** Lines the core has seen, whatever became of them. */
  get lineCount(): number {
    return this.counters[CORE_COUNTERS.lines] as number;
  }

  /** Start of the open bucket, Unix seconds. */
  get openStart(): number {
    return this.start;
  }

  /** Start of the bucket that holds a time, Unix seconds. */
  bucketOf(seconds: number): number {
    return bucketStartOf(seconds, this.intervalSeconds);
  }

  /** Start of the bucket after the one that holds a time, Unix seconds. */
  bucketAfter(seconds: number): number {
    return this.bucketOf(seconds) + this.intervalSeconds;
  }

  /** Hot path. Whether what is received at this time belongs to the open bucket. */
  isOpenAt(seconds: number): boolean {
    return seconds >= this.start && seconds < this.start + this.intervalSeconds;
  }

  /**
   * Hot path. Ingests a packet received at Unix time `receivedAt`; true when the cold path wants to yield. A packet from
   * another kind of listener, as a capture holds, may have its own rule for the last LF.
   */
  ingest(
    ptr: number,
    length: number,
    origin: number,
    receivedAt: number,
    truncated: boolean,
    eolRequired = this.eolRequired,
  ): boolean {
    this.core.clock[0] = receivedAt;
    return this.core.ingest(ptr, length, origin, eolRequired, truncated);
  }

  /**
   * Hot path. Ingests packets [first, count) of a batch received at Unix time `receivedAt` (core.ts says how they lie
   * in memory); the index of the first it did not take, because the cold path wanted to yield. `origins` is where the
   * numbers of their senders are; 0 when none is known.
   */
  ingestBatch(
    headers: number,
    slots: number,
    slotBytes: number,
    origins: number,
    first: number,
    end: number,
    receivedAt: number,
  ): number {
    this.core.clock[0] = receivedAt;
    return this.core.ingestBatch(headers, slots, slotBytes, origins, first, end, this.eolRequired);
  }

  /** How many messages a packet holds. */
  countMessages(ptr: number, length: number): number {
    return this.core.countMessages(ptr, length);
  }

  /**
   * Seals the open bucket and opens the one that starts at `next`, which may be the same. Where the sealed bucket is in
   * memory; undefined when it was empty. The bucket sealed before must have been read: its memory is used again.
   */
  seal(next: number): number | undefined {
    const isEmpty = this.core.openIsEmpty;
    const bucket = this.core.sealBucket(next);
    this.start = next;
    return isEmpty ? undefined : bucket;
  }

  /** Seals what the open bucket holds and goes on filling it; undefined, and nothing is done, when it is empty. */
  sealPart(): number | undefined {
    return this.core.openIsEmpty ? undefined : this.core.sealBucket(this.start);
  }

  /** Whether idle lines and contexts are still to be forgotten, by sweep(). */
  get isSweeping(): boolean {
    return this.core.isSweeping;
  }

  /** Looks at some `entries` lines and contexts and forgets the idle ones. Returns the slots that freed; often none. */
  sweep(entries: number): Uint32Array {
    const freed = this.core.freedSlots(this.core.sweep(entries));
    if (freed.length > 0) this.resolver.slots.free(freed);
    return freed;
  }

  /** Whether a line would be rejected. It is only looked at: nothing is counted. */
  isRejected(line: ByteString): boolean {
    return parseMessage(line, this.parse).kind === 'error';
  }

  /** Takes new settings between two packets. What cached lines stand for may have changed, so all are forgotten. */
  use(settings: EnrichSettings, tagger: Tagger): void {
    this.tagger = tagger;
    this.settings = settings;
    this.resolver.use(settings, tagger);
    this.core.forgetLines();
  }

  /** The container whose directory in the v2 hierarchy has this id. */
  containerOfCgroup(id: bigint): ByteString | undefined {
    return this.tagger instanceof TagTable ? this.tagger.containerOfCgroup(id) : undefined;
  }

  /** The number that the sender of a packet that waited has now. */
  currentOrigin(origin: number): number {
    return this.senders.current(origin);
  }

  /** Takes what has changed of workloads, between two packets. Cached lines that rest on it are looked up anew. */
  learn(change: WorkloadsChange): void {
    if (!(this.tagger instanceof TagTable)) return;
    const { all, slots } = this.tagger.apply(change);
    const { entities = {}, inodes = {}, cgroups = {}, external = {} } = change;
    for (const entity of Object.keys(entities)) this.senders.renew(toByteString(entity));
    for (const [id, container] of Object.entries(cgroups))
      if (container !== null) this.senders.identify(id, toByteString(container));
    if (all) {
      this.core.forgetLines();
      this.tagger.forgetAsked();
    } else this.core.forgetLinesOf([...slots]);
    if (this.waiting === undefined || this.waiting.count === 0) return;
    for (const [key, known] of [
      ...Object.entries(entities),
      ...withPrefix('inode', inodes),
      ...withPrefix('cgroup', cgroups),
      ...withPrefix('external', external),
    ])
      if (known !== null) this.release(this.waiting.known(toByteString(key)), true);
  }

  /** Nobody knows what was asked for. */
  learnNotFound(keys: readonly ByteString[], now: number): void {
    for (const key of keys) this.release(this.waiting?.notFound(key, now) ?? [], true);
  }

  /** Lets the lines go on that have waited for their time. To be called with the time of what is ingested next. */
  releaseOverdue(now: number): void {
    if (this.waiting === undefined || this.waiting.count === 0) return;
    if (Number.isFinite(now)) this.core.clock[0] = now;
    this.release(this.waiting.overdue(now), false);
  }

  /** A line waits when something that it rests on may be known in a moment. */
  private hold(
    message: ParsedMetric | EventMessage | ServiceCheckMessage,
    sender: PacketOrigin,
    line: () => ByteString,
    origin: number,
  ): boolean {
    if (!(this.tagger instanceof TagTable) || this.waiting === undefined) return false;
    const { unified } = this.settings.origin;
    const keys = awaitedKeys(message, sender, this.tagger, unified);
    if (keys.length === 0) return false;
    const now = this.core.clock[0] as number;
    return this.waiting.hold(keys, line(), origin, this.heldSince ?? now, now);
  }

  private release(lines: readonly WaitingLine[], mayHold: boolean): void {
    for (const { line, origin, receivedAt } of lines) {
      this.heldSince = receivedAt;
      this.resolver.resolveKept(line, this.senders.current(origin), mayHold);
    }
    this.heldSince = undefined;
  }
}

function withPrefix<Value>(
  prefix: string,
  links: Readonly<Record<string, Value>>,
): (readonly [string, Value])[] {
  return Object.entries(links).map(([key, value]) => [`${prefix} ${key}`, value]);
}
