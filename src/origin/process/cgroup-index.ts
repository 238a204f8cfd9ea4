/**
 * Cgroup index: which container the inode of a cgroup directory belongs to, kept in the tag store as long as its tags.
 *
 *   <root>/memory/docker/375b…       inode 12608 ─▶ 375b…     what clients send as `c:in-12608` (v1: of the memory hierarchy)
 *   <root>/unified/docker/375b…      id 901      ─▶ 375b…     what the kernel tells of a pidfd (v2)
 *
 * Numbers are unique in one hierarchy only, so each has a map of its own. The roots themselves never match: a container in
 * the host's cgroup namespace names the root.
 *
 * A container that lives for milliseconds has no directory any more when the tree is walked. So one that is about to start
 * is expected: its directory is looked for beside those of other containers every EXPECT_MS, until it is there.
 *
 * Thread  the control thread. Walks are asynchronous, one at a time, at most once in WALK_MS for unknown inodes.
 * Limits  DIRECTORIES_MAX directories in a walk, DEPTH_MAX deep; EXPECTED_MAX containers for EXPECT_FOR_MS each.
 */
import { type Dirent, statSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { LinkKind, StoreWriter } from '../store-writer.ts';
import { type CgroupMounts, containerOfPath } from './cgroup-text.ts';

const WALK_MS = 1000;
const DIRECTORIES_MAX = 100_000;
const DEPTH_MAX = 16;
const EXPECT_MS = 5;
const EXPECT_FOR_MS = 3000;
const EXPECTED_MAX = 256;
const PARENTS_MAX = 256;

export interface CgroupRoots {
  /** Of the hierarchy whose inodes clients see; undefined when there is none. */
  readonly inodes: string | undefined;
  /** Of the v2 hierarchy. */
  readonly cgroups: string | undefined;
}

/** Where the hierarchies are below `cgroupRoot`, by the mounts of this machine. */
export function cgroupRoots(mounts: CgroupMounts, cgroupRoot: string): CgroupRoots {
  const below = (point: string | undefined): string | undefined => {
    if (point === undefined) return undefined;
    const [, rest = ''] = /\/sys\/fs\/cgroup(?:\/(.*))?$/.exec(point) ?? [];
    return join(cgroupRoot, rest);
  };
  const cgroups = below(mounts.v2);
  return { cgroups, inodes: mounts.version === 1 ? below(mounts.v1.get('memory')) : cgroups };
}

export interface CgroupIndexOptions {
  readonly roots: CgroupRoots;
  readonly writer: StoreWriter;
  /** Milliseconds of a clock that never goes back. */
  readonly clock: () => number;
}

interface Hierarchy {
  readonly root: string;
  readonly kinds: readonly LinkKind[];
  /** Directories below the root in which containers were found, `docker` and the like. */
  readonly parents: Set<string>;
  /** What the last walk found, by kind. */
  found: Set<string>;
}

export class CgroupIndex {
  readonly counts = { walks: 0, directories: 0, truncatedWalks: 0, foundAtStart: 0, notFoundInTime: 0 };
  private readonly options: CgroupIndexOptions;
  private readonly hierarchies: readonly Hierarchy[];
  private readonly expected = new Map<string, { readonly since: number; readonly missing: Set<Hierarchy> }>();
  private timer: NodeJS.Timeout | undefined;
  private walk: Promise<void> | undefined;
  private walkedAt = Number.NEGATIVE_INFINITY;
  private stopped = false;

  constructor(options: CgroupIndexOptions) {
    this.options = options;
    const { inodes, cgroups } = options.roots;
    const make = (root: string, kinds: LinkKind[]): Hierarchy => ({
      ...{ root, kinds, found: new Set() },
      parents: new Set(['docker', 'system.slice']),
    });
    if (inodes !== undefined && inodes === cgroups) this.hierarchies = [make(inodes, ['inodes', 'cgroups'])];
    else
      this.hierarchies = [
        ...(inodes === undefined ? [] : [make(inodes, ['inodes'])]),
        ...(cgroups === undefined ? [] : [make(cgroups, ['cgroups'])]),
      ];
  }

  /** Walks the trees, unless that was done less than WALK_MS ago; resolves when the newest walk is over. */
  refresh(): Promise<void> {
    if (this.walk !== undefined) return this.walk;
    if (this.options.clock() - this.walkedAt < WALK_MS || this.stopped) return Promise.resolve();
    this.walk = this.walkAll().finally(() => {
      this.walk = undefined;
      this.walkedAt = this.options.clock();
    });
    return this.walk;
  }

  /** A container is about to start, or has just been heard of: its directories are looked for until they are there. */
  expect(containerId: string): void {
    if (this.stopped || this.hierarchies.length === 0 || this.expected.size >= EXPECTED_MAX) return;
    if (this.expected.has(containerId)) return;
    this.expected.set(containerId, { since: this.options.clock(), missing: new Set(this.hierarchies) });
    this.look();
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
    this.expected.clear();
  }

  private look(): void {
    clearTimeout(this.timer);
    for (const [containerId, { since, missing }] of this.expected) {
      for (const hierarchy of missing) if (this.findIn(hierarchy, containerId)) missing.delete(hierarchy);
      if (missing.size === 0) this.counts.foundAtStart++;
      else if (this.options.clock() - since >= EXPECT_FOR_MS) this.counts.notFoundInTime++;
      else continue;
      this.expected.delete(containerId);
    }
    if (this.expected.size > 0) this.timer = setTimeout(() => this.look(), EXPECT_MS).unref();
  }

  // docker/<id>  system.slice/docker-<id>.scope  kubepods/…/<pod>/cri-containerd-<id>.scope
  private findIn(hierarchy: Hierarchy, containerId: string): boolean {
    for (const parent of hierarchy.parents)
      for (const name of namesOf(containerId)) {
        const found = statSync(join(hierarchy.root, parent, name), { bigint: true, throwIfNoEntry: false });
        if (found === undefined) continue;
        this.link(hierarchy, String(found.ino), containerId);
        return true;
      }
    return false;
  }

  private link(hierarchy: Hierarchy, inode: string, containerId: string): void {
    for (const kind of hierarchy.kinds) this.options.writer.link(kind, inode, containerId);
    hierarchy.found.add(inode);
  }

  private async walkAll(): Promise<void> {
    this.counts.walks++;
    for (const hierarchy of this.hierarchies) {
      const before = hierarchy.found;
      hierarchy.found = new Set();
      const budget = { left: DIRECTORIES_MAX };
      await this.walkDirectory(hierarchy, '', 0, budget);
      if (budget.left <= 0) {
        this.counts.truncatedWalks++;
        continue;
      }
      for (const inode of before)
        if (!hierarchy.found.has(inode))
          for (const kind of hierarchy.kinds) this.options.writer.endLink(kind, inode);
    }
  }

  private async walkDirectory(
    hierarchy: Hierarchy,
    path: string,
    depth: number,
    budget: { left: number },
  ): Promise<void> {
    let entries: Dirent[];
    try {
      entries = await readdir(join(hierarchy.root, path), { withFileTypes: true });
    } catch {
      // Gone, or not ours to read: what is in it is not found.
      return;
    }
    for (const entry of entries) {
      if (!entry.isDirectory() || this.stopped) continue;
      if (budget.left-- <= 0) return;
      this.counts.directories++;
      const child = join(path, entry.name);
      const containerId = containerOfPath(entry.name);
      if (containerId !== undefined) {
        await this.statContainer(hierarchy, child, containerId);
        if (hierarchy.parents.size < PARENTS_MAX) hierarchy.parents.add(path);
      } else if (depth < DEPTH_MAX) await this.walkDirectory(hierarchy, child, depth + 1, budget);
    }
  }

  private async statContainer(hierarchy: Hierarchy, path: string, containerId: string): Promise<void> {
    try {
      const { ino } = await stat(join(hierarchy.root, path), { bigint: true });
      this.link(hierarchy, String(ino), containerId);
    } catch {
      // It ended between the two calls.
    }
  }
}

function namesOf(id: string): string[] {
  return [id, `docker-${id}.scope`, `cri-containerd-${id}.scope`, `crio-${id}.scope`, `libpod-${id}.scope`];
}
