/**
 * Folders of retry files as other programs, other containers and people leave them: whatever is in one, the good files are
 * used, the odd ones are set aside and counted, and nothing waits.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { HeardLog, nameOf, transaction } from '../../../test/support/decode/transactions.ts';
import { seededRandom } from '../../../test/support/packets.ts';
import { VirtualClock } from '../../../test/support/virtual-clock.ts';
import { LossCounts } from './loss-counts.ts';
import { RetryStore, type RetryStoreOptions } from './retry-store.ts';
import { lockFolder } from './store-lock.ts';

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'whippet-odd-'));
  cleanUps.push(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function open(folder: string, options: Partial<RetryStoreOptions> = {}) {
  const about = { clock: new VirtualClock(), losses: new LossCounts(), log: new HeardLog() };
  const store = new RetryStore({
    folder,
    bytesMax: 1_000_000,
    diskRatioMax: 1,
    ageMaxMs: 1e12,
    random: seededRandom(Math.floor(Math.random() * 1e6)),
    ...about,
    ...options,
  });
  cleanUps.push(() => store.close());
  return { store, ...about };
}

const ODD: Readonly<Record<string, (path: string) => unknown>> = {
  'a directory': (path) => mkdirSync(path),
  'a directory with something in it': (path) => mkdirSync(join(path, 'below'), { recursive: true }),
  'a named pipe': (path) => execFileSync('mkfifo', [path]),
  'a link that leads nowhere': (path) => symlinkSync('/nowhere/at/all', path),
  'a link to itself': (path) => symlinkSync(path, path),
  'a link to a device that never ends': (path) => symlinkSync('/dev/zero', path),
  'an empty file': (path) => writeFileSync(path, ''),
  'a file of something else': (path) => writeFileSync(path, 'PK\x03\x04 this is no retry file'),
  'a socket': async (path) => {
    const server = createServer();
    server.listen(path);
    await once(server, 'listening');
    cleanUps.push(() => server.close());
  },
};

describe.each(Object.entries(ODD))('%s', (_, make) => {
  it.each([
    '2026_01_01__00_00_00_00000000.retry',
    '2030_01_01__00_00_00_00000000.retry',
  ])('named %s is set aside and counted, and every other file is used', async (name) => {
    const folder = makeFolder();
    const first = open(folder);
    await first.store.write([transaction('good')]);
    await first.store.close();
    await make(join(folder, name));
    const { store, log } = open(folder);
    expect(await store.open()).toBe(true);
    expect((await store.takeNext()).map(nameOf)).toEqual(['good']);
    expect(await store.write([transaction('more')])).toBe(true);
    expect(store.status).toMatchObject({ damaged: 1, failing: undefined, found: { payloads: 1 } });
    expect(readdirSync(folder)).toContain(`${name}.damaged`);
    expect(log.lines.map(({ level }) => level)).toEqual(['warn']);
  });

  it.each(['lock', 'x.retry.tmp', 'y.retry.damaged'])("named %s is in nobody's way", async (name) => {
    const folder = makeFolder();
    await make(join(folder, name));
    const { store } = open(folder, { bytesMax: 2000 });
    for (let i = 0; i < 5; i++) expect(await store.write([transaction(`t${i}`, { bytes: 900 })])).toBe(true);
    expect(store.status.failing).toBeUndefined();
  });

  it('that takes the place of a file while the server runs is set aside', async () => {
    const folder = makeFolder();
    const { store, losses } = open(folder);
    await store.write([transaction('gone')]);
    const [name = ''] = readdirSync(folder).filter((one) => one.endsWith('.retry'));
    rmSync(join(folder, name));
    await make(join(folder, name));
    expect(await store.takeNext()).toEqual([]);
    expect(losses.total.payloads).toBe(1);
    expect(await store.write([transaction('more')])).toBe(true);
    expect((await store.takeNext()).map(nameOf)).toEqual(['more']);
  });
});

describe('what somebody removes while the server runs', () => {
  it('is made again when it is the folder, and what was in it is counted', async () => {
    const folder = join(makeFolder(), 'queue');
    const { store, losses, log } = open(folder);
    await store.write([transaction('gone')]);
    rmSync(folder, { recursive: true });
    store.sweep();
    await store.settled();
    expect(existsSync(folder)).toBe(true);
    expect(losses.list()).toMatchObject([{ reason: 'file_removed', payloads: 1 }]);
    expect(store.status).toMatchObject({ payloads: 0, files: 0, failing: undefined });
    expect(log.sentences.at(-1)).toContain('removed or replaced; using it again');
    expect(await store.write([transaction('more')])).toBe(true);
    expect((await store.takeNext()).map(nameOf)).toEqual(['more']);
  });

  it('is made again at a write, before anybody looks', async () => {
    const folder = join(makeFolder(), 'queue');
    const { store } = open(folder);
    await store.open();
    rmSync(folder, { recursive: true });
    expect(await store.write([transaction('a')])).toBe(true);
    expect((await store.takeNext()).map(nameOf)).toEqual(['a']);
  });

  it('is counted when it is one file', async () => {
    const folder = makeFolder();
    const { store, losses } = open(folder);
    await store.write([transaction('a')]);
    const names = readdirSync(folder).filter((one) => one.endsWith('.retry'));
    await store.write([transaction('b')]);
    for (const name of names) rmSync(join(folder, name));
    store.sweep();
    await store.settled();
    expect(losses.list()).toMatchObject([{ reason: 'file_removed', payloads: 1 }]);
    expect((await store.takeNext()).map(nameOf)).toEqual(['b']);
  });

  it('takes nothing that is in memory with it', async () => {
    const folder = join(makeFolder(), 'queue');
    const { store, losses } = open(folder);
    await store.write([transaction('a'), transaction('b')]);
    const [a, b] = await store.takeNext();
    const place = a?.stored;
    rmSync(folder, { recursive: true });
    store.sweep();
    await store.settled();
    expect([a?.stored, b?.stored]).toEqual([undefined, undefined]);
    expect(store.putBack(place as never)).toBe(false);
    expect(losses.list()).toEqual([]);
  });

  it('is failing for as long as the folder cannot be made, and works again after', async () => {
    const above = makeFolder();
    const folder = join(above, 'in', 'between');
    const { store, clock } = open(folder);
    await store.open();
    rmSync(join(above, 'in'), { recursive: true });
    writeFileSync(join(above, 'in'), 'in the way');
    store.sweep();
    await store.settled();
    expect(store.status.failing).toMatch(/ENOTDIR|EEXIST/);
    rmSync(join(above, 'in'));
    await clock.advance(10_000);
    store.sweep();
    await store.settled();
    expect(store.status.failing).toBeUndefined();
  });

  it('may be another folder at the same path, whose files are used', async () => {
    const above = makeFolder();
    const [folder, other] = [join(above, 'queue'), join(above, 'other')];
    const elsewhere = open(other);
    await elsewhere.store.write([transaction('from the other')]);
    await elsewhere.store.close();
    const { store } = open(folder);
    await store.open();
    rmSync(folder, { recursive: true });
    renameSync(other, folder);
    store.sweep();
    await store.settled();
    expect((await store.takeNext()).map(nameOf)).toEqual(['from the other']);
  });
});

describe('the lock of a folder', () => {
  const CHILD = fileURLToPath(new URL('../../../test/support/processes/lock-child.mjs', import.meta.url));

  /** A process that holds the lock; it says whether it has got it. */
  async function hold(folder: string, how: 'kernel' | 'lease' = 'kernel') {
    const child = spawn(process.execPath, [CHILD, folder, how], { stdio: ['ignore', 'pipe', 'inherit'] });
    cleanUps.push(() => child.kill('SIGKILL'));
    const [answer] = (await once(child.stdout, 'data')) as [Buffer];
    const kill = async (): Promise<void> => {
      child.kill('SIGKILL');
      await once(child, 'exit');
    };
    return { answer: String(answer).trim(), kill, pid: child.pid };
  }

  it('keeps a second server out, and is free in the moment its holder is killed', async () => {
    const folder = makeFolder();
    const holder = await hold(folder);
    expect(holder.answer).toBe('held');
    const { store } = open(folder);
    expect(await store.open()).toBe(false);
    expect(store.status.failing).toContain(`is used by process ${holder.pid}`);
    await holder.kill();
    expect(await store.write([transaction('a')])).toBe(true);
  });

  it('does not care that both call themselves by the same process number', async () => {
    const folder = makeFolder();
    const holder = await hold(folder);
    // What a container would read whose own process is number 1, like the holder.
    const own = JSON.stringify({ pid: process.pid, started: '', space: '', host: '', by: 'kernel' });
    writeFileSync(join(folder, 'lock'), own);
    const { store } = open(folder);
    expect(await store.open()).toBe(false);
    await holder.kill();
    expect(await store.open()).toBe(true);
  });

  it('is noticed when its file is removed and another server takes the folder', async () => {
    const folder = makeFolder();
    const lock = await lockFolder(folder);
    rmSync(join(folder, 'lock'));
    expect(await lock.isInPlace()).toBe(false);
    const other = await lockFolder(folder);
    expect(await lock.isInPlace()).toBe(false);
    await lock.release();
    expect(await other.isInPlace()).toBe(true);
    await other.release();
    expect(readdirSync(folder)).toEqual([]);
  });

  const asLease = { tryLock: () => 'unsupported' as const };

  it('without the kernel: keeps out others while the holder lives, and is free when it is dead', async () => {
    const folder = makeFolder();
    const holder = await hold(folder, 'lease');
    await expect(lockFolder(folder, asLease)).rejects.toThrow(`is used by process ${holder.pid}`);
    // One that has the kernel's lock respects a living lease too.
    await expect(lockFolder(folder)).rejects.toThrow(`is used by process ${holder.pid}`);
    await holder.kill();
    await (await lockFolder(folder, asLease)).release();
  });

  it('without the kernel: one that cannot be seen holds the folder until its lease is old', async () => {
    const folder = makeFolder();
    const path = join(folder, 'lock');
    const elsewhere = { pid: 1, started: '5', space: 'pid:[1]', host: 'another-container', by: 'lease' };
    writeFileSync(path, JSON.stringify(elsewhere));
    await expect(lockFolder(folder, asLease)).rejects.toThrow('is used by process 1 on another-container');
    const old = new Date(Date.now() - 31_000);
    const { utimesSync } = await import('node:fs');
    utimesSync(path, old, old);
    await (await lockFolder(folder, asLease)).release();
  });
});
