import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { HeardLog, nameOf, transaction } from '../../../test/support/decode/transactions.ts';
import { seededRandom } from '../../../test/support/packets.ts';
import { makeSmallDisk } from '../../../test/support/processes/small-disk.ts';
import { VirtualClock } from '../../../test/support/virtual-clock.ts';
import { LossCounts } from './loss-counts.ts';
import { RetryStore, type RetryStoreOptions } from './retry-store.ts';
import type { FolderLock } from './store-lock.ts';
import type { Transaction } from './transaction.ts';
import { writeWhole } from './write-file.ts';

const DAY_MS = 86_400_000;
const cleanUps: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'whippet-retry-'));
  cleanUps.push(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, 'below', 'it');
}

type MakeOptions = Partial<RetryStoreOptions> & { clock?: VirtualClock; log?: HeardLog };

function make(options: MakeOptions = {}) {
  const all = {
    folder: makeFolder(),
    bytesMax: 1_000_000,
    diskRatioMax: 1,
    ageMaxMs: 10 * DAY_MS,
    clock: new VirtualClock(),
    random: seededRandom(1),
    losses: new LossCounts(),
    log: new HeardLog(),
    ...options,
  };
  const store = new RetryStore(all);
  cleanUps.push(() => store.close());
  return { store, options: all, ...all };
}

/** The kernel frees the lock of a process that is killed; here that process lives on, so the next one takes none. */
const noLock = (): Promise<FolderLock> =>
  Promise.resolve({
    isInPlace: () => Promise.resolve(true),
    renew: () => Promise.resolve(),
    release: () => Promise.resolve(),
  });

/** As a process that was killed would leave it: nothing is closed, another one takes over. */
async function takeOverFrom(killed: { store: RetryStore; options: MakeOptions }) {
  await killed.store.settled();
  const next = make({ ...killed.options, lock: noLock });
  await next.store.open();
  return next;
}

const filesIn = (folder: string): string[] =>
  readdirSync(folder)
    .filter((name) => name !== 'lock')
    .sort();
const taken = async (store: RetryStore): Promise<Transaction[]> => [...(await store.takeNext())];
const named = (...names: string[]): Transaction[] => names.map((name) => transaction(name));

