/**
 * A server that takes another one's place while clients send: nothing is lost, and clients notice nothing.
 */

import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { FdChannel } from '../../src/listeners/system/fd-channel.ts';
import { loadLibc, SOCK_STREAM } from '../../src/listeners/system/libc.ts';
import { AF_UNIX, sockaddrUnix } from '../../src/listeners/system/sockaddr.ts';
import type { FromNew, Sockets } from '../../src/server/hot-restart/messages.ts';
import { frame } from '../support/packets.ts';
import { runWhippet } from '../support/processes/command.ts';
import { Load } from '../support/processes/load.ts';
import { ServerProcess } from '../support/processes/server-process.ts';

const libc = loadLibc();
/** How long a server may take to answer. */
const WAIT_MS = 60_000;
const servers: ServerProcess[] = [];
let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'whippet-hand-over-'));
  path = join(folder, 'dispatch');
});
afterEach(async () => {
  for (const server of servers.splice(0)) await server.dispose();
  rmSync(folder, { recursive: true, force: true });
});

type Settings = Readonly<Record<string, string | number | boolean>>;

async function start(set: Settings = {}): Promise<ServerProcess> {
  const all = { 'hot_restart.socket': path, dogstatsd_tcp_port: 0, ...set };
  const server = await ServerProcess.start({ unix: true, stream: true, set: all });
  servers.push(server);
  return server;
}

/** The keys with which a server listens where `server` does. */
const placeOf = (server: ServerProcess): Settings => ({
  dogstatsd_port: server.udpPort,
  dogstatsd_socket: server.socketPath,
  dogstatsd_stream_socket: server.streamPath,
  dogstatsd_tcp_port: server.tcpPort,
  'http.port': server.httpPort,
});

const total = (metric: string): number => servers.reduce((sum, server) => sum + server.total(metric), 0);

async function connectTo(to: string | number): Promise<Socket> {
  const socket = typeof to === 'number' ? connect(to, '127.0.0.1') : connect(to);
  await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  return socket;
}

it('loses nothing over UDP, Unix datagram and Unix stream, twice in a row under load', async () => {
  const first = await start();
  const files = [first.socketPath, first.streamPath].map((file) => statSync(file));
  const half = frame('half.frame:1|c');
  const stream = await connectTo(first.streamPath);
  const tcp = await connectTo(first.tcpPort);
  const cut = await connectTo(first.tcpPort);
  stream.write(half.subarray(0, 9));
  tcp.write('half.li');
  // A line that is too long, and within it.
  cut.write('x'.repeat(100_000));
  const load = new Load(first);
  await first.until(() => total('load.stream') > 0, 'load arrives');
  let last = first;
  for (let i = 0; i < 2; i++) {
    const before = last;
    last = await start(placeOf(first));
    expect(await before.end()).toBe(0);
    expect(before.log).toContainEqual(expect.objectContaining({ msg: 'handed over to the next server' }));
    expect(last.log).toContainEqual(
      expect.objectContaining({ msg: 'listening', address: first.socketPath, passedOn: true }),
    );
  }
  const so = total('load.gram');
  await last.until(() => total('load.gram') > so + 200, 'load goes on');
  await load.stop();
  stream.end(half.subarray(9));
  tcp.end('ne:1|c\n');
  cut.end('y:1|c\nhalf.cut:1|c\n');
  await last.until(
    () => total('half.frame') + total('half.line') + total('half.cut') === 3,
    'the halves are whole',
  );
  const [passed] = last.log.filter(({ msg }) => msg === 'took over from the previous server');
  expect(passed?.connections).toBeGreaterThanOrEqual(11);
  expect([first.socketPath, first.streamPath].map((file) => statSync(file).ino)).toEqual(
    files.map(({ ino }) => ino),
  );
  expect(await last.stop()).toBe(0);
  expect({
    udp: total('load.udp'),
    gram: total('load.gram'),
    stream: total('load.stream'),
  }).toEqual(load.sent);
  // The last one has the files for its own.
  expect([first.socketPath, path].map((file) => existsSync(file))).toEqual([false, false]);
});

it('lets servers that are started at the same moment follow one another', async () => {
  const first = await start();
  const place = placeOf(first);
  // None waits for another to be ready; each takes the place of whoever has it then.
  const others = await Promise.all([start(place), start(place), start(place)]);
  const ended = (server: ServerProcess): boolean => server.hasEnded;
  await others[0]?.until(() => [first, ...others].filter(ended).length === 3, 'three have ended');
  const [last] = others.filter((server) => !server.hasEnded) as [ServerProcess];
  first.send('unix', ['last.one:1|c']);
  await last.until(() => last.total('last.one') === 1, 'it receives');
  expect(await last.stop()).toBe(0);
  for (const server of [first, ...others]) expect(await server.end()).toBe(0);
});

