import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { countProcessors } from './processors.ts';

const MACHINE = 16;

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'whippet-processors-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function counted(files: Readonly<Record<string, string>>): number {
  for (const [name, content] of Object.entries(files)) {
    const path = join(root, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
  }
  return countProcessors(root, MACHINE);
}

describe('the processors there are', () => {
  it('are those of the machine without a limit', () => {
    expect(counted({})).toBe(MACHINE);
    expect(counted({ 'proc/self/cgroup': '0::/a\n', 'sys/fs/cgroup/a/cpu.max': 'max 100000\n' })).toBe(
      MACHINE,
    );
    expect(
      counted({
        'proc/self/cgroup': '3:cpu,cpuacct:/a\n',
        'sys/fs/cgroup/cpu/a/cpu.cfs_quota_us': '-1\n',
        'sys/fs/cgroup/cpu/a/cpu.cfs_period_us': '100000\n',
      }),
    ).toBe(MACHINE);
  });

  it('are what the limit of the cgroup allows, version 2', () => {
    expect(counted({ 'proc/self/cgroup': '0::/a\n', 'sys/fs/cgroup/a/cpu.max': '250000 100000\n' })).toBe(
      2.5,
    );
  });

  it('are what the limit of the cgroup allows, version 1', () => {
    const files = {
      'proc/self/cgroup': '4:memory:/m\n3:cpu,cpuacct:/docker/3f2a\n',
      'sys/fs/cgroup/cpu/docker/3f2a/cpu.cfs_quota_us': '400000\n',
      'sys/fs/cgroup/cpu/docker/3f2a/cpu.cfs_period_us': '100000\n',
    };
    expect(counted(files)).toBe(4);
  });

  it('are bound by the tightest limit, the own or one above', () => {
    const files = {
      'proc/self/cgroup': '0::/pod/server\n',
      'sys/fs/cgroup/pod/server/cpu.max': '800000 100000\n',
      'sys/fs/cgroup/pod/cpu.max': '300000 100000\n',
      'sys/fs/cgroup/cpu.max': 'max 100000\n',
    };
    expect(counted(files)).toBe(3);
  });

  it('are not more than the machine has, whatever the limit allows', () => {
    expect(counted({ 'proc/self/cgroup': '0::/a\n', 'sys/fs/cgroup/a/cpu.max': '6400000 100000\n' })).toBe(
      MACHINE,
    );
  });

  it('are those of the machine when a limit makes no sense', () => {
    expect(counted({ 'proc/self/cgroup': '0::/a\n', 'sys/fs/cgroup/a/cpu.max': '0 0\n' })).toBe(MACHINE);
    expect(counted({ 'proc/self/cgroup': '0::/a\n', 'sys/fs/cgroup/a/cpu.max': 'x\n' })).toBe(MACHINE);
  });
});
