/**
 * The log in memory: for tests and simulations, and the second implementation that keeps the interface honest.
 *
 *   partition ─▶ records, appended at the clock's time ─▶ read() lends what is there, or waits for the next append
 *
 * own() deals the partitions of a group out in turn and deals anew whenever a member comes or goes; the old owner hears of
 * it first. Faults for tests: `fail` rejects an append before or after it is done.
 * Memory  everything that was ever appended.
 */
import type { Clock } from '../../lib/time/clock.ts';
import type { GlobalLog, LogBatch, LogFacts, LogRecord, Ownership, OwnershipWatcher, Stream } from './log.ts';

const READ_RECORDS_MAX = 256;
/** How long read() waits for the first record, ms. */
const READ_WAIT_MS = 20;

interface Member {
  readonly group: string;
  readonly watcher: OwnershipWatcher;
  partitions: readonly number[];
}

/** What goes wrong with an append. */
export type AppendFault = 'refused' | 'unacknowledged' | 'twice' | undefined;

export interface MemoryLogOptions {
  readonly clock: Clock;
  readonly fail?: (stream: Stream, partition: number) => AppendFault;
}

/** What several MemoryLogs share, as clients share a cluster. */
export class MemoryCluster {
  partitions = 0;
  readonly records = new Map<string, LogRecord[]>();
  readonly members: Member[] = [];

  recordsOf(stream: Stream, partition: number): LogRecord[] {
    const key = `${stream} ${partition}`;
    const known = this.records.get(key);
    if (known !== undefined) return known;
    const records: LogRecord[] = [];
    this.records.set(key, records);
    return records;
  }

  join(member: Member): void {
    this.members.push(member);
    this.deal(member.group);
  }

  leave(member: Member): void {
    this.members.splice(this.members.indexOf(member), 1);
    if (member.partitions.length > 0) member.watcher.revoked(member.partitions);
    this.deal(member.group);
  }

  private deal(group: string): void {
    const members = this.members.filter((member) => member.group === group);
    const shares = members.map((_, i) => {
      const share: number[] = [];
      for (let partition = i; partition < this.partitions; partition += members.length) share.push(partition);
      return share;
    });
    members.forEach((member, i) => {
      const share = shares[i] ?? [];
      const lost = member.partitions.filter((partition) => !share.includes(partition));
      member.partitions = share;
      if (lost.length > 0) member.watcher.revoked(lost);
    });
    members.forEach((member) => {
      if (member.partitions.length > 0) member.watcher.assigned(member.partitions);
    });
  }
}

export class MemoryLog implements GlobalLog {
  private readonly cluster: MemoryCluster;
  private readonly options: MemoryLogOptions;
  private readonly members: Member[] = [];

  constructor(cluster: MemoryCluster, options: MemoryLogOptions) {
    this.cluster = cluster;
    this.options = options;
  }

  async ensure(partitions: number): Promise<LogFacts> {
    if (this.cluster.partitions === 0) this.cluster.partitions = partitions;
    return { partitions: this.cluster.partitions, warnings: [] };
  }

  async append(stream: Stream, partition: number, records: readonly Uint8Array[]): Promise<number> {
    const fault = this.options.fail?.(stream, partition);
    if (fault === 'refused') throw new Error('the log refuses the records');
    const log = this.cluster.recordsOf(stream, partition);
    const first = log.length;
    for (let times = fault === 'twice' ? 2 : 1; times > 0; times--)
      for (const bytes of records)
        log.push({
          position: log.length,
          appendedAt: this.options.clock.now() / 1000,
          bytes: Buffer.from(bytes),
        });
    if (fault === 'unacknowledged') throw new Error('the log does not answer');
    return first;
  }

  async own(group: string, watcher: OwnershipWatcher): Promise<Ownership> {
    const member: Member = { group, watcher, partitions: [] };
    this.members.push(member);
    this.cluster.join(member);
    return {
      close: async () => {
        if (this.members.includes(member)) this.members.splice(this.members.indexOf(member), 1);
        if (this.cluster.members.includes(member)) this.cluster.leave(member);
      },
    };
  }

  async read(stream: Stream, partition: number, from: number): Promise<LogBatch> {
    const log = this.cluster.recordsOf(stream, partition);
    if (log.length <= from)
      await new Promise<void>((resolve) => void this.options.clock.after(READ_WAIT_MS, resolve));
    return { records: log.slice(Math.max(0, from), from + READ_RECORDS_MAX), end: log.length };
  }

  async last(partition: number, count: number): Promise<LogBatch> {
    const log = this.cluster.recordsOf('merged', partition);
    return { records: log.slice(-count), end: log.length };
  }

  async close(): Promise<void> {
    for (const member of this.members.splice(0))
      if (this.cluster.members.includes(member)) this.cluster.leave(member);
  }
}
