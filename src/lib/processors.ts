/**
 * How many processors this process may use: those it may run on, and no more than the tightest CPU limit of its cgroup or
 * of one above.
 *
 *   cgroup v1   sys/fs/cgroup/cpu/PATH/   cpu.cfs_quota_us    cpu.cfs_period_us      quota -1: no limit
 *   cgroup v2   sys/fs/cgroup/PATH/       cpu.max             `quota period`         quota max: no limit
 *
 * Node.js 20 does not look at limits by itself.
 */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { type Cgroup, cgroupsOf, readText } from './cgroups.ts';

/** A fraction where a limit allows one. `systemRoot` is where `proc` and `sys` are, `/` but in tests. */
export function countProcessors(systemRoot: string, runnable: number = availableParallelism()): number {
  return Math.min(runnable, ...cgroupsOf(systemRoot, 'cpu').map((cgroup) => limitOf(systemRoot, cgroup)));
}

function limitOf(systemRoot: string, { version, path }: Cgroup): number {
  const read = (folder: string, file: string): string =>
    readText(join(systemRoot, folder, path, file)).trim();
  const [quota = '', period = ''] =
    version === 'cgroup v2'
      ? read('sys/fs/cgroup', 'cpu.max').split(' ')
      : ['cpu.cfs_quota_us', 'cpu.cfs_period_us'].map((file) => read('sys/fs/cgroup/cpu', file));
  const limit = Number.parseInt(quota, 10) / Number.parseInt(period, 10);
  // `max`, -1 and a file that is not there are no limit.
  return limit > 0 ? limit : Number.POSITIVE_INFINITY;
}