describe('a retry store', () => {
  it('gives back the newest file first, and removes it once all of it is settled', async () => {
    const { store, clock, folder } = make();
    for (const name of ['old', 'mid', 'new']) {
      expect(await store.write([transaction(name, { createdAt: clock.now() })])).toBe(true);
      await clock.advance(60_000);
    }
    for (const [name, left] of [
      ['new', 2],
      ['mid', 1],
      ['old', 0],
    ] as const) {
      const [one] = await taken(store);
      expect(nameOf(one as Transaction)).toBe(name);
      expect(filesIn(folder)).toHaveLength(left + 1);
      store.settle(one?.stored as never);
      await store.settled();
      expect(filesIn(folder)).toHaveLength(left);
    }
    expect(await taken(store)).toEqual([]);
  });

  it('names files by the time, for the owner alone', async () => {
    const { store, folder } = make();
    await store.write(named('a'));
    const [name = ''] = filesIn(folder);
    expect(name).toMatch(/^2026_01_02__00_00_00_[0-9a-f]{8}\.retry$/);
    expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
  });

  it('takes over what another process left, and sends only what that one had not settled', async () => {
    const first = make();
    await first.store.write(named('a', 'b', 'c'));
    const [, b] = await taken(first.store);
    first.store.settle(b?.stored as never);
    const second = await takeOverFrom(first);
    expect(second.store.status.found.payloads).toBe(3);
    expect((await taken(second.store)).map(nameOf)).toEqual(['a', 'c']);
  });

  it('does not count as found what the process before had delivered', async () => {
    const first = make();
    await first.store.write(named('a', 'b', 'c'));
    const [, b] = await taken(first.store);
    first.store.settle(b?.stored as never);
    const { store } = await takeOverFrom(first);
    for (const one of await taken(store)) store.putBack(one.stored as never);
    await store.settled();
    const again = await taken(store);
    expect(again.map(nameOf)).toEqual(['a', 'c']);
    // Taken, and so in memory alone.
    expect(store.status).toMatchObject({ payloads: 0, found: { payloads: 2, items: 2 } });
  });

  it('counts all that is missing from a damaged file of which a part was delivered', async () => {
    const { store, losses, folder } = make();
    await store.write(named('a', 'b', 'c', 'd'));
    const [a, ...others] = await taken(store);
    store.settle(a?.stored as never);
    for (const one of others) store.putBack(one.stored as never);
    await store.settled();
    const path = join(folder, filesIn(folder)[0] as string);
    truncateSync(path, statSync(path).size - 1);
    expect((await taken(store)).map(nameOf)).toEqual(['b', 'c']);
    expect(losses.list()).toMatchObject([{ reason: 'file_damaged', payloads: 1 }]);
  });

  it('sets aside what is no file, and works on', async () => {
    const { store, folder } = make();
    mkdirSync(join(folder, '2026_01_01__00_00_00_00000000.retry'), { recursive: true });
    await store.write(named('a'));
    expect((await taken(store)).map(nameOf)).toEqual(['a']);
    expect(store.status).toMatchObject({ damaged: 1, failing: undefined });
  });

  it('gives out again what was put back, and nothing else', async () => {
    const { store } = make();
    await store.write(named('a', 'b', 'c'));
    const [a, b, c] = await taken(store);
    expect(store.hasFiles).toBe(false);
    store.putBack(a?.stored as never);
    store.settle(b?.stored as never);
    store.putBack(c?.stored as never);
    await store.settled();
    expect(store.status).toMatchObject({ payloads: 2, files: 1 });
    expect((await taken(store)).map(nameOf)).toEqual(['a', 'c']);
  });

  it('removes the oldest files to make room, and counts what was in them by age', async () => {
    const { store, clock, losses } = make({ bytesMax: 2500 });
    for (const name of ['a', 'b', 'c']) {
      expect(await store.write([transaction(name, { bytes: 900, createdAt: clock.now() })])).toBe(true);
      await clock.advance(2 * 3_600_000);
    }
    expect(store.status.bytes).toBeLessThanOrEqual(2500);
    expect(losses.list()).toMatchObject([
      { reason: 'disk_full', kind: 'series', age: 'under_1d', payloads: 1, bytes: 900 },
    ]);
    expect((await taken(store)).map(nameOf)).toEqual(['c']);
  });

  it('refuses a file that is larger than all that is allowed, and removes nothing for it', async () => {
    const { store, losses, log } = make({ bytesMax: 2000 });
    await store.write(named('a'));
    expect(await store.write([transaction('b', { bytes: 3000 })])).toBe(false);
    expect([store.status.files, losses.list()]).toEqual([1, []]);
    expect(log.lines[0]?.fields).toHaveProperty('err');
  });

  it('leaves the disk as full as it may be', async () => {
    const { store } = make({ diskRatioMax: 0 });
    expect(await store.write(named('a'))).toBe(false);
    expect(store.status.failing).toContain('forwarder_storage_max_disk_ratio');
  });

  it('gives up files that are too old, at start and later', async () => {
    const first = make();
    await first.store.write([transaction('a', { createdAt: first.clock.now() })]);
    await first.store.write([transaction('b', { createdAt: first.clock.now() + 5 * DAY_MS })]);
    await first.clock.advance(11 * DAY_MS);
    const { store, losses, folder, clock } = await takeOverFrom(first);
    expect(filesIn(folder)).toHaveLength(1);
    await clock.advance(5 * DAY_MS);
    store.sweep();
    await store.settled();
    expect(filesIn(folder)).toEqual([]);
    expect(losses.total).toMatchObject({ payloads: 2 });
    expect(new Set(losses.list().map(({ reason }) => reason))).toEqual(new Set(['too_old']));
  });

  it('removes what a killed process had not finished writing', async () => {
    const { store, folder } = make();
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'x.retry.tmp'), 'half');
    await store.open();
    expect(filesIn(folder)).toEqual([]);
  });

  it('leaves files of others alone', async () => {
    const { store, folder } = make();
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'notes.txt'), 'mine');
    await store.open();
    await store.write(named('a'));
    expect(readFileSync(join(folder, 'notes.txt'), 'utf8')).toBe('mine');
  });
});

describe('damage', () => {
  it('sets a file aside whose head is damaged', async () => {
    const first = make();
    await first.store.write(named('a'));
    const [name = ''] = filesIn(first.folder);
    writeFileSync(join(first.folder, name), 'no retry file');
    const { store, folder, log } = await takeOverFrom(first);
    expect(filesIn(folder)).toEqual([`${name}.damaged`]);
    expect(store.status).toMatchObject({ damaged: 1, files: 0 });
    expect(log.sentences).toEqual(['a retry file cannot be used; renamed it to .damaged']);
  });

  it('sends what is whole of a file that was cut, and counts the rest', async () => {
    const { store, folder, losses } = make();
    await store.write(named('a', 'b', 'c'));
    const [name = ''] = filesIn(folder);
    truncateSync(join(folder, name), statSync(join(folder, name)).size - 1);
    const transactions = await taken(store);
    expect(transactions.map(nameOf)).toEqual(['a', 'b']);
    expect(transactions.map(({ stored }) => stored)).toEqual([undefined, undefined]);
    expect(losses.list()).toMatchObject([{ reason: 'file_damaged', payloads: 1 }]);
    expect(filesIn(folder)).toEqual([`${name}.damaged`]);
  });

  it('counts a file that somebody removed', async () => {
    const { store, folder, losses } = make();
    await store.write(named('a'));
    for (const name of filesIn(folder)) rmSync(join(folder, name));
    expect(await taken(store)).toEqual([]);
    expect(losses.list()).toMatchObject([{ reason: 'file_removed', payloads: 1 }]);
    expect(store.hasFiles).toBe(false);
  });

  it('keeps a few damaged files and no more', async () => {
    const { store, folder } = make();
    mkdirSync(folder, { recursive: true });
    for (let i = 10; i < 30; i++) writeFileSync(join(folder, `${i}.retry`), 'x');
    await store.open();
    expect(filesIn(folder)).toEqual(Array.from({ length: 10 }, (_, i) => `${20 + i}.retry.damaged`));
    expect(store.status.damaged).toBe(20);
  });
});

