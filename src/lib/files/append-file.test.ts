import { mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AppendFile, type AppendHandle } from './append-file.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'append-file-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A disk that takes `room` bytes, then fails, until more room is made. */
class FakeDisk {
  text = '';
  room: number;
  opened = 0;
  stuck = false;

  constructor(room: number) {
    this.room = room;
  }

  readonly open = async (): Promise<AppendHandle> => {
    this.opened++;
    return {
      write: async (buffer, offset, length) => {
        if (this.stuck) await new Promise(() => {});
        const bytesWritten = Math.min(this.room, length, 7);
        if (bytesWritten === 0) throw Object.assign(new Error('no space left'), { code: 'ENOSPC' });
        this.room -= bytesWritten;
        this.text += buffer.toString('latin1', offset, offset + bytesWritten);
        return { bytesWritten };
      },
      close: async () => {},
    };
  };
}

const settle = () => new Promise((resolve) => setTimeout(resolve, 5));

async function openOn(
  disk: FakeDisk,
  queueBytesMax = 1000,
  states: (string | undefined)[] = [],
): Promise<AppendFile> {
  return AppendFile.open({
    path: 'unused',
    queueBytesMax,
    openFile: disk.open,
    onState: (error) => states.push(error?.message),
  });
}

describe('appending', () => {
  test('lines reach a real file in order, after what was there', async () => {
    const path = join(folder, 'out');
    for (const round of ['a', 'b']) {
      const file = await AppendFile.open({ path, queueBytesMax: 1e6 });
      for (let i = 0; i < 3; i++) expect(file.append(`${round}${i}\n`, 1)).toBe(true);
      expect(await file.close(1000)).toBe(0);
      expect(file.writtenItems).toBe(3);
    }
    expect(readFileSync(path, 'utf8')).toBe('a0\na1\na2\nb0\nb1\nb2\n');
  });

  test('a full batch is written without waiting for a flush', async () => {
    const disk = new FakeDisk(Number.POSITIVE_INFINITY);
    const file = await openOn(disk, 1e6);
    file.append(`${'x'.repeat(300_000)}\n`, 1);
    while (file.queuedItems > 0) await settle();
    expect(disk.text.length).toBe(300_001);
  });

  test('short writes are completed', async () => {
    const disk = new FakeDisk(1000);
    const file = await openOn(disk);
    file.append('a line longer than the disk takes at once\n', 1);
    expect(await file.close(1000)).toBe(0);
    expect(disk.text).toBe('a line longer than the disk takes at once\n');
  });

  test('beyond the queue limit text is refused', async () => {
    const file = await openOn(new FakeDisk(0), 10);
    expect(file.append('12345678\n', 1)).toBe(true);
    expect(file.append('1\n', 1)).toBe(false);
    expect([file.queuedItems, file.queuedBytes]).toEqual([1, 9]);
    await file.close(10);
  });
});

describe('failing writes', () => {
  test('a full disk tears no line and loses none once there is room', async () => {
    const disk = new FakeDisk(10);
    const states: (string | undefined)[] = [];
    const file = await openOn(disk, 1000, states);
    file.append('first line\nsecond line\n', 2);
    for (let i = 0; i < 3; i++) {
      file.flush();
      await settle();
    }
    expect(file.queuedItems).toBe(2);
    expect(file.writeErrors).toBe(3);
    file.append('third line\n', 1);
    disk.room = 1000;
    file.flush();
    await settle();
    expect(disk.text).toBe('first line\nsecond line\nthird line\n');
    expect(file.writtenItems).toBe(3);
    expect(states).toEqual(['no space left', undefined]);
    await file.close(10);
  });

  test('close tries once more and says what is left', async () => {
    const file = await openOn(new FakeDisk(3));
    file.append('lost\n', 4);
    file.flush();
    expect(await file.close(1000)).toBe(4);
  });

  test('close does not wait for a disk that hangs', async () => {
    const disk = new FakeDisk(10);
    disk.stuck = true;
    const file = await openOn(disk);
    file.append('stuck\n', 1);
    file.flush();
    const before = performance.now();
    expect(await file.close(20)).toBe(1);
    expect(performance.now() - before).toBeLessThan(30_000);
  });

  test('after close nothing is taken', async () => {
    const file = await openOn(new FakeDisk(100));
    await file.close(10);
    expect(file.append('late\n', 1)).toBe(false);
  });
});

describe('reopening', () => {
  test('continues in a new file under the path', async () => {
    const path = join(folder, 'out');
    const file = await AppendFile.open({ path, queueBytesMax: 1e6 });
    file.append('old\n', 1);
    file.flush();
    while (file.queuedItems > 0) await settle();
    renameSync(path, `${path}.1`);
    file.reopen();
    file.append('new\n', 1);
    await file.close(1000);
    expect(readFileSync(`${path}.1`, 'utf8')).toBe('old\n');
    expect(readFileSync(path, 'utf8')).toBe('new\n');
  });

  test('a line torn by a failure starts again in the new file', async () => {
    const disk = new FakeDisk(10);
    const file = await openOn(disk);
    file.append('first\nsecond\n', 2);
    file.flush();
    await settle();
    expect(disk.text).toBe('first\nseco');
    disk.text = '';
    disk.room = 100;
    file.reopen();
    await file.close(1000);
    expect(disk.opened).toBe(2);
    expect(disk.text).toBe('second\n');
  });
});
