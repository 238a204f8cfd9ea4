/**
 * Time sampler: merges what the shards sealed and turns closed buckets into aggregates, by the rules of
 * the Agent's time sampler (spec aggregation §5) for any sequence of merges and flushes.
 *
 *   shard ─▶ sealed bucket ──merge──▶ bucket by width, start ──flush, once closed──▶ batches of aggregates
 *                        └─▶ timestamped log ──────────────next flush──────────────┘
 *
 * How a context is aggregated, and in buckets of which width, is its plan (plans.ts).
 *
 * The control thread owns it. Merging, closing and emitting go in steps (lib/steps.ts), so that the thread can
 * do other work in between. A merge and the closing of a flush exclude each other: whoever runs their steps ends
 * one before it begins the next. Between two batches of a flush merges may go on.
 *
 * Differs from the Agent: the type is part of the context, a rejected value leaves no trace, and data
 * never loses its context (docs/differences.md).
 */
import { finish, type Steps } from '../lib/steps.ts';
import type { AggregationRule } from '../model/metric-rule.ts';
import type { SealedBucket, VisitKey, VisitTimestamped } from '../model/sealed-bucket.ts';
import type { Aggregate, Series } from '../model/series.ts';
import type { ByteString } from '../model/text.ts';
import type { Bucket } from './bucket.ts';
import { Buckets } from './buckets.ts';
import { histogramSeriesOf } from './histogram-series.ts';
import { type Plan, Plans, type RuleOf } from './plans.ts';
import { NO_CONTEXT, type Registry } from './registry.ts';
import { ShardSlots } from './shard-slots.ts';
import type { SketchLimits } from './sketch-bins.ts';
import { isPassedThrough, TimestampedLog, timestampedSeries } from './timestamped-log.ts';

export interface SamplerOptions {
  /** Width of a bucket; parts that are merged are within one of every width. */
  readonly intervalSeconds: number;
  /** What metric rules say about contexts. */
  readonly ruleOf?: RuleOf | undefined;
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
  /** Values that shards handed over. */
  mergedValues: number;
  /** Of these, the ones in buckets that no flush has handed on yet. */
  heldValues: number;
  /** Values in aggregates that a flush handed on. */
  flushedValues: number;
  /** Values of slots that mean no context. */
  refusedValues: number;
  /** Timestamped values of types that cannot pass through. */
  unsupportedTimestampedValues: number;
  /** Values of open buckets that the final flush left behind, and of a flush that was broken off. */
  incompleteValues: number;
  /** Copies of histograms whose timestamps would need too many buckets, dropped. */
  droppedCopies: number;
  /** Histograms that had more different values in one bucket than are kept exactly. */
  sketchedHistograms: number;
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
/** Buckets that timestamps of senders may open: those of almost three hours. The clock may always open one. */
const BUCKETS_MAX = 1000;
/** Cells, keys or contexts of one step. */
const STEP_CELLS = 256;
const STEP_KEYS = 1024;
const STEP_CONTEXTS = 1024;

export interface FlushOptions {
  /** The last flush before a stop. */
  readonly final: boolean;
  /** Takes open buckets as well; what comes to them afterwards is another part of the same bucket. */
  readonly openToo?: boolean;
}

export class TimeSampler {
  readonly counts: SamplerCounts = {
    mergedValues: 0,
    heldValues: 0,
    flushedValues: 0,
    refusedValues: 0,
    unsupportedTimestampedValues: 0,
    incompleteValues: 0,
    droppedCopies: 0,
    sketchedHistograms: 0,
    incompleteAggregates: 0,
  };
  readonly #options: SamplerOptions;
  readonly #registry: Registry;
  readonly #slots = new Map<number, ShardSlots>();
  /** The latest time each shard has received a sample at, to notice a clock that went back. */
  readonly #latestTimes = new Map<number, number>();
  /** By width. */
  readonly #buckets = new Map<number, Buckets>();
  readonly #plans: Plans;
  #timestamped = new TimestampedLog();
  #lastFlushAt = 0;

  constructor(registry: Registry, options: SamplerOptions) {
    this.#registry = registry;
    this.#options = options;
    this.#plans = new Plans(registry, options.ruleOf, (rule) => this.#makePlan(rule));
  }

