/**
 * A shard without thread and socket: core, resolver and a clock the test sets. Used to compare what the
 * hot path does with what the cold path alone does.
 */
import { readFileSync } from 'node:fs';
import {
  Core,
  type CoreSettings,
  countersView,
  HASH_KEY_BYTES,
  type HashKey,
  makeShardMemory,
} from '../../src/core/core.ts';
import { CORE_COUNTERS, type CoreCounter } from '../../src/core/counters.ts';
import { SealedMemory } from '../../src/core/sealed-memory.ts';
import { RESOLVER_SCRATCH_BYTES } from '../../src/enrich/context-slots.ts';
import { type PacketOrigin, UNKNOWN_SENDER } from '../../src/enrich/enrich.ts';
import { Resolver, type ResolverCore } from '../../src/enrich/resolver.ts';
import {
  compileEnrichSettings,
  DEFAULT_ENRICH_OPTIONS,
  type EnrichOptions,
  type EnrichSettings,
} from '../../src/enrich/settings.ts';
import { StaticTagger, type Workloads } from '../../src/enrich/static-tagger.ts';
import { type ContextLimits, slotsNeeded } from '../../src/model/cardinality.ts';
import { CONTEXT_TYPES } from '../../src/model/context.ts';
import type { EventMessage, Rejection, ServiceCheckMessage } from '../../src/model/message.ts';
import { KEY_KIND } from '../../src/model/sealed-bucket.ts';
import type { ByteString } from '../../src/model/text.ts';
import { parseMessage } from '../../src/protocol/message.ts';
import { ControlWord, makeControlBuffer } from '../../src/telemetry/control-word.ts';

const MODULE = new WebAssembly.Module(readFileSync(new URL('../../dist/core/core.wasm', import.meta.url)));

export const DEFAULT_CORE: CoreSettings = {
  linesMax: 100_000,
  contextsMax: 100_000,
  keysMax: 1_000_000,
  histogramValuesMax: 64,
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
  keys: Record<string, number>;
}

export interface HarnessOptions {
  readonly core?: Partial<CoreSettings>;
  readonly enrich?: Partial<EnrichOptions>;
  /** No limits but `core.contextsMax` when not given. */
  readonly limits?: Partial<ContextLimits>;
  readonly workloads?: Workloads;
  /** Senders with origin 1, 2, …; origin 0 is no one. */
  readonly senders?: readonly PacketOrigin[];
  /** False makes every line take the cold path. */
  readonly caching?: boolean;
}

export class CoreHarness {
  readonly core: Core;
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
  private readonly memory = makeShardMemory();
  readonly senderCount: number;
  private readonly packetPtr: number;
  readonly resolver: Resolver;

  constructor(options: HarnessOptions = {}) {
    const { senders = [] } = options;
    this.senderCount = senders.length;
    const settings = { ...DEFAULT_CORE, ...options.core };
    const limits = { ...NO_LIMITS, contexts: settings.contextsMax, ...options.limits };
    const resolve = (line: number, length: number, origin: number): number => {
      resolver.resolve(line, length, origin);
      return 0;
    };
    this.core = new Core(
      MODULE,
      this.memory,
      { ...settings, contextsMax: slotsNeeded(limits) },
      TEST_KEY,
      0,
      resolve,
    );
    const parse = {
      noAggregationPipeline: settings.timestamps,
      originDetectionClient: settings.clientFields,
    };
    const resolver: Resolver = new Resolver({
      core: options.caching === false ? withoutCache(this.core) : this.core,
      scratchPtr: this.core.takeRegion(RESOLVER_SCRATCH_BYTES),
      parse: (line) => parseMessage(line, parse),
      settings: settingsOf(options.enrich),
      limits,
      tagger: new StaticTagger(options.workloads ?? {}),
      counters: this.control.counters,
      sink: {
        newContext: (slot, type, text, limit) => {
          this.contexts.set(slot, `${CONTEXT_TYPES[type]} ${canonical(text)}`);
          this.limits.set(slot, limit);
        },
        overLimit: (limit, name, tags) => void this.overLimits.push(`${limit} ${name} ${tags.join()}`),
        event: (event) => void this.events.push(event),
        serviceCheck: (check) => void this.checks.push(check),
        rejected: (rejection) => void this.rejections.push(rejection),
      },
      senderOf: (origin) => senders[origin - 1] ?? UNKNOWN_SENDER,
    });
    this.resolver = resolver;
    this.packetPtr = this.core.takeRegion(65_536 + 128);
  }

