/** The file output and what is at its path: removed, renamed, replaced, a pipe, a link, a folder that is gone. */
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  constants,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { checkOf } from '../../test/support/decode/aggregates.ts';
import { HeardLog } from '../../test/support/decode/transactions.ts';
import { FileOutput } from './file.ts';

let folder: string;
let path: string;
let log: HeardLog;
let output: FileOutput | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'file-path-'));
  path = join(folder, 'out.ndjson');
  log = new HeardLog();
});
afterEach(async () => {
  await output?.close(1000);
  output = undefined;
  rmSync(folder, { recursive: true });
});

const open = async (): Promise<FileOutput> => {
  output = await FileOutput.open({ path, log });
  return output;
};

let made = 0;
/** One flush with one check in it; its name. */
function flush(to: FileOutput): string {
  const name = `check.${made++}`;
  to.serviceCheck(checkOf(name), 1);
  to.end();
  return name;
}

const namesIn = (file: string): string[] =>
  readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as { check: string }).check);

const written = (file: string, names: readonly string[]) =>
  vi.waitFor(() => expect(namesIn(file)).toEqual(names), { timeout: 60_000, interval: 5 });

describe('a path that leads elsewhere at a flush', () => {
  it.each([
    ['removed', () => rmSync(path)],
    ['renamed', () => renameSync(path, `${path}.1`)],
  ])('%s: the file is made again, and the log says so', async (_, move) => {
    const file = await open();
    await written(path, [flush(file)]);
    move();
    await written(path, [flush(file)]);
    expect(log.sentences).toEqual(['the output file was removed or renamed; continuing in a new one']);
    expect(file.health()).toEqual({ healthy: true });
  });

  it('is noticed by a flush that has nothing to write', async () => {
    const file = await open();
    rmSync(path);
    file.end();
    await vi.waitFor(() => expect(readFileSync(path, 'utf8')).toBe(''), { timeout: 60_000, interval: 5 });
  });

  it('renamed and replaced by another file: that one is appended to', async () => {
    const file = await open();
    const first = flush(file);
    await written(path, [first]);
    renameSync(path, `${path}.1`);
    writeFileSync(path, '{"check":"there before"}\n');
    await written(path, ['there before', flush(file)]);
    expect(namesIn(`${path}.1`)).toEqual([first]);
  });

  it('with its folder: unhealthy while it is gone, and nothing is lost once it is back', async () => {
    path = join(folder, 'below', 'out.ndjson');
    mkdirSync(join(folder, 'below'));
    const file = await open();
    rmSync(join(folder, 'below'), { recursive: true });
    const names = [flush(file)];
    await vi.waitFor(() => expect(file.health().healthy).toBe(false), { timeout: 60_000, interval: 5 });
    expect(file.health().detail).toContain('ENOENT');
    names.push(flush(file));
    mkdirSync(join(folder, 'below'));
    names.push(flush(file));
    await written(path, names);
    expect(file.health()).toEqual({ healthy: true });
    expect(await file.close(1000)).toEqual({ undelivered: 0 });
  });

  it.each([
    ['a directory', () => mkdirSync(path)],
    ['a pipe that nobody reads', () => execFileSync('mkfifo', [path])],
    ['a link that leads nowhere', () => symlinkSync('/nowhere/at/all', path)],
  ])('replaced by %s: unhealthy, kept, and written when the place is free', async (_, put) => {
    const file = await open();
    rmSync(path);
    put();
    const name = flush(file);
    await vi.waitFor(() => expect(file.health().healthy).toBe(false), { timeout: 60_000, interval: 5 });
    rmSync(path, { recursive: true });
    file.end();
    await written(path, [name]);
  });
});

describe('what is at the path at the start', () => {
  it.each([
    ['a directory', () => mkdirSync(path), 'EISDIR'],
    ['a pipe that nobody reads', () => execFileSync('mkfifo', [path]), 'a named pipe that nobody reads'],
    ['a link that leads nowhere', () => symlinkSync('/nowhere/at/all', path), 'a link that leads nowhere'],
    ['a link to itself', () => symlinkSync(path, path), 'ELOOP'],
  ])('%s is refused at once, by its name', async (_, put, reason) => {
    put();
    await expect(open()).rejects.toThrow(reason);
  });

  it('a pipe that somebody reads is written to, however slowly that is', async () => {
    execFileSync('mkfifo', [path]);
    const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const file = await open();
    const names: string[] = [];
    for (let i = 0; i < 3000; i++) names.push(flush(file));
    let text = '';
    const chunk = Buffer.alloc(8192);
    await vi.waitFor(
      () => {
        for (;;) {
          let count = 0;
          try {
            count = readSync(reader, chunk);
          } catch {
            break;
          }
          if (count === 0) break;
          text += chunk.toString('utf8', 0, count);
        }
        expect(text.split('\n')).toHaveLength(3001);
      },
      { timeout: 60_000, interval: 1 },
    );
    expect(
      text
        .trimEnd()
        .split('\n')
        .map((line) => (JSON.parse(line) as { check: string }).check),
    ).toEqual(names);
    closeSync(reader);
  });

  it('a pipe whose reader stands still keeps nobody from stopping', async () => {
    execFileSync('mkfifo', [path]);
    const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const file = await open();
    for (let i = 0; i < 3000; i++) flush(file);
    const report = await file.close(100);
    expect(report.lostAtStop).toBeGreaterThan(0);
    closeSync(reader);
  });
});
