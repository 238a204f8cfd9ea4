/** The tarball and a git clone, installed into empty projects with `engine-strict` by each supported Node.js, and used there. */
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compile, makeProject, packInto, probe, RESOLUTIONS, ROOT, removeProject, run } from './project.ts';

const INSTALLED_BYTES_MAX = 25e6;
const PACKAGES_MAX = 40;
const VERSION_MS_MAX = 150;

let folder: string;
let tarball: string;
let npm: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'whippet-nodes-'));
  tarball = packInto(folder);
  npm = join(run(folder, 'npm', 'root', '-g').output.trim(), 'npm/bin/npm-cli.js');
  expect(existsSync(npm)).toBe(true);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function succeed(cwd: string, command: string, ...words: string[]): string {
  const { output, status } = run(cwd, command, ...words);
  expect(status, `${words.join(' ')}\n${output}`).toBe(0);
  return output;
}

/** The Node.js of a major version, as the npm package `node` has it. */
function getNode(major: number): string {
  const path = join(folder, `node${major}`);
  if (!existsSync(path)) {
    const project = makeProject();
    rmSync(join(project, '.npmrc'));
    succeed(project, 'npm', 'install', '--no-audit', '--no-fund', `node-linux-${process.arch}@${major}`);
    cpSync(join(project, `node_modules/node-linux-${process.arch}/bin/node`), path);
    removeProject(project);
  }
  return path;
}

function sizeOf(path: string): number {
  const entries = readdirSync(path, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  return entries.reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}

describe.each([20, 22, 24])('Node.js %d', (major) => {
  it('installs the tarball with engine-strict, small and quick to start, and everything works', () => {
    const node = getNode(major);
    expect(succeed(folder, node, '--version')).toMatch(new RegExp(`^v${major}\\.`));
    const project = makeProject();
    succeed(project, node, npm, 'install', '--no-audit', '--no-fund', '--ignore-scripts', tarball);
    const packages = succeed(project, node, npm, 'ls', '--all', '--parseable').trim().split('\n').slice(1);
    expect(packages.length).toBeLessThanOrEqual(PACKAGES_MAX);
    const bytes = sizeOf(join(project, 'node_modules'));
    expect(bytes).toBeLessThan(INSTALLED_BYTES_MAX);
    const times = Array.from({ length: 9 }, () => {
      const start = performance.now();
      succeed(project, node, 'node_modules/whippet/dist/esm/whippet.js', '--version');
      return performance.now() - start;
    });
    // The fastest is what the program takes; the others are also what the machine does meanwhile.
    const versionMs = Math.min(...times);
    expect(versionMs).toBeLessThan(VERSION_MS_MAX);
    const { output, status } = probe(project, node);
    expect(status, output).toBe(0);
    succeed(project, node, npm, 'install', '--no-audit', '--no-fund', `@types/node@${major}`);
    for (const resolution of RESOLUTIONS) {
      const compiled = compile(project, resolution);
      expect(compiled.status, compiled.output).toBe(0);
    }
    console.log(
      `Node.js ${major}: ${packages.length} packages, ${(bytes / 1e6).toFixed(1)} MB, --version ${versionMs.toFixed(0)} ms, ${output.trim()}`,
    );
    removeProject(project);
  });
});

it('a clone is packed by npm pack, and installed by its address, without a step of one’s own', () => {
  const clone = join(folder, 'clone');
  succeed(folder, 'git', 'clone', '--quiet', '--depth', '1', `file://${ROOT}`, clone);
  const packed = join(folder, 'packed');
  mkdirSync(packed);
  succeed(clone, 'npm', 'pack', '--pack-destination', packed);
  const fromTarball = makeProject();
  succeed(
    fromTarball,
    'npm',
    'install',
    '--no-audit',
    '--no-fund',
    join(packed, readdirSync(packed)[0] as string),
  );
  const fromGit = makeProject();
  succeed(fromGit, 'npm', 'install', '--no-audit', '--no-fund', `git+file://${clone}`);
  for (const project of [fromTarball, fromGit]) {
    const { output, status } = probe(project, process.execPath);
    expect(status, output).toBe(0);
    removeProject(project);
  }
});
