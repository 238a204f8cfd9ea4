import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { KEEP_MS, TagStore } from '../tag-store.ts';
import { CgroupIndex, cgroupRoots } from './cgroup-index.ts';
import { containerOfPath, parseMounts } from './cgroup-text.ts';
import { isRoot } from './process-owner.ts';
import { ProcessResolver } from './process-resolver.ts';

const ID = '375b4549c464b2b8b28900cb72cef96966daa57a1d1698eb335518015d3ee04f';
const OTHER = `${'0'.repeat(63)}1`;

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'origin-'));
  folders.push(made);
  return made;
}

/** A tree as /proc is one, with files that the test writes. */
function fakeProc() {
  const root = folder();
  return {
    root,
    put: (pid: number, cgroup: string, { state = 'S', start = '100' } = {}) => {
      mkdirSync(join(root, String(pid)), { recursive: true });
      writeFileSync(join(root, String(pid), 'cgroup'), cgroup);
      const fields = [state, ...Array.from({ length: 18 }, () => '0'), start, '0'].join(' ');
      writeFileSync(join(root, String(pid), 'stat'), `${pid} (a (b) c) ${fields}\n`);
    },
    remove: (pid: number) => rmSync(join(root, String(pid)), { recursive: true }),
  };
}

describe('containerOfPath', () => {
  it.each([
    [`/docker/${ID}`, ID],
    [`/system.slice/docker-${ID}.scope`, ID],
    [`/kubepods.slice/kubepods-pod75a2.slice/cri-containerd-${ID}.scope`, ID],
    ['/ecs/x/0123456789abcdef0123456789abcdef-1234567890', '0123456789abcdef0123456789abcdef-1234567890'],
    ['/garden/6f265890-5165-7fab-6b52-18d1', '6f265890-5165-7fab-6b52-18d1'],
    ['/kubepods/pod6f265890-5165-7fab-6b52-18d123456789', undefined],
    [`/system.slice/var-lib-docker-${ID}.mount`, undefined],
    [`/machine.slice/crio-conmon-${ID}.scope`, undefined],
    [`/docker/${ID}/nested`, undefined],
    ['/', undefined],
    ['', undefined],
  ])('%s: %s', (path, id) => {
    expect(containerOfPath(path)).toBe(id);
  });
});

describe('parseMounts', () => {
  const v1 = 'cgroup /sys/fs/cgroup/cpu,cpuacct cgroup rw 0 0\ncgroup /sys/fs/cgroup/memory cgroup rw 0 0\n';
  const v2 = 'cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n';
  const hybrid = `${v1}cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\n`;
  it.each([
    ['v1', v1, 1, { inodes: '/host/cgroup/memory', cgroups: undefined }],
    ['v2', v2, 2, { inodes: '/host/cgroup', cgroups: '/host/cgroup' }],
    ['hybrid', hybrid, 1, { inodes: '/host/cgroup/memory', cgroups: '/host/cgroup/unified' }],
    ['nothing', 'proc /proc proc rw 0 0\n', undefined, { inodes: undefined, cgroups: undefined }],
  ])('%s', (_, text, version, roots) => {
    const mounts = parseMounts(text);
    expect(mounts.version).toBe(version);
    expect(cgroupRoots(mounts, '/host/cgroup')).toEqual(roots);
  });

  it('takes the shortest mount point of a controller', () => {
    const text =
      'cgroup /srv/x/sys/fs/cgroup/memory cgroup rw 0 0\ncgroup /sys/fs/cgroup/memory cgroup rw 0 0\n';
    expect(parseMounts(text).v1.get('memory')).toBe('/sys/fs/cgroup/memory');
  });
});

