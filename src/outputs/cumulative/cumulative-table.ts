/**
 * Cumulative table: what the aggregates of all flushes add up to, by context id. Outputs whose receivers want running
 * totals share one: the Prometheus page, remote write and cumulative OTLP.
 *
 *   batch ─▶ parts(): add a part ─▶ the outputs read the totals of that part ─▶ add the next part ─▶ …
 *
 *   counter                  value: the sum of its buckets; a bucket that is negative is refused
 *   gauge, set               value: the last one, the distinct elements of the last bucket
 *   histogram, distribution  value: the sum, count, and if an output asks for them the bins
 *   timestamped              a counter adds, a gauge is set
 *
 * A series begins with its first data and ends `expirySeconds` after its last, or when a metric rule says so, or with its
 * context. Zero fills begin a series and keep none alive. When data comes again it is a new series: it restarts from zero
 * with a start time of its own. A restart of the server is the same for all.
 *
 * Owned by the control thread; the fan-out drives it (fan-out.ts), outputs only read.
 *
 * Memory  38 bytes a context in columns that double, and 10 bytes for each bin of a distribution (bin-store.ts).
 * Limits  as many rows as there are contexts, whose number the aggregator limits; `binsMax` bins.
 * Full    a bucket of a distribution whose bins have no room is refused as a whole, so that sum, count and bins agree.
 */

import { ColumnTable } from '../../lib/column-table.ts';
import { addFinite, addsUp } from '../../lib/finite.ts';
import type { Context } from '../../model/context.ts';
import type { Aggregate } from '../../model/series.ts';
import { type BinColumns, BinStore } from './bin-store.ts';
import { ObservedBins } from './observed-bins.ts';

/** Why a bucket was not added, or not in full. */
export type Refusal =
  /** A counter that would fall. */
  | 'negative_increment'
  /** A value that is not finite. */
  | 'non_finite'
  /** A total that would become infinite: it stays at the largest double; counts and bins were added. */
  | 'cut'
  /** No room for bins. */
  | 'bins_full'
  /** A timestamped sample of a type that cannot have one. */
  | 'unsupported';

export interface CumulativeOptions {
  /** Seconds without data after which a series ends; 0 keeps it as long as its context lives. */
  readonly expirySeconds: number;
  /** Whether to keep the bins of histograms and distributions. */
  readonly keepsBins: boolean;
  /**
   * Whether the bins of context `id`, a histogram or distribution, are kept, asked when its series begins; all when not given.
   * `context` is the context itself where it is at hand.
   */
  needsBinsOf?(id: number, context?: Context): boolean;
  readonly binsMax?: number;
}

const STATE = { none: 0, lives: 1, expired: 2 } as const;
/** 16 million bins are 160 MiB, or 168 bins for each of 100,000 distributions. */
const BINS_MAX = 16 * 1024 * 1024;
const ROWS_AT_START = 64;

export class CumulativeTable {
  /** How long contexts must be kept after their last data. */
  readonly retentionSeconds: number;
  /** By context id. */
  private readonly table = new ColumnTable(
    {
      /** A counter's total, a gauge's or set's value, the sum of a histogram or distribution. */
      value: Float64Array,
      /** Observations of a histogram or distribution; may have a fraction under exact weights. */
      count: Float64Array,
      /** Start of the bucket in which the series began, Unix seconds. */
      startAt: Uint32Array,
      /** The flush that last brought data, Unix seconds. */
      dataAt: Uint32Array,
      state: Uint8Array,
      /** 1 where negative values were observed, so that the sum may fall. */
      negative: Uint8Array,
      /** 1 where bins are kept. */
      binned: Uint8Array,
      /** The count of all bins. */
      binTotal: Float64Array,
    },
    ROWS_AT_START,
  );
  /** Series now. */
  size = 0;
  /** Ids of the series that ended at the end of the last flush; their contexts live on. */
  expired: readonly number[] = [];
  private readonly bins: BinStore | undefined;
  private readonly needsBinsOf: CumulativeOptions['needsBinsOf'];
  private readonly observed = new ObservedBins();
  private readonly refused = new Map<Aggregate, Refusal>();
  /** Ids in the part under way. */
  private readonly inPart = new Set<number>();
  private now = 0;

