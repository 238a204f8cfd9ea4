/** A tree of files as /proc is one, that says which container a real process runs in. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export class FakeProc {
  readonly root = mkdtempSync(join(tmpdir(), 'proc-'));

  /** Has the process run in a container of the v2 hierarchy, or on the host when none is given. */
  put(pid: number, containerId?: string, startTime = '100'): void {
    const folder = join(this.root, String(pid));
    mkdirSync(folder, { recursive: true });
    writeFileSync(
      join(folder, 'cgroup'),
      `0::/${containerId === undefined ? '' : `docker/${containerId}`}\n`,
    );
    const fields = ['S', ...Array.from({ length: 18 }, () => '0'), startTime, '0'].join(' ');
    writeFileSync(join(folder, 'stat'), `${pid} (node) ${fields}\n`);
  }

  remove(): void {
    rmSync(this.root, { recursive: true });
  }
}