describe('ProcessResolver', () => {
  const HOST = '4:memory:/\n1:name=systemd:/init.scope\n0::/init.scope\n';
  it.each([
    [
      'v2',
      `0::/system.slice/docker-${ID}.scope\n`,
      'S',
      { kind: 'container', containerId: ID, by: 'cgroup2' },
    ],
    ['v1', `4:memory:/docker/${ID}\n3:cpu:/\n`, 'S', { kind: 'container', containerId: ID, by: 'memory' }],
    [
      'hybrid: the v2 line is believed first',
      `4:memory:/docker/${OTHER}\n0::/docker/${ID}\n`,
      'S',
      { kind: 'container', containerId: ID, by: 'cgroup2' },
    ],
    [
      'a named hierarchy alone',
      `4:memory:/\n1:name=systemd:/docker/${ID}\n0::/\n`,
      'S',
      { kind: 'container', containerId: ID, by: 'systemd' },
    ],
    [
      'a zombie, which has left the v1 hierarchies',
      `4:memory:/\n1:name=systemd:/\n0::/docker/${ID}\n`,
      'Z',
      { kind: 'container', containerId: ID, by: 'cgroup2' },
    ],
    ['a zombie that has left all', '4:memory:/\n0::/\n', 'Z', { kind: 'unknown', reason: 'ended' }],
    ['a process of the host', HOST, 'S', { kind: 'host' }],
    ['a file with lines that are none', 'nonsense\n\n::\n', 'S', { kind: 'host' }],
  ])('%s', (_, cgroup, state, answer) => {
    const proc = fakeProc();
    proc.put(7, cgroup, { state });
    expect(new ProcessResolver({ procRoot: proc.root, clock: () => 0 }).resolve(7)).toEqual(answer);
  });

  it('does not know a process that is gone, counts it, and looks again the next time', () => {
    const proc = fakeProc();
    const resolver = new ProcessResolver({ procRoot: proc.root, clock: () => 0 });
    expect(resolver.resolve(7)).toEqual({ kind: 'unknown', reason: 'gone' });
    proc.put(7, `0::/docker/${ID}\n`);
    expect(resolver.resolve(7)).toMatchObject({ kind: 'container' });
    expect(resolver.counts).toMatchObject({ gone: 1, lookUps: 2, cgroup2: 1, hits: 0 });
  });

  it('cannot know who sends from a pid namespace that it does not see', () => {
    const resolver = new ProcessResolver({ procRoot: folder(), clock: () => 0 });
    expect(resolver.resolve(0)).toEqual({ kind: 'unknown', reason: 'invisible' });
    expect(resolver.counts.invisible).toBe(1);
  });

  it('tells a pid that is used again by its start time', () => {
    const proc = fakeProc();
    const clock = { now: 0 };
    const resolver = new ProcessResolver({ procRoot: proc.root, clock: () => clock.now });
    proc.put(7, `0::/docker/${ID}\n`);
    resolver.resolve(7);
    proc.put(7, `0::/docker/${OTHER}\n`, { start: '200' });
    clock.now = 899;
    expect(resolver.resolve(7)).toMatchObject({ containerId: ID });
    clock.now = 900;
    expect(resolver.resolve(7)).toMatchObject({ containerId: OTHER });
    expect(resolver.counts.reused).toBe(1);
  });

  it('goes on believing what it knows of a process that is gone, for a minute', () => {
    const proc = fakeProc();
    const clock = { now: 0 };
    const resolver = new ProcessResolver({ procRoot: proc.root, clock: () => clock.now });
    proc.put(7, `0::/docker/${ID}\n`);
    resolver.resolve(7);
    proc.remove(7);
    clock.now = 59_999;
    expect(resolver.resolve(7)).toMatchObject({ containerId: ID });
    clock.now = 60_000;
    expect(resolver.resolve(7)).toEqual({ kind: 'unknown', reason: 'gone' });
  });

  it('looks a process of the host up again after five seconds: it may have been moved', () => {
    const proc = fakeProc();
    const clock = { now: 0 };
    const resolver = new ProcessResolver({ procRoot: proc.root, clock: () => clock.now });
    proc.put(7, HOST);
    resolver.resolve(7);
    proc.put(7, `0::/docker/${ID}\n`);
    clock.now = 4999;
    expect(resolver.resolve(7)).toEqual({ kind: 'host' });
    clock.now = 5000;
    expect(resolver.resolve(7)).toMatchObject({ containerId: ID });
  });

  it('asks the pidfd first, and finds a process by it that is gone', () => {
    const proc = fakeProc();
    const resolver = new ProcessResolver({
      ...{ procRoot: proc.root, clock: () => 0 },
      pidfdInfo: (fd) => (fd === 42 ? { cgroupId: 901n } : undefined),
      containerOfCgroup: (id) => (id === 901n ? ID : undefined),
    });
    expect(resolver.resolve(7, 42)).toEqual({ kind: 'container', containerId: ID, by: 'pidfd' });
    expect(resolver.resolve(7, 43)).toEqual({ kind: 'unknown', reason: 'gone' });
    expect(resolver.resolve(0, 42)).toMatchObject({ containerId: ID });
  });

  it('forgets the processes of a container that has ended', () => {
    const proc = fakeProc();
    const resolver = new ProcessResolver({ procRoot: proc.root, clock: () => 0 });
    proc.put(7, `0::/docker/${ID}\n`);
    resolver.resolve(7);
    resolver.forgetContainer(ID);
    expect(resolver.cached).toBe(0);
  });

  it('keeps no more pids than its limit, whatever their number', () => {
    let reads = 0;
    const resolver = new ProcessResolver({
      ...{ procRoot: '/none', clock: () => 0 },
      read: (path) => {
        reads++;
        return path.endsWith('stat') ? `1 (x) S ${'0 '.repeat(18)}5 0` : `0::/docker/${ID}\n`;
      },
    });
    for (let pid = 1; pid <= 100_000; pid++) resolver.resolve(pid);
    expect(resolver.cached).toBe(8192);
    expect(resolver.counts).toMatchObject({ evicted: 100_000 - 8192, lookUps: 100_000 });
    expect(reads).toBe(200_000);
  });
});

