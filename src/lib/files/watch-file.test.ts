import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { type FileWatch, watchFile } from './watch-file.ts';

let folder: string;
let path: string;
let heard: string[];
let watched: FileWatch | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'watch-file-'));
  mkdirSync(join(folder, 'etc'));
  path = join(folder, 'etc', 'whippet.yaml');
  writeFileSync(path, 'a: 1');
  heard = [];
});
afterEach(() => {
  watched?.close();
  rmSync(folder, { recursive: true });
});

function start(at = path): void {
  watched = watchFile(at, {
    onChange: () => heard.push('changed'),
    onMissing: () => heard.push('missing'),
    lookMs: 20,
  });
}

const hears = (...want: string[]) =>
  vi.waitFor(() => expect(heard).toEqual(want), { timeout: 60_000, interval: 10 });

it.each([
  ['written in place', () => writeFileSync(path, 'a: 23')],
  [
    'replaced',
    () => {
      writeFileSync(`${path}.new`, 'a: 2');
      renameSync(`${path}.new`, path);
    },
  ],
])('a file that is %s has changed, once', async (_, change) => {
  start();
  change();
  await hears('changed');
});

it('a file that is removed is missing, and has changed when it is back', async () => {
  start();
  rmSync(path);
  await hears('missing');
  expect(watched?.isMissing).toBe(true);
  writeFileSync(path, 'a: 1');
  await hears('missing', 'changed');
  expect(watched?.isMissing).toBe(false);
});

it('a folder that is removed and made again is watched as before', async () => {
  start();
  rmSync(join(folder, 'etc'), { recursive: true });
  await hears('missing');
  mkdirSync(join(folder, 'etc'));
  writeFileSync(path, 'a: 2');
  await hears('missing', 'changed');
  writeFileSync(path, 'a: 345');
  await hears('missing', 'changed', 'changed');
});

it('a link to the folder that is turned to another one is a change, as in Kubernetes', async () => {
  for (const [name, text] of [
    ['v1', 'a: 1'],
    ['v2', 'a: 2'],
  ] as const) {
    mkdirSync(join(folder, name));
    writeFileSync(join(folder, name, 'whippet.yaml'), text);
  }
  symlinkSync('v1', join(folder, 'current'));
  start(join(folder, 'current', 'whippet.yaml'));
  symlinkSync('v2', join(folder, 'next'));
  renameSync(join(folder, 'next'), join(folder, 'current'));
  await hears('changed');
});

it('a file that is touched by nobody has not changed', async () => {
  start();
  writeFileSync(join(folder, 'etc', 'other.yaml'), 'b');
  await new Promise((resolve) => setImmediate(resolve));
  writeFileSync(path, 'a: 22');
  await hears('changed');
});
