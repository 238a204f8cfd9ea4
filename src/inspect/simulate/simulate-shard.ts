/**
 * A shard of a simulation: the pipeline of a listener thread (shard/pipeline.ts) on a virtual clock.
 *
 *   packet ─▶ pipeline ──seal──▶ sealed memory ──▶ sampler, at once
 *
 * Seals as listeners/thread/listener-shard.ts does: when a packet belongs to another bucket than the open one, and when
 * asked.
 *
 * Memory  one shared WebAssembly memory of its own, which goes with the object.
 */
import { admitContext } from '../../aggregate/contexts/admit-context.ts';
import type { Registry } from '../../aggregate/contexts/registry.ts';
import type { TimeSampler } from '../../aggregate/sampler.ts';
import { type Core, countersView, HASH_KEY_BYTES, type HashKey, makeShardMemory } from '../../core/core.ts';
import { SealedMemory } from '../../core/sealed-memory.ts';
import type { PacketOrigin } from '../../enrich/enrich.ts';
import type { ResolverSink } from '../../enrich/resolver.ts';
import { CONTEXT_KEY_WORDS, PACKET_BYTES_MAX, PACKET_PADDING_BYTES } from '../../model/core-border.ts';
import type { Rejection } from '../../model/message.ts';
import type { ByteString } from '../../model/text.ts';
import { ShardPipeline } from '../../shard/pipeline.ts';
import { CORE_COUNTERS, type CoreCounter } from '../../telemetry/counters/core-counters.ts';
import {
  SHARD_COUNTER_BYTES,
  type ShardCounter,
  ShardCounters,
} from '../../telemetry/counters/shard-counters.ts';
import type { SimulateSettings } from './simulate-settings.ts';
import { SimulateInputError } from './simulate-timeline.ts';

/** More than the tables of a shard have. */
const ALL_ENTRIES = 0xffff_ffff;

/** Values whose weight, sum or count would be larger than what can be held; shards and the merge drop them. */
export const OUT_OF_RANGE = 'out of range';
/** Counters of samples that were dropped, with the reason in words. */
const DROPPED_BY_CORE: readonly (readonly [CoreCounter, string])[] = [
  ['nonFiniteSamples', 'not finite'],
  ['outOfRangeSamples', OUT_OF_RANGE],
  ['keyTableFullSamples', 'beyond limits.bucket_keys'],
  ['timestampedFullSamples', 'too many with a timestamp'],
];
const DROPPED_BY_RESOLVER: readonly (readonly [ShardCounter, string])[] = [
  ['memoryFullMessages', 'no memory for their context'],
  ['unsupportedTimestampedMessages', 'of a type that cannot have a timestamp'],
];

/** What did not become series. */
export interface Unaggregated {
  readonly rejectedCount: number;
  /** The first rejected line. */
  readonly rejected: { readonly line: ByteString; readonly rejection: Rejection } | undefined;
  /** Numbers of dropped samples, by the reason in words. */
  readonly dropped: ReadonlyMap<string, number>;
  /** Numbers of samples over a limit on cardinality, by its key; they are in overflow series. */
  readonly overLimit: ReadonlyMap<string, number>;
  readonly events: number;
  readonly checks: number;
}

export interface SimulatedShardOptions {
  readonly index: number;
  readonly module: WebAssembly.Module;
  readonly settings: SimulateSettings;
  readonly sampler: TimeSampler;
  readonly registry: Registry;
  /** Whether every line takes the cold path. */
  readonly cold: boolean;
  /** What the sockets told about origin `number`. */
  readonly senderOf?: ((origin: number) => PacketOrigin) | undefined;
}

/** How a packet came, as far as it makes a difference. */
export interface PacketSender {
  /** 0 for an unknown one. */
  readonly origin: number;
  readonly eolRequired: boolean;
  readonly truncated: boolean;
}

export class SimulatedShard {
  private readonly options: SimulatedShardOptions;
  private readonly memory = makeShardMemory();
  private readonly pipeline: ShardPipeline;
  private readonly packetPtr: number;
  private readonly counters = new ShardCounters(new SharedArrayBuffer(SHARD_COUNTER_BYTES), 0);
  private rejected: Unaggregated['rejected'];

