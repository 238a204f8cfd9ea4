/**
 * Gives merged results to the ordinary outputs: each result becomes an aggregate, as if this server had counted it.
 *
 *   set of results ─▶ chunks ─▶ partials ─▶ aggregates with contexts of the registry ─▶ outputs, between two flushes
 *
 * A set is acknowledged when every output has finished as many records as it had been given by the end of the set: sent
 * them, or counted them as lost. Until then another owner would hand the set on after a crash.
 */
import type { Registry } from '../../aggregate/contexts/registry.ts';
import type { RuleOf } from '../../aggregate/plans.ts';
import { AGENT_LIMITS } from '../../aggregate/sketch/sketch-bins.ts';
import { type HistogramSeries, histogramSeriesOf } from '../../aggregate/types/histogram-series.ts';
import { Chunk, type ChunkEntry } from '../../global/chunk/chunk.ts';
import type { MergedSet } from '../../global/owner/merged-tail.ts';
import type { Acknowledgement, Handing, ResultSink } from '../../global/owner/owner-settings.ts';
import { makePartial } from '../../global/partials/make-partial.ts';
import type { AggregationRule } from '../../model/metric-rule.ts';
import type { Aggregate } from '../../model/series.ts';
import type { ByteString } from '../../model/text.ts';
import type { Totals } from '../../telemetry/ledger/ledger.ts';

const BATCH_AGGREGATES = 100;

export interface OutputSinkOptions {
  readonly registry: Registry;
  readonly histogramAggregates: readonly string[];
  readonly histogramPercentiles: readonly string[];
  readonly ruleOf: () => RuleOf | undefined;
  /** Whether a derived name is filtered out. */
  readonly isFiltered: (name: ByteString) => boolean;
  /** Gives batches to the outputs, between two flushes, unless `isCurrent` says no then; whether it did. */
  readonly deliver: (batches: Iterable<Aggregate[]>, isCurrent: () => boolean) => Promise<boolean>;
  readonly outputTotals: () => readonly Totals[];
  /** Unix seconds. */
  readonly now: () => number;
}

export class OutputSink implements ResultSink {
  /** Aggregates given to the outputs, and sketches left out because they may have been sent before. */
  aggregates = 0;
  skippedSketches = 0;
  unreadable = 0;
  private readonly options: OutputSinkOptions;
  private readonly series = new Map<AggregationRule | undefined, HistogramSeries>();

  constructor(options: OutputSinkOptions) {
    this.options = options;
  }

  async deliver(set: MergedSet, { withSketches, isCurrent }: Handing): Promise<Acknowledgement | undefined> {
    const held: number[] = [];
    try {
      if (!(await this.options.deliver(this.batches(set, withSketches, held), isCurrent))) return undefined;
    } finally {
      for (const id of held) this.options.registry.release(id);
    }
    const given = new Map(this.records().map(({ name, received }) => [name, received]));
    return {
      isDone: () =>
        this.records().every(({ name, received, held: waits }) => {
          const waiting = Object.values(waits).reduce((sum, n) => sum + n, 0);
          return received - waiting >= (given.get(name) ?? 0);
        }),
    };
  }

  private records(): Totals[] {
    return this.options.outputTotals().filter(({ stage, unit }) => stage === 'output' && unit === 'records');
  }

  private *batches({ results }: MergedSet, withSketches: boolean, held: number[]): Generator<Aggregate[]> {
    for (const { chunk: bytes } of results) {
      const chunk = Chunk.open(bytes);
      if (typeof chunk === 'string') {
        this.unreadable++;
        continue;
      }
      let batch: Aggregate[] = [];
      const batches: Aggregate[][] = [];
      chunk.forEach((entry) => {
        const aggregate = this.aggregateOf(chunk, entry, withSketches, held);
        if (aggregate === undefined) return;
        batch.push(aggregate);
        if (batch.length < BATCH_AGGREGATES) return;
        batches.push(batch);
        batch = [];
      });
      yield* batches;
      if (batch.length > 0) yield batch;
    }
  }

  private aggregateOf(
    chunk: Chunk,
    { key, type, partialStart }: ChunkEntry,
    withSketches: boolean,
    held: number[],
  ): Aggregate | undefined {
    const { registry, now, isFiltered } = this.options;
    if (type === 'distribution' && !withSketches) {
      this.skippedSketches++;
      return undefined;
    }
    const { name, tags } = chunk.textsOfEntry();
    const partial = makePartial(type);
    chunk.reader.at = partialStart;
    partial.merge(chunk.reader, chunk.head.edge);
    const outcome = partial.outcome({
      intervalSeconds: chunk.head.width,
      series: this.seriesOf(this.options.ruleOf()?.(name, type)),
      sketchLimits: AGENT_LIMITS,
    });
    if (outcome === undefined) return undefined;
    const id = registry.intern(key, type, [name, '', ...tags].join('\n'), now());
    registry.hold(id);
    held.push(id);
    registry.noteTimestamped(id, now());
    this.aggregates++;
    const series = outcome.series.filter(({ suffix }) => suffix === '' || !isFiltered(name + suffix));
    const context = registry.context(id);
    return { context, timestamp: chunk.head.start, interval: chunk.head.width, data: outcome.data, series };
  }

  private seriesOf(rule: AggregationRule | undefined): HistogramSeries {
    let series = this.series.get(rule);
    if (series === undefined) {
      const { histogramAggregates: aggregates, histogramPercentiles: percentiles } = this.options;
      series = histogramSeriesOf({ aggregates, percentiles }, rule);
      this.series.set(rule, series);
    }
    return series;
  }

  /** Other rules are in force. */
  forgetRules(): void {
    this.series.clear();
  }
}
