/**
 * Time sampler: merges what the shards sealed and turns closed buckets into aggregates, by the rules of
 * the Agent's time sampler (spec aggregation §5) for any sequence of merges and flushes.
 *
 *   shard ─▶ sealed bucket ──merge──▶ bucket by start ──flush, once closed──▶ batches of aggregates
 *                        └─▶ timestamped log ───────────next flush──────────┘
 *
 * The control thread owns it. Merging, closing and emitting go in steps (lib/steps.ts), so that the thread can
 * do other work in between. A merge and the closing of a flush exclude each other: whoever runs their steps ends
 * one before it begins the next. Between two batches of a flush merges may go on.
 *
 * Differs from the Agent: the type is part of the context, a rejected value leaves no trace, and data
 * never loses its context (docs/differences.md).
 */
import { finish, type Steps } from '../lib/steps.ts';
import type { SealedBucket, VisitKey } from '../model/sealed-bucket.ts';
import type { Aggregate, Series } from '../model/series.ts';
import type { ByteString } from '../model/text.ts';
import { Bucket, type CellRules } from './bucket.ts';
import { HistogramSeries } from './histogram-series.ts';
import { NO_CONTEXT, type Registry } from './registry.ts';
import { ShardSlots } from './shard-slots.ts';
import type { SketchLimits } from './sketch-bins.ts';
import { TimestampedLog, timestampedSeries } from './timestamped-log.ts';

export interface SamplerOptions {
  /** Width of a bucket. */
  readonly intervalSeconds: number;
  /** `dogstatsd_expiry_seconds`. */
  readonly counterExpirySeconds: number;
  /** `dogstatsd_context_expiry_seconds`. */
  readonly contextExpirySeconds: number;
  /** How long the outputs need to look up a context after its last sample. */
  readonly retentionSeconds: number;
  /** `dogstatsd_flush_incomplete_buckets`: whether the final flush takes open buckets too. */
  readonly flushIncompleteBuckets: boolean;
  readonly histogramAggregates: readonly string[];
  readonly histogramPercentiles: readonly string[];
  /** `limits.histogram_values`. */
  readonly histogramValuesMax: number;
  readonly sketchLimits: SketchLimits;
  /** Hears of samples over a limit on cardinality (model/cardinality.ts). */
  readonly onOverLimit?: (id: number, limit: number, samples: number) => void;
  /** Whether a name made of a histogram's and a suffix is filtered out (spec aggregation §9). */
  readonly isFiltered?: (name: ByteString) => boolean;
}

/** What could not be aggregated, counted since the start. */
export interface SamplerCounts {
  /** Cells (one context of one shard in one part of a bucket) of slots that mean no context. */
  refusedCells: number;
  /** Timestamped samples of slots that mean no context. */
  refusedTimestampedSamples: number;
  /** Timestamped samples of types that cannot pass through. */
  unsupportedTimestampedSamples: number;
  /** Aggregates of open buckets that the final flush left behind. */
  incompleteAggregates: number;
}

export interface FlushResult {
  /** The aggregates. Iterate to the end, or break off; contexts are let go of then, not before. */
  readonly batches: Iterable<Aggregate[]>;
  /**
   * Ids of the contexts that this flush forgot. It grows towards the end of `batches`; an id may be given to
   * another context as soon as anything else runs.
   */
  readonly forgotten: readonly number[];
}

/** What a flush took away. */
interface Taken {
  readonly now: number;
  readonly timestamped: TimestampedLog;
  readonly buckets: readonly Bucket[];
  readonly forgotten: number[];
}

/** Aggregates of a batch at most: outputs take less than a few milliseconds for so many. */
const BATCH_AGGREGATES = 100;
/** Cells, keys or contexts of one step. */
const STEP_CELLS = 256;
const STEP_KEYS = 1024;
const STEP_CONTEXTS = 1024;

export class TimeSampler {
  readonly counts: SamplerCounts = {
    refusedCells: 0,
    refusedTimestampedSamples: 0,
    unsupportedTimestampedSamples: 0,
    incompleteAggregates: 0,
  };
  readonly #options: SamplerOptions;
  readonly #registry: Registry;
  readonly #rules: CellRules;
  readonly #slots = new Map<number, ShardSlots>();
  /** The latest time each shard has received a sample at, to notice a clock that went back. */
  readonly #latestTimes = new Map<number, number>();
  readonly #buckets = new Map<number, Bucket>();
  #timestamped = new TimestampedLog();
  #lastCutOff = 0;

