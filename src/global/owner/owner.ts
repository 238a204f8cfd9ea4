/**
 * The owner role: works on the partitions that the log's engine gives to this process.
 *
 *   own(group) ─▶ assigned ─▶ a PartitionOwner each      revoked ─▶ it stops, and another process goes on
 */
import type { Ownership } from '../log/log.ts';
import type { OwnerSettings, OwnerSurroundings } from './owner-settings.ts';
import { PartitionOwner } from './partition-owner.ts';

export class Owner {
  readonly #group: string;
  readonly #settings: OwnerSettings;
  readonly #around: OwnerSurroundings;
  readonly #owners = new Map<number, PartitionOwner>();
  /** Partitions owned before: their counts stay. */
  readonly #former: PartitionOwner[] = [];
  readonly #ending = new Map<number, Promise<void>>();
  /** Partitions that are this process's by what the engine said last. */
  readonly #assigned = new Set<number>();
  #ownership: Ownership | undefined;
  #stopping = false;

  constructor(group: string, settings: OwnerSettings, around: OwnerSurroundings) {
    this.#group = group;
    this.#settings = settings;
    this.#around = around;
  }

  /** Those of this process, by partition. */
  get owners(): readonly PartitionOwner[] {
    return [...this.#owners.values()].sort((a, b) => a.partition - b.partition);
  }

  /** Those that it had before. */
  get former(): readonly PartitionOwner[] {
    return this.#former;
  }

  async start(): Promise<void> {
    this.#ownership = await this.#around.log.own(this.#group, {
      assigned: (partitions) => {
        for (const partition of partitions) {
          this.#assigned.add(partition);
          void this.#begin(partition);
        }
      },
      revoked: (partitions) => {
        for (const partition of partitions) {
          this.#assigned.delete(partition);
          this.#revoke(partition);
        }
      },
    });
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    for (const partition of [...this.#owners.keys()]) this.#revoke(partition);
    await Promise.all(this.#ending.values());
    await this.#ownership?.close();
  }

  async #begin(partition: number): Promise<void> {
    // One that is given back and comes again waits for its former self, and may be given back meanwhile.
    await this.#ending.get(partition);
    if (this.#stopping || this.#owners.has(partition) || !this.#assigned.has(partition)) return;
    this.#around.logger.info({ partition }, 'owns a partition of the global log');
    const again = this.#former.findIndex((former) => former.partition === partition);
    const owner = new PartitionOwner(partition, this.#settings, this.#around);
    if (again >= 0) owner.stats.keep(this.#totalOf(again));
    this.#owners.set(partition, owner);
    owner.start();
  }

  /** Takes what a former owner of the partition counted. */
  #totalOf(index: number): ReturnType<PartitionOwner['stats']['total']> {
    const [former] = this.#former.splice(index, 1) as [PartitionOwner];
    return former.stats.total(former.merging.counts);
  }

  #revoke(partition: number): void {
    const owner = this.#owners.get(partition);
    if (owner === undefined) return;
    this.#owners.delete(partition);
    this.#former.push(owner);
    const ended = owner.stop().finally(() => this.#ending.delete(partition));
    this.#ending.set(partition, ended);
    this.#around.logger.info({ partition }, 'gives a partition of the global log away');
  }
}
