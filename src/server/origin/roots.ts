/** Where /proc and the cgroups of the host are: below /host when this server runs in a container that mounts them there. */
import { existsSync } from 'node:fs';
import type { Config } from '../../config/schema.ts';

const HOST_PROC = '/host/proc';
const HOST_CGROUP = '/host/sys/fs/cgroup';

export function procRootOf({ container_proc_root: root }: Pick<Config, 'container_proc_root'>): string {
  return root || (existsSync(HOST_PROC) ? HOST_PROC : '/proc');
}

export function cgroupRootOf({ container_cgroup_root: root }: Pick<Config, 'container_cgroup_root'>): string {
  return root || (existsSync(HOST_CGROUP) ? HOST_CGROUP : '/sys/fs/cgroup');
}