  constructor(registry: Registry, options: SamplerOptions) {
    this.#registry = registry;
    this.#options = options;
    this.#rules = {
      intervalSeconds: options.intervalSeconds,
      series: new HistogramSeries(options.histogramAggregates, options.histogramPercentiles),
      valuesMax: options.histogramValuesMax,
      sketchLimits: options.sketchLimits,
    };
  }

  /** What the slots of a shard mean. The caller assigns and frees them as the shard says. */
  slotsOf(shard: number): ShardSlots {
    const known = this.#slots.get(shard);
    if (known !== undefined) return known;
    const slots = new ShardSlots(this.#registry);
    this.#slots.set(shard, slots);
    return slots;
  }

  /** Adds everything in `sealed`; nothing of it is referred to afterwards. */
  merge(shard: number, sealed: SealedBucket): void {
    finish(this.mergeSteps(shard, sealed));
  }

  /** The same in steps; `sealed` is referred to until they end. */
  *mergeSteps(shard: number, sealed: SealedBucket): Steps {
    const slots = this.slotsOf(shard);
    const latest = this.#latestTimes.get(shard) ?? Number.NEGATIVE_INFINITY;
    if (sealed.slots.length > 0) this.#latestTimes.set(shard, yield* this.#mergeCells(slots, sealed, latest));
    const visit = (slot: number, timestamp: number, value: number): void => {
      const limit = slots.limitOf(slot);
      if (limit !== 0) this.#options.onOverLimit?.(slots.idOf(slot), limit, 1);
      this.#mergeTimestamped(slots.idOf(slot), sealed.start, timestamp, value);
    };
    for (let start = 0; start < sealed.timestampedCount; start += STEP_CELLS) {
      sealed.forEachTimestamped(visit, start, start + STEP_CELLS);
      yield;
    }
  }

  /**
   * Takes the buckets that have closed at `now` (Unix seconds), and at the final flush the open ones if
   * so configured; otherwise the final flush drops those and counts them.
   */
  flush(now: number, options: { readonly final: boolean }): FlushResult {
    return finish(this.flushSteps(now, options));
  }

  /** The same in steps. */
  *flushSteps(now: number, options: { readonly final: boolean }): Steps<FlushResult> {
    const cutOff = this.#startAt(now);
    const buckets = yield* this.#takeClosed(cutOff, options.final && this.#options.flushIncompleteBuckets);
    if (options.final) this.#dropOpen();
    for (const bucket of buckets) yield* bucket.close();
    this.#lastCutOff = cutOff;
    const taken = { now, timestamped: this.#timestamped, buckets, forgotten: [] };
    this.#timestamped = new TimestampedLog();
    return { batches: this.#emit(taken), forgotten: taken.forgotten };
  }

  /** `latest` is the latest time in the parts that the shard delivered before; returns it with this one. */
  *#mergeCells(slots: ShardSlots, sealed: SealedBucket, latest: number): Steps<number> {
    const registry = this.#registry;
    let latestHere = latest;
    let bucket = this.#buckets.get(sealed.start);
    let left = STEP_CELLS;
    for (const slot of sealed.slots) {
      if (left-- === 0) {
        yield;
        left = STEP_CELLS;
      }
      const id = slots.idOf(slot);
      if (id === NO_CONTEXT) {
        this.counts.refusedCells++;
        continue;
      }
      const limit = slots.limitOf(slot);
      if (limit !== 0) this.#options.onOverLimit?.(id, limit, sealed.samples(slot));
      const seen = sealed.lastSeen(slot);
      const clockWentBack = seen < latest;
      latestHere = Math.max(latestHere, seen);
      bucket ??= this.#open(sealed.start);
      if (bucket.merge(id, registry.typeOf(id), sealed, slot, clockWentBack)) registry.hold(id);
      registry.noteSample(id, Math.trunc(seen), clockWentBack);
    }
    const visit: VisitKey = (slot, kind, low, high, weight) => {
      const id = slots.idOf(slot);
      if (id !== NO_CONTEXT) bucket?.mergeKey(id, registry.typeOf(id), kind, low, high, weight);
    };
    for (let start = 0; start < sealed.keyPositions; start += STEP_KEYS) {
      sealed.forEachKey(visit, start, start + STEP_KEYS);
      yield;
    }
    return latestHere;
  }

  #mergeTimestamped(id: number, receivedAt: number, timestamp: number, value: number): void {
    if (id === NO_CONTEXT) {
      this.counts.refusedTimestampedSamples++;
      return;
    }
    this.#registry.noteTimestamped(id, receivedAt);
    if (timestampedSeries(this.#registry.typeOf(id), value, this.#options.intervalSeconds) === undefined) {
      this.counts.unsupportedTimestampedSamples++;
      return;
    }
    this.#registry.hold(id);
    this.#timestamped.append(id, timestamp, value);
  }

  /** Spec aggregation §5.2: closed buckets, zero-filled, or one bucket of zeros when there are none at all. */
  *#takeClosed(cutOff: number, openToo: boolean): Steps<Bucket[]> {
    const interval = this.#options.intervalSeconds;
    const idle = ![...this.#buckets.values()].some((bucket) => bucket.hasSeries);
    const taken = [...this.#buckets.values()]
      .filter((bucket) => openToo || bucket.start + interval <= cutOff)
      .sort((a, b) => a.start - b.start);
    for (const bucket of taken) this.#buckets.delete(bucket.start);
    for (const bucket of taken) if (bucket.hasSeries) yield* this.#zeroFill(bucket);
    if (idle && this.#lastCutOff + interval <= cutOff) {
      const zeros = new Bucket(cutOff - interval, this.#rules);
      yield* this.#zeroFill(zeros);
      taken.push(zeros);
    }
    return taken;
  }

  *#zeroFill(bucket: Bucket): Steps {
    const registry = this.#registry;
    const after = bucket.start - this.#options.counterExpirySeconds;
    const fill = (id: number): void => {
      if (bucket.zeroFill(id)) registry.hold(id);
    };
    for (let start = 0; start < registry.idEnd; start += STEP_CONTEXTS) {
      registry.forEachCounterSeenAfter(after, fill, start, start + STEP_CONTEXTS);
      yield;
    }
  }

  #dropOpen(): void {
    for (const bucket of this.#buckets.values()) {
      this.counts.incompleteAggregates += bucket.size;
      for (const id of bucket.ids()) this.#registry.release(id);
    }
    this.#buckets.clear();
  }

  /** Batches; some at the end are empty, steps of the work that follows. */
  *#emit(taken: Taken): Generator<Aggregate[]> {
    const ending = this.#endFlush(taken);
    try {
      let batch: Aggregate[] = [];
      for (const aggregate of this.#aggregates(taken)) {
        batch.push(aggregate);
        if (batch.length < BATCH_AGGREGATES) continue;
        yield batch;
        batch = [];
      }
      if (batch.length > 0) yield batch;
      while (ending.next().done !== true) yield [];
    } finally {
      finish(ending);
    }
  }

  /** Lets go of what was emitted, and forgets what has expired. */
  *#endFlush({ now, timestamped, buckets, forgotten }: Taken): Steps {
    const registry = this.#registry;
    let left = STEP_CONTEXTS;
    for (const id of idsOf(timestamped, buckets)) {
      registry.release(id);
      if (left-- > 0) continue;
      yield;
      left = STEP_CONTEXTS;
    }
    for (let start = 0; start < registry.idEnd; start += STEP_CONTEXTS) {
      forgotten.push(...this.#expire(now, start, start + STEP_CONTEXTS));
      yield;
    }
  }

  *#aggregates({ timestamped, buckets }: Taken): Generator<Aggregate> {
    const interval = this.#options.intervalSeconds;
    for (const { id, timestamp, value } of timestamped.samples()) {
      const context = this.#registry.context(id);
      const series = timestampedSeries(context.type, value, interval);
      if (series === undefined) continue;
      yield { context, timestamp, interval, data: { kind: 'timestamped', value }, series: [series] };
    }
    for (const bucket of buckets) {
      for (const { id, outcome } of bucket.outcomes()) {
        const context = this.#registry.context(id);
        const series = this.#filter(context.name, outcome.series);
        yield { context, timestamp: bucket.start, interval, data: outcome.data, series };
      }
    }
  }

  /** Leaves out derived series that are filtered by name. Plain names were filtered at the intake. */
  #filter(name: ByteString, series: readonly Series[]): readonly Series[] {
    const { isFiltered } = this.#options;
    if (isFiltered === undefined) return series;
    return series.filter(({ suffix }) => suffix === '' || !isFiltered(name + suffix));
  }

  #expire(now: number, start: number, end: number): number[] {
    const { contextExpirySeconds, counterExpirySeconds, retentionSeconds } = this.#options;
    const retention = { contextExpirySeconds, counterExpirySeconds, outputSeconds: retentionSeconds };
    return this.#registry.expire(now, retention, start, end);
  }

  #open(start: number): Bucket {
    const bucket = new Bucket(start, this.#rules);
    this.#buckets.set(start, bucket);
    return bucket;
  }

  #startAt(time: number): number {
    const whole = Math.trunc(time);
    return whole - (whole % this.#options.intervalSeconds);
  }
}

function* idsOf(timestamped: TimestampedLog, buckets: readonly Bucket[]): Generator<number> {
  for (const { id } of timestamped.samples()) yield id;
  for (const bucket of buckets) yield* bucket.ids();
}
