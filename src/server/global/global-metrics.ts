/** What /metrics shows of global aggregation beside the ledger. */
import { type OwnMetric, ownMetric, ownMetricBy } from '../../telemetry/metric.ts';
import type { EdgePart } from './edge-part.ts';
import type { EdgeRow } from './edges-report.ts';
import { countsOf, EDGES_SHOWN_MAX } from './global-report.ts';
import { type Level, labelOf, type OwnedLevel } from './level.ts';

export function globalMetrics(
  levels: readonly Level[],
  edge: EdgePart | undefined,
  now: number,
): OwnMetric[] {
  return [...(edge === undefined ? [] : edgeMetrics(edge)), ...ownerMetrics(levels, now)];
}

function edgeMetrics({ sender }: EdgePart): OwnMetric[] {
  return [
    ownMetric(
      'counter',
      'whippet_global_edge_chunks_acknowledged_total',
      'Chunks that the log has acknowledged.',
      sender.acknowledgedChunks,
    ),
    ownMetric(
      'counter',
      'whippet_global_edge_former_partials_total',
      'Partials from the disk that went to the topic of a former configuration.',
      sender.acknowledgedElsewhere,
    ),
    ownMetric('counter', 'whippet_global_edge_appends_total', 'Appends tried.', sender.appends),
    ownMetric('counter', 'whippet_global_edge_failures_total', 'Appends that failed.', sender.failures),
    ownMetric(
      'gauge',
      'whippet_global_edge_loaded_bytes',
      'Bytes on their way to the log.',
      sender.loadedBytes,
    ),
  ];
}

interface Owned {
  readonly owned: OwnedLevel;
  readonly level: string;
}

function ownerMetrics(levels: readonly Level[], now: number): OwnMetric[] {
  const all: Owned[] = levels.flatMap((level) =>
    level.owned === undefined ? [] : [{ owned: level.owned, level: labelOf(level) }],
  );
  if (all.length === 0) return [];
  return [...partitionMetrics(all, now), ...levelMetrics(all), ...edgesMetrics(all, now)];
}

type OwnedPartition = OwnedLevel['owner']['owners'][number];

function partitionMetrics(all: readonly Owned[], now: number): OwnMetric[] {
  const byPartition = (name: string, help: string, value: (one: OwnedPartition) => number): OwnMetric => ({
    name,
    help,
    type: 'gauge',
    samples: all.flatMap(({ owned, level }) =>
      owned.owner.owners.map((one) => ({
        labels: { level, partition: String(one.partition) },
        value: value(one),
      })),
    ),
  });
  return [
    byPartition('whippet_global_lag_seconds', 'How far a partition is behind the log.', ({ stats }) =>
      stats.lagSeconds(now),
    ),
    byPartition(
      'whippet_global_records_behind',
      'Records of a partition that are not read.',
      ({ stats }) => stats.behind,
    ),
    byPartition(
      'whippet_global_close_delay_seconds',
      'From the end of the bucket closed last to its close.',
      ({ stats }) => stats.closeDelaySeconds,
    ),
    byPartition('whippet_global_contexts', 'Contexts a partition knows.', ({ merging }) => merging.contexts),
    byPartition(
      'whippet_global_missing_edges',
      'Edges of the last buckets that had not sent all of the bucket closed last when it closed.',
      ({ merging }) => merging.missingEdges,
    ),
  ];
}

function levelMetrics(all: readonly Owned[]): OwnMetric[] {
  const byLevel = (
    type: OwnMetric['type'],
    name: string,
    help: string,
    value: (owned: OwnedLevel) => number,
  ): OwnMetric =>
    ownMetricBy(
      type,
      name,
      help,
      'level',
      all.map(({ owned, level }) => [level, value(owned)]),
    );
  const chunks = (
    name: string,
    help: string,
    value: (counts: ReturnType<typeof countsOf>) => number,
  ): OwnMetric => byLevel('counter', name, help, ({ owner }) => value(countsOf(owner)));
  return [
    byLevel(
      'gauge',
      'whippet_global_partitions',
      'Partitions owned here.',
      ({ owner }) => owner.owners.length,
    ),
    byLevel(
      'gauge',
      'whippet_global_partials_per_second',
      'Partials read a second, over the last seconds.',
      ({ partialsPerSecond }) => partialsPerSecond,
    ),
    chunks('whippet_global_chunks_total', 'Chunks read.', (counts) => counts.chunks),
    chunks(
      'whippet_global_late_chunks_total',
      'Chunks whose bucket was closed.',
      ({ lateChunks }) => lateChunks,
    ),
    chunks(
      'whippet_global_repeated_chunks_total',
      'Chunks that were in the log before.',
      ({ repeatedChunks }) => repeatedChunks,
    ),
    chunks(
      'whippet_global_unreadable_records_total',
      'Records that are damaged, or of a version this server does not read.',
      ({ unreadable, unknownVersions }) => unreadable + unknownVersions,
    ),
  ];
}

function edgesMetrics(all: readonly Owned[], now: number): OwnMetric[] {
  const reports = all.map(({ owned, level }) => ({ level, report: owned.edges.at(now) }));
  type Report = (typeof reports)[number]['report'];
  const byLevel = (name: string, help: string, value: (report: Report) => number): OwnMetric =>
    ownMetricBy(
      'gauge',
      name,
      help,
      'level',
      reports.map(({ level, report }) => [level, value(report)]),
    );
  const byEdge = (
    name: string,
    help: string,
    rows: (report: Report) => readonly EdgeRow[],
    value: (row: EdgeRow) => number,
  ): OwnMetric => ({
    name,
    help: `${help} The ${EDGES_SHOWN_MAX} with the most.`,
    type: 'gauge',
    samples: reports.flatMap(({ level, report }) =>
      rows(report)
        .slice(0, EDGES_SHOWN_MAX)
        .map((row) => ({ labels: { level, edge: row.edge }, value: value(row) })),
    ),
  });
  return [
    byLevel('whippet_global_edges', 'Edges of the last hour.', ({ count }) => count),
    byLevel(
      'whippet_global_silent_edges',
      'Edges of the last hour that have sent nothing for 30 seconds, or three of their buckets.',
      ({ silent }) => silent.length,
    ),
    byLevel(
      'whippet_global_skewed_edges',
      'Edges whose clock is more than 2 seconds off.',
      ({ skewed }) => skewed.length,
    ),
    byEdge(
      'whippet_global_edge_skew_seconds',
      "Kafka's time minus that of an edge whose clock is off.",
      ({ skewed }) => skewed,
      ({ skewSeconds }) => skewSeconds,
    ),
    byEdge(
      'whippet_global_edge_silent_seconds',
      'How long a silent edge has sent nothing.',
      ({ silent }) => silent,
      ({ silentSeconds }) => silentSeconds,
    ),
  ];
}
