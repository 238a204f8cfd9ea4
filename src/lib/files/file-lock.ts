/**
 * A lock on an open file that the kernel frees when its holder ends, however it ends: flock(2).
 *
 * It belongs to the open file and knows nothing of process numbers, so two containers that each call themselves
 * process 1 still exclude each other. Over NFS the server keeps it.
 *
 * Thread  any. The call never waits.
 * Where   wherever koffi can be loaded, but not on Windows; elsewhere, and on file systems without locks, the answer is
 *         `unsupported` and the caller has to help itself.
 */
import { createRequire } from 'node:module';
import { getSystemErrorMap } from 'node:util';

const LOCK_EX = 2;
const LOCK_NB = 4;
const ATTEMPTS_MAX = 10;

export type LockAnswer = 'locked' | 'held' | 'unsupported';

type Flock = (fd: number) => number;
let flock: Flock | 'missing' | undefined;

/** Takes the lock of an open file for this process; closing the file gives it back. */
export function tryLock(fd: number): LockAnswer {
  flock ??= bind();
  if (flock === 'missing') return 'unsupported';
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    const errno = flock(fd);
    if (errno === 0) return 'locked';
    const name = getSystemErrorMap().get(-errno)?.[0];
    if (name === 'EAGAIN') return 'held';
    if (name !== 'EINTR') return 'unsupported';
  }
  return 'held';
}

/** Returns 0, or the error number. */
function bind(): Flock | 'missing' {
  if (process.platform === 'win32') return 'missing';
  try {
    const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi');
    const call = koffi.load(null).func('flock', 'int', ['int', 'int']);
    return (fd) => (call(fd, LOCK_EX | LOCK_NB) === 0 ? 0 : koffi.errno());
  } catch {
    return 'missing';
  }
}
