/**
 * A shard of a simulation: core and resolver as in an intake thread, without the thread and the socket.
 *
 *   packet ─▶ core ⇄ resolver
 *               └──seal──▶ sealed memory ──▶ sampler, at once
 *
 * Seals as intake/shard.ts does: when a packet belongs to another bucket than the open one, and when asked.
 *
 * Memory  one shared WebAssembly memory of its own, which goes with the object.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Registry } from '../aggregate/registry.ts';
import type { TimeSampler } from '../aggregate/sampler.ts';
import { PACKET_BYTES_MAX } from '../core/assembly/layout.ts';
import { Core, countersView, HASH_KEY_BYTES, type HashKey, makeShardMemory } from '../core/core.ts';
import { CORE_COUNTERS, type CoreCounter } from '../core/counters.ts';
import { SealedMemory } from '../core/sealed-memory.ts';
import { RESOLVER_SCRATCH_BYTES } from '../enrich/context-slots.ts';
import { Resolver, type ResolverCore, type ResolverSink } from '../enrich/resolver.ts';
import { CONTEXT_TYPES } from '../model/context.ts';
import type { Rejection } from '../model/message.ts';
import type { ByteString } from '../model/text.ts';
import { parseMessage } from '../protocol/message.ts';
import { SHARD_COUNTER_BYTES, type ShardCounter, ShardCounters } from '../telemetry/shard-counters.ts';
import type { SimulateSettings } from './simulate-settings.ts';
import { SimulateInputError } from './simulate-timeline.ts';

/** The same place from dist/inspect, where it runs, and from src/inspect, where tests run it. */
const CORE_FILE = new URL('../../dist/core/core.wasm', import.meta.url);
/** Bytes the core may read beyond a packet. */
const PACKET_PADDING = 128;
const KEY_WORDS = 4;
/** More than the tables of a shard have. */
const ALL_ENTRIES = 0xffff_ffff;

/** Counters of samples that were dropped, with the reason in words. */
const DROPPED_BY_CORE: readonly (readonly [CoreCounter, string])[] = [
  ['nonFiniteSamples', 'not finite'],
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
}

let loaded: WebAssembly.Module | undefined;

/** The compiled core, read once. Throws when the package is not built. */
export function loadCore(): WebAssembly.Module {
  loaded ??= new WebAssembly.Module(readCore());
  return loaded;
}

function readCore(): Buffer<ArrayBuffer> {
  try {
    return readFileSync(CORE_FILE);
  } catch (cause) {
    const message = `${fileURLToPath(CORE_FILE)} cannot be read; "npm run build" makes it`;
    throw Object.assign(new Error(message, { cause }), { code: (cause as NodeJS.ErrnoException).code });
  }
}

export class SimulatedShard {
  readonly #options: SimulatedShardOptions;
  readonly #memory = makeShardMemory();
  readonly #core: Core;
  readonly #resolver: Resolver;
  readonly #packetPtr: number;
  readonly #counters = new ShardCounters(new SharedArrayBuffer(SHARD_COUNTER_BYTES), 0);
  #rejected: Unaggregated['rejected'];
  readonly #key = new Uint32Array(KEY_WORDS);

