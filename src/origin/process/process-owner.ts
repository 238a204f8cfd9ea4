/** Whose a process is. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Whether it is root's, by the kernel's own words: the owner of the directory /proc/PID is root for any process that may not be
 * dumped. False when it is gone.
 */
export function isRoot(procRoot: string, pid: number): boolean {
  try {
    const status = readFileSync(join(procRoot, String(pid), 'status'), 'latin1');
    // Uid:  real  effective  saved  file system
    const [, real, effective] = /^Uid:\s+(\d+)\s+(\d+)\s/m.exec(status) ?? [];
    return real === '0' && effective === '0';
  } catch {
    return false;
  }
}
