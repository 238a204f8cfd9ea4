import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { FdChannel } from '../intake/fd-channel.ts';
import { loadLibc, SOCK_STREAM } from '../intake/libc.ts';
import { AF_UNIX, sockaddrUnix } from '../intake/sockaddr.ts';
import { makeLogger } from '../telemetry/logger.ts';
import { HandOverGiver } from './hand-over-giver.ts';
import type { FromNew, FromOld } from './hand-over-words.ts';

const libc = loadLibc();
let folder: string;
let lines: string[];
let replaced: number;
let giver: HandOverGiver;
const channels: FdChannel[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'whippet-giver-'));
  lines = [];
  replaced = 0;
  giver = new HandOverGiver({
    ...{ libc, path: join(folder, 's'), listeners: () => [], startMs: 50 },
    log: makeLogger('info', { write: (line: string) => lines.push(line) }),
    onReplaced: () => replaced++,
  });
});
afterEach(() => {
  for (const channel of channels.splice(0)) channel.close();
  giver.close();
  rmSync(folder, { recursive: true, force: true });
});

async function say(word: FromNew): Promise<FdChannel> {
  const fd = libc.socket(AF_UNIX, SOCK_STREAM);
  libc.connect(fd, sockaddrUnix(join(folder, 's')));
  const channel = new FdChannel(libc, fd);
  channels.push(channel);
  await channel.send(word);
  return channel;
}

const answerOf = async (channel: FdChannel): Promise<FromOld | undefined> =>
  (await channel.next<FromOld>(5000))?.body;

it('withdraws from a new server that is silent, and answers the next one', async () => {
  for (let i = 0; i < 2; i++) {
    const channel = await say({ say: 'take_over', version: 1 });
    expect(await answerOf(channel)).toEqual({ say: 'sockets', sockets: [] });
    expect(giver.isShared).toBe(true);
    expect(await answerOf(channel)).toMatchObject({ say: 'withdrawn' });
    expect(await answerOf(channel)).toBeUndefined();
    expect(giver.isShared).toBe(false);
  }
  expect(replaced).toBe(0);
  expect(lines.filter((line) => line.includes('going on'))).toHaveLength(2);
});

it('is replaced once, by the first that receives', async () => {
  const channel = await say({ say: 'take_over', version: 1 });
  await answerOf(channel);
  const other = await say({ say: 'take_over', version: 1 });
  expect(await answerOf(other)).toMatchObject({
    say: 'withdrawn',
    reason: expect.stringContaining('another'),
  });
  const word: FromNew = { say: 'receiving', taken: [] };
  await channel.send(word);
  await expect.poll(() => replaced).toBe(1);
  expect(await answerOf(await say({ say: 'take_over', version: 1 }))).toMatchObject({ say: 'withdrawn' });
});

it('speaks with its own version only', async () => {
  const channel = await say({ say: 'take_over', version: 99 });
  expect(await answerOf(channel)).toMatchObject({ reason: expect.stringContaining('version 1') });
});

it('has nothing to say to who asks for something else', async () => {
  expect(await answerOf(await say({ say: 'receiving', taken: [7] }))).toBeUndefined();
  expect(replaced).toBe(0);
});
