/**
 * The aggregates of a flush, batch by batch: of timestamped samples first, then of each bucket, type by type.
 *
 * Owned by the control thread. A batch is made when it is asked for; nothing else is held.
 *
 * Why     one generator goes through types and rows itself: one for each level leaves some 200 bytes of garbage a context.
 */
import type { Aggregate, Series } from '../model/series.ts';
import type { ByteString } from '../model/text.ts';
import type { Bucket } from './bucket.ts';
import type { Registry } from './contexts/registry.ts';
import type { SharedNames } from './equal-points.ts';
import type { Plans } from './plans.ts';
import type { SamplerOptions } from './sampler-options.ts';
import { type TimestampedLog, timestampedSeries } from './timestamped-log.ts';

/** Aggregates of a batch at most: outputs take less than a few milliseconds for so many. */
const BATCH_AGGREGATES = 100;

/** What a flush took, as far as outputs hear of it. */
export interface TakenAggregates {
  readonly timestamped: TimestampedLog;
  readonly buckets: readonly Bucket[];
  /** Names that several types come to; undefined when equal points are left apart. */
  readonly shared: SharedNames | undefined;
}

export interface FlushBatchesOptions extends Pick<SamplerOptions, 'onPartial' | 'isFiltered'> {
  readonly registry: Registry;
  readonly plans: Pick<Plans, 'of'>;
}

/** The batches; contexts that are the fleet's alone count in them as well, so that each takes a limited time. */
export function* flushBatches(
  { timestamped, buckets, shared }: TakenAggregates,
  { registry, plans, onPartial, isFiltered }: FlushBatchesOptions,
): Generator<Aggregate[]> {
  let batch: Aggregate[] = [];
  let left = BATCH_AGGREGATES;
  for (const { id, timestamp, value } of timestamped.samples()) {
    const context = registry.context(id);
    const interval = plans.of(id).buckets.widthSeconds;
    const one = timestampedSeries(context.type, value, interval);
    if (one === undefined) continue;
    const series = shared?.keep(context, timestamp, [one]) ?? [one];
    batch.push({ context, timestamp, interval, data: { kind: 'timestamped', value }, series });
    if (--left > 0) continue;
    yield batch;
    batch = [];
    left = BATCH_AGGREGATES;
  }
  for (const bucket of buckets) {
    const { start: timestamp, widthSeconds: interval } = bucket;
    for (const [, cells] of bucket.cellsByType()) {
      for (let row = 0; row < cells.rows.size; row++) {
        const id = cells.rows.idAt(row);
        const scope = onPartial === undefined ? 'local' : registry.scopeOf(id);
        const partial = scope === 'local' ? undefined : cells.partialAt(row);
        const outcome = scope === 'global' ? undefined : cells.outcomeAt(row);
        if (outcome === undefined && partial === undefined) continue;
        const context = registry.context(id);
        if (partial !== undefined) onPartial?.(context, bucket, partial, plans.of(id));
        if (outcome !== undefined) {
          const all = unfiltered(context.name, outcome.series, isFiltered);
          const series = shared?.keep(context, timestamp, all) ?? all;
          batch.push({ context, timestamp, interval, data: outcome.data, series });
        }
        if (--left > 0) continue;
        yield batch;
        batch = [];
        left = BATCH_AGGREGATES;
      }
    }
  }
  if (batch.length > 0) yield batch;
}

/** Leaves out derived series that are filtered by name. Plain names were filtered at the listeners. */
function unfiltered(
  name: ByteString,
  series: readonly Series[],
  isFiltered: SamplerOptions['isFiltered'],
): readonly Series[] {
  if (isFiltered === undefined) return series;
  return series.filter(({ suffix }) => suffix === '' || !isFiltered(name + suffix));
}
