/**
 * Retry files of one endpoint: where transactions wait that memory has no room for, and through a restart.
 *
 *   write(transactions) ─▶ FOLDER/2026_01_02__03_04_05_a1b2c3.retry ─▶ takeNext() ─▶ settle() or putBack() each
 *
 * Thread   the control thread; the disk works in Node's pool. One operation at a time, so files and counts agree;
 *          marks of settled records have a line of their own and do not wait behind a long write.
 * Counting A transaction counts here or with whoever took or gave it, never with both and never with neither: the
 *          callbacks of write() and takeNext() run in the same step in which the counts change.
 * Memory   about 300 bytes a file; the transactions of a file that is being written or sent.
 * Limits   bytesMax and diskRatioMax of the disk. The oldest files make room for new ones, set-aside ones first.
 *          Files older than ageMaxMs are removed. FILES_MAX files.
 * Odd      what cannot be read, or is no regular file, is set aside (set-aside.ts), its losses counted.
 * Removed  look() notices files and folders that somebody else removed: what was in them is counted as lost, and the folder
 *          is made again.
 * Failure  a disk that is full, read-only or broken: write() says so (disk-turns.ts).
 * Secrets  none: folder and files are for the owner alone all the same.
 */
import { readdir, statfs, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from '../../lib/log.ts';
import type { Clock } from '../../lib/time/clock.ts';
import { DiskTurns } from './disk-turns.ts';
import {
  type Amount,
  differenceOf,
  type LossCounts,
  type LossReason,
  NOTHING,
  sumOf,
} from './loss-counts.ts';
import { type DecodedFile, encodeRetryFile, nameFile, summarize } from './retry-file.ts';
import { adoptFiles, isOutOfHandles, openFolder } from './scan-folder.ts';
import { SetAside } from './set-aside.ts';
import { type FolderLock, lockFolder } from './store-lock.ts';
import type { RetryStoreStatus } from './store-status.ts';
import { StoredFile } from './stored-file.ts';
import type { StoredPlace, Transaction } from './transaction.ts';
import { writeWhole } from './write-file.ts';

const FILES_MAX = 10_000;

export interface RetryStoreOptions {
  readonly folder: string;
  readonly bytesMax: number;
  /** How full the disk may become, 0 to 1. */
  readonly diskRatioMax: number;
  readonly ageMaxMs: number;
  readonly clock: Clock;
  /** From 0 to 1, for names. */
  readonly random: () => number;
  readonly losses: LossCounts;
  readonly log: Log;
  /** Which file is taken first: the newest, unless what waits has to keep its order. */
  readonly order?: 'newest' | 'oldest';
  /** How a file is written; for tests. */
  readonly writeFile?: typeof writeWhole;
  /** How the folder is locked; for tests. */
  readonly lock?: (folder: string) => Promise<FolderLock>;
}

/** Takes transactions over, in the step in which they no longer count as stored. */
export type Receive = (transactions: readonly Transaction[]) => void;

export class RetryStore {
  private readonly options: RetryStoreOptions;
  private readonly files = new Map<string, StoredFile>();
  private readonly aside: SetAside;
  private readonly turns: DiskTurns;
  private lock: FolderLock | undefined;
  private isOpen = false;
  private marks: Promise<unknown> = Promise.resolve();
  private isLooking = false;
  private isClosed = false;
  private isAbandoned = false;
  private found = NOTHING;

  constructor(options: RetryStoreOptions) {
    this.options = options;
    this.aside = new SetAside(options.folder, options.log);
    this.turns = new DiskTurns(options.folder, options.clock, options.log);
  }

  /** Whether a write is worth a try. */
  get isReady(): boolean {
    return this.turns.isReady;
  }

  /** Whether there is something to take, and the disk is worth a try. */
  get hasFiles(): boolean {
    return this.isReady && this.hasUnread;
  }

  /** Whether there is something to take, whatever the last operation on the disk came to. */
  get hasUnread(): boolean {
    for (const file of this.files.values()) if (!file.isTaken && !file.finished) return true;
    return false;
  }

  /** What waits on disk and is not in memory as well. */
  get amount(): Amount {
    return [...this.files.values()]
      .map((file) => (file.finished ? NOTHING : file.amount))
      .reduce(sumOf, NOTHING);
  }

  get status(): RetryStoreStatus {
    const waiting = [...this.files.values()].filter((file) => !file.finished && file.amount.payloads > 0);
    const { payloads, items, points } = this.amount;
    return {
      folder: this.options.folder,
      files: this.files.size,
      bytes: this.bytes,
      payloads,
      items,
      points,
      oldestAt: payloads === 0 ? undefined : Math.min(...waiting.map(({ oldest }) => oldest)),
      found: this.found,
      damaged: this.aside.total,
      failures: this.turns.failures,
      failing: this.turns.failing,
    };
  }

  /** Takes over what an earlier process left. A disk that does not work is tried again at the next write. */
  open(): Promise<boolean> {
    return this.inTurn(() => Promise.resolve());
  }

  /**
   * Writes the transactions as one file; false when they are not on disk, for whatever reason. `onStored` is called when
   * they count as stored.
   */
  write(transactions: readonly Transaction[], onStored: () => void = () => undefined): Promise<boolean> {
    return this.inTurn(async () => {
      try {
        await this.store(transactions, onStored);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
        // The folder was removed a moment ago.
        await this.look();
        await this.store(transactions, onStored);
      }
    });
  }

  /** Takes the file that is next, the newest by default; each of its transactions has to be settled or put back. Takes none when there is none. */
  async takeNext(receive: Receive = () => undefined): Promise<readonly Transaction[]> {
    let taken: readonly Transaction[] = [];
    await this.inTurn(async () => {
      for (let file = this.next(); file !== undefined && taken.length === 0; file = this.next()) {
        taken = await this.take(file, receive);
      }
    });
    return taken;
  }

  /** A transaction was acknowledged or given up: it must not be sent again, even after a crash. */
  settle(place: StoredPlace): void {
    const file = this.files.get(place.file);
    const todo = file?.settle(place.index);
    if (file === undefined || todo === undefined) return;
    this.marks = this.marks.then(async () => {
      try {
        if (todo.kind === 'remove') await this.remove(file);
        else if (!file.finished) await file.mark(todo.at);
      } catch (error) {
        this.turns.report(error as Error);
      }
    });
  }

  /** A transaction goes back to where it was read; false when that is gone, so that it is in memory alone. */
  putBack({ file, index }: StoredPlace): boolean {
    return this.files.get(file)?.putBack(index) ?? false;
  }

  /** Notices what somebody else removed; removes what is too old, and what could not be removed before. */
  sweep(): void {
    if (!this.isReady || this.isLooking || this.isClosed) return;
    this.isLooking = true;
    void this.inTurn(async () => {
      await this.look();
      await this.removeOutdated();
    }).finally(() => {
      this.isLooking = false;
    });
  }

  /** Resolves when everything asked so far is done. */
  async settled(): Promise<void> {
    await this.marks;
    await this.turns.settled();
  }

  /** Nothing that is being written or read counts any more: its owner has given it up. */
  abandon(): void {
    this.isAbandoned = true;
  }

  async close(): Promise<void> {
    this.isClosed = true;
    await this.settled();
    for (const file of this.files.values()) await file.close();
    await this.lock?.release();
    this.lock = undefined;
    this.isOpen = false;
  }

  private get bytes(): number {
    let bytes = this.aside.bytes;
    for (const file of this.files.values()) bytes += file.bytes;
    return bytes;
  }

  /** Runs one operation after those before it, in a folder that is open; false when it failed. Never rejects. */
  private inTurn(operate: () => Promise<void>): Promise<boolean> {
    return this.turns.run(async () => {
      if (!this.isOpen) await this.takeOver();
      await operate();
    });
  }

  /** Makes and locks the folder, and reads the head of each file in it. */
  private async takeOver(): Promise<void> {
    const { folder, lock = lockFolder } = this.options;
    await openFolder(folder);
    this.lock ??= await lock(folder);
    this.aside.clear();
    await adoptFiles(folder, this.aside, (file) => {
      if (this.files.has(file.name)) return;
      this.found = sumOf(this.found, file.amount);
      this.files.set(file.name, file);
    });
    this.isOpen = true;
    await this.removeOutdated();
  }

  /** Looks whether folder and files are still there. */
  private async look(): Promise<void> {
    const { folder, log } = this.options;
    const lock = this.lock;
    if (lock === undefined || !(await lock.isInPlace())) {
      for (const file of [...this.files.values()]) this.forget(file);
      await lock?.release();
      this.lock = undefined;
      this.isOpen = false;
      await this.takeOver();
      log.warn({ folder }, 'the retry folder had been removed or replaced; using it again');
      return;
    }
    await lock.renew();
    const names = new Set(await readdir(folder));
    for (const file of [...this.files.values()]) if (!names.has(file.name)) this.forget(file);
  }

  /** Somebody else removed the file. */
  private forget(file: StoredFile): void {
    // One that we are about to remove may be gone already.
    const wasWanted = !file.finished;
    if (wasWanted) this.lose(file, 'file_removed', file.amounts);
    file.forget();
    this.files.delete(file.name);
    void file.close();
    if (wasWanted) this.options.log.warn({ file: file.path }, 'a retry file was removed by another process');
  }

  private async store(transactions: readonly Transaction[], onStored: () => void): Promise<void> {
    const { clock, random, folder, writeFile = writeWhole } = this.options;
    const summary = summarize(transactions);
    const pieces = encodeRetryFile(transactions, summary);
    const bytes = pieces.reduce((sum, piece) => sum + piece.byteLength, 0);
    await this.makeRoom(bytes);
    const name = nameFile(clock.now(), random());
    await writeFile(folder, name, pieces);
    if (this.isAbandoned) throw new Error('the server stopped before the file was written');
    this.files.set(name, new StoredFile(join(folder, name), name, bytes, summary));
    onStored();
  }

  private async take(file: StoredFile, receive: Receive): Promise<readonly Transaction[]> {
    const content = await this.read(file);
    // Somebody may have looked for it meanwhile.
    if (content === undefined || file.finished || this.isAbandoned) return [];
    const { damaged, transactions, settledBefore, missing, beyond } = file.take(content);
    // The head does not say what was acknowledged before the process that wrote it ended.
    for (const amount of Object.values(settledBefore)) this.found = differenceOf(this.found, amount);
    this.found = sumOf(this.found, beyond);
    const isBad = damaged || Object.keys(missing).length > 0;
    if (isBad) {
      this.lose(file, 'file_damaged', missing);
      // What could be read is sent from memory alone: a file that is set aside is never read again.
      file.forget();
      this.files.delete(file.name);
    }
    receive(transactions);
    if (isBad) await this.setAside(file, 'it is not as it was written');
    else if (transactions.length === 0) await this.remove(file);
    return transactions;
  }

  /** Undefined when it cannot be read; its loss is counted then. */
  private async read(file: StoredFile): Promise<DecodedFile | undefined> {
    try {
      return await file.read();
    } catch (error) {
      if (isOutOfHandles(error)) throw error;
      const isGone = (error as NodeJS.ErrnoException).code === 'ENOENT';
      if (isGone) this.forget(file);
      else {
        this.lose(file, 'file_damaged', file.amounts);
        file.forget();
        this.files.delete(file.name);
        await this.setAside(file, (error as Error).message);
      }
      return undefined;
    }
  }

  private next(): StoredFile | undefined {
    const isOldestFirst = this.options.order === 'oldest';
    let next: StoredFile | undefined;
    for (const file of this.files.values()) {
      if (file.isTaken || file.finished) continue;
      const isBefore =
        next === undefined || (isOldestFirst ? file.oldest < next.oldest : file.newest > next.newest);
      if (isBefore) next = file;
    }
    return next;
  }

  /** Removes set-aside files and then the oldest until `bytes` more fit; throws, removing nothing, when they cannot. */
  private async makeRoom(bytes: number): Promise<void> {
    const used = this.bytes;
    const max = Math.min(this.options.bytesMax, used + (await this.bytesFree()));
    const held = [...this.files.values()].filter((file) => file.isTaken).reduce((sum, f) => sum + f.bytes, 0);
    if (bytes + held > max) {
      throw new Error(
        `${bytes} bytes do not fit: ${Math.max(max, 0)} are allowed by forwarder_storage_max_size_in_bytes and forwarder_storage_max_disk_ratio`,
      );
    }
    while (this.bytes + bytes > max && (await this.aside.removeOldest()));
    const oldestFirst = [...this.files.values()].sort((a, b) => a.newest - b.newest);
    for (const file of oldestFirst) {
      if (this.bytes + bytes <= max && this.files.size < FILES_MAX) break;
      if (file.isTaken) continue;
      this.lose(file, 'disk_full', file.left);
      await this.remove(file);
    }
  }

  /** What the disk may still take within its ratio; less than 0 when it is fuller. */
  private async bytesFree(): Promise<number> {
    const { bsize, blocks, bavail } = await statfs(this.options.folder);
    return bavail * bsize - Math.ceil(blocks * bsize * (1 - this.options.diskRatioMax));
  }

  private async removeOutdated(): Promise<void> {
    for (const file of [...this.files.values()]) {
      if (this.isOutdated(file)) this.lose(file, 'too_old', file.left);
      else if (!file.finished) continue;
      await this.remove(file);
    }
  }

  private isOutdated(file: StoredFile): boolean {
    return !file.isTaken && !file.finished && this.options.clock.now() - file.newest > this.options.ageMaxMs;
  }

  private async remove(file: StoredFile): Promise<void> {
    file.finished = true;
    await file.close();
    try {
      await unlink(file.path);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // Something else has taken its place.
      if (code === 'EISDIR' || code === 'EPERM') await this.setAside(file, (error as Error).message);
      else if (code !== 'ENOENT') throw error;
    }
    this.files.delete(file.name);
  }

  private async setAside(file: StoredFile, reason: string): Promise<void> {
    this.files.delete(file.name);
    await file.close();
    await this.aside.add(file.name, file.bytes, reason);
  }

  private lose(file: StoredFile, reason: LossReason, amounts: Readonly<Record<string, Amount>>): void {
    const ageMs = this.options.clock.now() - file.newest;
    for (const [kind, amount] of Object.entries(amounts))
      this.options.losses.add(reason, kind, ageMs, amount);
    if (!file.isTaken) file.left = {};
  }
}
