/**
 * Totals as a scrape sees them: those of the cumulative table and what open buckets hold on top of them.
 *
 *   look ──take(value)──▶ open value of (bucket, context)      the bucket closes ──settle──▶ now in the cumulative table
 *
 * What a bucket held at a look is shown until its aggregate has been added to the cumulative table, in the same turn; so
 * nothing is counted twice and nothing is missing in between. The totals themselves do not know of looks: they are the same
 * whoever scrapes, however often.
 *
 * A counter that was shown never falls. When a bucket is refused after a part of it was seen (it became negative), the
 * counter stands still until its total has caught up.
 *
 * Memory  17 bytes a context for each bucket that was looked at, 10 bytes for each bin that is kept, and 16 bytes a
 *         context; BUCKETS_MAX buckets.
 * Limits  values of further buckets, which only timestamps of senders open, are shown when the bucket has closed.
 */
import { ColumnTable } from '../../lib/column-table.ts';
import { addFinite } from '../../lib/finite.ts';
import type { OpenBins, OpenValue } from '../../model/open-value.ts';
import type { BinColumns } from '../cumulative/bin-store.ts';
import type { CumulativeTable } from '../cumulative/cumulative-table.ts';
import { ObservedBins } from '../cumulative/observed-bins.ts';
import type { BinList } from './bin-list.ts';

const BUCKETS_MAX = 16;
const IDS_AT_START = 64;
const HELD = 1;
const NEGATIVE = 2;

const openRows = () =>
  new ColumnTable(
    {
      /** HELD where there is something, NEGATIVE where negative values were observed as well. */
      held: Uint8Array,
      /** Counter: sum; gauge: value; histogram and distribution: sum. */
      value: Float64Array,
      count: Float64Array,
    },
    IDS_AT_START,
  );

/** What one open bucket held when it was looked at, by context id. */
interface OpenBucket {
  readonly start: number;
  readonly end: number;
  readonly rows: ReturnType<typeof openRows>;
  /** Bins of the contexts whose bins are kept. */
  readonly bins: Map<number, BinColumns>;
}

export class OpenTotals {
  private readonly cumulative: CumulativeTable;
  private readonly observed = new ObservedBins();
  /** In order of their start, those of one start in order of their width. */
  private buckets: OpenBucket[] = [];
  /** By context id: the largest total and count that a look made visible. */
  private readonly floors = new ColumnTable({ value: Float64Array, count: Float64Array }, IDS_AT_START);

  constructor(cumulative: CumulativeTable) {
    this.cumulative = cumulative;
  }

  /** Takes what a context holds in an open bucket, in place of what it held at the look before; false without room. */
  take({ id, start, interval, data }: OpenValue): boolean {
    const bucket = this.bucketAt(start, start + interval);
    if (bucket === undefined) return false;
    bucket.rows.reserve(id);
    this.floors.reserve(id);
    const { held, value, count } = bucket.rows.columns;
    held[id] = data.kind === 'observed' && data.min < 0 ? NEGATIVE : HELD;
    value[id] = data.kind === 'gauge' ? data.value : data.sum;
    count[id] = data.kind === 'observed' ? data.count : 0;
    if (data.kind === 'observed' && data.bins !== undefined) bucket.bins.set(id, this.binsOf(data.bins));
    if (data.kind === 'counter') this.floors.columns.value[id] = this.counter(id);
    if (data.kind === 'observed') this.floors.columns.count[id] = this.count(id);
    return true;
  }

  /** The aggregate of a context in a bucket has been added to the cumulative table. */
  settle(id: number, start: number, interval: number): void {
    for (const bucket of this.buckets)
      if (bucket.start === start && bucket.end === start + interval) release(bucket, id);
  }

  /** Everything that closed by `time`, Unix seconds, has been flushed; what is left of it has no aggregate. */
  close(time: number): void {
    this.buckets = this.buckets.filter(({ end }) => end > time);
  }

