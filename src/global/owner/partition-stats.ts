/** What is shown about one partition that is owned here. */
import { addCounts, type MergeCounts, zeroCounts } from '../merge/merge-counts.ts';
import type { ClosedSet } from '../merge/partition.ts';

export class PartitionStats {
  /** Why the owner cannot work. */
  problem: string | undefined;
  failures = 0;
  /** Whether nothing is read because results are not acknowledged. */
  isPaused = false;
  /** When the record read last was appended, and when nothing was left to read; Unix seconds. */
  lastRecordAt = 0;
  caughtUpAt = 0;
  /** Records that are not read yet. */
  behind = 0;
  closes = 0;
  /** Sets that another owner had closed first. */
  foreignSets = 0;
  /** Sets handed on. */
  delivered = 0;
  buckets = 0;
  contexts = 0;
  lastClosedThrough = 0;
  /** Seconds from the end of the bucket closed last to its close. */
  closeDelaySeconds = 0;
  /** Of the readings before the present one. */
  readonly before: MergeCounts = zeroCounts();

  keep(counts: MergeCounts): void {
    addCounts(this.before, counts);
  }

  /** All readings. */
  total(present: MergeCounts): MergeCounts {
    const total = zeroCounts();
    addCounts(total, this.before);
    addCounts(total, present);
    return total;
  }

  noteEnd(next: number, end: number): void {
    this.behind = Math.max(0, end - next);
  }

  noteClose({ buckets, closedThrough }: ClosedSet, nowMs: number): void {
    this.closes++;
    this.buckets += buckets.length;
    this.contexts = buckets.reduce((sum, { entries }) => sum + entries.length, 0);
    this.lastClosedThrough = closedThrough;
    this.closeDelaySeconds = Math.max(0, nowMs / 1000 - closedThrough);
  }

  /** How old the oldest record that is not read is, about, seconds. */
  lagSeconds(now: number): number {
    if (this.behind === 0 || this.lastRecordAt === 0) return 0;
    return Math.max(0, now - this.lastRecordAt);
  }
}