  constructor(options: SimulatedShardOptions) {
    const { module, settings, cold } = options;
    this.options = options;
    this.pipeline = new ShardPipeline({
      module,
      memory: this.memory,
      hashKey: hashKey(),
      core: settings.core,
      limits: settings.limits,
      enrich: settings.enrich,
      tagger: settings.tagger,
      intervalSeconds: settings.tickSeconds,
      openedAt: 0,
      eolRequired: settings.eolRequiredByDefault,
      dialects: settings.dialects,
      counters: this.counters,
      sink: (core) => this.makeSink(core),
      caching: !cold,
      ...(options.senderOf !== undefined && { senderOf: options.senderOf }),
    });
    this.packetPtr = this.pipeline.core.takeRegion(PACKET_BYTES_MAX + PACKET_PADDING_BYTES);
  }

  /** Takes one packet at Unix time `now`, seconds. */
  ingest(packet: ByteString, now: number, sender?: PacketSender): void {
    if (packet.length > PACKET_BYTES_MAX)
      throw new SimulateInputError(
        `a line has ${packet.length} bytes; a packet has at most ${PACKET_BYTES_MAX}`,
      );
    if (!this.pipeline.isOpenAt(now)) this.sealUntil(this.pipeline.bucketOf(now));
    this.pipeline.core.bytes.write(packet, this.packetPtr, 'latin1');
    const { origin = 0, truncated = false, eolRequired } = sender ?? {};
    this.pipeline.ingest(this.packetPtr, packet.length, origin, now, truncated, eolRequired);
  }

  /** Gives what the open bucket holds to the sampler; the bucket stays the open one. */
  seal(): void {
    this.sealUntil(this.pipeline.openStart);
  }

  unaggregated(): Unaggregated {
    const coreCounters = countersView(this.memory, this.pipeline.core.countersPtr);
    const counts: [reason: string, count: number][] = [
      ...DROPPED_BY_CORE.map(([name, reason]): [string, number] => [
        reason,
        coreCounters[CORE_COUNTERS[name]] as number,
      ]),
      ...DROPPED_BY_RESOLVER.map(([name, reason]): [string, number] => [reason, this.counters.get(name)]),
    ];
    return {
      rejectedCount: this.counters.rejections().reduce((sum, { count }) => sum + count, 0),
      rejected: this.rejected,
      dropped: new Map(counts.filter(([, count]) => count > 0)),
      overLimit: new Map(),
      events: this.counters.get('events'),
      checks: this.counters.get('serviceChecks'),
    };
  }

  private sealUntil(next: number): void {
    const { index, sampler } = this.options;
    const bucket = this.pipeline.seal(next);
    if (bucket !== undefined) sampler.merge(index, new SealedMemory(this.memory, bucket));
    const slots = sampler.slotsOf(index);
    for (const slot of this.pipeline.sweep(ALL_ENTRIES)) slots.free(slot);
  }

  /** Has the contexts told again that the registry had no room for and has now. */
  readmit(isReturned: (id: number) => boolean): void {
    const { index, sampler, registry } = this.options;
    this.pipeline.resolver.slots.readmit(sampler.slotsOf(index).returned(isReturned, registry.room));
  }

  private makeSink(core: Core): ResolverSink {
    const { index, sampler, registry } = this.options;
    const key = new Uint32Array(CONTEXT_KEY_WORDS);
    return {
      newContext: (slot, type, text, limit, source) => {
        core.writeContextKey(key, 0);
        const now = core.clock[0] as number;
        admitContext(registry, sampler.slotsOf(index), { slot, key, type, text, limit, source }, now);
      },
      overLimit: () => undefined,
      event: () => undefined,
      serviceCheck: () => undefined,
      rejected: (rejection, line) => {
        this.rejected ??= { rejection, line };
      },
    };
  }
}

export function addUnaggregated(a: Unaggregated, b: Unaggregated): Unaggregated {
  const dropped = new Map(a.dropped);
  for (const [reason, count] of b.dropped) dropped.set(reason, (dropped.get(reason) ?? 0) + count);
  return {
    rejectedCount: a.rejectedCount + b.rejectedCount,
    rejected: a.rejected ?? b.rejected,
    dropped,
    overLimit: new Map([...a.overLimit, ...b.overLimit]),
    events: a.events + b.events,
    checks: a.checks + b.checks,
  };
}

/** A fixed key: a simulation takes no lines from strangers, and is the same every time. */
function hashKey(): HashKey {
  const bytes = new Uint8Array(HASH_KEY_BYTES);
  let state = 0x9e3779b9;
  for (let i = 0; i < bytes.length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[i] = state;
  }
  return { bytes, seed: 0x9e3779b97f4a7c15n };
}
