/** What is shown of the owner role: totals for the ledger, partitions and edges for GET /api/global. */
import { addCounts, type MergeCounts, zeroCounts } from '../../global/merge/merge-counts.ts';
import type { Owner } from '../../global/owner/owner.ts';
import type { PartitionOwner } from '../../global/owner/partition-owner.ts';
import { outcomes, type Totals } from '../../telemetry/ledger/ledger.ts';
import type { EdgesReport } from './edges-report.ts';

/** Edges shown one by one, the most conspicuous first. */
export const EDGES_SHOWN_MAX = 100;

/** Of all partitions that are or were owned here. */
export function countsOf(owner: Owner): MergeCounts {
  const counts = zeroCounts();
  for (const { stats, merging } of [...owner.owners, ...owner.former])
    addCounts(counts, stats.total(merging.counts));
  return counts;
}

/** Partials read = merged + late + repeated + refused. */
export function ownerTotals(owner: Owner, name: string): Totals[] {
  const counts = countsOf(owner);
  return [
    {
      stage: 'global_owner',
      name,
      unit: 'partials',
      received: counts.read,
      ...outcomes({
        accepted: { merged: counts.merged, late: counts.late },
        filtered: { repeated: counts.repeated },
        dropped: { ...counts.refused },
      }),
    },
  ];
}

/** `partialsPerSecond` is of the last seconds. */
export function ownerView(owner: Owner, edges: EdgesReport, partialsPerSecond: number, now: number): object {
  return {
    totals: countsOf(owner),
    partialsPerSecond: rounded(partialsPerSecond),
    lagSeconds: rounded(Math.max(0, ...owner.owners.map(({ stats }) => stats.lagSeconds(now)))),
    partitions: owner.owners.map((one) => partitionView(one, now)),
    edges: {
      count: edges.count,
      silent: edges.silent.length,
      skewed: edges.skewed.length,
      missing: Math.max(0, ...owner.owners.map(({ merging }) => merging.missingEdges)),
      list: edges.rows.slice(0, EDGES_SHOWN_MAX).map(({ lastAt, width, ...row }) => ({
        ...row,
        skewSeconds: rounded(row.skewSeconds),
        silentSeconds: Math.round(row.silentSeconds),
        lastAt,
      })),
    },
  };
}

function partitionView({ partition, stats, merging, results }: PartitionOwner, now: number): object {
  return {
    partition,
    lagSeconds: rounded(stats.lagSeconds(now)),
    recordsBehind: stats.behind,
    position: merging.next,
    replayFrom: merging.replayFrom,
    ordinal: merging.ordinal,
    closedThrough: Number.isFinite(merging.closedThrough) ? merging.closedThrough : null,
    closeDelaySeconds: rounded(stats.closeDelaySeconds),
    openBuckets: merging.openBuckets.map(({ start, width, isLate, partials }) => ({
      start,
      width,
      isLate,
      contexts: partials.size,
    })),
    contexts: merging.contexts,
    edges: merging.producers.size,
    missingEdges: merging.missingEdges,
    lateChunks: stats.total(merging.counts).lateChunks,
    repeatedChunks: stats.total(merging.counts).repeatedChunks,
    delivered: stats.delivered,
    deliveredThrough: results.deliveredThrough,
    openResults: results.open,
    openResultBytes: results.openBytes,
    foreignSets: stats.foreignSets,
    isPaused: stats.isPaused,
    failures: stats.failures,
    problem: stats.problem ?? null,
    overflow: Object.fromEntries(merging.overflow),
  };
}

function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}