it('waits for a server that has the sockets and cannot be asked yet', async () => {
  const place = { dogstatsd_socket: join(folder, 's') };
  const both = await Promise.all([start(place), start(place)]);
  await both[0].until(() => both.filter((server) => server.hasEnded).length === 1, 'one has ended');
  const [last] = both.filter((server) => !server.hasEnded) as [ServerProcess];
  expect(existsSync(place.dogstatsd_socket)).toBe(true);
  expect(await last.stop()).toBe(0);
});

it('goes on as if nothing had happened when the new server dies before it receives', async () => {
  const first = await start();
  expect(statSync(path).mode & 0o777).toBe(0o600);
  for (let i = 0; i < 2; i++) {
    const fd = libc.socket(AF_UNIX, SOCK_STREAM);
    libc.connect(fd, sockaddrUnix(path));
    const channel = new FdChannel(libc, fd);
    const word: FromNew = { say: 'take_over', version: 1 };
    await channel.send(word);
    const answer = await channel.next<Sockets>(WAIT_MS);
    expect(answer?.body.sockets.map(({ kind }) => kind)).toEqual(['unixgram', 'unix', 'udp', 'tcp']);
    for (const given of answer?.fds ?? []) libc.close(given);
    channel.close();
    const goesOn = (): number => first.log.filter(({ msg }) => msg.endsWith('continuing')).length;
    await first.until(() => goesOn() === i + 1, 'it goes on');
  }
  first.send('unix', ['still.here:1|c']);
  await first.until(() => first.total('still.here') === 1, 'it receives');
  expect(await first.stop()).toBe(0);
  expect(existsSync(first.socketPath)).toBe(false);
});

it('goes on when the new server cannot start, and keeps its files', async () => {
  const first = await start();
  const set = {
    ...placeOf(first),
    'hot_restart.socket': path,
    'outputs.file.path': join(folder, 'no', 'file'),
  };
  const args = Object.entries(set).flatMap(([key, value]) => ['--set', `${key}=${value}`]);
  const end = await runWhippet(args);
  expect(end).toMatchObject({ code: 1, stderr: expect.stringContaining('ERR_FILE_OUTPUT_OPEN') });
  await first.until(() => first.log.some(({ msg }) => msg.endsWith('continuing')), 'it goes on');
  first.send('unix', ['still.here:1|c']);
  await first.until(() => first.total('still.here') === 1, 'it receives');
  expect(existsSync(first.socketPath)).toBe(true);
});

it('drains and removes what the new server is not configured for', async () => {
  const first = await start();
  const last = await start({ ...placeOf(first), dogstatsd_socket: join(folder, 'another') });
  expect(await first.end()).toBe(0);
  expect(existsSync(first.socketPath)).toBe(false);
  expect(existsSync(first.streamPath)).toBe(true);
  const listening = last.log.filter(({ msg }) => msg === 'listening');
  expect(listening.map(({ listener, passedOn }) => [listener, passedOn])).toEqual([
    ['unixgram', undefined],
    ['unix', true],
    ['udp', true],
    ['tcp', true],
  ]);
});

it('starts as always when the server before is dead', async () => {
  const first = await start();
  await first.stop('SIGKILL');
  expect(existsSync(path)).toBe(true);
  const last = await start(placeOf(first));
  expect(last.log.some(({ msg }) => msg.includes('took over'))).toBe(false);
  expect(await last.stop()).toBe(0);
  expect(existsSync(path)).toBe(false);
});

it('refuses to start when a server answers that does not hand over', async () => {
  await start();
  const fd = libc.socket(AF_UNIX, SOCK_STREAM);
  libc.connect(fd, sockaddrUnix(path));
  const channel = new FdChannel(libc, fd);
  const word: FromNew = { say: 'take_over', version: 1 };
  await channel.send(word);
  await channel.next(WAIT_MS);
  // Somebody else is being handed the sockets at this moment.
  const end = await runWhippet(['--http-port', '0', '--port', '0', '--set', `hot_restart.socket=${path}`]);
  expect(end).toMatchObject({ code: 1, stderr: expect.stringContaining('ERR_LISTEN_HOT_RESTART') });
  expect(end.stderr).toContain('hot_restart.socket');
  channel.close();
});
