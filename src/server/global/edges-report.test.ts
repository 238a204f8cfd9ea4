import { describe, expect, it } from 'vitest';
import type { ChunkHead } from '../../global/chunk/chunk.ts';
import { Producers } from '../../global/merge/producers.ts';
import { PartitionStats } from '../../global/owner/partition-stats.ts';
import { type EdgesOwner, EdgesReports, edgesReport } from './edges-report.ts';

const NOW = 10_000;

function headOf(edge: string, number: number): ChunkHead {
  return { edge: edge.padEnd(16, '.'), epoch: 7, number, start: 0, width: 10, seq: 0, lastSeq: 0, count: 1 };
}

interface Known {
  readonly lastAt: number;
  readonly skew?: number;
  readonly width?: number;
  readonly late?: number;
}

/** A partition that knows edges. */
function partition(edges: Readonly<Record<string, Known>>, lag?: number): EdgesOwner['owners'][number] {
  const producers = new Producers();
  for (const [edge, { lastAt, ...more }] of Object.entries(edges)) {
    producers.accept(headOf(edge, 1), lastAt);
    Object.assign(producers.get(headOf(edge, 1).edge) as object, more);
  }
  const stats = new PartitionStats();
  stats.behind = lag === undefined ? 0 : 5;
  stats.lastRecordAt = NOW - (lag ?? 0);
  return { merging: { producers }, stats };
}

describe('the report about edges', () => {
  it('names those whose clock is off, the worst first, and those that are silent', () => {
    const owner = {
      owners: [
        partition({
          well: { lastAt: NOW - 5, skew: 0.1 },
          ahead: { lastAt: NOW - 1, skew: -25 },
          behind: { lastAt: NOW - 1, skew: 2.5 },
          exact: { lastAt: NOW - 30, skew: 2 },
          silent: { lastAt: NOW - 31 },
          longer: { lastAt: NOW - 300 },
          slow: { lastAt: NOW - 100, width: 60 },
        }),
      ],
    };
    const { count, skewed, silent, rows } = edgesReport(owner, NOW);
    const names = (list: readonly { edge: string }[]) =>
      list.map(({ edge }) => Buffer.from(edge, 'hex').toString('latin1').replace(/\.+$/, ''));
    expect(count).toBe(7);
    expect(names(skewed)).toEqual(['ahead', 'behind']);
    expect(names(silent)).toEqual(['longer', 'silent']);
    expect(names(rows).slice(0, 4)).toEqual(['ahead', 'behind', 'longer', 'silent']);
  });

  it('joins what partitions know of an edge: the newest clock, all late chunks', () => {
    const owner = {
      owners: [
        partition({ a: { lastAt: NOW - 9, skew: 5, late: 2 } }),
        partition({ a: { lastAt: NOW - 3, skew: 1, late: 3 } }),
      ],
    };
    const [row] = edgesReport(owner, NOW).rows;
    expect(row).toMatchObject({ skewSeconds: 1, lateChunks: 5, lastAt: NOW - 3, epoch: 7, isSkewed: false });
  });

  it('calls nobody silent for what the owner has not read yet', () => {
    const edges = { a: { lastAt: NOW - 60 } };
    expect(edgesReport({ owners: [partition(edges)] }, NOW).silent).toHaveLength(1);
    expect(edgesReport({ owners: [partition(edges, 50)] }, NOW).silent).toEqual([]);
    const unread = partition(edges, 50);
    unread.stats.lastRecordAt = 0;
    expect(edgesReport({ owners: [unread] }, NOW).silent).toEqual([]);
  });

  it('shows the partitions of a first level under their names', () => {
    const [row] = edgesReport({ owners: [partition({ 'L1/12': { lastAt: NOW } })] }, NOW).rows;
    expect(row?.edge).toBe('L1/12');
  });

  it('is made once in two seconds', () => {
    const reports = new EdgesReports({ owners: [partition({ a: { lastAt: NOW } })] });
    expect(reports.at(NOW + 1)).toBe(reports.at(NOW));
    expect(reports.at(NOW + 4)).not.toBe(reports.at(NOW));
  });
});
