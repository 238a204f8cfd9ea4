/**
 * Time sampler: merges what the shards sealed and turns closed buckets into aggregates, by the rules of
 * the Agent's time sampler (docs/behaviour/aggregation.md#buckets) for any sequence of merges and flushes.
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
import { finish, type Steps } from '../lib/time/steps.ts';
import type { AggregationRule } from '../model/metric-rule.ts';
import { NumberBatch } from '../model/number-batch.ts';
import type { OpenValue } from '../model/open-value.ts';
import type { SealedBucket, VisitKey, VisitTimestamped } from '../model/sealed-bucket.ts';
import type { Aggregate } from '../model/series.ts';
import type { Bucket } from './bucket.ts';
import { Buckets } from './buckets.ts';
import { NO_CONTEXT, type Registry } from './contexts/registry.ts';
import { ShardSlots } from './contexts/shard-slots.ts';
import { EqualPoints, type SharedNames } from './equal-points.ts';
import { flushBatches, type TakenAggregates } from './flush-batches.ts';
import { type Plan, Plans, type RuleOf } from './plans.ts';
import { noCounts, type SamplerCounts, type SamplerOptions } from './sampler-options.ts';
import { isPassedThrough, TimestampedLog } from './timestamped-log.ts';
import { histogramSeriesOf } from './types/histogram-series.ts';

export type { OnPartial, SamplerCounts, SamplerOptions } from './sampler-options.ts';

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
interface Taken extends TakenAggregates {
  readonly now: number;
  readonly forgotten: number[];
}

/** Buckets that timestamps of senders may open: those of almost three hours. The clock may always open one. */
const BUCKETS_MAX = 1000;
/** Cells, keys or contexts of one step. */
const STEP_CELLS = 256;
/** Numbers of histograms and distributions that take as long as a cell. */
const STEP_NUMBERS = 8;
const STEP_KEYS = 1024;
const STEP_CONTEXTS = 1024;

export interface FlushOptions {
  /** The last flush before a stop. */
  readonly final: boolean;
  /** Takes open buckets as well; what comes to them afterwards is another part of the same bucket. */
  readonly openToo?: boolean;
}

export class TimeSampler {
  readonly counts: SamplerCounts = noCounts();
  private readonly options: SamplerOptions;
  private readonly registry: Registry;
  private readonly slots = new Map<number, ShardSlots>();
  private readonly batch = new NumberBatch();
  /** The latest time each shard has received a sample at, to notice a clock that went back. */
  private readonly latestTimes = new Map<number, number>();
  /** By width. */
  private readonly buckets = new Map<number, Buckets>();
  private readonly plans: Plans;
  private readonly equalPoints: EqualPoints | undefined;
  private timestamped = new TimestampedLog();
  private lastFlushAt = 0;

  constructor(registry: Registry, options: SamplerOptions) {
    this.registry = registry;
    this.options = options;
    this.plans = new Plans(registry, options.ruleOf, (rule) => this.makePlan(rule));
    this.equalPoints = options.unitesEqualPoints === true ? this.makeEqualPoints() : undefined;
  }

  /**
   * Takes other metric rules, between merges. What is in a bucket stays there; what comes goes where they say.
   */
  useRules(ruleOf: RuleOf | undefined): void {
    this.plans.use(ruleOf);
    for (const [width, buckets] of this.buckets)
      if (buckets.isEmpty && width !== this.options.intervalSeconds) this.buckets.delete(width);
  }

  /** `expiry_seconds` of the rule for context `id`, if it has one. */
  expirySecondsOf(id: number): number | undefined {
    return this.plans.of(id).expirySeconds;
  }

  /** Whether a flush at `now` could take a bucket. */
  isDue(now: number): boolean {
    return [...this.buckets.values()].some((buckets) => buckets.isDue(now));
  }

  /** What the slots of a shard mean. The caller assigns and frees them as the shard says. */
  slotsOf(shard: number): ShardSlots {
    const known = this.slots.get(shard);
    if (known !== undefined) return known;
    const slots = new ShardSlots(this.registry);
    this.slots.set(shard, slots);
    return slots;
  }

  /** Adds everything in `sealed`; nothing of it is referred to afterwards. */
  merge(shard: number, sealed: SealedBucket): void {
    finish(this.mergeSteps(shard, sealed));
  }

  /** The same in steps; `sealed` is referred to until they end. */
  *mergeSteps(shard: number, sealed: SealedBucket): Steps {
    const slots = this.slotsOf(shard);
    const latest = this.latestTimes.get(shard) ?? Number.NEGATIVE_INFINITY;
    if (sealed.slots.length > 0) this.latestTimes.set(shard, yield* this.mergeCells(slots, sealed, latest));
    const visit: VisitTimestamped = (slot, timestamp, value, weight) => {
      const limit = slots.limitOf(slot);
      const id = slots.idOf(slot);
      if (limit !== 0) this.options.onOverLimit?.(id, limit, 1);
      this.counts.mergedValues++;
      if (id === NO_CONTEXT) this.counts.refusedValues++;
      else if (this.registry.typeOf(id) === 'distribution') this.addCopy(id, timestamp, value, weight);
      else this.mergeTimestamped(id, sealed.start, timestamp, value);
    };
    for (let start = 0; start < sealed.timestampedCount; start += STEP_CELLS) {
      sealed.forEachTimestamped(visit, start, start + STEP_CELLS);
      yield;
    }
  }

