/**
 * Retry files of one endpoint: where transactions wait that memory has no room for, and through a restart.
 *
 *   write(transactions) ─▶ FOLDER/2026_01_02__03_04_05_a1b2c3.retry ─▶ takeNewest() ─▶ settle() or putBack() each
 *
 * Thread   the control thread; the disk works in Node's pool. One operation at a time, so files and counts agree;
 *          marks of settled records have a line of their own and do not wait behind a long write.
 * Memory   about 300 bytes a file; the transactions of a file that is being written or sent.
 * Limits   bytesMax and diskRatioMax of the disk. The oldest files make room for new ones, set-aside ones first.
 *          Files older than ageMaxMs are removed. FILES_MAX files.
 * Damage   what cannot be read is set aside as NAME.damaged, at most DAMAGED_MAX of them, its losses counted.
 * Failure  a disk that is full, read-only or broken: write() says so, the log hears it once, and nothing is
 *          tried for PAUSE_MS. The next success is logged too.
 * Secrets  none: folder and files are for the owner alone all the same.
 */
import { mkdir, open, readdir, rename, stat, statfs, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import {
  type Amount,
  differenceOf,
  type LossCounts,
  type LossReason,
  NOTHING,
  sumOf,
} from './loss-counts.ts';
import {
  decodeHead,
  encodeRetryFile,
  HEAD_BYTES,
  RETRY_FILE_SUFFIX,
  type RetryFileSummary,
  summarize,
  summaryLength,
} from './retry-file.ts';
import { lockFolder, unlockFolder } from './store-lock.ts';
import { StoredFile } from './stored-file.ts';
import type { StoredPlace, Transaction } from './transaction.ts';
import { UNFINISHED_SUFFIX, writeWhole } from './write-file.ts';

const DAMAGED_SUFFIX = '.damaged';
const DAMAGED_MAX = 10;
const FILES_MAX = 10_000;
const PAUSE_MS = 10_000;
/** Errors that are about one file, not about the disk. */
const UNREADABLE: ReadonlySet<string> = new Set(['ENOENT', 'EIO', 'EISDIR']);

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
  /** How a file is written; for tests. */
  readonly writeFile?: typeof writeWhole;
}

export interface RetryStoreStatus {
  readonly folder: string;
  readonly files: number;
  readonly bytes: number;
  readonly payloads: number;
  readonly items: number;
  /** When the oldest transaction was made; undefined when there is none. */
  readonly oldestAt: number | undefined;
  /** What an earlier process had left. */
  readonly found: Amount;
  /** Files set aside since the start. */
  readonly damaged: number;
  /** Writes, reads and removals that failed. */
  readonly failures: number;
  /** Why the disk cannot be used now. */
  readonly failing: string | undefined;
}

export class RetryStore {
  readonly #options: RetryStoreOptions;
  readonly #files = new Map<string, StoredFile>();
  /** Set-aside files with their sizes, oldest first. */
  readonly #damaged = new Map<string, number>();
  #isOpen = false;
  #turn: Promise<unknown> = Promise.resolve();
  #marks: Promise<unknown> = Promise.resolve();
  #failing: string | undefined;
  #triedAt = Number.NEGATIVE_INFINITY;
  #found = NOTHING;
  #damagedTotal = 0;
  #failures = 0;

  constructor(options: RetryStoreOptions) {
    this.#options = options;
  }

  /** Whether a write is worth a try: the disk works, or the pause after a failure is over, or the clock was set. */
  get isReady(): boolean {
    return this.#failing === undefined || Math.abs(this.#options.clock.now() - this.#triedAt) >= PAUSE_MS;
  }

  /** Whether there is something to take, and the disk is worth a try. */
  get hasFiles(): boolean {
    if (!this.isReady) return false;
    for (const file of this.#files.values()) if (!file.isTaken && !file.finished) return true;
    return false;
  }

  get status(): RetryStoreStatus {
    const waiting = [...this.#files.values()].filter((file) => !file.finished);
    return {
      folder: this.#options.folder,
      files: this.#files.size,
      bytes: this.#bytes,
      payloads: waiting.reduce((sum, { amount }) => sum + amount.payloads, 0),
      items: waiting.reduce((sum, { amount }) => sum + amount.items, 0),
      oldestAt: waiting.length === 0 ? undefined : Math.min(...waiting.map(({ oldest }) => oldest)),
      found: this.#found,
      damaged: this.#damagedTotal,
      failures: this.#failures,
      failing: this.#failing,
    };
  }

  /** Takes over what an earlier process left. A disk that does not work is tried again at the next write. */
  open(): Promise<boolean> {
    return this.#inTurn(() => Promise.resolve());
  }

  /** Writes the transactions as one file; false when they are not on disk, for whatever reason. */
  write(transactions: readonly Transaction[]): Promise<boolean> {
    return this.#inTurn(async () => {
      const { clock, random, folder, writeFile = writeWhole } = this.#options;
      const summary = summarize(transactions);
      const pieces = encodeRetryFile(transactions, summary);
      const bytes = pieces.reduce((sum, piece) => sum + piece.byteLength, 0);
      await this.#makeRoom(bytes);
      const name = nameFile(clock.now(), random());
      await writeFile(folder, name, pieces);
      this.#files.set(name, new StoredFile(join(folder, name), name, bytes, summary));
    });
  }

