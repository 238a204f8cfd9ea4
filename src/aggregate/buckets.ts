/**
 * The buckets of one width: those that are open, and when they close (docs/behaviour/aggregation.md#buckets).
 *
 *   at(time) ─▶ bucket ──takeClosed, once its end has passed──▶ buckets, zero-filled, ascending
 *
 * The control thread owns it; bucket_seconds has one, and each other width that a metric rule asks for.
 */
import type { Steps } from '../lib/time/steps.ts';
import { bucketStartOf } from '../model/bucket-start.ts';
import { Bucket, type CellRules } from './bucket.ts';
import type { Registry } from './contexts/registry.ts';

/** Contexts of one step. */
const STEP_CONTEXTS = 1024;

export interface BucketsOptions {
  readonly registry: Registry;
  /** The width is `intervalSeconds` of these. */
  readonly rules: CellRules;
  /** How long the counter `id` is zero-filled after its last sample; undefined for one of another width. */
  readonly zeroSecondsOf: (id: number) => number | undefined;
  /** When the last flush was, Unix seconds; 0 before the first. */
  readonly lastFlushAt: number;
}

export class Buckets {
  readonly widthSeconds: number;
  private readonly options: BucketsOptions;
  private readonly open = new Map<number, Bucket>();
  /** The bucket asked for last: nearly always the one asked for next. */
  private latest: Bucket | undefined;
  private lastCutOff: number;

  constructor(options: BucketsOptions) {
    this.options = options;
    this.widthSeconds = options.rules.intervalSeconds;
    // No bucket of zeros for a time of which a flush has taken a part already, in buckets of another width.
    this.lastCutOff = Math.ceil(options.lastFlushAt / this.widthSeconds) * this.widthSeconds;
  }

  get isEmpty(): boolean {
    return this.open.size === 0;
  }

  /** How many are open. */
  get size(): number {
    return this.open.size;
  }

  /** Whether the bucket that holds a time is open. */
  has(time: number): boolean {
    return this.open.has(bucketStartOf(time, this.widthSeconds));
  }

  /** The bucket that holds a time, Unix seconds, made when there is none. */
  at(time: number): Bucket {
    const start = bucketStartOf(time, this.widthSeconds);
    if (this.latest?.start === start) return this.latest;
    const bucket = this.open.get(start) ?? new Bucket(start, this.options.rules);
    this.open.set(start, bucket);
    this.latest = bucket;
    return bucket;
  }

  /** Those that are open, in order of their start. */
  all(): Bucket[] {
    return [...this.open.values()].sort((a, b) => a.start - b.start);
  }

  /** Whether a flush at `now` could take anything. */
  isDue(now: number): boolean {
    return bucketStartOf(now, this.widthSeconds) !== this.lastCutOff;
  }

  /**
   * Takes the buckets that have closed at `now`, or all of them, and zero-fills them; one bucket of zeros when
   * there are none at all.
   */
  *takeClosed(now: number, openToo: boolean): Steps<Bucket[]> {
    const width = this.widthSeconds;
    const cutOff = bucketStartOf(now, width);
    const idle = ![...this.open.values()].some((bucket) => bucket.hasSeries);
    const taken = [...this.open.values()]
      .filter((bucket) => openToo || bucket.start + width <= cutOff)
      .sort((a, b) => a.start - b.start);
    for (const bucket of taken) this.open.delete(bucket.start);
    this.latest = undefined;
    for (const bucket of taken) if (bucket.hasSeries) yield* this.zeroFill(bucket);
    if (idle && this.lastCutOff + width <= cutOff) {
      const zeros = new Bucket(cutOff - width, this.options.rules);
      yield* this.zeroFill(zeros);
      taken.push(zeros);
    }
    this.lastCutOff = cutOff;
    return taken;
  }

  /** Lets go of what is open; how much that was. */
  drop(): { readonly aggregates: number; readonly values: number } {
    let aggregates = 0;
    let values = 0;
    for (const bucket of this.open.values()) {
      aggregates += bucket.size;
      values += bucket.values;
      for (const id of bucket.ids()) this.options.registry.release(id);
    }
    this.open.clear();
    this.latest = undefined;
    return { aggregates, values };
  }

  private *zeroFill(bucket: Bucket): Steps {
    const { registry, zeroSecondsOf } = this.options;
    const fill = (id: number, seen: number): void => {
      const zeroSeconds = zeroSecondsOf(id);
      if (zeroSeconds === undefined || seen <= bucket.start - zeroSeconds) return;
      if (bucket.zeroFill(id)) registry.hold(id);
    };
    for (let start = 0; start < registry.idEnd; start += STEP_CONTEXTS) {
      registry.forEachLiveCounter(fill, start, start + STEP_CONTEXTS);
      yield;
    }
  }
}