  constructor(options: SimulatedShardOptions) {
    const { module, settings, cold } = options;
    this.#options = options;
    const resolve = (line: number, length: number, origin: number): number => {
      resolver.resolve(line, length, origin);
      return 0;
    };
    this.#core = new Core(module, this.#memory, settings.core, hashKey(), 0, resolve);
    const resolver: Resolver = new Resolver({
      core: cold ? withoutCache(this.#core) : this.#core,
      scratchPtr: this.#core.takeRegion(RESOLVER_SCRATCH_BYTES),
      parse: (line) => parseMessage(line, settings.parse),
      settings: settings.enrich,
      limits: settings.limits,
      tagger: settings.tagger,
      counters: this.#counters,
      sink: this.#sink(),
    });
    this.#resolver = resolver;
    this.#packetPtr = this.#core.takeRegion(PACKET_BYTES_MAX + PACKET_PADDING);
  }

  /** Takes one packet at Unix time `now`, seconds. */
  ingest(packet: ByteString, now: number): void {
    if (packet.length > PACKET_BYTES_MAX)
      throw new SimulateInputError(
        `a line has ${packet.length} bytes; a packet has at most ${PACKET_BYTES_MAX}`,
      );
    const start = this.#bucketOf(now);
    if (start !== this.#core.openStart) this.#sealUntil(start);
    this.#core.bytes.write(packet, this.#packetPtr, 'latin1');
    this.#core.clock[0] = now;
    this.#core.ingest(this.#packetPtr, packet.length, 0, false, false);
  }

  /** Gives what the open bucket holds to the sampler; the bucket stays the open one. */
  seal(): void {
    this.#sealUntil(this.#core.openStart);
  }

  unaggregated(): Unaggregated {
    const coreCounters = countersView(this.#memory, this.#core.countersPtr);
    const counts: [reason: string, count: number][] = [
      ...DROPPED_BY_CORE.map(([name, reason]): [string, number] => [
        reason,
        coreCounters[CORE_COUNTERS[name]] as number,
      ]),
      ...DROPPED_BY_RESOLVER.map(([name, reason]): [string, number] => [reason, this.#counters.get(name)]),
    ];
    return {
      rejectedCount: this.#counters.rejections().reduce((sum, { count }) => sum + count, 0),
      rejected: this.#rejected,
      dropped: new Map(counts.filter(([, count]) => count > 0)),
      overLimit: new Map(),
      events: this.#counters.get('events'),
      checks: this.#counters.get('serviceChecks'),
    };
  }

  #sealUntil(next: number): void {
    const { index, sampler } = this.#options;
    const isEmpty = this.#core.openIsEmpty;
    const bucket = this.#core.sealBucket(next);
    if (!isEmpty) sampler.merge(index, new SealedMemory(this.#memory, bucket));
    const slots = sampler.slotsOf(index);
    const freed = this.#core.freedSlots(this.#core.sweep(ALL_ENTRIES));
    this.#resolver.slots.free(freed);
    for (const slot of freed) slots.free(slot);
  }

  /** Has the contexts told again that the registry had no room for and has now. */
  readmit(isReturned: (id: number) => boolean): void {
    const { index, sampler, registry } = this.#options;
    this.#resolver.slots.readmit(sampler.slotsOf(index).returned(isReturned, registry.room));
  }

  #sink(): ResolverSink {
    const { index, sampler, registry } = this.#options;
    return {
      newContext: (slot, type, text, limit) => {
        this.#core.writeContextKey(this.#key, 0);
        const now = this.#core.clock[0] as number;
        const admission = registry.admit(this.#key, CONTEXT_TYPES[type] ?? 'counter', text, now, limit);
        sampler.slotsOf(index).admit(slot, admission);
      },
      overLimit: () => undefined,
      event: () => undefined,
      serviceCheck: () => undefined,
      rejected: (rejection, line) => {
        this.#rejected ??= { rejection, line };
      },
    };
  }

  #bucketOf(seconds: number): number {
    const whole = Math.floor(seconds);
    return whole - (whole % this.#options.settings.tickSeconds);
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

/** The same core, but nothing is ever cached. */
function withoutCache(core: Core): ResolverCore {
  return {
    get bytes() {
      return core.bytes;
    },
    contextSlot: (ptr, head, length, variant, ordered, mayAdd) =>
      core.contextSlot(ptr, head, length, variant, ordered, mayAdd),
    forgetLinesOf: () => undefined,
    install: () => undefined,
    addSample: (slot, op, value, rate, timestamp) => core.addSample(slot, op, value, rate, timestamp),
    addElement: (slot, ptr, length) => core.addElement(slot, ptr, length),
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
