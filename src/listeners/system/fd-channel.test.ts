import { closeSync, fstatSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { FdChannel } from './fd-channel.ts';
import { loadLibc, SOCK_STREAM } from './libc.ts';
import { AF_UNIX, sockaddrUnix } from './sockaddr.ts';

const libc = loadLibc();
let folder: string;
let server: Server;
let sockets: Socket[];
let left: FdChannel;
let right: FdChannel;
let raw: number;
const opened: number[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'whippet-fds-'));
  sockets = [];
  const path = join(folder, 's');
  const accepted = new Promise<Socket>((resolve) => {
    server = createServer({ pauseOnConnect: true }, (socket) => {
      sockets.push(socket);
      resolve(socket);
    });
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  raw = libc.socket(AF_UNIX, SOCK_STREAM);
  libc.connect(raw, sockaddrUnix(path));
  left = new FdChannel(libc, raw);
  const handle = (await accepted) as unknown as { readonly _handle: { readonly fd: number } };
  right = new FdChannel(libc, libc.duplicate(handle._handle.fd));
  for (const socket of sockets) socket.destroy();
});
afterEach(() => {
  left.close();
  right.close();
  server.close();
  for (const fd of opened.splice(0)) closeSync(fd);
  rmSync(folder, { recursive: true, force: true });
});

const openFile = (): number => {
  const fd = openSync(import.meta.filename, 'r');
  opened.push(fd);
  return fd;
};

it('carries messages with their descriptors, in order, however many come at once', async () => {
  const file = openFile();
  const { ino } = fstatSync(file);
  for (let i = 0; i < 50; i++)
    await left.send(
      { i },
      Array.from({ length: i % 5 }, () => file),
    );
  for (let i = 0; i < 50; i++) {
    const message = await right.next<{ i: number }>(1000);
    expect(message?.body).toEqual({ i });
    expect(message?.fds).toHaveLength(i % 5);
    for (const fd of message?.fds ?? []) {
      expect(fstatSync(fd).ino).toBe(ino);
      closeSync(fd);
    }
  }
});

it('carries a message that is longer than the socket holds at once', async () => {
  const file = openFile();
  const text = 'x'.repeat(900_000);
  const sent = left.send({ text }, [file, file]);
  const message = await right.next<{ text: string }>(5000);
  expect(await sent).toBe(true);
  expect(message?.body.text).toBe(text);
  expect(message?.fds).toHaveLength(2);
  for (const fd of message?.fds ?? []) closeSync(fd);
});

it('knows the user at the other end', () => {
  expect(right.peerUid).toBe(process.getuid?.());
});

it('waits no longer than it is told', async () => {
  expect(await right.next(20)).toBeUndefined();
});

it('notices that the other end is gone, after what it had sent', async () => {
  await left.send({ last: true });
  left.close();
  expect((await right.next(1000))?.body).toEqual({ last: true });
  expect(await right.next(10_000)).toBeUndefined();
  expect(await right.send({})).toBe(false);
  left = new FdChannel(libc, libc.socket(AF_UNIX, SOCK_STREAM));
});

it.each([
  ['what is no JSON', Buffer.from([1, 0, 0, 0, 0, 0, 0, 0, 0x7b])],
  ['a message that is too long', Buffer.from([0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0])],
  ['more descriptors than allowed', Buffer.from([2, 0, 0, 0, 0xff, 0, 0, 0, 0x7b, 0x7d])],
])('takes %s for the end', async (_, bytes) => {
  libc.send(raw, libc.address(bytes), bytes.length, 0);
  expect(await right.next(10_000)).toBeUndefined();
});
