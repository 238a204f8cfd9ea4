/**
 * Opens and reads files without ever waiting for somebody else.
 *
 *   path ──open, O_NONBLOCK──▶ fstat ─▶ a regular file ─▶ handle
 *                                    └▶ anything else  ─▶ OddFileError: closed again, and named
 *
 * Why     An ordinary open of a named pipe waits until somebody opens the other end, possibly for ever. The thread of
 *         Node's pool that waits can neither be cancelled nor left behind: even process.exit() waits for it.
 * Limits  readFileNow() reads at most `bytesMax` bytes and waits at most `waitMs` for a pipe.
 */
import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

/** Not on Windows, where opening a file does not wait. */
const NONBLOCK = constants.O_NONBLOCK ?? 0;
const NOFOLLOW = constants.O_NOFOLLOW ?? 0;
const READ_BYTES_MAX = 64 * 1024 * 1024;
const CHUNK_BYTES = 256 * 1024;
const POLL_MS = 10;
/** For files named by people at the start, which may be pipes: `--config <(…)`. */
export const PIPE_WAIT_MS = 5000;

/** Something is at the path, and it is not what it should be. */
export class OddFileError extends Error {
  override readonly name = 'OddFileError';
  readonly code = 'ERR_NOT_A_FILE';

  constructor(path: string, what: string) {
    super(`${path} is ${what}, not a regular file`);
  }
}

/** What is at a path, for people. */
export function describeKind(stats: Stats): string {
  if (stats.isFile()) return 'a regular file';
  if (stats.isDirectory()) return 'a directory';
  if (stats.isFIFO()) return 'a named pipe';
  if (stats.isSocket()) return 'a socket';
  if (stats.isSymbolicLink()) return 'a symbolic link';
  return stats.isCharacterDevice() || stats.isBlockDevice() ? 'a device' : 'something unknown';
}

export interface PlainFileOptions {
  readonly mode?: number;
  /** Refuses a symbolic link, with the error code ELOOP. */
  readonly noFollow?: boolean;
  /** Which files beside regular ones will do. */
  readonly accepts?: (stats: Stats) => boolean;
}

/** Opens a regular file, or one that `accepts` takes. Rejects with OddFileError, or with the error of the system. */
export async function openPlainFile(
  path: string,
  flags: number,
  { mode, noFollow = false, accepts }: PlainFileOptions = {},
): Promise<FileHandle> {
  const handle = await open(path, flags | NONBLOCK | (noFollow ? NOFOLLOW : 0), mode);
  try {
    const stats = await handle.stat();
    if (stats.isFile() || accepts?.(stats) === true) return handle;
    throw new OddFileError(path, describeKind(stats));
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Reads a regular file whole. Rejects like openPlainFile(), and when the file is larger than `bytesMax`. */
export async function readPlainFile(
  path: string,
  bytesMax: number,
  options?: PlainFileOptions,
): Promise<Buffer> {
  const handle = await openPlainFile(path, constants.O_RDONLY, options);
  try {
    const { size } = await handle.stat();
    if (size > bytesMax) throw tooLarge(path, bytesMax);
    return await handle.readFile();
  } finally {
    await handle.close();
  }
}

export interface ReadNowOptions {
  readonly bytesMax?: number;
  /** How long to wait for what a pipe brings, such as `--config <(…)`; 0 does not wait. */
  readonly waitMs?: number;
}

/**
 * Reads a file at once, on this thread. A pipe or a device is read until its end, for at most `waitMs`. Throws the error
 * of the system, or an error that names what is at the path.
 */
export function readFileNow(
  path: string,
  { bytesMax = READ_BYTES_MAX, waitMs = 0 }: ReadNowOptions = {},
): Buffer {
  const fd = openSync(path, constants.O_RDONLY | NONBLOCK);
  try {
    const stats = fstatSync(fd);
    if (!stats.isFile() && waitMs === 0) throw new OddFileError(path, describeKind(stats));
    return readAll(fd, path, bytesMax, stats, performance.now() + waitMs);
  } finally {
    closeSync(fd);
  }
}

function readAll(fd: number, path: string, bytesMax: number, stats: Stats, deadline: number): Buffer {
  const chunks: Buffer[] = [];
  let total = 0;
  for (;;) {
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    const count = readOnce(fd, chunk);
    if (count !== undefined && count > 0) {
      total += count;
      if (total > bytesMax) throw tooLarge(path, bytesMax);
      chunks.push(chunk.subarray(0, count));
      continue;
    }
    // A pipe that nobody has opened for writing yet reads as if it had ended.
    const mayBeEarly = stats.isFIFO() && total === 0;
    if (count === 0 && !mayBeEarly) return Buffer.concat(chunks, total);
    if (performance.now() >= deadline)
      throw new OddFileError(path, `${describeKind(stats)} whose end did not come in time`);
    pause(POLL_MS);
  }
}

/** Bytes read; 0 at the end; undefined when there is nothing yet. */
function readOnce(fd: number, chunk: Buffer): number | undefined {
  try {
    return readSync(fd, chunk, 0, chunk.length, null);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return undefined;
    throw error;
  }
}

function pause(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

function tooLarge(path: string, bytesMax: number): Error {
  return new Error(`${path} is larger than ${bytesMax} bytes`);
}
