/**
 * The life of new contexts without sockets and threads: the parts that listener and control thread run, joined in one
 * process, one phase after the other.
 *
 *   listener    packet ─▶ pipeline ─▶ shard port ─▶ message port
 *   receive     message port ─▶ messages
 *   admit       messages ─▶ registry, slots of the shard
 *   statistics  sealed bucket ─▶ metrics, tag keys
 *   merge       sealed bucket ─▶ sampler
 *   flush       sampler ─▶ aggregates with their contexts
 *   records     aggregates ─▶ lines of the file output
 *   forget      slots and contexts that have been idle
 *
 * Every line is a context that never was before. A round is a bucket, and contexts are forgotten after a few, so that what
 * is held stays the same.
 */
import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads';
import { Registry } from '../../src/aggregate/contexts/registry.ts';
import { TimeSampler } from '../../src/aggregate/sampler.ts';
import { AGENT_LIMITS } from '../../src/aggregate/sketch/sketch-bins.ts';
import { type Core, HASH_KEY_BYTES, makeShardMemory } from '../../src/core/core.ts';
import { SealedMemory } from '../../src/core/sealed-memory.ts';
import { compileEnrichSettings, DEFAULT_ENRICH_OPTIONS } from '../../src/enrich/settings.ts';
import { TagTable as WorkloadTags } from '../../src/enrich/tags/tag-table.ts';
import { LineBytes } from '../../src/lib/files/line-bytes.ts';
import { finish, type Steps } from '../../src/lib/time/steps.ts';
import { ShardPort } from '../../src/listeners/thread/shard-port.ts';
import { PACKET_PADDING_BYTES } from '../../src/model/core-border.ts';
import type { Aggregate } from '../../src/model/series.ts';
import type { ShardMessage } from '../../src/model/shard-message.ts';
import { writeAggregate } from '../../src/outputs/file-record.ts';
import type { Job } from '../../src/server/threads/inbox.ts';
import { type MergeMessage, Merging, type MergingOptions } from '../../src/server/threads/merging.ts';
import { ShardPipeline } from '../../src/shard/pipeline.ts';
import { MetricTable } from '../../src/statistics/metric-table.ts';
import { TagTable } from '../../src/statistics/tag-table.ts';
import { ControlWord, makeControlBuffer } from '../../src/telemetry/counters/control-word.ts';
import type { Corpus } from '../corpus/corpus.ts';
import { Random } from '../corpus/random.ts';
import { type Cost, Meter } from './phases.ts';

export const PHASES = [
  'listener',
  'receive',
  'admit',
  'statistics',
  'merge',
  'flush',
  'records',
  'forget',
] as const;
export type Phase = (typeof PHASES)[number];

/** All but the first are the control thread's. */
export const CONTROL_PHASES: readonly Phase[] = PHASES.filter((phase) => phase !== 'listener');

const BUCKET_SECONDS = 10;
/** Contexts are sent at the end of a batch of packets, as a listener thread does it. */
const BATCH_PACKETS = 16;
/** Packets that go through listener and registry before the next do: some 500 contexts. */
const PIECE_PACKETS = 160;
const CONTEXTS_MAX = 1_000_000;
const ALL_ENTRIES = 0xffff_ffff;

export class ContextLife {
  private readonly corpus: Corpus;
  private readonly pipeline: ShardPipeline<ShardPort>;
  private readonly memory = makeShardMemory();
  private readonly control = new ControlWord(makeControlBuffer());
  private readonly channel = new MessageChannel();
  private readonly packetPtr: number;
  private readonly registry: Registry;
  private readonly sampler: TimeSampler;
  private readonly metrics: MetricTable;
  private readonly merging: Merging;
  private readonly lines = new LineBytes(1 << 18);
  private round = 0;

  /** `module` is the core. */
  constructor(module: WebAssembly.Module, corpus: Corpus, packetBytesMax: number) {
    this.corpus = corpus;
    const limits = { contexts: CONTEXTS_MAX, contextsPerMetric: 0, dryRun: false };
    this.registry = new Registry(limits);
    this.sampler = makeSampler(this.registry);
    this.metrics = new MetricTable(this.registry, new TagTable([1, 2]));
    this.pipeline = this.makePipeline(module);
    this.packetPtr = this.pipeline.core.takeRegion(packetBytesMax + PACKET_PADDING_BYTES);
    this.merging = new Merging({
      inbox: { add: (job: Job<void>) => finish((job() ?? [].values()) as Steps) },
      registry: this.registry,
      cardinality: { sampleText: () => undefined },
      sampler: this.sampler,
      threads: [{ memory: this.memory, control: this.control }],
      // Measured on its own.
      statistics: { takePart: function* () {} },
    } as unknown as MergingOptions);
  }

  /** Contexts of a round. */
  get contexts(): number {
    return this.corpus.totals.lines;
  }

  /** One bucket of new contexts; what each phase cost. */
  runRound(): Record<Phase, Cost> {
    const meter = new Meter(PHASES);
    const start = this.pipeline.openStart;
    const end = start + BUCKET_SECONDS;
    // The first page is as it was built.
    if (this.round > 0) this.corpus.turnPage(this.round);
    this.round++;
    const { length } = this.corpus.packets.lengths;
    for (let first = 0; first < length; first += PIECE_PACKETS) {
      const last = Math.min(first + PIECE_PACKETS, length);
      meter.run('listener', () => this.ingest(first, last, start + 1));
      const messages = meter.run('receive', () => this.receive());
      meter.run('admit', () => this.accept(messages));
    }
    const bucket = this.pipeline.seal(end);
    if (bucket === undefined) throw new Error('nothing was sealed');
    meter.run('statistics', () => this.count(new SealedMemory(this.memory, bucket), start, end));
    meter.run('merge', () => this.accept([{ kind: 'sealed', bucket }]));
    const forgotten = this.flush(meter, start, end);
    meter.run('forget', () => {
      this.sweep();
      this.accept(this.receive());
      this.metrics.forget(forgotten);
    });
    return meter.costs;
  }

