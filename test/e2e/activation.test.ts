/**
 * Sockets that another process has opened, as systemd does, and a server that is started with them.
 */
import { mkdtempSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { FrameSender } from '../../bench/send-frames.ts';
import { loadLibc, SOCK_DGRAM, SOCK_NONBLOCK, SOCK_STREAM } from '../../src/listeners/system/libc.ts';
import { BatchSender } from '../../src/listeners/system/send-batch.ts';
import { AF_INET, AF_UNIX, sockaddrInet, sockaddrUnix } from '../../src/listeners/system/sockaddr.ts';
import { packetsOf } from '../support/packets.ts';
import { type PassedSocket, runWhippet } from '../support/processes/command.ts';
import { withServer } from '../support/processes/server-process.ts';

const libc = loadLibc();
const fds: number[] = [];
let folder: string;
let gram: string;
let stream: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'whippet-activation-'));
  gram = join(folder, 'gram');
  stream = join(folder, 'stream');
});
afterEach(() => {
  for (const fd of fds.splice(0)) libc.close(fd);
  rmSync(folder, { recursive: true, force: true });
});

function socketOf(domain: number, type: number, address: Uint8Array): number {
  const fd = libc.socket(domain, type);
  fds.push(fd);
  libc.bind(fd, address);
  if ((type & 3) === SOCK_STREAM) libc.listen(fd, 64);
  return fd;
}

const anyPort = sockaddrInet('127.0.0.1', 0);
const portOf = (fd: number): number => {
  const name = libc.getSocketName(fd);
  return 'port' in name ? name.port : 0;
};
const sendUdp = (port: number, packet: string): void => {
  const sender = new BatchSender({ kind: 'udp', host: '127.0.0.1', port });
  sender.send(packetsOf([packet]));
  sender.close();
};

it('receives from sockets of every kind that it is started with, and from what came before it', async () => {
  // systemd makes its sockets so that calls do not wait.
  const udp = socketOf(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, anyPort);
  const second = socketOf(AF_INET, SOCK_DGRAM, anyPort);
  const tcp = socketOf(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, anyPort);
  const sockets: PassedSocket[] = [
    { fd: udp, name: 'udp' },
    { fd: second, name: 'whippet.socket' },
    { fd: socketOf(AF_UNIX, SOCK_DGRAM, sockaddrUnix(gram)), name: 'unixgram' },
    { fd: socketOf(AF_UNIX, SOCK_STREAM, sockaddrUnix(stream)), name: 'whippet.socket' },
    { fd: tcp, name: 'tcp' },
  ];
  sendUdp(portOf(udp), 'in.udp:1|c');
  const files = [gram, stream].map((path) => statSync(path));
  await withServer({ sockets, set: { dogstatsd_socket: join(folder, 'not-this-one') } }, async (server) => {
    sendUdp(portOf(second), 'in.udp:2|c');
    const packets = new BatchSender({ kind: 'unix', path: gram });
    packets.send(packetsOf(['in.gram:1|c']));
    packets.close();
    const frames = new FrameSender(stream);
    frames.send(packetsOf(['in.stream:1|c']));
    frames.close();
    connect(portOf(tcp), '127.0.0.1').end('in.tcp:1|c\n');
    for (const [metric, want] of Object.entries({ udp: 3, gram: 1, stream: 1, tcp: 1 }))
      await server.until(() => server.total(`in.${metric}`) === want, metric);
    const listening = server.log.filter(({ msg }) => msg === 'listening');
    expect(listening.map(({ listener, address, inherited }) => [listener, address, inherited])).toEqual([
      ['unixgram', gram, true],
      ['unix', stream, true],
      ['udp', `127.0.0.1:${portOf(udp)}`, true],
      ['udp', `127.0.0.1:${portOf(second)}`, true],
      ['tcp', `127.0.0.1:${portOf(tcp)}`, true],
    ]);
    expect(server.log).toContainEqual(
      expect.objectContaining({
        listener: 'unixgram',
        msg: 'using the inherited sockets instead of the configured one',
      }),
    );
    expect(await server.stop()).toBe(0);
  });
  // They are its giver's: neither removed nor changed, and what comes now waits for the next server.
  for (const [i, path] of [gram, stream].entries())
    expect(statSync(path)).toMatchObject({ ino: files[i]?.ino, mode: files[i]?.mode });
  sendUdp(portOf(udp), 'in.udp:4|c');
  await withServer({ sockets: sockets.slice(0, 1) }, async (server) => {
    await server.until(() => server.total('in.udp') === 4, 'what came between two servers');
  });
});

it.each([
  ['a file', () => openSync('/dev/null', 'r'), 'udp', 'it is no socket'],
  [
    'a socket of another kind than its name',
    () => socketOf(AF_INET, SOCK_DGRAM, anyPort),
    'unix',
    'its name says unix, and it is udp',
  ],
])('ends with an error when it is started with %s', async (_, open, name, reason) => {
  const fd = open();
  const end = await runWhippet(['--port', '0', '--http-port', '0'], { sockets: [{ fd, name }] });
  expect(end).toMatchObject({ code: 1, stderr: expect.stringContaining('ERR_LISTEN_INHERITED') });
  expect(end.stderr).toContain(`inherited descriptor 3 (${name}): ${reason}`);
});

it('is unhealthy and says the remedy once while the file of a socket that somebody else keeps is gone', async () => {
  const second = join(folder, 'second');
  const sockets: PassedSocket[] = [gram, second].map((path) => ({
    fd: socketOf(AF_UNIX, SOCK_DGRAM, sockaddrUnix(path)),
    name: 'unixgram',
  }));
  await withServer({ sockets }, async (server) => {
    expect((await server.get('/health')).status).toBe(200);
    renameSync(gram, join(folder, 'away'));
    await server.until(async () => (await server.get('/health')).status === 503, 'it is unhealthy');
    const { text } = await server.get('/health');
    expect(text).toContain(gram);
    expect(text).toContain('restart the socket unit');
    expect(text).not.toContain(second);
    renameSync(join(folder, 'away'), gram);
    await server.until(async () => (await server.get('/health')).status === 200, 'it is healthy again');
    const said = server.log.filter(({ path, level }) => path === gram && level === 50);
    expect(said.map(({ part }) => part)).toEqual(['listener unixgram']);
  });
});
