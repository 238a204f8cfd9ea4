/**
 * Looks through a folder of retry files at the start: what each file holds by its head, what is unfinished, what is odd.
 *
 *   NAME.retry ─▶ StoredFile      NAME.tmp ─▶ removed      NAME.damaged ─▶ known      anything else ─▶ left alone
 *
 * One odd entry never keeps the others from being used: a directory, a pipe, a link, a file of another user, or a head
 * that is none is set aside. Errors of the folder itself, and a process that has no descriptors left, are thrown.
 */
import { constants, lstatSync } from 'node:fs';
import { lstat, mkdir, readdir, rename, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describeKind, OddFileError, openPlainFile } from '../../lib/files/plain-file.ts';
import {
  decodeHead,
  HEAD_BYTES,
  RETRY_FILE_SUFFIX,
  type RetryFileSummary,
  summaryLength,
} from './retry-file.ts';
import { DAMAGED_SUFFIX, type SetAside } from './set-aside.ts';
import { StoredFile } from './stored-file.ts';
import { UNFINISHED_SUFFIX } from './write-file.ts';

/** Errors that say nothing about the file at hand. */
const OUT_OF_HANDLES: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE', 'ENOMEM']);

export function isOutOfHandles(error: unknown): boolean {
  return OUT_OF_HANDLES.has((error as NodeJS.ErrnoException).code ?? '');
}

/** Makes the folder where there is none. What is there instead of a folder of ours is put out of the way. */
export async function openFolder(folder: string): Promise<void> {
  const stats = lstatSync(folder, { throwIfNoEntry: false });
  const isOdd = stats !== undefined && !stats.isDirectory() && !stats.isSymbolicLink();
  if (isOdd) await rename(folder, folder + DAMAGED_SUFFIX);
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    throw new Error(`${folder} is a link that leads nowhere, or ${dirname(folder)} is no directory`, {
      cause: error,
    });
  }
}

/** Gives every retry file of the folder to `adopt`. */
export async function adoptFiles(
  folder: string,
  aside: SetAside,
  adopt: (file: StoredFile) => void,
): Promise<void> {
  for (const name of (await readdir(folder)).sort()) {
    if (name.endsWith(DAMAGED_SUFFIX)) await aside.found(name);
    else if (name.endsWith(UNFINISHED_SUFFIX)) await removeUnfinished(folder, name, aside);
    else if (name.endsWith(RETRY_FILE_SUFFIX)) {
      const file = await readHead(folder, name, aside);
      if (file !== undefined) adopt(file);
    }
  }
}

async function removeUnfinished(folder: string, name: string, aside: SetAside): Promise<void> {
  try {
    await unlink(join(folder, name));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    await aside.add(name, 0, (error as Error).message);
  }
}

/** Undefined when it cannot be used; it is set aside then. */
async function readHead(folder: string, name: string, aside: SetAside): Promise<StoredFile | undefined> {
  const path = join(folder, name);
  try {
    const stats = await lstat(path);
    if (!stats.isFile()) throw new OddFileError(path, describeKind(stats));
    const summary = await readSummary(path);
    if (summary !== undefined) return new StoredFile(path, name, stats.size, summary);
    await aside.add(name, stats.size, 'its head is damaged');
  } catch (error) {
    if (isOutOfHandles(error)) throw error;
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
      await aside.add(name, 0, (error as Error).message);
  }
  return undefined;
}

async function readSummary(path: string): Promise<RetryFileSummary | undefined> {
  const handle = await openPlainFile(path, constants.O_RDONLY, { noFollow: true });
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
