/**
 * Which container a process runs in, by what is left of it when its packet is read (docs/origin.md#from-a-process-to-a-container).
 *
 *   pidfd ─▶ id of its cgroup ─▶ container          also when the process is gone
 *   /proc/PID/cgroup   0:: ─▶ memory ─▶ name=systemd
 *   none of them: a process that lives is one of the host; of one that has ended nothing is known
 *
 * A process that has ended and was not reaped yet has left its v1 hierarchies, but not the v2 one: `0::` comes first.
 *
 * Thread  whichever calls it, one at a time: reads of /proc are synchronous, and take some 20 µs.
 * Cache   by pid and start time, so that a pid used again is another process. An answer is believed for RECHECK_MS, then
 *         as long as the start time is the same: KEEP_MS for a container, KEEP_HOST_MS for a process of the host, which
 *         may be moved into a container yet. "Gone" is not cached. CACHE_MAX pids; the longest unused is given up first.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CgroupLine, containerOfLine, parseCgroups, parseStat } from './cgroup-text.ts';

const RECHECK_MS = 900;
const KEEP_MS = 60_000;
const KEEP_HOST_MS = 5000;
const CACHE_MAX = 8192;
/** Of the root of the hierarchy, which is no container. */
const ROOT_CGROUP = 1n;

/** What PIDFD_GET_INFO tells. */
export interface PidfdInfo {
  /** Inode of its directory in the v2 hierarchy; 0n when the kernel does not say. */
  readonly cgroupId: bigint;
}

export type ProcessAnswer =
  | { readonly kind: 'container'; readonly containerId: string; readonly by: ProcessEvidence }
  /** It lives, and in no container. */
  | { readonly kind: 'host' }
  /** Nothing can be said of it, and nothing was cached. */
  | {
      readonly kind: 'unknown';
      readonly reason: UnknownReason;
      /** Id of its v2 cgroup, of which it is not known yet whose it is. */
      readonly cgroup?: bigint;
    };

export type ProcessEvidence = 'pidfd' | 'cgroup2' | 'memory' | 'systemd';
/** Not there any more; ended and not reaped; /proc does not let us read it; the sender's pid namespace is not seen here. */
export type UnknownReason = 'gone' | 'ended' | 'unreadable' | 'invisible';

export interface ProcessResolverOptions {
  /** `/proc`, or where the host's is mounted. */
  readonly procRoot: string;
  /** Milliseconds of a clock that never goes back. */
  readonly clock: () => number;
  /** Id of the container whose directory in the v2 hierarchy has this id (the tag table of the thread knows). */
  readonly containerOfCgroup?: (id: bigint) => string | undefined;
  /** Asks the kernel; undefined where it does not answer. */
  readonly pidfdInfo?: (fd: number) => PidfdInfo | undefined;
  readonly cacheMax?: number;
  /** Reads a file of /proc. */
  readonly read?: (path: string) => string;
}

export interface ProcessCounts {
  /** Answered from the cache. */
  hits: number;
  /** Looked up. */
  lookUps: number;
  pidfd: number;
  cgroup2: number;
  memory: number;
  systemd: number;
  host: number;
  gone: number;
  ended: number;
  unreadable: number;
  invisible: number;
  /** Pids that had become another process. */
  reused: number;
  /** Pids that were given up because the cache was full. */
  evicted: number;
}

interface Cached {
  readonly answer: ProcessAnswer;
  readonly startTime: string;
  readonly at: number;
  checkedAt: number;
}

export class ProcessResolver {
  readonly counts: ProcessCounts = {
    ...{ hits: 0, lookUps: 0, pidfd: 0, cgroup2: 0, memory: 0, systemd: 0, host: 0 },
    ...{ gone: 0, ended: 0, unreadable: 0, invisible: 0, reused: 0, evicted: 0 },
  };
  private readonly options: ProcessResolverOptions;
  private readonly cacheMax: number;
  private readonly read: (path: string) => string;
  private readonly cache = new Map<number, Cached>();

  constructor(options: ProcessResolverOptions) {
    this.options = options;
    this.cacheMax = options.cacheMax ?? CACHE_MAX;
    this.read = options.read ?? ((path) => readFileSync(path, 'latin1'));
  }

  get cached(): number {
    return this.cache.size;
  }