  /**
   * Takes other metric rules, between merges. What is in a bucket stays there; what comes goes where they say.
   */
  useRules(ruleOf: RuleOf | undefined): void {
    this.#plans.use(ruleOf);
    for (const [width, buckets] of this.#buckets)
      if (buckets.isEmpty && width !== this.#options.intervalSeconds) this.#buckets.delete(width);
  }

  /** `expiry_seconds` of the rule for context `id`, if it has one. */
  expirySecondsOf(id: number): number | undefined {
    return this.#plans.of(id).expirySeconds;
  }

  /** Whether a flush at `now` could take a bucket. */
  isDue(now: number): boolean {
    return [...this.#buckets.values()].some((buckets) => buckets.isDue(now));
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
    const visit: VisitTimestamped = (slot, timestamp, value, weight) => {
      const limit = slots.limitOf(slot);
      const id = slots.idOf(slot);
      if (limit !== 0) this.#options.onOverLimit?.(id, limit, 1);
      this.counts.mergedValues++;
      if (id === NO_CONTEXT) this.counts.refusedValues++;
      else if (this.#registry.typeOf(id) === 'distribution') this.#addCopy(id, timestamp, value, weight);
      else this.#mergeTimestamped(id, sealed.start, timestamp, value);
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
  flush(now: number, options: FlushOptions): FlushResult {
    return finish(this.flushSteps(now, options));
  }

  /** The same in steps. */
  *flushSteps(now: number, options: FlushOptions): Steps<FlushResult> {
    const openToo = options.openToo === true || (options.final && this.#options.flushIncompleteBuckets);
    const buckets: Bucket[] = [];
    for (const each of this.#buckets.values()) buckets.push(...(yield* each.takeClosed(now, openToo)));
    if (options.final)
      for (const each of this.#buckets.values()) {
        const { aggregates, values } = each.drop();
        this.counts.incompleteAggregates += aggregates;
        this.counts.incompleteValues += values;
        this.counts.heldValues -= values;
      }
    for (const bucket of buckets) yield* bucket.close();
    this.#lastFlushAt = now;
    const taken = { now, timestamped: this.#timestamped, buckets, forgotten: [] };
    this.#timestamped = new TimestampedLog();
    return { batches: this.#emit(taken), forgotten: taken.forgotten };
  }

  /** `latest` is the latest time in the parts that the shard delivered before; returns it with this one. */
  *#mergeCells(slots: ShardSlots, sealed: SealedBucket, latest: number): Steps<number> {
    const registry = this.#registry;
    let latestHere = latest;
    let left = STEP_CELLS;
    for (const slot of sealed.slots) {
      if (left-- === 0) {
        yield;
        left = STEP_CELLS;
      }
      const id = slots.idOf(slot);
      const values = sealed.samples(slot);
      this.counts.mergedValues += values;
      if (id === NO_CONTEXT) {
        this.counts.refusedValues += values;
        continue;
      }
      this.counts.heldValues += values;
      const limit = slots.limitOf(slot);
      if (limit !== 0) this.#options.onOverLimit?.(id, limit, values);
      const seen = sealed.lastSeen(slot);
      const clockWentBack = seen < latest;
      latestHere = Math.max(latestHere, seen);
      const bucket = this.#plans.of(id).buckets.at(sealed.start);
      if (bucket.merge(id, registry.typeOf(id), sealed, slot, clockWentBack)) registry.hold(id);
      registry.noteSample(id, Math.trunc(seen), clockWentBack);
      registry.countSamples(id, sealed.samples(slot));
    }
    const visit: VisitKey = (slot, kind, low, high, weight) => {
      const id = slots.idOf(slot);
      if (id === NO_CONTEXT) return;
      const bucket = this.#plans.of(id).buckets.at(sealed.start);
      bucket.mergeKey(id, registry.typeOf(id), kind, low, high, weight);
    };
    for (let start = 0; start < sealed.keyPositions; start += STEP_KEYS) {
      sealed.forEachKey(visit, start, start + STEP_KEYS);
      yield;
    }
    return latestHere;
  }

  #mergeTimestamped(id: number, receivedAt: number, timestamp: number, value: number): void {
    this.#registry.noteTimestamped(id, receivedAt);
    this.#registry.countSamples(id, 1);
    if (!isPassedThrough(this.#registry.typeOf(id))) {
      this.counts.unsupportedTimestampedValues++;
      return;
    }
    this.#registry.hold(id);
    this.#timestamped.append(id, timestamp, value);
    this.counts.heldValues++;
  }

  /** The copy of a histogram belongs to the bucket of its timestamp, whenever it comes (spec aggregation §8). */
  #addCopy(id: number, timestamp: number, value: number, weight: number): void {
    const { buckets } = this.#plans.of(id);
    if (buckets.size >= BUCKETS_MAX && !buckets.has(timestamp)) {
      this.counts.droppedCopies++;
      return;
    }
    this.counts.heldValues++;
    if (buckets.at(timestamp).addToDistribution(id, value, weight)) this.#registry.hold(id);
    this.#registry.noteSample(id, Math.trunc(timestamp), false);
  }

  /** Batches; some at the end are empty, steps of the work that follows. */
  *#emit(taken: Taken): Generator<Aggregate[]> {
    const ending = this.#endFlush(taken);
    let isWhole = false;
    try {
      let batch: Aggregate[] = [];
      for (const aggregate of this.#aggregates(taken)) {
        batch.push(aggregate);
        if (batch.length < BATCH_AGGREGATES) continue;
        yield batch;
        batch = [];
      }
      if (batch.length > 0) yield batch;
      isWhole = true;
      this.#countFlushed(taken, isWhole);
      while (ending.next().done !== true) yield [];
    } finally {
      if (!isWhole) this.#countFlushed(taken, isWhole);
      finish(ending);
    }
  }

  /** What a flush took is held no more; a flush that was broken off lost it. */
  #countFlushed({ timestamped, buckets }: Taken, isWhole: boolean): void {
    const values = buckets.reduce((sum, bucket) => sum + bucket.values, timestamped.size);
    this.counts.heldValues -= values;
    this.counts[isWhole ? 'flushedValues' : 'incompleteValues'] += values;
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
    registry.trim();
  }

  *#aggregates({ timestamped, buckets }: Taken): Generator<Aggregate> {
    for (const { id, timestamp, value } of timestamped.samples()) {
      const context = this.#registry.context(id);
      const interval = this.#plans.of(id).buckets.widthSeconds;
      const series = timestampedSeries(context.type, value, interval);
      if (series === undefined) continue;
      yield { context, timestamp, interval, data: { kind: 'timestamped', value }, series: [series] };
    }
    for (const bucket of buckets) {
      for (const { id, outcome } of bucket.outcomes()) {
        const context = this.#registry.context(id);
        const series = this.#filter(context.name, outcome.series);
        const { start: timestamp, widthSeconds: interval } = bucket;
        yield { context, timestamp, interval, data: outcome.data, series };
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
    const forgotten = this.#registry.expire(now, (id) => this.#plans.of(id), start, end);
    this.#plans.forget(forgotten);
    return forgotten;
  }

  #makePlan(rule: AggregationRule | undefined): Plan {
    const { intervalSeconds, counterExpirySeconds, contextExpirySeconds, retentionSeconds } = this.#options;
    const { bucketSeconds, expirySeconds } = rule ?? {};
    const { histogramAggregates: aggregates, histogramPercentiles: percentiles } = this.#options;
    return {
      buckets: this.#bucketsOf(bucketSeconds ?? intervalSeconds),
      series: histogramSeriesOf({ aggregates, percentiles }, rule),
      expirySeconds,
      contextExpirySeconds,
      counterExpirySeconds: expirySeconds ?? counterExpirySeconds,
      // An output that looks contexts up does so for as long as the rule says.
      outputSeconds: retentionSeconds === 0 ? 0 : Math.max(retentionSeconds, expirySeconds ?? 0),
    };
  }

  #bucketsOf(widthSeconds: number): Buckets {
    const known = this.#buckets.get(widthSeconds);
    if (known !== undefined) return known;
    const buckets: Buckets = new Buckets({
      registry: this.#registry,
      rules: {
        intervalSeconds: widthSeconds,
        seriesOf: (id) => this.#plans.of(id).series,
        valuesMax: this.#options.histogramValuesMax,
        sketchLimits: this.#options.sketchLimits,
        onSketched: () => this.counts.sketchedHistograms++,
      },
      zeroSecondsOf: (id) => {
        const plan = this.#plans.of(id);
        return plan.buckets === buckets ? plan.counterExpirySeconds : undefined;
      },
      lastFlushAt: this.#lastFlushAt,
    });
    this.#buckets.set(widthSeconds, buckets);
    return buckets;
  }
}

function* idsOf(timestamped: TimestampedLog, buckets: readonly Bucket[]): Generator<number> {
  for (const { id } of timestamped.samples()) yield id;
  for (const bucket of buckets) yield* bucket.ids();
}