  close(): void {
    this.channel.port1.close();
  }

  private ingest(first: number, last: number, now: number): void {
    const { packets } = this.corpus;
    const { core, sink } = this.pipeline;
    for (let i = first; i < last; i++) {
      const offset = packets.offsets[i] as number;
      const length = packets.lengths[i] as number;
      core.bytes.set(packets.bytes.subarray(offset, offset + length), this.packetPtr);
      this.pipeline.ingest(this.packetPtr, length, 0, now, false);
      if (i % BATCH_PACKETS === BATCH_PACKETS - 1) sink.sendContexts();
    }
    sink.sendContexts();
  }

  /** Flushes and writes what comes, batch by batch; the ids that were forgotten. */
  private flush(meter: Meter<Phase>, start: number, end: number): readonly number[] {
    const { batches, forgotten } = meter.run('flush', () =>
      finish(this.sampler.flushSteps(end, { final: false })),
    );
    const iterator = batches[Symbol.iterator]();
    const fresh = new Set<string>();
    let count = 0;
    for (;;) {
      const batch = meter.run('flush', () => iterator.next().value as Aggregate[] | undefined);
      if (batch === undefined) break;
      const bytes = meter.run('records', () => {
        for (const aggregate of batch) writeAggregate(this.lines, aggregate);
        this.lines.keep();
        const taken = this.lines.take();
        this.lines.giveBack(taken);
        return taken.length;
      });
      if (batch.length > 0 && bytes === 0) throw new Error('the file output has written nothing');
      for (const { timestamp, context } of batch) {
        const last = context.tags.at(-1) ?? '';
        if (timestamp !== start || !last.startsWith('churn:')) continue;
        count++;
        fresh.add(last);
      }
    }
    check('contexts that came out', count, this.contexts);
    check('new tags that came out', fresh.size, this.contexts);
    return forgotten;
  }

  private receive(): ShardMessage[] {
    const messages: ShardMessage[] = [];
    for (;;) {
      const received = receiveMessageOnPort(this.channel.port2);
      if (received === undefined) return messages;
      messages.push(received.message as ShardMessage);
    }
  }

  private accept(messages: readonly ShardMessage[]): void {
    for (const message of messages) this.merging.accept(0, message as MergeMessage);
  }

  private count(sealed: SealedMemory, start: number, end: number): void {
    const slots = this.sampler.slotsOf(0);
    for (const slot of sealed.slots)
      this.metrics.add(slots.idOf(slot), sealed.samples(slot), start, end, sealed.lastSeen(slot));
  }

  private sweep(): void {
    const { sink } = this.pipeline;
    do {
      const freed = this.pipeline.sweep(ALL_ENTRIES);
      if (freed.length > 0) sink.freed(freed);
    } while (this.pipeline.isSweeping);
  }

  private makePipeline(module: WebAssembly.Module): ShardPipeline<ShardPort> {
    const random = new Random(1);
    const key = Uint8Array.from({ length: HASH_KEY_BYTES }, () => random.below(256));
    return new ShardPipeline({
      module,
      memory: this.memory,
      hashKey: { bytes: key, seed: 0x1e3779b97f4a7c15n },
      core: {
        ...{ linesMax: CONTEXTS_MAX, contextsMax: CONTEXTS_MAX, keysMax: 4 * CONTEXTS_MAX },
        ...{ histogramValuesMax: 2048, exactWeights: false, timestampedMax: 1000, idleBuckets: 2 },
        ...{ timestamps: true, clientFields: true },
      },
      limits: {
        ...{ contexts: CONTEXTS_MAX, contextsPerMetric: 0, contextsPerOrigin: 0 },
        ...{ tags: 0, tagValueBytes: 0, dryRun: false },
      },
      enrich: compileEnrichSettings({ ...DEFAULT_ENRICH_OPTIONS, hostname: 'bench' }),
      tagger: new WorkloadTags(),
      intervalSeconds: BUCKET_SECONDS,
      openedAt: BUCKET_SECONDS,
      eolRequired: false,
      counters: this.control.counters,
      sink: (core: Core) => new ShardPort(this.channel.port1, this.control, core),
    });
  }
}

function makeSampler(registry: Registry): TimeSampler {
  return new TimeSampler(registry, {
    intervalSeconds: BUCKET_SECONDS,
    // No zeros for counters that have gone: their aggregates are no new contexts.
    counterExpirySeconds: 0,
    contextExpirySeconds: BUCKET_SECONDS,
    retentionSeconds: 0,
    flushIncompleteBuckets: false,
    histogramAggregates: ['max', 'median', 'avg', 'count'],
    histogramPercentiles: ['0.95'],
    histogramValuesMax: 2048,
    unitesEqualPoints: true,
    sketchLimits: AGENT_LIMITS,
  });
}

function check(what: string, found: number, expected: number): void {
  if (found !== expected) throw new Error(`${what}: ${found} instead of ${expected}`);
}
