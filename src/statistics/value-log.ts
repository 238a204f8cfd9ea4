/**
 * What the aggregates of a flush say of values: a point for each series, and for each metric what its last bucket came
 * to, its percentiles over all series and its heat map.
 *
 *   aggregate ─┬─▶ history of the series
 *              └─▶ metric: total, last value, bins ──end of the flush──▶ last values, history of metrics, heat map
 *
 * Thread  the control thread.
 * Memory  of `memoryBytes` an eighth for metrics, the rest for series; HEAT_MAX heat maps of 29 KiB; while a flush lasts
 *         BINS_MAX columns of bins.
 */
import type { ContextType } from '../model/context.ts';
import type { Aggregate } from '../model/series.ts';
import type { ByteString } from '../model/text.ts';
import { BinColumn } from './bin-column.ts';
import { HeatCells } from './heat-cells.ts';
import type { MetricEntry, MetricTable } from './metric-table.ts';
import { SeriesHistory } from './series-history.ts';

const METRIC_SHARE = 1 / 8;
const HEAT_MAX = 64;
const HEAT_CELLS = 360;
const BINS_MAX = 1024;

/** One metric in one bucket, while its aggregates come. */
interface OpenValue {
  readonly entry: MetricEntry;
  readonly at: number;
  readonly interval: number;
  readonly type: ContextType;
  value: number;
  count: number;
  max: number;
  bins: BinColumn | undefined;
}

/** Heat map of a metric. */
export interface MetricHeat {
  readonly interval: number;
  readonly cells: HeatCells;
}

export class ValueLog {
  readonly series: SeriesHistory;
  /** Percentiles of histograms and distributions over all series of a metric; ids are those of metricId(). */
  readonly metrics: SeriesHistory;
  readonly heats = new Map<ByteString, MetricHeat>();
  private readonly table: MetricTable;
  /** By entry, type and bucket; the last one of each entry is in the entry as well. */
  private readonly open = new Map<string, OpenValue>();
  private readonly pool: BinColumn[] = [];
  private readonly numbers = new Map<string, number>();

  constructor(table: MetricTable, memoryBytes: number) {
    this.table = table;
    this.metrics = new SeriesHistory(memoryBytes * METRIC_SHARE);
    this.series = new SeriesHistory(memoryBytes * (1 - METRIC_SHARE));
  }

  /** Looks through the aggregates of a flush, and hands them on as they are. */
  *watch(batches: Iterable<Aggregate[]>): Generator<Aggregate[]> {
    for (const batch of batches) {
      for (const aggregate of batch) this.take(aggregate);
      yield batch;
    }
  }

  take(aggregate: Aggregate): void {
    const { context, timestamp, interval, data } = aggregate;
    if (data.kind === 'timestamped') return;
    const open = this.openFor(aggregate);
    const samples = this.table.takeRecent(context.id);
    switch (data.kind) {
      case 'counter':
        this.series.add(context, timestamp, interval, samples, [data.sum]);
        if (open !== undefined) open.value += data.sum;
        return;
      case 'gauge':
        this.series.add(context, timestamp, interval, samples, [data.value]);
        if (open !== undefined) open.value = data.value;
        return;
      case 'set':
        this.series.add(context, timestamp, interval, samples, [data.distinct]);
        if (open !== undefined) open.value += data.distinct;
        return;
      case 'histogram': {
        const { histogram } = data;
        this.addSummary(aggregate, open, histogram, samples);
        const bins = open?.bins;
        if (bins !== undefined) histogram.forEachValue((value, weight) => bins.addValue(value, weight));
        return;
      }
      case 'distribution': {
        const { sketch } = data;
        this.addSummary(aggregate, open, sketch, samples);
        const { keys, counts } = sketch;
        if (open?.bins !== undefined)
          for (let i = 0; i < keys.length; i++) open.bins.addKey(keys[i] as number, counts[i] as number);
      }
    }
  }

  /** At the end of a flush at `now`. */
  settle(now: number): void {
    for (const open of this.open.values()) this.close(open);
    this.open.clear();
    this.series.settle(now);
    this.metrics.settle(now);
    for (const name of this.heats.keys()) if (this.table.get(name) === undefined) this.heats.delete(name);
    for (const [key, id] of this.numbers) {
      if (this.metrics.ofId(id) === undefined) this.numbers.delete(key);
    }
  }

