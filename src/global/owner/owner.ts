/**
 * The owner role: works on the partitions that the log's engine gives to this process.
 *
 *   own(group) ─▶ assigned ─▶ a PartitionOwner each      revoked ─▶ it stops, and another process goes on
 */
import type { Ownership } from '../log/log.ts';
import type { OwnerSettings, OwnerSurroundings } from './owner-settings.ts';
import { PartitionOwner } from './partition-owner.ts';

export class Owner {
  private readonly group: string;
  private readonly settings: OwnerSettings;
  private readonly around: OwnerSurroundings;
  private readonly _owners = new Map<number, PartitionOwner>();
  /** Partitions owned before: their counts stay. */
  private readonly _former: PartitionOwner[] = [];
  private readonly ending = new Map<number, Promise<void>>();
  /** Partitions that are this process's by what the engine said last. */
  private readonly assigned = new Set<number>();
  private ownership: Ownership | undefined;
  private stopping = false;

  constructor(group: string, settings: OwnerSettings, around: OwnerSurroundings) {
    this.group = group;
    this.settings = settings;
    this.around = around;
  }

  /** Those of this process, by partition. */
  get owners(): readonly PartitionOwner[] {
    return [...this._owners.values()].sort((a, b) => a.partition - b.partition);
  }

  /** Those that it had before. */
  get former(): readonly PartitionOwner[] {
    return this._former;
  }

  async start(): Promise<void> {
    this.ownership = await this.around.log.own(this.group, {
      assigned: (partitions) => {
        for (const partition of partitions) {
          this.assigned.add(partition);
          void this.begin(partition);
        }
      },
      revoked: (partitions) => {
        for (const partition of partitions) {
          this.assigned.delete(partition);
          this.revoke(partition);
        }
      },
    });
  }

  async stop(): Promise<void> {
    this.stopping = true;
    for (const partition of [...this._owners.keys()]) this.revoke(partition);
    await Promise.all(this.ending.values());
    await this.ownership?.close();
  }

  private async begin(partition: number): Promise<void> {
    // One that is given back and comes again waits for its former self, and may be given back meanwhile.
    await this.ending.get(partition);
    if (this.stopping || this._owners.has(partition) || !this.assigned.has(partition)) return;
    this.around.logger.info({ partition }, 'now owns a partition of the global log');
    const again = this._former.findIndex((former) => former.partition === partition);
    const owner = new PartitionOwner(partition, this.settings, this.around);
    if (again >= 0) owner.stats.keep(this.totalOf(again));
    this._owners.set(partition, owner);
    owner.start();
  }

  /** Takes what a former owner of the partition counted. */
  private totalOf(index: number): ReturnType<PartitionOwner['stats']['total']> {
    const [former] = this._former.splice(index, 1) as [PartitionOwner];
    return former.stats.total(former.merging.counts);
  }

  private revoke(partition: number): void {
    const owner = this._owners.get(partition);
    if (owner === undefined) return;
    this._owners.delete(partition);
    this._former.push(owner);
    const ended = owner.stop().finally(() => this.ending.delete(partition));
    this.ending.set(partition, ended);
    this.around.logger.info({ partition }, 'gave up a partition of the global log');
  }
}
