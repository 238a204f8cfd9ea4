/**
 * A shard without thread and socket: core, resolver and a clock the test sets. Used to compare what the
 * hot path does with what the cold path alone does.
 */
import {
  type Core,
  type CoreSettings,
  countersView,
  HASH_KEY_BYTES,
  type HashKey,
  makeShardMemory,
} from '../../src/core/core.ts';
import { loadCoreModule } from '../../src/core/core-module.ts';
import { SealedMemory } from '../../src/core/sealed-memory.ts';
import { type PacketOrigin, UNKNOWN_SENDER } from '../../src/enrich/enrich.ts';
import type { Resolver, ResolverSink } from '../../src/enrich/resolver.ts';
import {
  compileEnrichSettings,
  DEFAULT_ENRICH_OPTIONS,
  type EnrichOptions,
  type EnrichSettings,
} from '../../src/enrich/settings.ts';
import { StaticTagger, type Workloads } from '../../src/enrich/tags/static-tagger.ts';
import { CONTEXT_TYPES } from '../../src/model/context.ts';
import { PACKET_BYTES_MAX, PACKET_PADDING_BYTES } from '../../src/model/core-border.ts';
import type { EventMessage, Rejection, ServiceCheckMessage } from '../../src/model/message.ts';
import { NumberBatch } from '../../src/model/number-batch.ts';
import { KEY_KIND } from '../../src/model/sealed-bucket.ts';
import { type ByteString, textAt } from '../../src/model/text.ts';
import { type ContextLimits, slotsNeeded } from '../../src/model/views/cardinality.ts';
import { ShardPipeline } from '../../src/shard/pipeline.ts';
import { ControlWord, makeControlBuffer } from '../../src/telemetry/counters/control-word.ts';
import { CORE_COUNTERS, type CoreCounter } from '../../src/telemetry/counters/core-counters.ts';

/** Wide enough for tests to open buckets by hand. */
const INTERVAL_SECONDS = 10;

export const DEFAULT_CORE: CoreSettings = {
  linesMax: 100_000,
  contextsMax: 100_000,
  keysMax: 1_000_000,
  histogramValuesMax: 64,
  exactWeights: false,
  timestampedMax: 100_000,
  idleBuckets: 3,
  timestamps: true,
  clientFields: false,
};

const NO_LIMITS: Omit<ContextLimits, 'contexts'> = {
  contextsPerMetric: 0,
  contextsPerOrigin: 0,
  tags: 0,
  tagValueBytes: 0,
  dryRun: false,
};

/** A fixed key: hashes in tests are the same in every run. */
export const TEST_KEY: HashKey = {
  bytes: Uint8Array.from(
    { length: HASH_KEY_BYTES },
    (_, i) => (Math.imul(i + 1, 2_654_435_761) >>> 13) & 255,
  ),
  seed: 0x9e3779b97f4a7c15n,
};

/** What one context gathered, in comparable form. */
export interface Gathered {
  sum: number;
  weightedSum: number;
  count: number;
  min: number;
  max: number;
  lastAt: number;
  samples: number;
  /** Weights of `value 1.5`, `bin 1338` and `element …`. */
  keys: Record<string, number>;
}

export interface HarnessOptions {
  readonly core?: Partial<CoreSettings>;
  readonly enrich?: Partial<EnrichOptions>;
  /** No limits but `core.contextsMax` when not given. */
  readonly limits?: Partial<ContextLimits>;
  readonly workloads?: Workloads;
  /** Senders with origin 1, 2, …; origin 0 is no one. Without them, origins are those of `pipeline.senders`. */
  readonly senders?: readonly PacketOrigin[];
  readonly eolRequired?: boolean;
  /** Pages of 64 KiB that the shard's memory may have; what a server has when not given. */
  readonly memoryPages?: number;
  /** Lines wait for what is asked with this. */
  readonly askForOrigin?: (key: string) => void;
  /** False makes every line take the cold path. */
  readonly caching?: boolean;
}

export class CoreHarness {
  readonly pipeline: ShardPipeline;
  readonly control = new ControlWord(makeControlBuffer());
  readonly events: EventMessage[] = [];
  readonly checks: ServiceCheckMessage[] = [];
  readonly rejections: Rejection[] = [];
  /** Context text with its type in front, by slot. */
  readonly contexts = new Map<number, string>();
  /** Number of the limit it is over, by slot. */
  readonly limits = new Map<number, number>();
  /** Limit, name and tags of contexts over a limit. */
  readonly overLimits: string[] = [];
  /** Slots freed by the last seal() or sweep(). */
  freed: Uint32Array = new Uint32Array();
  readonly senderCount: number;
  private readonly memory: WebAssembly.Memory;
  private readonly packetPtr: number;

