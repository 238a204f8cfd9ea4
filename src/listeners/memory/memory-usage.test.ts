import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findMemorySource, MemoryUsage } from './memory-usage.ts';

const NO_LIMIT_V1 = '9223372036854771712\n';
const MEMINFO = 'MemTotal:        1000 kB\nMemFree:           10 kB\nMemAvailable:     250 kB\n';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'whippet-memory-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function write(files: Readonly<Record<string, string>>): void {
  for (const [name, content] of Object.entries(files)) {
    const path = join(root, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
  }
}

/** What is measured and how much of it is used. */
function measured(): [kind: string, ratio: number] {
  const source = findMemorySource(root);
  const usage = new MemoryUsage(source);
  const ratio = usage.ratio();
  usage.close();
  return [source.kind, ratio];
}

describe('the memory that counts', () => {
  it('is that of the own cgroup, version 2', () => {
    write({
      'proc/self/cgroup': '0::/pod/server\n',
      'sys/fs/cgroup/pod/server/memory.current': '900\n',
      'sys/fs/cgroup/pod/server/memory.max': '1000\n',
    });
    expect(measured()).toEqual(['cgroup v2', 0.9]);
  });

  it('is that of the own cgroup, version 1', () => {
    write({
      'proc/self/cgroup': '5:cpu,cpuacct:/x\n4:memory:/docker/3f2a\n0::/\n',
      'sys/fs/cgroup/memory/docker/3f2a/memory.usage_in_bytes': '300\n',
      'sys/fs/cgroup/memory/docker/3f2a/memory.limit_in_bytes': '400\n',
    });
    expect(measured()).toEqual(['cgroup v1', 0.75]);
  });

  it('leaves out the inactive file cache, which the kernel takes back first', () => {
    write({
      'proc/self/cgroup': '0::/a\n',
      'sys/fs/cgroup/a/memory.current': '900\n',
      'sys/fs/cgroup/a/memory.max': '1000\n',
      'sys/fs/cgroup/a/memory.stat':
        'anon 300\nfile 600\ninactive_anon 1\ninactive_file 500\nactive_file 9\n',
    });
    expect(measured()).toEqual(['cgroup v2', 0.4]);
    write({
      'proc/self/cgroup': '4:memory:/a\n',
      'sys/fs/cgroup/memory/a/memory.usage_in_bytes': '900\n',
      'sys/fs/cgroup/memory/a/memory.limit_in_bytes': '1000\n',
      'sys/fs/cgroup/memory/a/memory.stat': 'cache 1\ninactive_file 1\ntotal_inactive_file 600\n',
    });
    expect(measured()).toEqual(['cgroup v1', 0.3]);
  });

  it('is that of the nearest cgroup above that has a limit', () => {
    write({
      'proc/self/cgroup': '0::/pod/server\n',
      'sys/fs/cgroup/pod/server/memory.current': '10\n',
      'sys/fs/cgroup/pod/server/memory.max': 'max\n',
      'sys/fs/cgroup/pod/memory.current': '50\n',
      'sys/fs/cgroup/pod/memory.max': '100\n',
    });
    expect(measured()).toEqual(['cgroup v2', 0.5]);
  });

  it('is found in a container, where the path is that of the host and its files are at the top', () => {
    write({
      'proc/self/cgroup': '4:memory:/docker/3f2a\n',
      'sys/fs/cgroup/memory/memory.usage_in_bytes': '1\n',
      'sys/fs/cgroup/memory/memory.limit_in_bytes': '4\n',
    });
    expect(measured()).toEqual(['cgroup v1', 0.25]);
  });

  it('is that of the machine when no cgroup has a limit', () => {
    write({
      'proc/self/cgroup': '4:memory:/a\n0::/\n',
      'proc/meminfo': MEMINFO,
      'sys/fs/cgroup/memory/a/memory.usage_in_bytes': '1\n',
      'sys/fs/cgroup/memory/a/memory.limit_in_bytes': NO_LIMIT_V1,
      'sys/fs/cgroup/memory/memory.usage_in_bytes': '1\n',
      'sys/fs/cgroup/memory/memory.limit_in_bytes': NO_LIMIT_V1,
    });
    expect(measured()).toEqual(['host', 0.75]);
  });

  it('needs usage and limit both', () => {
    write({
      'proc/self/cgroup': '0::/a\n',
      'proc/meminfo': MEMINFO,
      'sys/fs/cgroup/a/memory.max': '100\n',
    });
    expect(measured()).toEqual(['host', 0.75]);
  });

  it('does not leave the tree by a path that points out of it', () => {
    write({
      'proc/self/cgroup': '0::/../../other\n',
      'proc/meminfo': MEMINFO,
      'other/memory.current': '1\n',
      'other/memory.max': '2\n',
    });
    expect(measured()).toEqual(['host', 0.75]);
  });

  it('is what Node says where there are no files', () => {
    const [kind, ratio] = measured();
    expect(kind).toBe('system');
    expect(ratio).toBeGreaterThan(0);
    expect(ratio).toBeLessThan(1);
  });

  it.runIf(process.platform === 'linux')('can be measured on this machine', () => {
    const usage = new MemoryUsage(findMemorySource('/'));
    expect(usage.ratio()).toBeGreaterThan(0);
    expect(usage.ratio()).toBeLessThan(1.01);
    usage.close();
  });
});

describe('a reading', () => {
  const current = 'sys/fs/cgroup/a/memory.current';
  const limit = 'sys/fs/cgroup/a/memory.max';
  const open = (): MemoryUsage => {
    write({ 'proc/self/cgroup': '0::/a\n', [current]: '100\n', [limit]: '1000\n' });
    return new MemoryUsage(findMemorySource(root));
  };

  it('follows both files, whatever there was before', () => {
    const usage = open();
    expect(usage.ratio()).toBe(0.1);
    write({ [current]: '9\n' });
    expect(usage.ratio()).toBe(0.009);
    write({ [limit]: '10\n' });
    expect(usage.ratio()).toBe(0.9);
    write({ [limit]: 'max\n' });
    expect(usage.ratio()).toBe(0);
    usage.close();
  });

  it('is no number when a file is empty or gone, or the limit is 0', () => {
    const usage = open();
    write({ [current]: '' });
    expect(usage.ratio()).toBeNaN();
    write({ [current]: '100\n', [limit]: '0\n' });
    expect(usage.ratio()).toBeNaN();
    write({ [limit]: '1000\n' });
    expect(usage.ratio()).toBe(0.1);
    usage.close();
    rmSync(join(root, current));
    expect(usage.ratio()).toBeNaN();
  });
});