  /** A counter's total, a gauge's or set's value, the sum of a histogram or distribution, by context id. Not to be kept. */
  get value(): Float64Array {
    return this.table.columns.value;
  }

  /** Observations of a histogram or distribution, by context id. Not to be kept. */
  get count(): Float64Array {
    return this.table.columns.count;
  }

  /** Start of the bucket in which the series began, Unix seconds, by context id. Not to be kept. */
  get startAt(): Uint32Array {
    return this.table.columns.startAt;
  }

  /** The flush that last brought data, Unix seconds, by context id. Not to be kept. */
  get dataAt(): Uint32Array {
    return this.table.columns.dataAt;
  }

  constructor(options: CumulativeOptions) {
    this.retentionSeconds = options.expirySeconds === 0 ? Number.POSITIVE_INFINITY : options.expirySeconds;
    this.needsBinsOf = options.needsBinsOf?.bind(options);
    if (options.keepsBins) this.bins = new BinStore(options.binsMax ?? BINS_MAX);
  }

  /** A flush begins, at `at` (Unix seconds). */
  begin(at: number): void {
    this.now = at;
    this.expired = [];
  }

  /**
   * Adds a batch in parts, each of which has been added when it is yielded. No context has two buckets in one part, so the
   * totals are those of the bucket that the reader is looking at. Samples with timestamps of their own do not count for that.
   */
  *parts(batch: readonly Aggregate[]): Generator<readonly Aggregate[]> {
    this.inPart.clear();
    this.refused.clear();
    let start = 0;
    for (let end = 0; end < batch.length; end++) {
      const aggregate = batch[end] as Aggregate;
      const { id } = aggregate.context;
      if (aggregate.data.kind !== 'timestamped') {
        if (this.inPart.has(id)) {
          yield batch.slice(start, end);
          start = end;
          this.inPart.clear();
          this.refused.clear();
        }
        this.inPart.add(id);
      }
      const refusal = this.add(aggregate);
      if (refusal !== undefined) this.refused.set(aggregate, refusal);
    }
    if (start < batch.length) yield start === 0 ? batch : batch.slice(start);
  }

  /** Why an aggregate of the part under way was not added, or not in full; undefined when it was. */
  refusalOf(aggregate: Aggregate): Refusal | undefined {
    return this.refused.get(aggregate);
  }

  /**
   * Ends series whose data stopped; `expired` names them. `expirySecondsOf` says where a context has an expiry of its own,
   * and is undefined where it has none.
   */
  end(at: number, expirySecondsOf?: (id: number) => number | undefined): void {
    const expired: number[] = [];
    for (let id = 0; id < this.table.capacity; id++) {
      if (this.table.columns.state[id] !== STATE.lives) continue;
      const expirySeconds = expirySecondsOf?.(id) ?? this.retentionSeconds;
      if ((this.table.columns.dataAt[id] as number) >= Math.floor(at - expirySeconds)) continue;
      this.remove(id, STATE.expired);
      expired.push(id);
    }
    this.expired = expired;
  }

  /** Forgets contexts, whose ids may name others from now on. */
  forget(ids: readonly number[]): void {
    for (const id of ids) if (id < this.table.capacity) this.remove(id, STATE.none);
    this.trim();
  }

  has(id: number): boolean {
    return this.table.columns.state[id] === STATE.lives;
  }

  /** Whether the sum of context `id` may fall, because negative values were observed. */
  mayFall(id: number): boolean {
    return this.table.columns.negative[id] === 1;
  }

  /** Whether the bins of context `id`, a histogram or distribution, are kept; a series that begins now answers the same. */
  hasBins(id: number): boolean {
    return this.has(id) ? this.table.columns.binned[id] === 1 : this.needsBins(id);
  }

  /** The bins of context `id` since its start. Borrowed: valid until the next change. */
  binsOf(id: number): BinColumns {
    if (this.bins === undefined) throw new Error('this table was made without bins');
    return this.bins.read(id);
  }

