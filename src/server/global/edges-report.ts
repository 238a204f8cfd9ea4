/**
 * What an owner knows of each edge, over all of its partitions: clock, silence, late and repeated chunks.
 *
 *   producers of each partition ─▶ a row an edge ─▶ skewed │ silent │ the most conspicuous
 *
 * Limits  one pass over edges × partitions; asked for again within REPORT_AGE_MS it is the same report.
 */
import type { Producers } from '../../global/merge/producers.ts';
import type { PartitionStats } from '../../global/owner/partition-stats.ts';

/** Beyond it a clock is off. */
export const SKEW_WARN_SECONDS = 2;
/** An edge that has sent nothing for so long, or for three of its buckets, is silent. */
const SILENT_SECONDS = 30;
const SILENT_BUCKETS = 3;
const REPORT_AGE_MS = 2000;

/** One edge. */
export interface EdgeRow {
  readonly edge: string;
  /** Start of its process, as it says itself, ms. */
  epoch: number;
  /** When its newest chunk was appended, Unix seconds. */
  lastAt: number;
  /** Kafka's time minus its own; more than 0 when it is behind. */
  skewSeconds: number;
  silentSeconds: number;
  lateChunks: number;
  repeatedChunks: number;
  futureChunks: number;
  isSkewed: boolean;
  isSilent: boolean;
  /** Width of its buckets. */
  width: number;
}

export interface EdgesReport {
  readonly count: number;
  /** The worst first. */
  readonly skewed: readonly EdgeRow[];
  readonly silent: readonly EdgeRow[];
  /** Skewed, then silent, then all others, those with the most late chunks first. */
  readonly rows: readonly EdgeRow[];
}

/** What is asked of an owner (global/owner/owner.ts). */
export interface EdgesOwner {
  readonly owners: readonly {
    readonly merging: { readonly producers: Producers };
    readonly stats: PartitionStats;
  }[];
}

export class EdgesReports {
  private readonly owner: EdgesOwner;
  private report: EdgesReport | undefined;
  private _at = Number.NEGATIVE_INFINITY;

  constructor(owner: EdgesOwner) {
    this.owner = owner;
  }

  /** `now` in Unix seconds. */
  at(now: number): EdgesReport {
    if (this.report === undefined || Math.abs(now - this._at) * 1000 > REPORT_AGE_MS) {
      this.report = edgesReport(this.owner, now);
      this._at = now;
    }
    return this.report;
  }
}

export function edgesReport(owner: EdgesOwner, now: number): EdgesReport {
  const bySource = new Map<string, EdgeRow>();
  // Who has not read everything cannot say that an edge has sent nothing.
  let readUntil = now;
  for (const { merging, stats } of owner.owners) {
    const hasReadNothing = stats.behind > 0 && stats.lastRecordAt === 0;
    readUntil = Math.min(readUntil, hasReadNothing ? 0 : now - stats.lagSeconds(now));
    for (const [source, producer] of merging.producers.all()) {
      const row = bySource.get(source) ?? newRow(source);
      bySource.set(source, row);
      if (producer.lastAt > row.lastAt) {
        row.lastAt = producer.lastAt;
        row.skewSeconds = producer.skew;
        row.width = producer.width;
      }
      row.epoch = Math.max(row.epoch, producer.epoch);
      row.lateChunks += producer.late;
      row.repeatedChunks += producer.repeats;
      row.futureChunks += producer.future;
    }
  }
  const rows = [...bySource.values()];
  for (const row of rows) {
    row.silentSeconds = Math.max(0, readUntil - row.lastAt);
    row.isSkewed = Math.abs(row.skewSeconds) > SKEW_WARN_SECONDS;
    row.isSilent = row.silentSeconds > Math.max(SILENT_SECONDS, SILENT_BUCKETS * row.width);
  }
  const skew = ({ isSkewed, skewSeconds }: EdgeRow): number => (isSkewed ? Math.abs(skewSeconds) : 0);
  const silence = ({ isSilent, silentSeconds }: EdgeRow): number => (isSilent ? silentSeconds : 0);
  rows.sort((a, b) => skew(b) - skew(a) || silence(b) - silence(a) || b.lateChunks - a.lateChunks);
  const silent = rows.filter(({ isSilent }) => isSilent).sort((a, b) => silence(b) - silence(a));
  return { count: rows.length, skewed: rows.filter(({ isSkewed }) => isSkewed), silent, rows };
}

function newRow(source: string): EdgeRow {
  return {
    edge: nameOf(source),
    epoch: 0,
    lastAt: 0,
    skewSeconds: 0,
    silentSeconds: 0,
    lateChunks: 0,
    repeatedChunks: 0,
    futureChunks: 0,
    isSkewed: false,
    isSilent: false,
    width: 0,
  };
}

/** Ids of edges are random bytes; those of levels are readable. */
function nameOf(source: string): string {
  return /^[A-Za-z0-9/]+\.*$/.test(source) && source.includes('/')
    ? source.replace(/\.+$/, '')
    : Buffer.from(source, 'latin1').toString('hex');
}
