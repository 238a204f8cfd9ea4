/**
 * One server at a time in a folder of retry files: two would both send what is there.
 *
 *   FOLDER/lock ─▶ { pid, started, space, host, by }      who holds it, for people and for the fallback
 *
 * Kernel    The holder keeps the file open and locked (lib/file-lock.ts). The kernel frees the lock when the process
 *           ends, so nothing is left behind by a kill, and process numbers do not matter: containers that share a
 *           folder exclude each other.
 * Fallback  Where the kernel has no such lock, the file is a lease. The holder renews its time every few seconds (renew).
 *           Another process of the same machine and process space is asked for by its number and start time; one that
 *           cannot be seen holds the folder until its lease is LEASE_MS old.
 * Odd       A lock that is no regular file is renamed to `lock.damaged`.
 */
import { constants } from 'node:fs';
import { type FileHandle, readFile, readlink, rename, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { tryLock } from '../../lib/files/file-lock.ts';
import { OddFileError, openPlainFile } from '../../lib/files/plain-file.ts';

export const LOCK_NAME = 'lock';
/** Age from which the lease of a process that cannot be seen no longer counts. */
const LEASE_MS = 30_000;
const CONTENT_BYTES_MAX = 4096;
const ATTEMPTS_MAX = 5;

interface Holder {
  readonly pid: number;
  /** In ticks since the machine started (proc(5), field 22); empty where that is not known. */
  readonly started: string;
  /** The process space that the number belongs to; empty where there is one only. */
  readonly space: string;
  readonly host: string;
  readonly by: 'kernel' | 'lease';
}

/** A lock that is held. */
export interface FolderLock {
  /** Whether the file at the path is still the one that was locked; false when folder or file were replaced. */
  isInPlace(): Promise<boolean>;
  /** Says that the holder lives. */
  renew(): Promise<void>;
  release(): Promise<void>;
}

export interface LockOptions {
  /** Locks an open file; for tests of the fallback. */
  readonly tryLock?: typeof tryLock;
}

/** Takes the lock. Rejects when another server has it, or the folder cannot be written. */
export async function lockFolder(folder: string, options: LockOptions = {}): Promise<FolderLock> {
  const path = join(folder, LOCK_NAME);
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    const handle = await openLock(path);
    if (handle === undefined) continue;
    try {
      const lock = await hold(handle, path, folder, options.tryLock ?? tryLock);
      if (lock !== undefined) return lock;
    } catch (error) {
      await handle.close();
      throw error;
    }
    await handle.close();
  }
  throw new Error(`${path} keeps changing; another server uses ${folder}`);
}

/** The lock file, made when it is missing; undefined when something odd had to be put out of the way. */
async function openLock(path: string): Promise<FileHandle | undefined> {
  try {
    return await openPlainFile(path, constants.O_RDWR | constants.O_CREAT, { mode: 0o600, noFollow: true });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const isOdd = error instanceof OddFileError || ['EISDIR', 'ELOOP', 'ENXIO'].includes(code ?? '');
    if (!isOdd) throw error;
    await rename(path, `${path}.damaged`);
    return undefined;
  }
}

/** Undefined when the file was removed before it was locked. */
async function hold(
  handle: FileHandle,
  path: string,
  folder: string,
  lockFile: typeof tryLock,
): Promise<FolderLock | undefined> {
  const before = await readHolder(handle);
  const answer = lockFile(handle.fd);
  if (answer === 'held') throw inUse(folder, before);
  if (!(await isAt(handle, path))) return undefined;
  // Who has the kernel's lock may ignore what a dead holder of it left; a lease counts for everyone.
  const mayHold = before !== undefined && (before.by === 'lease' || answer === 'unsupported');
  if (mayHold && (await isLeaseAlive(handle, before))) throw inUse(folder, before);
  const own = await nameOwn(answer === 'locked' ? 'kernel' : 'lease');
  await writeHolder(handle, own);
  if (own.by === 'lease') await confirmLease(handle, path, folder, own);
  return {
    isInPlace: () => isAt(handle, path),
    renew: async () => {
      const now = new Date();
      await handle.utimes(now, now);
    },
    release: async () => {
      // While it is locked nobody else can have it, so it may be removed; who opened it meanwhile notices.
      if (await isAt(handle, path)) await rm(path, { force: true }).catch(() => undefined);
      await handle.close().catch(() => undefined);
    },
  };
}

/** Two that take over a dead lease at once both write; the one that wrote last has it. */
async function confirmLease(handle: FileHandle, path: string, folder: string, own: Holder): Promise<void> {
  const now = await readHolder(handle);
  if (now === undefined || !isSame(now, own)) throw inUse(folder, now);
  if (!(await isAt(handle, path))) throw inUse(folder, undefined);
}

async function isAt(handle: FileHandle, path: string): Promise<boolean> {
  const [open, there] = await Promise.all([handle.stat(), stat(path).catch(() => undefined)]);
  return there !== undefined && there.ino === open.ino && there.dev === open.dev;
}

async function isLeaseAlive(handle: FileHandle, holder: Holder): Promise<boolean> {
  const own = await nameOwn('lease');
  if (isSame(holder, own)) return false;
  if (holder.host === own.host && holder.space === own.space) {
    return isRunning(holder.pid) && holder.started === (await startOf(holder.pid));
  }
  const { mtimeMs } = await handle.stat();
  return Math.abs(Date.now() - mtimeMs) < LEASE_MS;
}

async function readHolder(handle: FileHandle): Promise<Holder | undefined> {
  const bytes = Buffer.alloc(CONTENT_BYTES_MAX);
  const { bytesRead } = await handle.read(bytes, 0, bytes.length, 0);
  try {
    const { pid, started, space, host, by } = JSON.parse(bytes.toString('utf8', 0, bytesRead)) as Holder;
    const isWhole = Number.isSafeInteger(pid) && pid > 0 && (by === 'kernel' || by === 'lease');
    return isWhole
      ? { pid, started: String(started), space: String(space), host: String(host), by }
      : undefined;
  } catch {
    return undefined;
  }
}

async function writeHolder(handle: FileHandle, holder: Holder): Promise<void> {
  await handle.truncate(0);
  await handle.write(`${JSON.stringify(holder)}\n`, 0);
}

async function nameOwn(by: Holder['by']): Promise<Holder> {
  const space = await readlink('/proc/self/ns/pid').catch(() => '');
  return { pid: process.pid, started: await startOf(process.pid), space, host: hostname(), by };
}

async function startOf(pid: number): Promise<string> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  const afterName = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return afterName[19] ?? '';
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function isSame(a: Holder, b: Holder): boolean {
  return a.pid === b.pid && a.started === b.started && a.space === b.space && a.host === b.host;
}

function inUse(folder: string, holder: Holder | undefined): Error {
  const who = holder === undefined ? 'another server' : `process ${holder.pid} on ${holder.host}`;
  return new Error(`${folder} is used by ${who}; give this server another forwarder_storage_path`);
}
