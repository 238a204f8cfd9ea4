import { execFileSync } from 'node:child_process';
import {
  closeSync,
  constants,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openPlainFile, readFileNow, readPlainFile } from './plain-file.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'plain-file-'));
  path = join(folder, 'it');
});
afterEach(() => rmSync(folder, { recursive: true }));

const fifo = () => execFileSync('mkfifo', [path]);

describe('reading a file at once', () => {
  it('gives its bytes', () => {
    writeFileSync(path, 'abc');
    expect(readFileNow(path).toString()).toBe('abc');
    expect(readFileNow('/dev/null', { waitMs: 10 }).toString()).toBe('');
  });

  it.each([
    ['a pipe that nobody writes to', fifo, { waitMs: 30 }, 'a named pipe whose end did not come in time'],
    ['a pipe, when it may not wait', fifo, {}, 'is a named pipe, not a regular file'],
    ['a device that never ends', () => symlinkSync('/dev/zero', path), { waitMs: 30 }, 'is larger than'],
    ['a directory', () => mkdirSync(path), {}, 'is a directory, not a regular file'],
    [
      'a file that is too large',
      () => writeFileSync(path, '12345'),
      { bytesMax: 4 },
      'is larger than 4 bytes',
    ],
  ])('refuses %s, soon', (_, make, options, reason) => {
    make();
    expect(() => readFileNow(path, { bytesMax: 1_000_000, ...options })).toThrow(reason);
  });

  it('waits for the end of a pipe', () => {
    fifo();
    const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const writer = openSync(path, constants.O_WRONLY);
    writeSync(writer, 'through a pipe');
    expect(() => readFileNow(path, { waitMs: 30 })).toThrow('whose end did not come in time');
    writeSync(writer, 'again');
    closeSync(writer);
    expect(readFileNow(path, { waitMs: 1000 }).toString()).toBe('again');
    closeSync(reader);
  });
});

describe('opening a file', () => {
  it.each([
    ['a pipe', fifo],
    ['a directory', () => mkdirSync(path)],
    ['a link to a device', () => symlinkSync('/dev/null', path)],
  ])('refuses %s without waiting', async (_, make) => {
    make();
    await expect(openPlainFile(path, constants.O_RDONLY)).rejects.toThrow('not a regular file');
  });

  it('refuses a link when told to', async () => {
    writeFileSync(join(folder, 'there'), 'abc');
    symlinkSync(join(folder, 'there'), path);
    await expect(openPlainFile(path, constants.O_RDONLY, { noFollow: true })).rejects.toThrow('ELOOP');
    expect((await readPlainFile(path, 10)).toString()).toBe('abc');
    await expect(readPlainFile(path, 2)).rejects.toThrow('is larger than 2 bytes');
  });
});