  private add({ context, data, timestamp, interval }: Aggregate): Refusal | undefined {
    const { id, type } = context;
    switch (data.kind) {
      case 'counter':
        return this.addCount(id, data.sum, timestamp);
      case 'gauge':
        return this.set(id, data.value, timestamp);
      case 'set':
        return this.set(id, data.distinct, timestamp);
      case 'histogram': {
        const { histogram } = data;
        return this.observe(context, histogram, timestamp, (carried) =>
          this.observed.setHistogram(histogram, carried),
        );
      }
      case 'distribution': {
        const { sketch } = data;
        return this.observe(context, sketch, timestamp, (carried) =>
          this.observed.setSketch(sketch, carried),
        );
      }
      case 'timestamped': {
        // Its own time says nothing about the totals it joins now.
        const start = Math.max(Math.floor(this.now) - interval, 0);
        if (type === 'counter') return this.addCount(id, data.value, start);
        return type === 'gauge' ? this.set(id, data.value, start) : 'unsupported';
      }
    }
  }

  private addCount(id: number, increment: number, start: number): Refusal | undefined {
    if (increment < 0) return 'negative_increment';
    if (!Number.isFinite(increment)) return 'non_finite';
    if (increment === 0) {
      // It may be a fill: it begins a series that was never seen, and keeps none alive.
      if ((this.table.columns.state[id] ?? STATE.none) === STATE.none) this.set(id, 0, start);
      return undefined;
    }
    const before = this.valueOf(id);
    this.set(id, addFinite(before, increment), start);
    return addsUp(before, increment) ? undefined : 'cut';
  }

  private observe(
    context: Context,
    { sum, count, min }: { readonly sum: number; readonly count: number; readonly min: number },
    start: number,
    setBins: (carried: number) => void,
  ): Refusal | undefined {
    if (count < 0) return 'negative_increment';
    if (!Number.isFinite(sum) || !Number.isFinite(count)) return 'non_finite';
    const { id } = context;
    const lives = this.has(id);
    const before = this.valueOf(id);
    const countBefore = lives ? (this.table.columns.count[id] as number) : 0;
    const binTotal = lives ? (this.table.columns.binTotal[id] as number) : 0;
    const isBinned = lives ? this.table.columns.binned[id] === 1 : this.needsBins(id, context);
    const bins = isBinned ? this.bins : undefined;
    if (bins !== undefined) {
      setBins(countBefore - binTotal);
      if (!bins.add(id, this.observed)) return 'bins_full';
    }
    this.set(id, addFinite(before, sum), start);
    if (!lives) this.table.columns.binned[id] = isBinned ? 1 : 0;
    this.table.columns.count[id] = countBefore + count;
    if (bins !== undefined) this.table.columns.binTotal[id] = binTotal + this.observed.total;
    if (min < 0 || sum < 0) this.table.columns.negative[id] = 1;
    return addsUp(before, sum) ? undefined : 'cut';
  }

  private set(id: number, value: number, start: number): undefined {
    this.admit(id, start);
    this.table.columns.value[id] = value;
    this.table.columns.dataAt[id] = Math.floor(this.now);
  }

  private valueOf(id: number): number {
    return this.has(id) ? (this.table.columns.value[id] as number) : 0;
  }

  private admit(id: number, start: number): void {
    if (this.has(id)) return;
    this.table.reserve(id);
    this.table.columns.state[id] = STATE.lives;
    this.table.columns.value[id] = 0;
    this.table.columns.count[id] = 0;
    this.table.columns.binTotal[id] = 0;
    this.table.columns.negative[id] = 0;
    this.table.columns.binned[id] = 0;
    this.table.columns.startAt[id] = start;
    this.size++;
  }

  private needsBins(id: number, context?: Context): boolean {
    return this.bins !== undefined && (this.needsBinsOf?.(id, context) ?? true);
  }

  private remove(id: number, state: number): void {
    if (this.table.columns.state[id] === STATE.lives) {
      this.size--;
      this.bins?.forget(id);
    }
    this.table.columns.state[id] = state;
  }

  /** Gives back the rows of a burst of contexts that is over. */
  private trim(): void {
    const end = this.table.trimUnused('state', this.size);
    if (end !== undefined) this.bins?.trim(end);
  }
}
