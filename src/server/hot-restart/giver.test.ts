import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { FdChannel } from '../../listeners/system/fd-channel.ts';
import { loadLibc, SOCK_STREAM } from '../../listeners/system/libc.ts';
import { AF_UNIX, sockaddrUnix } from '../../listeners/system/sockaddr.ts';
import { makeLogger } from '../../telemetry/logger.ts';
import { HotRestartGiver } from './giver.ts';
import type { FromNew, FromOld } from './messages.ts';

const libc = loadLibc();
let folder: string;
let lines: string[];
let replaced: number;
let giver: HotRestartGiver;
const channels: FdChannel[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'whippet-giver-'));
  lines = [];
  replaced = 0;
  giver = open();
});
afterEach(() => {
  for (const channel of channels.splice(0)) channel.close();
  giver.close();
  rmSync(folder, { recursive: true, force: true });
});

/** A giver that waits so long for who has the sockets to receive; by default longer than a test takes. */
function open(startMs = 300_000): HotRestartGiver {
  return new HotRestartGiver({
    ...{ libc, path: join(folder, 's'), listeners: () => [], startMs },
    log: makeLogger('info', { write: (line: string) => lines.push(line) }),
    onReplaced: () => replaced++,
  });
}

async function send(word: FromNew): Promise<FdChannel> {
  const fd = libc.socket(AF_UNIX, SOCK_STREAM);
  libc.connect(fd, sockaddrUnix(join(folder, 's')));
  const channel = new FdChannel(libc, fd);
  channels.push(channel);
  await channel.send(word);
  return channel;
}

const answerOf = async (channel: FdChannel): Promise<FromOld | undefined> =>
  (await channel.next<FromOld>(60_000))?.body;

it('withdraws from a new server that is silent, and answers the next one', async () => {
  giver.close();
  giver = open(50);
  for (let i = 0; i < 2; i++) {
    const channel = await send({ say: 'take_over', version: 1 });
    expect(await answerOf(channel)).toEqual({ say: 'sockets', sockets: [], hasOwn: true });
    expect(giver.isShared).toBe(true);
    expect(await answerOf(channel)).toMatchObject({ say: 'withdrawn' });
    expect(await answerOf(channel)).toBeUndefined();
    expect(giver.isShared).toBe(false);
  }
  expect(replaced).toBe(0);
  expect(lines.filter((line) => line.includes('continuing'))).toHaveLength(2);
});

it('is replaced once, by the first that receives', async () => {
  const channel = await send({ say: 'take_over', version: 1 });
  await answerOf(channel);
  const other = await send({ say: 'take_over', version: 1 });
  expect(await answerOf(other)).toMatchObject({
    say: 'withdrawn',
    reason: expect.stringContaining('another'),
    retry: true,
  });
  const word: FromNew = { say: 'receiving', taken: [] };
  await channel.send(word);
  await expect.poll(() => replaced).toBe(1);
  // Its socket is the next server's, who answers whoever has connected meanwhile.
  const third = await send({ say: 'take_over', version: 1 });
  expect((await third.next<FromOld>(50))?.body).toBeUndefined();
});

it('speaks with its own version only', async () => {
  const channel = await send({ say: 'take_over', version: 99 });
  expect(await answerOf(channel)).toMatchObject({ reason: expect.stringContaining('version 1') });
});

it('has nothing to say to who asks for something else', async () => {
  expect(await answerOf(await send({ say: 'receiving', taken: [7] }))).toBeUndefined();
  expect(replaced).toBe(0);
});

it('gives its own socket along, so that the next server answers who has asked meanwhile', async () => {
  const channel = await send({ say: 'take_over', version: 1 });
  const answer = await channel.next<FromOld>(60_000);
  const fd = answer?.fds[0] as number;
  await channel.send({ say: 'receiving', taken: [] });
  await expect.poll(() => replaced).toBe(1);
  const third = await send({ say: 'take_over', version: 1 });
  giver.close();
  const path = join(folder, 's');
  giver = new HotRestartGiver({
    ...{ libc, path, fd, listeners: () => [], onReplaced: () => undefined, startMs: 50 },
    log: makeLogger('info', { write: () => undefined }),
  });
  giver.ready = false;
  expect(await answerOf(third)).toMatchObject({ say: 'withdrawn', retry: true });
  giver.ready = true;
  expect(await answerOf(await send({ say: 'take_over', version: 1 }))).toMatchObject({ say: 'sockets' });
});

it('has its file bound again when it is removed', async () => {
  const path = join(folder, 's');
  expect(giver.look()).toEqual({ state: 'fine' });
  rmSync(path);
  expect(giver.look()).toMatchObject({ state: 'restored' });
  expect(giver.look()).toEqual({ state: 'fine' });
  expect(await answerOf(await send({ say: 'take_over', version: 1 }))).toMatchObject({ say: 'sockets' });
});