  ingest(
    packet: ByteString,
    now = 0,
    options: { eol?: boolean; truncated?: boolean; origin?: number } = {},
  ): void {
    const { eol = false, truncated = false, origin = 0 } = options;
    this.core.bytes.write(packet, this.packetPtr, 'latin1');
    this.core.clock[0] = now;
    this.core.ingest(this.packetPtr, packet.length, origin, eol, truncated);
  }

  /** Takes new settings between two packets, as an intake thread does. */
  reload(enrich: Partial<EnrichOptions>, workloads: Workloads = {}): void {
    this.resolver.use(settingsOf(enrich), new StaticTagger(workloads));
    this.core.forgetLines();
  }

  count(counter: CoreCounter): number {
    return countersView(this.memory, this.core.countersPtr)[CORE_COUNTERS[counter]] as number;
  }

  /** Seals the open bucket, opens the one at `next` and forgets all that was idle. */
  seal(next: number): SealedMemory {
    const sealed = this.sealOnly(next);
    this.sweep(0xffff_ffff);
    return sealed;
  }

  /** Looks at some lines and contexts and forgets the idle ones. */
  sweep(entries: number): void {
    this.freed = this.core.freedSlots(this.core.sweep(entries));
    this.resolver.slots.free(this.freed);
  }

  /** Seals and forgets nothing yet. */
  sealOnly(next: number): SealedMemory {
    return new SealedMemory(this.memory, this.core.sealBucket(next));
  }

  /** Seals, and tells what every context gathered. */
  gather(next = 0): { cells: Map<string, Gathered>; timestamped: string[] } {
    const sealed = this.seal(next);
    const cells = new Map<string, Gathered>();
    const bySlot = new Map<number, Gathered>();
    for (const slot of sealed.slots) {
      const cell: Gathered = {
        sum: sealed.sum(slot),
        weightedSum: sealed.weightedSum(slot),
        count: sealed.count(slot),
        min: sealed.min(slot),
        max: sealed.max(slot),
        lastAt: sealed.lastAt(slot),
        keys: {},
      };
      bySlot.set(slot, cell);
      const context = this.contexts.get(slot) ?? `slot ${slot}`;
      if (cells.has(context)) throw new Error(`two slots stand for one context: ${context}`);
      cells.set(context, cell);
    }
    sealed.forEachKey((slot, kind, low, high, weight) => {
      const name = kind === KEY_KIND.bin ? `bin ${low | 0}` : `${kind} ${high}:${low}`;
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

function settingsOf(enrich: Partial<EnrichOptions> = {}): EnrichSettings {
  return compileEnrichSettings({ ...DEFAULT_ENRICH_OPTIONS, hostname: 'agent-host', ...enrich });
}

/** The same core, but nothing is ever cached. */
function withoutCache(core: Core): ResolverCore {
  return {
    get bytes() {
      return core.bytes;
    },
    contextSlot: (...args) => core.contextSlot(...args),
    forgetLinesOf: () => undefined,
    install: () => undefined,
    addSample: (...args) => core.addSample(...args),
    addElement: (...args) => core.addElement(...args),
  };
}

/** A context's text with its tags sorted. */
function canonical(text: ByteString): string {
  const [name = '', host = '', ...tags] = text.split('\n');
  return [name, host, ...tags.sort()].join('\n');
}
