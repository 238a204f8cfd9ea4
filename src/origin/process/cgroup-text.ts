/**
 * The texts of /proc that say which container a process belongs to (docs/behaviour/origin.md#socket-origin).
 *
 *   /proc/PID/cgroup    4:memory:/docker/375b…ee04f             a v1 hierarchy: number, controllers, path
 *                       1:name=systemd:/docker/375b…ee04f       a named v1 hierarchy
 *                       0::/system.slice/docker-375b….scope     the v2 hierarchy
 *   /proc/PID/stat      7669 (sh) S 1 …                         state, and as field 22 when the process started
 *   /proc/mounts        cgroup2 /sys/fs/cgroup cgroup2 rw 0 0   where the hierarchies are
 */

// 64 hex digits anywhere (Docker, containerd, CRI-O), 32 hex digits and a number (ECS), or a short UUID at the end (Garden).
const CONTAINER = /[0-9a-f]{64}|[0-9a-f]{32}-\d+|[0-9a-f]{8}(?:-[0-9a-f]{4}){4}$/;

export interface CgroupLine {
  readonly hierarchy: string;
  readonly controllers: string;
  readonly path: string;
}

/** Lines without three parts are left out. */
export function parseCgroups(text: string): CgroupLine[] {
  const lines: CgroupLine[] = [];
  for (const line of text.split('\n')) {
    const first = line.indexOf(':');
    const second = line.indexOf(':', first + 1);
    if (first < 0 || second < 0) continue;
    lines.push({
      hierarchy: line.slice(0, first),
      controllers: line.slice(first + 1, second),
      path: line.slice(second + 1),
    });
  }
  return lines;
}

/** The container that a directory of a cgroup tree belongs to, by its path or name; undefined for others. */
export function containerOfPath(path: string): string | undefined {
  const last = path.slice(path.lastIndexOf('/') + 1);
  if (last.endsWith('.mount') || last.startsWith('crio-conmon-')) return undefined;
  return CONTAINER.exec(last)?.[0];
}

/** The wanted line is the first one with exactly these controllers; it alone counts. */
export function containerOfLine(lines: readonly CgroupLine[], controllers: string): string | undefined {
  const line = lines.find((one) => one.controllers === controllers);
  return line === undefined ? undefined : containerOfPath(line.path);
}

export interface ProcessStat {
  /** `R`, `S`, `Z`, … */
  readonly state: string;
  /** Field 22: ticks since the machine started, as text. With the pid it names a process for good. */
  readonly startTime: string;
}

/** Undefined when the text is not that of a process. The name in parentheses may hold anything, parentheses included. */
export function parseStat(text: string): ProcessStat | undefined {
  const end = text.lastIndexOf(')');
  if (end < 0) return undefined;
  const fields = text.slice(end + 2).split(' ');
  const [state] = fields;
  const startTime = fields[19];
  return state === undefined || startTime === undefined ? undefined : { state, startTime };
}

export interface CgroupMounts {
  /** Mount points of v1 controllers: the shortest for each. */
  readonly v1: ReadonlyMap<string, string>;
  readonly v2: string | undefined;
  /** Undefined: containers cannot be looked up here. */
  readonly version: 1 | 2 | undefined;
}

/** Reads /proc/mounts. More than one v1 controller is version 1, also where a v2 hierarchy is mounted beside them. */
export function parseMounts(text: string): CgroupMounts {
  const v1 = new Map<string, string>();
  let v2: string | undefined;
  for (const line of text.split('\n')) {
    const [, point, type, options] = line.split(' ');
    if (point === undefined || options === undefined) continue;
    if (type === 'cgroup2') v2 ??= point;
    if (type !== 'cgroup') continue;
    for (const name of controllersOf(point)) {
      const known = v1.get(name);
      if (known === undefined || point.length < known.length) v1.set(name, point);
    }
  }
  const version = v1.size > 1 ? 1 : v1.size === 0 && v2 !== undefined ? 2 : undefined;
  return { v1, v2, version };
}

// /sys/fs/cgroup/cpu,cpuacct   cpu and cpuacct: the last element of the path names the controllers
function controllersOf(point: string): string[] {
  return point.slice(point.lastIndexOf('/') + 1).split(',');
}