  /** The transactions of the newest file; each has to be settled or put back. Empty when there is none. */
  async takeNewest(): Promise<readonly Transaction[]> {
    let taken: readonly Transaction[] = [];
    await this.#inTurn(async () => {
      for (let file = this.#newest(); file !== undefined && taken.length === 0; file = this.#newest()) {
        taken = await this.#take(file);
      }
    });
    return taken;
  }

  /** A transaction was acknowledged or given up: it must not be sent again, even after a crash. */
  settle(place: StoredPlace): void {
    this.#mark(place, async (file) => {
      if (await file.settle(place.index)) await this.#remove(file);
    });
  }

  /** A transaction goes back to where it was read. */
  putBack(place: StoredPlace): void {
    this.#mark(place, (file) => file.putBack(place.index));
  }

  /** Removes what is too old, and what could not be removed before. */
  sweep(): void {
    const due = [...this.#files.values()].some((file) => file.finished || this.#isOutdated(file));
    if (due && this.isReady) void this.#inTurn(() => this.#removeOutdated());
  }

  /** Resolves when everything asked so far is done. */
  async settled(): Promise<void> {
    await this.#marks;
    await this.#turn;
  }

  async close(): Promise<void> {
    await this.settled();
    for (const file of this.#files.values()) await file.close();
    if (this.#isOpen) await unlockFolder(this.#options.folder);
    this.#isOpen = false;
  }

  get #bytes(): number {
    let bytes = 0;
    for (const file of this.#files.values()) bytes += file.bytes;
    for (const size of this.#damaged.values()) bytes += size;
    return bytes;
  }

  /** Runs one operation after those before it; false when it failed. Never rejects. */
  #inTurn(operate: () => Promise<void>): Promise<boolean> {
    const result = this.#turn.then(async () => {
      this.#triedAt = this.#options.clock.now();
      try {
        if (!this.#isOpen) await this.#takeOver();
        await operate();
        this.#say(undefined);
        return true;
      } catch (error) {
        this.#say(error as Error);
        return false;
      }
    });
    this.#turn = result;
    return result;
  }

  #mark({ file: name }: StoredPlace, operate: (file: StoredFile) => Promise<void>): void {
    this.#marks = this.#marks.then(async () => {
      const file = this.#files.get(name);
      if (file === undefined) return;
      try {
        await operate(file);
      } catch (error) {
        this.#say(error as Error);
      }
    });
  }

  #say(error: Error | undefined): void {
    const { log, folder } = this.#options;
    const before = this.#failing;
    this.#failing = error?.message;
    if (error !== undefined) this.#failures++;
    if (error !== undefined && before === undefined) {
      log.error(
        { folder, err: error },
        'retry files cannot be used; what waits stays in memory as far as it fits',
      );
    } else if (error === undefined && before !== undefined) {
      log.info({ folder }, 'retry files can be used again');
    }
  }

  /** Locks the folder and reads the head of each file in it. */
  async #takeOver(): Promise<void> {
    const { folder } = this.#options;
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await lockFolder(folder);
    const names = (await readdir(folder)).sort();
    for (const name of names) {
      const path = join(folder, name);
      if (name.endsWith(UNFINISHED_SUFFIX)) await unlink(path);
      else if (name.endsWith(DAMAGED_SUFFIX)) this.#damaged.set(name, (await stat(path)).size);
      else if (name.endsWith(RETRY_FILE_SUFFIX) && !this.#files.has(name)) await this.#adopt(name);
    }
    this.#isOpen = true;
    await this.#removeOutdated();
  }

  async #adopt(name: string): Promise<void> {
    const path = join(this.#options.folder, name);
    const { size } = await stat(path);
    const summary = await readSummary(path).catch(ignoreUnreadable);
    const file = new StoredFile(path, name, size, summary ?? { newest: 0, oldest: 0, kinds: {} });
    this.#found = sumOf(this.#found, file.amount);
    if (summary === undefined) await this.#setAside(file);
    else this.#files.set(name, file);
  }

  async #take(file: StoredFile): Promise<readonly Transaction[]> {
    const { damaged, transactions, settledBefore, missing } = await takeOrNothing(file);
    // The head does not say what was acknowledged before the process that wrote it ended.
    for (const amount of Object.values(settledBefore)) this.#found = differenceOf(this.#found, amount);
    if (damaged || Object.keys(missing).length > 0) {
      this.#lose(file, 'file_damaged', missing);
      // What could be read is sent from memory alone: a file that is set aside is never read again.
      for (const transaction of transactions) transaction.stored = undefined;
      await this.#setAside(file);
    } else if (transactions.length === 0) {
      await this.#remove(file);
    }
    return transactions;
  }

  #newest(): StoredFile | undefined {
    let newest: StoredFile | undefined;
    for (const file of this.#files.values()) {
      if (file.isTaken || file.finished) continue;
      if (newest === undefined || file.newest > newest.newest) newest = file;
    }
    return newest;
  }

  /** Removes set-aside files and then the oldest until `bytes` more fit; throws, removing nothing, when they cannot. */
  async #makeRoom(bytes: number): Promise<void> {
    const used = this.#bytes;
    const max = Math.min(this.#options.bytesMax, used + (await this.#bytesFree()));
    const held = [...this.#files.values()]
      .filter((file) => file.isTaken)
      .reduce((sum, f) => sum + f.bytes, 0);
    if (bytes + held > max) {
      throw new Error(
        `${bytes} bytes do not fit: ${Math.max(max, 0)} are allowed by forwarder_storage_max_size_in_bytes and forwarder_storage_max_disk_ratio`,
      );
    }
    for (const name of [...this.#damaged.keys()]) {
      if (this.#bytes + bytes <= max) break;
      await this.#removeDamaged(name);
    }
    const oldestFirst = [...this.#files.values()].sort((a, b) => a.newest - b.newest);
    for (const file of oldestFirst) {
      if (this.#bytes + bytes <= max && this.#files.size < FILES_MAX) break;
      if (file.isTaken) continue;
      this.#lose(file, 'disk_full', file.left);
      await this.#remove(file);
    }
  }

  /** What the disk may still take within its ratio; less than 0 when it is fuller. */
  async #bytesFree(): Promise<number> {
    const { bsize, blocks, bavail } = await statfs(this.#options.folder);
    return bavail * bsize - Math.ceil(blocks * bsize * (1 - this.#options.diskRatioMax));
  }

  async #removeOutdated(): Promise<void> {
    for (const file of [...this.#files.values()]) {
      if (this.#isOutdated(file)) this.#lose(file, 'too_old', file.left);
      else if (!file.finished) continue;
      await this.#remove(file);
    }
  }

  #isOutdated(file: StoredFile): boolean {
    return (
      !file.isTaken && !file.finished && this.#options.clock.now() - file.newest > this.#options.ageMaxMs
    );
  }

  async #remove(file: StoredFile): Promise<void> {
    file.finished = true;
    await unlink(file.path).catch(ignoreMissing);
    this.#files.delete(file.name);
  }

  async #setAside(file: StoredFile): Promise<void> {
    this.#damagedTotal++;
    this.#files.delete(file.name);
    await file.close();
    await rename(file.path, file.path + DAMAGED_SUFFIX).catch(ignoreMissing);
    this.#damaged.set(file.name + DAMAGED_SUFFIX, file.bytes);
    this.#options.log.warn({ file: file.path }, 'a retry file is damaged; it is set aside as .damaged');
    const [oldest] = this.#damaged.keys();
    if (this.#damaged.size > DAMAGED_MAX && oldest !== undefined) await this.#removeDamaged(oldest);
  }

  async #removeDamaged(name: string): Promise<void> {
    await unlink(join(this.#options.folder, name)).catch(ignoreMissing);
    this.#damaged.delete(name);
  }

  #lose(file: StoredFile, reason: LossReason, amounts: Readonly<Record<string, Amount>>): void {
    const ageMs = this.#options.clock.now() - file.newest;
    for (const [kind, amount] of Object.entries(amounts))
      this.#options.losses.add(reason, kind, ageMs, amount);
    file.left = {};
  }
}

// 2026_01_02__03_04_05_a1b2c3d4.retry        UTC, as the Agent names them
function nameFile(now: number, random: number): string {
  const time = new Date(now).toISOString().slice(0, 19).replace('T', '__').replaceAll(/[-:]/g, '_');
  const unique = Math.floor(random * 2 ** 32)
    .toString(16)
    .padStart(8, '0');
  return `${time}_${unique}${RETRY_FILE_SUFFIX}`;
}

/** A file that is gone, or that the disk cannot read, is as good as one of which nothing can be read. */
async function takeOrNothing(file: StoredFile): ReturnType<StoredFile['take']> {
  try {
    return await file.take();
  } catch (error) {
    ignoreUnreadable(error as NodeJS.ErrnoException);
    return { transactions: [], settledBefore: {}, damaged: true, missing: file.left };
  }
}

async function readSummary(path: string): Promise<RetryFileSummary | undefined> {
  const handle = await open(path, 'r');
  try {
    const head = Buffer.alloc(HEAD_BYTES);
    const { bytesRead } = await handle.read(head, 0, HEAD_BYTES, 0);
    const length = summaryLength(head.subarray(0, bytesRead));
    if (length === undefined) return undefined;
    const bytes = Buffer.alloc(HEAD_BYTES + length);
    const whole = await handle.read(bytes, 0, bytes.length, 0);
    return decodeHead(bytes.subarray(0, whole.bytesRead))?.summary;
  } finally {
    await handle.close();
  }
}

function ignoreUnreadable(error: NodeJS.ErrnoException): undefined {
  if (!UNREADABLE.has(error.code ?? '')) throw error;
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}
