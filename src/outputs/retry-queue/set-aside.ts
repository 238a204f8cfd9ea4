/**
 * What is in the folder of retry files and cannot be used: damaged files, and what is no file at all.
 *
 *   NAME.retry ──damaged, a directory, a pipe, a link──▶ NAME.retry.damaged
 *
 * Each is renamed and counted, the log names it, and the other files are used as if it were not there. What cannot even
 * be renamed or removed stays where it is and is passed over.
 *
 * Limits  COUNT_MAX of them; the oldest are removed. They count towards the room of the folder and go first.
 */
import { lstat, rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from '../../lib/log.ts';

export const DAMAGED_SUFFIX = '.damaged';
const COUNT_MAX = 10;

export class SetAside {
  private readonly folder: string;
  private readonly log: Log;
  /** Names with their sizes, oldest first. */
  private readonly sizes = new Map<string, number>();
  /** Set aside or passed over since the start. */
  total = 0;

  constructor(folder: string, log: Log) {
    this.folder = folder;
    this.log = log;
  }

  get bytes(): number {
    let bytes = 0;
    for (const size of this.sizes.values()) bytes += size;
    return bytes;
  }

  /** Forgets what it knows of the folder, before that is looked through again. */
  clear(): void {
    this.sizes.clear();
  }

  /** An earlier process has set it aside. Never rejects. */
  async found(name: string): Promise<void> {
    const stats = await lstat(join(this.folder, name)).catch(() => undefined);
    if (stats !== undefined) this.sizes.set(name, stats.isFile() ? stats.size : 0);
  }

  /** Sets one aside. Never rejects. */
  async add(name: string, bytes: number, reason: string): Promise<void> {
    this.total++;
    const path = join(this.folder, name);
    const aside = name + DAMAGED_SUFFIX;
    try {
      await rename(path, path + DAMAGED_SUFFIX);
      this.sizes.delete(aside);
      this.sizes.set(aside, bytes);
      this.log.warn({ file: path, reason }, 'a retry file cannot be used; renamed it to .damaged');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
      this.log.warn({ file: path, reason, err: error }, 'a retry file cannot be used; leaving it in place');
    }
    if (this.sizes.size > COUNT_MAX) await this.removeOldest();
  }

  /** Removes the oldest of them; false when there is none. Never rejects. */
  async removeOldest(): Promise<boolean> {
    const [oldest] = this.sizes.keys();
    if (oldest === undefined) return false;
    this.sizes.delete(oldest);
    // A directory cannot be removed like this; it stays, and takes no room worth counting.
    await unlink(join(this.folder, oldest)).catch(() => undefined);
    return true;
  }
}