describe('a disk that does not work', () => {
  it('when full: says so once, tries again after a pause, and says when it works', async () => {
    const disk = makeSmallDisk(64);
    cleanUps.push(() => disk.dispose());
    let isFull = false;
    // Where nothing can be mounted the error is made up; everything else is the same.
    const writeFile: typeof writeWhole = (folder, name, pieces) =>
      isFull && !disk.isReal
        ? Promise.reject(new Error('ENOSPC: no space left on device'))
        : writeWhole(folder, name, pieces);
    const { store, clock, log } = make({ folder: join(disk.path, 'q'), writeFile });
    expect(await store.write(named('a'))).toBe(true);
    isFull = true;
    const ballast = join(disk.path, 'ballast');
    if (disk.isReal) {
      // Leaves less than a file of 16 KiB needs; the free space the store sees is what statfs says.
      writeFileSync(ballast, Buffer.alloc(44 * 1024));
    }
    const large = [transaction('large', { bytes: 16 * 1024 })];
    expect(await store.write(large)).toBe(false);
    expect(store.isReady).toBe(false);
    expect(await store.write(large)).toBe(false);
    expect(filesIn(store.status.folder)).toHaveLength(1);
    expect(log.lines.map(({ level }) => level)).toEqual(['error']);
    isFull = false;
    rmSync(ballast, { force: true });
    await clock.advance(10_000);
    expect(store.isReady).toBe(true);
    expect(await store.write(large)).toBe(true);
    expect(log.lines.map(({ level }) => level)).toEqual(['error', 'info']);
  });

  it('when it becomes full in the middle of a file: leaves no half of it', async () => {
    const disk = makeSmallDisk(64);
    cleanUps.push(() => disk.dispose());
    mkdirSync(join(disk.path, 'q'));
    // Past the check of free space, as when another program takes it in the same moment.
    const pieces = disk.isReal ? [Buffer.alloc(100 * 1024)] : ['no bytes' as never];
    await expect(writeWhole(join(disk.path, 'q'), 'x.retry', pieces)).rejects.toThrow();
    expect(readdirSync(join(disk.path, 'q'))).toEqual([]);
  });

  it('when read-only: what was acknowledged is not sent again by this process', async () => {
    const disk = makeSmallDisk(256);
    cleanUps.push(() => disk.dispose());
    // A disk cannot become read-only while a file on it is open for writing, as the lock is.
    const { store, log } = make({ folder: disk.path, lock: noLock });
    await store.write(named('a', 'b'));
    await store.write(named('c'));
    disk.setReadOnly(true);
    expect(await store.write(named('d'))).toBe(false);
    expect(log.lines.map(({ level }) => level)).toEqual(['error']);
    disk.setReadOnly(false);
  });

  it('a mark that cannot be written still counts for this process', async () => {
    const { store, folder } = make();
    await store.write(named('a', 'b'));
    const [a, b] = await taken(store);
    const [name = ''] = filesIn(folder);
    const path = join(folder, name);
    const bytes = readFileSync(path);
    rmSync(path);
    store.settle(a?.stored as never);
    await store.settled();
    expect(store.status.failures).toBe(1);
    writeFileSync(path, bytes);
    store.putBack(b?.stored as never);
    await store.settled();
    expect((await taken(store)).map(nameOf)).toEqual(['b']);
  });

  it('a file in the place of the folder is set aside', async () => {
    const folder = makeFolder();
    mkdirSync(join(folder, '..'), { recursive: true });
    writeFileSync(folder, 'a file in the place of the folder');
    const { store } = make({ folder });
    expect(await store.write(named('a'))).toBe(true);
    expect(readFileSync(`${folder}.damaged`, 'utf8')).toBe('a file in the place of the folder');
  });

  it('does not start: is tried again at the next write', async () => {
    const folder = makeFolder();
    const above = join(folder, '..');
    writeFileSync(above, 'a file in the place of the folder above');
    const { store, log } = make({ folder });
    expect(await store.open()).toBe(false);
    expect(log.lines[0]?.level).toBe('error');
    rmSync(above);
    expect(await store.write(named('a'))).toBe(true);
  });
});
