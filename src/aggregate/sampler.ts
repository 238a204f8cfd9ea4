/**
 * Time sampler: merges what the shards sealed and turns closed buckets into aggregates, by the rules of
 * the Agent's time sampler (spec aggregation §5) for any sequence of merges and flushes.
 *
 *   shard ─▶ sealed bucket ──merge──▶ bucket by start ──flush, once closed──▶ batches of aggregates
 *                        └─▶ timestamped log ───────────next flush──────────┘
 *
 * The control thread owns it. A flush takes the closed buckets away at once and then yields batch by
 * batch, so that the thread can do other work, merges included, between two of them.
 *
 * Differs from the Agent: the type is part of the context, a rejected value leaves no trace, and data
 * never loses its context (docs/differences.md).
 */
import type { SealedBucket } from '../model/sealed-bucket.ts';
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
  /** Whether a name made of a histogram's and a suffix is filtered out (spec aggregation §9). */
  readonly isFiltered?: (name: ByteString) => boolean;
}

/** What could not be aggregated, counted since the start. */
export interface SamplerCounts {
  /** Cells (one context of one shard in one part of a bucket) of contexts that the registry refused. */
  refusedCells: number;
  /** Timestamped samples of contexts that the registry refused. */
  refusedTimestampedSamples: number;
  /** Timestamped samples of types that cannot pass through. */
  unsupportedTimestampedSamples: number;
  /** Aggregates of open buckets that the final flush left behind. */
  incompleteAggregates: number;
}

export interface FlushResult {
  /** The aggregates. Iterate to the end, or break off; contexts are let go of then, not before. */
  readonly batches: Iterable<Aggregate[]>;
  /** Ids of the contexts that this flush forgot; filled when `batches` has ended. */
  readonly forgotten: readonly number[];
}

/** What a flush took away. */
interface Taken {
  readonly now: number;
  readonly timestamped: TimestampedLog;
  readonly buckets: readonly Bucket[];
  readonly forgotten: number[];
}

const BATCH_AGGREGATES = 500;

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
    const slots = this.slotsOf(shard);
    const latest = this.#latestTimes.get(shard) ?? Number.NEGATIVE_INFINITY;
    if (sealed.slots.length > 0) this.#latestTimes.set(shard, this.#mergeCells(slots, sealed, latest));
    sealed.forEachTimestamped((slot, timestamp, value) => {
      this.#mergeTimestamped(slots.idOf(slot), sealed.start, timestamp, value);
    });
  }

  /**
   * Takes the buckets that have closed at `now` (Unix seconds), and at the final flush the open ones if
   * so configured; otherwise the final flush drops those and counts them.
   */
  flush(now: number, options: { readonly final: boolean }): FlushResult {
    const cutOff = this.#startAt(now);
    const buckets = this.#takeClosed(cutOff, options.final && this.#options.flushIncompleteBuckets);
    if (options.final) this.#dropOpen();
    for (const bucket of buckets) bucket.close();
    this.#lastCutOff = cutOff;
    const taken = { now, timestamped: this.#timestamped, buckets, forgotten: [] };
    this.#timestamped = new TimestampedLog();
    return { batches: this.#emit(taken), forgotten: taken.forgotten };
  }

  /** `latest` is the latest time in the parts that the shard delivered before; returns it with this one. */
  #mergeCells(slots: ShardSlots, sealed: SealedBucket, latest: number): number {
    const registry = this.#registry;
    let latestHere = latest;
    let bucket = this.#buckets.get(sealed.start);
    for (const slot of sealed.slots) {
      const id = slots.idOf(slot);
      if (id === NO_CONTEXT) {
        this.counts.refusedCells++;
        continue;
      }
      const seen = sealed.lastSeen(slot);
      const clockWentBack = seen < latest;
      latestHere = Math.max(latestHere, seen);
      bucket ??= this.#open(sealed.start);
      if (bucket.merge(id, registry.typeOf(id), sealed, slot, clockWentBack)) registry.hold(id);
      registry.noteSample(id, Math.trunc(seen), clockWentBack);
    }
    sealed.forEachKey((slot, kind, low, high, weight) => {
      const id = slots.idOf(slot);
      if (id !== NO_CONTEXT) bucket?.mergeKey(id, registry.typeOf(id), kind, low, high, weight);
    });
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
  #takeClosed(cutOff: number, openToo: boolean): Bucket[] {
    const interval = this.#options.intervalSeconds;
    const idle = ![...this.#buckets.values()].some((bucket) => bucket.hasSeries);
    const taken = [...this.#buckets.values()]
      .filter((bucket) => openToo || bucket.start + interval <= cutOff)
      .sort((a, b) => a.start - b.start);
    for (const bucket of taken) this.#buckets.delete(bucket.start);
    for (const bucket of taken) if (bucket.hasSeries) this.#zeroFill(bucket);
    if (idle && this.#lastCutOff + interval <= cutOff) {
      const zeros = new Bucket(cutOff - interval, this.#rules);
      this.#zeroFill(zeros);
      taken.push(zeros);
    }
    return taken;
  }

  #zeroFill(bucket: Bucket): void {
    const registry = this.#registry;
    registry.forEachCounterSeenAfter(bucket.start - this.#options.counterExpirySeconds, (id) => {
      if (bucket.zeroFill(id)) registry.hold(id);
    });
  }

  #dropOpen(): void {
    for (const bucket of this.#buckets.values()) {
      this.counts.incompleteAggregates += bucket.size;
      this.#letGo(bucket.ids());
    }
    this.#buckets.clear();
  }

  *#emit(taken: Taken): Generator<Aggregate[]> {
    try {
      let batch: Aggregate[] = [];
      for (const aggregate of this.#aggregates(taken)) {
        batch.push(aggregate);
        if (batch.length < BATCH_AGGREGATES) continue;
        yield batch;
        batch = [];
      }
      if (batch.length > 0) yield batch;
    } finally {
      for (const { id } of taken.timestamped.samples()) this.#registry.release(id);
      for (const bucket of taken.buckets) this.#letGo(bucket.ids());
      taken.forgotten.push(...this.#expire(taken.now));
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

  #letGo(ids: Iterable<number>): void {
    for (const id of ids) this.#registry.release(id);
  }

  #expire(now: number): number[] {
    const { contextExpirySeconds, counterExpirySeconds, retentionSeconds } = this.#options;
    return this.#registry.expire(now, {
      contextExpirySeconds,
      counterExpirySeconds,
      outputSeconds: retentionSeconds,
    });
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