  /** Shows what open buckets hold so far, with bins where they are needed; nothing of them changes. */
  *lookSteps(visit: (value: OpenValue) => void, needsBins?: (id: number) => boolean): Steps {
    const scopeOf = this.options.onPartial && ((id: number) => this.registry.scopeOf(id));
    for (const buckets of this.buckets.values()) {
      for (const bucket of buckets.all()) {
        for (const value of bucket.openValues(scopeOf, needsBins)) {
          if (value === undefined) yield;
          else visit(value);
        }
      }
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
    const openToo = options.openToo === true || (options.final && this.options.flushIncompleteBuckets);
    const buckets: Bucket[] = [];
    for (const each of this.buckets.values()) buckets.push(...(yield* each.takeClosed(now, openToo)));
    if (options.final)
      for (const each of this.buckets.values()) {
        const { aggregates, values } = each.drop();
        this.counts.incompleteAggregates += aggregates;
        this.counts.incompleteValues += values;
        this.counts.heldValues -= values;
      }
    for (const bucket of buckets) yield* bucket.close();
    this.lastFlushAt = now;
    const timestamped = this.timestamped;
    this.timestamped = new TimestampedLog();
    const shared = yield* this.unite(timestamped, buckets);
    const taken: Taken = { now, timestamped, buckets, shared, forgotten: [] };
    return { batches: this.emit(taken), forgotten: taken.forgotten };
  }

  private *unite(timestamped: TimestampedLog, buckets: readonly Bucket[]): Steps<SharedNames | undefined> {
    if (this.equalPoints === undefined) return undefined;
    const before = this.counts.noSecondValues + this.counts.outOfRangeValues;
    const shared = yield* this.equalPoints.unite({ timestamped, buckets });
    const dropped = this.counts.noSecondValues + this.counts.outOfRangeValues - before;
    timestamped.drop(dropped);
    this.counts.heldValues -= dropped;
    return shared;
  }

  /** `latest` is the latest time in the parts that the shard delivered before; returns it with this one. */
  private *mergeCells(slots: ShardSlots, sealed: SealedBucket, latest: number): Steps<number> {
    const registry = this.registry;
    const batch = this.batch;
    /** Slots whose keys are left out, because their cells were. */
    const leftOut = new Set<number>();
    let latestHere = latest;
    let left = STEP_CELLS;
    for (const slot of sealed.slots) {
      if (left-- <= 0) {
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
      const limit = slots.limitOf(slot);
      if (limit !== 0) this.options.onOverLimit?.(id, limit, values);
      const seen = sealed.lastSeen(slot);
      const clockWentBack = seen < latest;
      latestHere = Math.max(latestHere, seen);
      const bucket = this.plans.of(id).buckets.at(sealed.start);
      const type = registry.typeOf(id);
      if (!bucket.hasRoom(id, type, sealed, slot)) {
        this.counts.outOfRangeValues += values;
        leftOut.add(slot);
        continue;
      }
      this.counts.heldValues += values;
      if (bucket.merge(id, type, sealed, slot, clockWentBack)) registry.hold(id);
      registry.noteSample(id, Math.trunc(seen), clockWentBack);
      registry.countSamples(id, sealed.samples(slot));
      if (type !== 'histogram' && type !== 'distribution') continue;
      sealed.readNumbers(slot, batch);
      bucket.mergeNumbers(id, type, batch);
      left -= batch.size / STEP_NUMBERS;
    }
    const visit: VisitKey = (slot, kind, low, high, weight) => {
      const id = slots.idOf(slot);
      if (id === NO_CONTEXT || leftOut.has(slot)) return;
      const bucket = this.plans.of(id).buckets.at(sealed.start);
      bucket.mergeKey(id, registry.typeOf(id), kind, low, high, weight);
    };
    for (let start = 0; start < sealed.keyPositions; start += STEP_KEYS) {
      sealed.forEachKey(visit, start, start + STEP_KEYS);
      yield;
    }
    return latestHere;
  }

  private mergeTimestamped(id: number, receivedAt: number, timestamp: number, value: number): void {
    this.registry.noteTimestamped(id, receivedAt);
    this.registry.countSamples(id, 1);
    if (!isPassedThrough(this.registry.typeOf(id))) {
      this.counts.unsupportedTimestampedValues++;
      return;
    }
    this.registry.hold(id);
    this.timestamped.append(id, timestamp, value);
    this.counts.heldValues++;
  }

  /** The copy of a histogram belongs to the bucket of its timestamp, whenever it comes (docs/behaviour/aggregation.md#copies-of-histograms). */
  private addCopy(id: number, timestamp: number, value: number, weight: number): void {
    const { buckets } = this.plans.of(id);
    if (buckets.size >= BUCKETS_MAX && !buckets.has(timestamp)) {
      this.counts.droppedCopies++;
      return;
    }
    const bucket = buckets.at(timestamp);
    const whole = this.options.exactWeights === true ? weight : Math.trunc(weight);
    if (!bucket.hasRoomFor(id, whole)) {
      this.counts.outOfRangeValues++;
      return;
    }
    this.counts.heldValues++;
    if (bucket.addToDistribution(id, value, weight, whole)) this.registry.hold(id);
    this.registry.noteSample(id, Math.trunc(timestamp), false);
  }

  /** Batches; some at the end are empty, steps of the work that follows. */
  private *emit(taken: Taken): Generator<Aggregate[]> {
    const ending = this.endFlush(taken);
    let isWhole = false;
    try {
      const { registry, plans } = this;
      yield* flushBatches(taken, { ...this.options, registry, plans });
      isWhole = true;
      this.countFlushed(taken, isWhole);
      while (ending.next().done !== true) yield [];
    } finally {
      if (!isWhole) this.countFlushed(taken, isWhole);
      finish(ending);
    }
  }

  /** What a flush took is held no more; a flush that was broken off lost it. */
  private countFlushed({ timestamped, buckets }: Taken, isWhole: boolean): void {
    const values = buckets.reduce((sum, bucket) => sum + bucket.values, timestamped.size);
    this.counts.heldValues -= values;
    this.counts[isWhole ? 'flushedValues' : 'incompleteValues'] += values;
  }

  /** Lets go of what was emitted, and forgets what has expired. */
  private *endFlush({ now, timestamped, buckets, forgotten }: Taken): Steps {
    const registry = this.registry;
    let left = STEP_CONTEXTS;
    for (const { id } of timestamped.samples()) {
      registry.release(id);
      if (left-- > 0) continue;
      yield;
      left = STEP_CONTEXTS;
    }
    for (const [, { rows }] of buckets.flatMap((bucket) => bucket.cellsByType())) {
      for (let row = 0; row < rows.size; row++) {
        registry.release(rows.idAt(row));
        if (left-- > 0) continue;
        yield;
        left = STEP_CONTEXTS;
      }
    }
    for (let start = 0; start < registry.idEnd; start += STEP_CONTEXTS) {
      forgotten.push(...this.expire(now, start, start + STEP_CONTEXTS));
      yield;
    }
    registry.trim();
    this.plans.trim(registry.idEnd);
  }

  private expire(now: number, start: number, end: number): number[] {
    const forgotten = this.registry.expire(now, (id) => this.plans.of(id), start, end);
    this.plans.forget(forgotten);
    return forgotten;
  }

  private makeEqualPoints(): EqualPoints {
    return new EqualPoints({
      registry: this.registry,
      suffixesOf: (id) => this.plans.of(id).series.suffixes,
      onOutOfRange: () => this.counts.outOfRangeValues++,
      onNoSecond: (values) => {
        this.counts.noSecondValues += values;
      },
      onLeftOut: () => this.counts.equalSeries++,
    });
  }

  private makePlan(rule: AggregationRule | undefined): Plan {
    const { intervalSeconds, counterExpirySeconds, contextExpirySeconds, retentionSeconds } = this.options;
    const { bucketSeconds, expirySeconds } = rule ?? {};
    const { histogramAggregates: aggregates, histogramPercentiles: percentiles } = this.options;
    return {
      buckets: this.bucketsOf(bucketSeconds ?? intervalSeconds),
      series: histogramSeriesOf({ aggregates, percentiles }, rule),
      gauge: rule?.gauge ?? 'last',
      globalTags: rule?.globalTags,
      expirySeconds,
      contextExpirySeconds,
      counterExpirySeconds: expirySeconds ?? counterExpirySeconds,
      // An output that looks contexts up does so for as long as the rule says.
      outputSeconds: retentionSeconds === 0 ? 0 : Math.max(retentionSeconds, expirySeconds ?? 0),
    };
  }

  private bucketsOf(widthSeconds: number): Buckets {
    const known = this.buckets.get(widthSeconds);
    if (known !== undefined) return known;
    const buckets: Buckets = new Buckets({
      registry: this.registry,
      rules: {
        intervalSeconds: widthSeconds,
        seriesOf: (id) => this.plans.of(id).series,
        valuesMax: this.options.histogramValuesMax,
        sketchLimits: this.options.sketchLimits,
        onSketched: () => this.counts.sketchedHistograms++,
        onOutOfRange: (values) => {
          this.counts.heldValues -= values;
          this.counts.outOfRangeValues += values;
        },
      },
      zeroSecondsOf: (id) => {
        const plan = this.plans.of(id);
        return plan.buckets === buckets ? plan.counterExpirySeconds : undefined;
      },
      lastFlushAt: this.lastFlushAt,
    });
    this.buckets.set(widthSeconds, buckets);
    return buckets;
  }
}
