import { mkdtempSync, openSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EAGAIN, loadLibc, SO_RCVTIMEO, SOCK_DGRAM, SOCK_NONBLOCK, SOCK_STREAM } from '../system/libc.ts';
import { MessageVector } from '../system/message-vector.ts';
import { AF_UNIX, sockaddrInet, sockaddrUnix } from '../system/sockaddr.ts';
import { openInherited, takeInheritedSockets } from './inherited-sockets.ts';
import type { OpenListener } from './open-listener.ts';
import type { ListenOptions } from './open-listeners.ts';

const AF_INET = 2;
const AF_NETLINK = 16;
const SOCK_SEQPACKET = 5;
const libc = loadLibc();
const fds: number[] = [];
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'whippet-inherit-'));
});
afterEach(() => {
  for (const fd of fds.splice(0)) libc.close(fd);
  rmSync(folder, { recursive: true, force: true });
});

const options: ListenOptions = {
  ...{
    dogstatsd_port: 8125,
    dogstatsd_socket: '',
    udpSockets: 1,
    portable: false,
    dogstatsd_require_listener: 'all',
  },
  ...{ dogstatsd_stream_socket: '', dogstatsd_pipe_name: '', dogstatsd_tcp_port: -1 },
  dogstatsd_tcp_tls: { cert_file: '', key_file: '', ca_file: '', require_client_cert: false },
  ...{ bind_host: '127.0.0.1', dogstatsd_non_local_traffic: false },
  ...{ dogstatsd_so_rcvbuf: 0, dogstatsd_eol_required: [] },
};

function socketOf(domain: number, type: number, address?: Uint8Array, listens = false): number {
  const fd = libc.socket(domain, type);
  fds.push(fd);
  if (address !== undefined) libc.bind(fd, address);
  if (listens) libc.listen(fd, 8);
  return fd;
}

const anyPort = sockaddrInet('127.0.0.1', 0);
const path = (name: string): string => join(folder, name);
const adopt = (fd: number, label = ''): OpenListener =>
  openInherited(libc, [{ fd, label, origin: `inherited descriptor ${fd}` }], options)[0] as OpenListener;

describe('the variables', () => {
  it('name sockets from descriptor 3 on, and are removed', () => {
    const env = { LISTEN_PID: '42', LISTEN_FDS: '2', LISTEN_FDNAMES: 'udp:whippet.socket', OTHER: '1' };
    expect(takeInheritedSockets(env, 42)).toMatchObject([
      { fd: 3, label: 'udp' },
      { fd: 4, label: 'whippet.socket' },
    ]);
    expect(env).toEqual({ OTHER: '1' });
  });

  it('may have no names', () => {
    expect(takeInheritedSockets({ LISTEN_PID: '42', LISTEN_FDS: '1' }, 42)).toMatchObject([
      { fd: 3, label: '' },
    ]);
  });

  it('are removed and not used when they are for another process', () => {
    const env = { LISTEN_PID: '41', LISTEN_FDS: '2' };
    expect(takeInheritedSockets(env, 42)).toEqual([]);
    expect(env).toEqual({});
  });

  it('need not be there', () => expect(takeInheritedSockets({}, 42)).toEqual([]));

  it.each(['', 'two', '-1', '65'])('must count the sockets: LISTEN_FDS=%j is an error', (fds) => {
    expect(() => takeInheritedSockets({ LISTEN_PID: '42', LISTEN_FDS: fds }, 42)).toThrow(
      expect.objectContaining({ code: 'ERR_LISTEN_INHERITED' }),
    );
  });
});

describe('a socket', () => {
  it.each([
    ['udp', () => socketOf(AF_INET, SOCK_DGRAM, anyPort), ''],
    ['unixgram', () => socketOf(AF_UNIX, SOCK_DGRAM, sockaddrUnix(path('s'))), 'whippet.socket'],
    ['tcp', () => socketOf(AF_INET, SOCK_STREAM, anyPort, true), 'unknown'],
    ['unix', () => socketOf(AF_UNIX, SOCK_STREAM, sockaddrUnix(path('s')), true), 'unix'],
    ['named_pipe', () => socketOf(AF_UNIX, SOCK_STREAM, sockaddrUnix(path('s')), true), 'named_pipe'],
    ['udp', () => socketOf(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, anyPort), 'udp'],
  ] as const)('is taken for %s', (kind, open, label) => {
    expect(adopt(open(), label)).toMatchObject({ kind, inherited: true });
  });

  it('waits in its receives, whatever its giver has set', () => {
    const { listener } = adopt(socketOf(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, anyPort));
    const fd = 'fd' in listener ? listener.fd : -1;
    libc.setTimeout(fd, SO_RCVTIMEO, 50);
    const vector = new MessageVector(libc, 1);
    const before = performance.now();
    expect(libc.recvmmsg(fd, vector.headers, 1, 0)).toBe(-EAGAIN);
    expect(performance.now() - before).toBeGreaterThan(40);
  });

  it('keeps its file when it is closed', () => {
    const fd = socketOf(AF_UNIX, SOCK_DGRAM, sockaddrUnix(path('s')));
    const before = statSync(path('s'));
    adopt(fd).close();
    fds.splice(0);
    expect(statSync(path('s'))).toMatchObject({ ino: before.ino, mode: before.mode });
  });

  it.each([
    [
      'a file',
      () => fds.push(openSync(import.meta.filename, 'r')) && (fds.at(-1) as number),
      '',
      'it is no socket',
    ],
    ['a descriptor that is not open', () => 999, '', 'it is not open'],
    ['netlink', () => socketOf(AF_NETLINK, SOCK_DGRAM), '', 'address family 16'],
    [
      'a socket for sequences',
      () => socketOf(AF_UNIX, SOCK_SEQPACKET, sockaddrUnix(path('s'))),
      '',
      'type is 5',
    ],
    ['a stream that does not listen', () => socketOf(AF_INET, SOCK_STREAM, anyPort), 'tcp', 'Accept=no'],
    ['a UDP socket without a port', () => socketOf(AF_INET, SOCK_DGRAM), '', 'not bound to a port'],
    ['a Unix socket without a path', () => socketOf(AF_UNIX, SOCK_DGRAM), '', 'not bound to a path'],
    [
      'a socket of another kind than its name',
      () => socketOf(AF_INET, SOCK_DGRAM, anyPort),
      'unix',
      'it is udp',
    ],
  ])('is refused when it is %s', (_, open, label, reason) => {
    expect(() => adopt(open(), label)).toThrow(
      expect.objectContaining({ code: 'ERR_LISTEN_INHERITED', message: expect.stringContaining(reason) }),
    );
  });

  it('needs system calls', () => {
    const given = [{ fd: 3, label: '', origin: 'x' }];
    expect(() => openInherited(undefined, given, options)).toThrow(
      expect.objectContaining({ code: 'ERR_LISTEN_UNSUPPORTED' }),
    );
  });
});