/** Mounts of the three kinds of machine, and where a container's directory is seen in each hierarchy. */
const TREES = [
  {
    ...{ kind: 'v1', inodes: 'memory', cgroups: undefined },
    mounts: 'cgroup /sys/fs/cgroup/cpu cgroup rw 0 0\ncgroup /sys/fs/cgroup/memory cgroup rw 0 0\n',
    cgroup: (path: string) => `4:memory:${path}\n3:cpu:${path}\n1:name=systemd:${path}\n`,
  },
  {
    ...{ kind: 'v2', inodes: '', cgroups: '' },
    mounts: 'cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n',
    cgroup: (path: string) => `0::${path}\n`,
  },
  {
    ...{ kind: 'hybrid', inodes: 'memory', cgroups: 'unified' },
    mounts:
      'cgroup /sys/fs/cgroup/cpu cgroup rw 0 0\ncgroup /sys/fs/cgroup/memory cgroup rw 0 0\ncgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\n',
    cgroup: (path: string) => `4:memory:${path}\n0::${path}\n`,
  },
] as const;

describe.each(TREES)('a machine with cgroups $kind', ({ inodes, cgroups, mounts, cgroup }) => {
  const pathOf = (id: string): string => `/kubepods.slice/pod1.slice/cri-containerd-${id}.scope`;

  /** Two containers, each in all hierarchies, with their numbers in the order in which they were made. */
  async function machine() {
    const root = folder();
    const hierarchies = [...new Set([inodes, cgroups])].filter((one) => one !== undefined);
    for (const id of [ID, OTHER])
      for (const hierarchy of hierarchies) mkdirSync(join(root, hierarchy, pathOf(id)), { recursive: true });
    const clock = { now: 0 };
    const store = new TagStore({ clock: () => clock.now });
    const index = new CgroupIndex({
      ...{ roots: cgroupRoots(parseMounts(mounts), root), writer: store.writer('docker') },
      clock: () => clock.now,
    });
    await index.refresh();
    const inode = (hierarchy: string, id: string): bigint =>
      statSync(join(root, hierarchy, pathOf(id)), { bigint: true }).ino;
    return { root, store, index, clock, inode };
  }

  it('finds each container by its process, its inode and its descriptor, and never another', async () => {
    const { store, inode } = await machine();
    const proc = fakeProc();
    const resolver = new ProcessResolver({
      ...{ procRoot: proc.root, clock: () => 0 },
      pidfdInfo: (fd) => ({ cgroupId: BigInt(fd) }),
      containerOfCgroup: (id) => store.linked('cgroups', String(id)),
    });
    for (const [pid, id] of [
      [7, ID],
      [8, OTHER],
    ] as const) {
      proc.put(pid, cgroup(pathOf(id)));
      expect(resolver.resolve(pid)).toMatchObject({ kind: 'container', containerId: id });
      expect(store.linked('inodes', String(inode(inodes, id)))).toBe(id);
      if (cgroups === undefined) continue;
      // A process that is gone, of which the kernel still tells the cgroup.
      const gone = resolver.resolve(1000 + pid, Number(inode(cgroups, id)));
      expect(gone).toMatchObject({ containerId: id, by: 'pidfd' });
    }
    // A number of one hierarchy means nothing in another.
    if (cgroups !== undefined && cgroups !== inodes)
      expect(store.linked('cgroups', String(inode(inodes, ID)))).toBeUndefined();
    expect(store.linkCount('cgroups')).toBe(cgroups === undefined ? 0 : 2);
    expect(store.linkCount('inodes')).toBe(2);
  });

  it('knows a zombie only where it is still in a hierarchy', async () => {
    const proc = fakeProc();
    const resolver = new ProcessResolver({ procRoot: proc.root, clock: () => 0 });
    // It has left those of v1, and not the one of v2.
    const left = cgroup('/').replace('0::/', `0::${pathOf(ID)}`);
    proc.put(7, left, { state: 'Z' });
    const want = cgroups === undefined ? { reason: 'ended' } : { containerId: ID, by: 'cgroup2' };
    expect(resolver.resolve(7)).toMatchObject(want);
  });

  it('forgets the numbers of a container that is gone when its tags do', async () => {
    const { root, store, index, clock, inode } = await machine();
    const number = String(inode(inodes, ID));
    for (const hierarchy of new Set([inodes, cgroups]))
      if (hierarchy !== undefined) rmSync(join(root, hierarchy, pathOf(ID)), { recursive: true });
    clock.now = 1000;
    await index.refresh();
    clock.now += KEEP_MS - 1;
    store.expire();
    expect(store.linked('inodes', number)).toBe(ID);
    clock.now += 1;
    store.expire();
    expect(store.linked('inodes', number)).toBeUndefined();
    expect(store.linked('inodes', String(inode(inodes, OTHER)))).toBe(OTHER);
    index.stop();
  });
});