  /** The series of a context has ended; a later one begins anew. */
  forget(id: number): void {
    for (const bucket of this.buckets) release(bucket, id);
    if (id >= this.floors.capacity) return;
    this.floors.columns.value[id] = 0;
    this.floors.columns.count[id] = 0;
  }

  /** Gives back what a burst of contexts needed: there are none from `end` on. */
  trim(end: number): void {
    this.floors.trim(end);
  }

  /** Whether an open bucket holds something of the context. */
  has(id: number): boolean {
    return this.buckets.some((bucket) => holds(bucket, id));
  }

  /** The total of a counter. */
  counter(id: number): number {
    return Math.max(this.sum(id), this.floors.columns.value[id] ?? 0);
  }

  /** The sum of what was observed, which falls where negative values are. */
  sum(id: number): number {
    let sum = this.cumulative.has(id) ? (this.cumulative.value[id] as number) : 0;
    for (const bucket of this.buckets)
      if (holds(bucket, id)) sum = addFinite(sum, bucket.rows.columns.value[id] as number);
    return sum;
  }

  /** Whether that sum may fall. */
  mayFall(id: number): boolean {
    return this.cumulative.mayFall(id) || this.buckets.some(({ rows }) => rows.columns.held[id] === NEGATIVE);
  }

  /** How often something was observed. */
  count(id: number): number {
    let count = this.cumulative.has(id) ? (this.cumulative.count[id] as number) : 0;
    for (const bucket of this.buckets)
      if (holds(bucket, id)) count += bucket.rows.columns.count[id] as number;
    return Math.max(count, this.floors.columns.count[id] ?? 0);
  }

  /** Merges all that was observed into `bins`. */
  addBins(id: number, bins: BinList): void {
    if (this.cumulative.has(id) && this.cumulative.hasBins(id)) {
      const { keys, counts, length } = this.cumulative.binsOf(id);
      bins.merge(keys, counts, 0, length);
    }
    for (const { bins: open } of this.buckets) {
      const columns = open.get(id);
      if (columns !== undefined) bins.merge(columns.keys, columns.counts, 0, columns.length);
    }
  }

  /** When the total began, Unix seconds; undefined before its first bucket has closed. */
  startAt(id: number): number | undefined {
    return this.cumulative.has(id) ? this.cumulative.startAt[id] : undefined;
  }

  /** The last value of a gauge or set. */
  gauge(id: number): number {
    const latest = this.buckets.findLast((bucket) => holds(bucket, id));
    return (latest === undefined ? this.cumulative.value[id] : latest.rows.columns.value[id]) as number;
  }

  /** When data last came, Unix seconds; later than every flush for what is in an open bucket. */
  dataAt(id: number): number {
    return this.has(id) ? Number.POSITIVE_INFINITY : (this.cumulative.dataAt[id] as number);
  }

  private binsOf(bins: OpenBins): BinColumns {
    const observed = this.observed;
    if (bins.sketch !== undefined) observed.setSketch(bins.sketch, 0);
    else observed.setHistogram(bins.histogram, 0);
    const { length } = observed;
    return { keys: observed.keys.slice(0, length), counts: observed.counts.slice(0, length), length };
  }

  private bucketAt(start: number, end: number): OpenBucket | undefined {
    const known = this.buckets.find((bucket) => bucket.start === start && bucket.end === end);
    if (known !== undefined || this.buckets.length >= BUCKETS_MAX) return known;
    const bucket = { start, end, rows: openRows(), bins: new Map() };
    this.buckets.push(bucket);
    this.buckets.sort((a, b) => a.start - b.start || a.end - b.end);
    return bucket;
  }
}

function release({ rows, bins }: OpenBucket, id: number): void {
  if (id >= rows.capacity) return;
  rows.columns.held[id] = 0;
  bins.delete(id);
}

function holds({ rows }: OpenBucket, id: number): boolean {
  return (rows.columns.held[id] ?? 0) !== 0;
}
