/**
 * The control groups this process is in, and those above them, nearest first.
 *
 *   4:memory:/docker/3f2a          cgroup v1: number, controllers, path
 *   0::/system.slice/whippet       cgroup v2; on a machine with both, a controller is with the one that names it
 *
 * In   proc/self/cgroup below a root that is `/` but in tests. A file that cannot be read is as good as an empty one.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Cgroup {
  readonly version: 'cgroup v1' | 'cgroup v2';
  readonly path: string;
}

/** Where the limits of `controller` may be. */
export function cgroupsOf(systemRoot: string, controller: 'memory' | 'cpu'): Cgroup[] {
  const own: Cgroup[] = [];
  for (const line of readText(join(systemRoot, 'proc/self/cgroup')).split('\n')) {
    const [number, controllers = '', ...path] = line.split(':');
    if (controllers.split(',').includes(controller)) {
      own.unshift({ version: 'cgroup v1', path: path.join(':') });
    } else if (number === '0' && controllers === '') {
      own.push({ version: 'cgroup v2', path: path.join(':') });
    }
  }
  return own.flatMap(({ version, path }) => upwards(path).map((above) => ({ version, path: above })));
}

/** The content of a file, empty when it cannot be read. */
export function readText(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

/** `/a/b`, `/a`, `/`: in a container the path is often that of the host, and only the top of it can be seen. */
function upwards(path: string): string[] {
  const names = path.split('/').filter((name) => name !== '' && name !== '..');
  return Array.from({ length: names.length + 1 }, (_, i) => `/${names.slice(0, names.length - i).join('/')}`);
}