describe('isRoot', () => {
  it.each([
    ['root', 'Name:\tx\nUid:\t0\t0\t0\t0\n', true],
    ['a user', 'Uid:\t1000\t1000\t1000\t1000\n', false],
    ['a program that has become root', 'Uid:\t1000\t0\t0\t0\n', false],
    ['root that has become a user', 'Uid:\t0\t1000\t0\t0\n', false],
    ['a name that looks like it', 'Name:\tUid: 0 0 0\nUid:\t7\t7\t7\t7\n', false],
    ['nothing', '', false],
  ])('%s', (_, status, is) => {
    const proc = fakeProc();
    proc.put(7, '');
    writeFileSync(join(proc.root, '7', 'status'), status);
    expect(isRoot(proc.root, 7)).toBe(is);
    expect(isRoot(proc.root, 8)).toBe(false);
  });
});

describe('CgroupIndex', () => {
  it.each([
    ['v2', 'cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n', '', ''],
    [
      'hybrid',
      'cgroup /sys/fs/cgroup/cpu cgroup rw 0 0\ncgroup /sys/fs/cgroup/memory cgroup rw 0 0\ncgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\n',
      'memory',
      'unified',
    ],
  ])('%s: finds the containers in the tree, each hierarchy by itself', async (_, mounts, inodes, cgroups) => {
    const root = folder();
    const path = `kubepods.slice/pod1.slice/cri-containerd-${ID}.scope`;
    for (const hierarchy of [inodes, cgroups])
      mkdirSync(join(root, hierarchy, path, 'inner'), { recursive: true });
    const store = new TagStore({ clock: () => 0 });
    const clock = { now: 0 };
    const index = new CgroupIndex({
      ...{ roots: cgroupRoots(parseMounts(mounts), root), writer: store.writer('docker') },
      clock: () => clock.now,
    });
    await index.refresh();
    const inode = (hierarchy: string): string => String(statSync(join(root, hierarchy, path)).ino);
    expect(store.linked('inodes', inode(inodes))).toBe(ID);
    expect(store.linked('cgroups', inode(cgroups))).toBe(ID);
    expect(store.linkCount('inodes')).toBe(1);
    expect(store.linkCount('cgroups')).toBe(1);
    // Not sooner than a second after the last walk.
    await index.refresh();
    expect(index.counts.walks).toBe(1);
    clock.now = 1000;
    await index.refresh();
    expect(index.counts.walks).toBe(2);
    index.stop();
  });

  it('finds the directory of a container that is expected as soon as it is there', async () => {
    const root = folder();
    mkdirSync(join(root, 'docker'));
    const store = new TagStore({ clock: () => 0 });
    const index = new CgroupIndex({
      ...{ roots: { inodes: root, cgroups: root }, writer: store.writer('docker') },
      clock: () => performance.now(),
    });
    index.expect(ID);
    const found = new Promise<void>((resolve) => store.onChange(() => resolve()));
    mkdirSync(join(root, 'docker', ID));
    await found;
    const inode = String(statSync(join(root, 'docker', ID)).ino);
    rmSync(join(root, 'docker', ID), { recursive: true });
    expect(store.linked('cgroups', inode)).toBe(ID);
    expect(index.counts.foundAtStart).toBe(1);
    index.stop();
  });
});