  constructor(options: HarnessOptions = {}) {
    const { senders = [] } = options;
    this.memory = makeShardMemory(options.memoryPages);
    this.senderCount = senders.length;
    const settings = { ...DEFAULT_CORE, ...options.core };
    const limits = { ...NO_LIMITS, contexts: settings.contextsMax, ...options.limits };
    this.pipeline = new ShardPipeline({
      module: loadCoreModule(),
      memory: this.memory,
      hashKey: TEST_KEY,
      core: { ...settings, contextsMax: slotsNeeded(limits) },
      limits,
      enrich: settingsOf(options.enrich),
      tagger: new StaticTagger(options.workloads ?? {}),
      intervalSeconds: INTERVAL_SECONDS,
      openedAt: 0,
      eolRequired: options.eolRequired ?? false,
      counters: this.control.counters,
      sink: () => this.makeSink(),
      ...(senders.length > 0 && { senderOf: (origin) => senders[origin - 1] ?? UNKNOWN_SENDER }),
      ...(options.askForOrigin && { askForOrigin: options.askForOrigin }),
      caching: options.caching ?? true,
    });
    this.packetPtr = this.core.takeRegion(PACKET_BYTES_MAX + PACKET_PADDING_BYTES);
  }

  get core(): Core {
    return this.pipeline.core;
  }

  get resolver(): Resolver {
    return this.pipeline.resolver;
  }

  ingest(packet: ByteString, now = 0, options: { truncated?: boolean; origin?: number } = {}): void {
    const { truncated = false, origin = 0 } = options;
    this.core.bytes.write(packet, this.packetPtr, 'latin1');
    this.pipeline.ingest(this.packetPtr, packet.length, origin, now, truncated);
  }

  /** Takes new settings between two packets, as a listener thread does. */
  reload(enrich: Partial<EnrichOptions>, workloads: Workloads = {}): void {
    this.pipeline.use(settingsOf(enrich), new StaticTagger(workloads));
  }

  count(counter: CoreCounter): number {
    return countersView(this.memory, this.core.countersPtr)[CORE_COUNTERS[counter]] as number;
  }

  /** Seals the open bucket, opens the one at `next` and forgets all that was idle. */
  seal(next: number): SealedMemory {
    const sealed = this.sealOnly(next);
    const freed: number[] = [];
    do {
      this.sweep(0xffff_ffff);
      for (const slot of this.freed) freed.push(slot);
    } while (this.core.isSweeping);
    this.freed = Uint32Array.from(freed);
    return sealed;
  }

  /** Looks at some lines and contexts and forgets the idle ones. */
  sweep(entries: number): void {
    this.freed = this.pipeline.sweep(entries);
  }

  /** Seals and forgets nothing yet. */
  sealOnly(next: number): SealedMemory {
    return new SealedMemory(this.memory, this.core.sealBucket(next));
  }

  private makeSink(): ResolverSink {
    return {
      newContext: (slot, type, text, limit) => {
        this.contexts.set(slot, `${CONTEXT_TYPES[type]} ${canonical(textAt(text))}`);
        this.limits.set(slot, limit);
      },
      overLimit: (limit, name, tags) => void this.overLimits.push(`${limit} ${name} ${tags.join()}`),
      event: (event) => void this.events.push(event),
      serviceCheck: (check) => void this.checks.push(check),
      rejected: (rejection) => void this.rejections.push(rejection),
    };
  }

  /** Seals, and tells what every context gathered. */
  gather(next = 0): { cells: Map<string, Gathered>; timestamped: string[] } {
    const sealed = this.seal(next);
    const cells = new Map<string, Gathered>();
    const bySlot = new Map<number, Gathered>();
    const batch = new NumberBatch();
    for (const slot of sealed.slots) {
      const cell: Gathered = {
        sum: sealed.sum(slot),
        weightedSum: sealed.weightedSum(slot),
        count: sealed.count(slot),
        min: sealed.min(slot),
        max: sealed.max(slot),
        lastAt: sealed.lastAt(slot),
        samples: sealed.samples(slot),
        keys: {},
      };
      bySlot.set(slot, cell);
      sealed.readNumbers(slot, batch);
      addNumbers(cell.keys, batch);
      const context = this.contexts.get(slot) ?? `slot ${slot}`;
      if (cells.has(context)) throw new Error(`two slots stand for one context: ${context}`);
      cells.set(context, cell);
    }
    sealed.forEachKey((slot, kind, low, high, weight) => {
      const name =
        kind === KEY_KIND.bin
          ? `bin ${low | 0}`
          : kind === KEY_KIND.value
            ? `value ${doubleOf(low, high)}`
            : `element ${high}:${low}`;
      const cell = bySlot.get(slot) as Gathered;
      cell.keys[name] = (cell.keys[name] ?? 0) + weight;
    });
    const timestamped: string[] = [];
    sealed.forEachTimestamped((slot, timestamp, value) => {
      timestamped.push(`${this.contexts.get(slot)} ${timestamp} ${value}`);
    });
    return { cells, timestamped };
  }
}

export function settingsOf(enrich: Partial<EnrichOptions> = {}): EnrichSettings {
  return compileEnrichSettings({ ...DEFAULT_ENRICH_OPTIONS, hostname: 'agent-host', ...enrich });
}

/** Adds up the weights by name. */
function addNumbers(into: Record<string, number>, { isBins, keys, weights, size }: NumberBatch): void {
  for (let i = 0; i < size; i++) {
    const name = `${isBins ? 'bin' : 'value'} ${keys[i]}`;
    into[name] = (into[name] ?? 0) + (weights[i] as number);
  }
}

function doubleOf(low: number, high: number): number {
  return new Float64Array(Uint32Array.of(low, high).buffer)[0] as number;
}

/** A context's text with its tags sorted. */
function canonical(text: ByteString): string {
  const [name = '', host = '', ...tags] = text.split('\n');
  return [name, host, ...tags.sort()].join('\n');
}
