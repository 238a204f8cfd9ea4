/**
 * Disks that are full or read-only. Where this process may mount, they are real (tmpfs); elsewhere a folder without
 * rights stands for the read-only one, and a full one has to be made up by the test.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface SmallDisk {
  readonly path: string;
  /** False when it is an ordinary folder, which never gets full. */
  readonly isReal: boolean;
  setReadOnly(readOnly: boolean): void;
  dispose(): void;
}

export function makeSmallDisk(kib: number): SmallDisk {
  const path = mkdtempSync(join(tmpdir(), 'whippet-disk-'));
  const mount = (...args: string[]): void => {
    execFileSync('mount', [...args, path], { stdio: 'ignore' });
  };
  try {
    mount('-t', 'tmpfs', '-o', `size=${kib}k`, 'tmpfs');
  } catch {
    return {
      path,
      isReal: false,
      setReadOnly: (readOnly) => chmodSync(path, readOnly ? 0o500 : 0o700),
      dispose: () => rmSync(path, { recursive: true, force: true }),
    };
  }
  return {
    path,
    isReal: true,
    setReadOnly: (readOnly) => mount('-o', `remount,${readOnly ? 'ro' : 'rw'}`),
    dispose() {
      execFileSync('umount', ['-l', path]);
      rmSync(path, { recursive: true, force: true });
    },
  };
}