  private addSummary(
    { context, timestamp, interval }: Aggregate,
    open: OpenValue | undefined,
    summary: { readonly count: number; readonly max: number; quantile(q: number): number | undefined },
    samples: number,
  ): void {
    const { count, max } = summary;
    if (open !== undefined) {
      open.count += count;
      open.max = Math.max(open.max, max);
    }
    if (!this.series.wants(context, interval, samples)) {
      this.series.refuse();
      return;
    }
    const [p50, p95, p99] = [0.5, 0.95, 0.99].map((q) => summary.quantile(q) ?? max);
    this.series.add(context, timestamp, interval, samples, [count, p50 ?? max, p95 ?? max, p99 ?? max, max]);
  }

  private openFor({ context, timestamp: at, interval, data }: Aggregate): OpenValue | undefined {
    const { type, name, id } = context;
    const entry = this.table.ofContext(id);
    if (entry === undefined) return undefined;
    // Aggregates of a metric come one after the other, so this is nearly always the one.
    const last = entry.open as OpenValue | undefined;
    if (last?.at === at && last.type === type) return last;
    const key = `${at} ${type} ${name}`;
    const open = this.open.get(key) ?? this.makeOpen(entry, { at, interval, type }, data.kind);
    this.open.set(key, open);
    entry.open = open;
    return open;
  }

  private makeOpen(
    entry: MetricEntry,
    { at, interval, type }: Pick<OpenValue, 'at' | 'interval' | 'type'>,
    kind: Aggregate['data']['kind'],
  ): OpenValue {
    const isSummary = kind === 'histogram' || kind === 'distribution';
    const bins = isSummary && this.open.size < BINS_MAX ? (this.pool.pop() ?? new BinColumn()) : undefined;
    return { entry, at, interval, type, value: 0, count: 0, max: Number.NEGATIVE_INFINITY, bins };
  }

  private close({ entry, at, interval, type, value, count, max, bins }: OpenValue): void {
    entry.open = undefined;
    const isSummary = type === 'histogram' || type === 'distribution';
    const [p50, p95, p99] = [0.5, 0.95, 0.99].map((q) => bins?.quantile(q) ?? null);
    const isNewer =
      entry.last === null || at > entry.last.at || (at === entry.last.at && entry.last.value === 0);
    if (isNewer)
      entry.last = {
        ...{ type, at, interval, count: isSummary ? count : null, max: isSummary && count > 0 ? max : null },
        ...{ value: isSummary ? (p50 ?? null) : value, p95: p95 ?? null, p99: p99 ?? null },
      };
    if (bins === undefined) return;
    if (p50 !== null && p50 !== undefined) {
      const values = [count, p50, p95 ?? max, p99 ?? max, max];
      const context = { id: this.numberOf(entry.name, type), name: entry.name, type, host: '', tags: [] };
      this.metrics.add(context, at, interval, count, values);
      this.heatOf(entry, interval)?.cells.put(Math.floor(at / interval), bins);
    }
    bins.clear();
    if (this.pool.length < BINS_MAX) this.pool.push(bins);
  }

  private numberOf(name: ByteString, type: string): number {
    const key = `${type} ${name}`;
    const known = this.numbers.get(key);
    if (known !== undefined) return known;
    // Dense enough: there are as many as metrics with percentiles.
    const taken = new Set(this.numbers.values());
    let number = this.numbers.size;
    while (taken.has(number)) number--;
    this.numbers.set(key, number);
    return number;
  }

  /** The heat map of a metric; when there are enough, that of the least busy one is given up for a busier one. */
  private heatOf(entry: MetricEntry, interval: number): MetricHeat | undefined {
    const known = this.heats.get(entry.name);
    if (known?.interval === interval) return known;
    if (known === undefined && this.heats.size >= HEAT_MAX && !this.giveUpHeat(entry)) return undefined;
    const heat = { interval, cells: new HeatCells(HEAT_CELLS) };
    this.heats.set(entry.name, heat);
    return heat;
  }

  private giveUpHeat(entry: MetricEntry): boolean {
    const rate = (one: MetricEntry): number => one.cells.rate(this.table.covered, 600);
    let least: MetricEntry | undefined;
    for (const name of this.heats.keys()) {
      const one = this.table.get(name);
      if (one !== undefined && (least === undefined || rate(one) < rate(least))) least = one;
    }
    if (least === undefined || rate(least) * 2 > rate(entry)) return false;
    this.heats.delete(least.name);
    return true;
  }
}