  /** `pidfd` stays the caller's, who closes it. Pid 0 is a sender in a pid namespace that is not seen here. */
  resolve(pid: number, pidfd?: number): ProcessAnswer {
    if (pid <= 0 && pidfd === undefined) return this.unknown('invisible');
    const known = pid > 0 ? this.fromCache(pid) : undefined;
    if (known !== undefined) {
      this.counts.hits++;
      return known;
    }
    this.counts.lookUps++;
    const stat = pid > 0 ? this.stat(pid) : undefined;
    const answer = this.lookUp(pid, pidfd, stat?.state);
    if (answer.kind === 'unknown') return this.unknown(answer.reason, answer.cgroup);
    this.counts[answer.kind === 'host' ? 'host' : answer.by]++;
    if (stat !== undefined) this.remember(pid, answer, stat.startTime);
    return answer;
  }

  /** The container has ended: its processes are looked up again. */
  forgetContainer(containerId: string): void {
    for (const [pid, { answer }] of this.cache)
      if (answer.kind === 'container' && answer.containerId === containerId) this.cache.delete(pid);
  }

  private fromCache(pid: number): ProcessAnswer | undefined {
    const cached = this.cache.get(pid);
    if (cached === undefined) return undefined;
    const now = this.options.clock();
    if (now - cached.at >= (cached.answer.kind === 'host' ? KEEP_HOST_MS : KEEP_MS)) {
      this.cache.delete(pid);
      return undefined;
    }
    if (now - cached.checkedAt >= RECHECK_MS) {
      const stat = this.stat(pid);
      // One that is gone has left packets behind: they are still its own.
      if (stat !== undefined && stat.startTime !== cached.startTime) {
        this.counts.reused++;
        this.cache.delete(pid);
        return undefined;
      }
      cached.checkedAt = now;
    }
    this.cache.delete(pid);
    this.cache.set(pid, cached);
    return cached.answer;
  }

  private lookUp(pid: number, pidfd: number | undefined, state: string | undefined): ProcessAnswer {
    const cgroup = pidfd === undefined ? undefined : this.options.pidfdInfo?.(pidfd)?.cgroupId;
    const byPidfd = cgroup === undefined ? undefined : this.options.containerOfCgroup?.(cgroup);
    if (byPidfd !== undefined) return { kind: 'container', containerId: byPidfd, by: 'pidfd' };
    const unknown = (reason: UnknownReason): ProcessAnswer => ({
      ...{ kind: 'unknown', reason },
      ...(cgroup !== undefined && cgroup > ROOT_CGROUP && { cgroup }),
    });
    if (pid <= 0) return unknown('invisible');
    let lines: CgroupLine[];
    try {
      lines = parseCgroups(this.read(join(this.options.procRoot, String(pid), 'cgroup')));
    } catch (error) {
      return unknown(isGone(error) ? 'gone' : 'unreadable');
    }
    for (const [controllers, by] of HIERARCHIES) {
      const containerId = containerOfLine(lines, controllers);
      if (containerId !== undefined) return { kind: 'container', containerId, by };
    }
    const isAlive = state !== undefined && state !== 'Z' && state !== 'X';
    return isAlive ? { kind: 'host' } : unknown('ended');
  }

  private stat(pid: number) {
    try {
      return parseStat(this.read(join(this.options.procRoot, String(pid), 'stat')));
    } catch {
      return undefined;
    }
  }

  private remember(pid: number, answer: ProcessAnswer, startTime: string): void {
    const now = this.options.clock();
    if (this.cache.size >= this.cacheMax) {
      const [longestUnused] = this.cache.keys();
      this.cache.delete(longestUnused as number);
      this.counts.evicted++;
    }
    this.cache.set(pid, { answer, startTime, at: now, checkedAt: now });
  }

  private unknown(reason: UnknownReason, cgroup?: bigint): ProcessAnswer {
    this.counts[reason]++;
    return { kind: 'unknown', reason, ...(cgroup !== undefined && { cgroup }) };
  }
}

const HIERARCHIES: readonly (readonly [string, ProcessEvidence])[] = [
  ['', 'cgroup2'],
  ['memory', 'memory'],
  ['name=systemd', 'systemd'],
];

function isGone(error: unknown): boolean {
  const { code } = error as { readonly code?: unknown };
  return code === 'ENOENT' || code === 'ESRCH';
}
