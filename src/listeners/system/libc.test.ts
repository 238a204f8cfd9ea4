import { afterEach, describe, expect, it } from 'vitest';
import { MSG_TRUNC } from '../../model/core-border.ts';
import {
  EAGAIN,
  errnoName,
  loadLibc,
  MSG_DONTWAIT,
  MSG_WAITFORONE,
  SCM_CREDENTIALS,
  SO_PASSCRED,
  SO_RCVBUF,
  SO_RCVTIMEO,
  SOCK_DGRAM,
  SOL_SOCKET,
  SystemCallError,
} from './libc.ts';
import { MessageVector } from './message-vector.ts';
import { AF_INET, AF_UNIX, sockaddrInet4, sockaddrUnix } from './sockaddr.ts';

describe.runIf(process.platform === 'linux')('libc', () => {
  const opened: number[] = [];
  const abstractPath = `@whippet-libc-test-${process.pid}`;
  const open = (domain: number): number => {
    const fd = loadLibc().socket(domain, SOCK_DGRAM);
    opened.push(fd);
    return fd;
  };
  afterEach(() => {
    for (const fd of opened.splice(0)) loadLibc().close(fd);
  });

  it('sends and receives batches over UDP, and tells a datagram that was cut', () => {
    const libc = loadLibc();
    const receiver = open(AF_INET);
    libc.bind(receiver, sockaddrInet4('127.0.0.1', 0));
    const name = libc.getSocketName(receiver);
    if (name.family !== 'inet') throw new Error('an IPv4 socket has an IPv4 name');
    const sender = open(AF_INET);
    libc.connect(sender, sockaddrInet4('127.0.0.1', name.port));

    const sent = Buffer.from('onetwothreefour');
    const out = new MessageVector(libc, 3);
    out.setBuffer(0, libc.address(sent), 3);
    out.setBuffer(1, libc.address(sent) + 3, 3);
    out.setBuffer(2, libc.address(sent) + 6, 9);
    expect(libc.sendmmsg(sender, out.headers, 3, 0)).toBe(3);
    expect([0, 1, 2].map((i) => out.length(i))).toEqual([3, 3, 9]);

    const slots = Buffer.alloc(4 * 8);
    const received = new MessageVector(libc, 4);
    for (let i = 0; i < 4; i++) received.setBuffer(i, libc.address(slots) + 8 * i, 8);
    expect(libc.recvmmsg(receiver, received.headers, 4, MSG_WAITFORONE)).toBe(3);
    expect(slots.toString('latin1', 0, 3)).toBe('one');
    expect(slots.toString('latin1', 8, 11)).toBe('two');
    expect(slots.toString('latin1', 16, 24)).toBe('threefou');
    expect([0, 1, 2].map((i) => received.flags(i) & MSG_TRUNC)).toEqual([0, 0, MSG_TRUNC]);
    expect(libc.recvmmsg(receiver, received.headerAt(1), 3, MSG_DONTWAIT)).toBe(-EAGAIN);
  });

  it('receives into shared memory and reads credentials on a Unix socket', () => {
    const libc = loadLibc();
    const receiver = open(AF_UNIX);
    libc.setOption(receiver, SOL_SOCKET, SO_PASSCRED, 1);
    libc.bind(receiver, sockaddrUnix(abstractPath));
    const sender = open(AF_UNIX);
    const bytes = Buffer.from('hello');
    expect(libc.sendTo(sender, libc.address(bytes), 5, 0, sockaddrUnix(abstractPath))).toBe(5);
    libc.connect(sender, sockaddrUnix(abstractPath));
    expect(libc.send(sender, libc.address(bytes), 5, MSG_DONTWAIT)).toBe(5);

    const slot = new Uint8Array(new SharedArrayBuffer(16), 8);
    const control = new DataView(new ArrayBuffer(64));
    const vector = new MessageVector(libc, 1);
    vector.setBuffer(0, libc.address(slot), 8);
    vector.setControl(0, libc.address(control), 64);
    expect(libc.recvmmsg(receiver, vector.headers, 1, 0)).toBe(1);
    expect(Buffer.from(slot.subarray(0, vector.length(0))).toString()).toBe('hello');
    // cmsghdr: length u64 | level i32 | type i32 | pid i32 | uid i32 | gid i32
    expect(vector.controlLength(0)).toBe(32);
    expect([control.getInt32(8, true), control.getInt32(12, true)]).toEqual([SOL_SOCKET, SCM_CREDENTIALS]);
    expect(control.getInt32(16, true)).toBe(process.pid);
  });

  it('stops waiting after the receive timeout', () => {
    const libc = loadLibc();
    const fd = open(AF_INET);
    libc.bind(fd, sockaddrInet4('127.0.0.1', 0));
    libc.setTimeout(fd, SO_RCVTIMEO, 20);
    const vector = new MessageVector(libc, 1);
    const startedAt = performance.now();
    expect(libc.recvmmsg(fd, vector.headers, 1, MSG_WAITFORONE)).toBe(-EAGAIN);
    expect(performance.now() - startedAt).toBeGreaterThan(15);
  });

  it('sets and reads integer options', () => {
    const libc = loadLibc();
    const fd = open(AF_INET);
    libc.setOption(fd, SOL_SOCKET, SO_RCVBUF, 50_000);
    // The kernel doubles the value to leave room for its own bookkeeping.
    expect(libc.getOption(fd, SOL_SOCKET, SO_RCVBUF)).toBe(100_000);
  });

  it('throws set-up errors with the name of the error and of the call', () => {
    const libc = loadLibc();
    const thrown = ((): unknown => {
      try {
        libc.bind(open(AF_UNIX), sockaddrUnix('/no-such-directory/a.sock'));
      } catch (error) {
        return error;
      }
    })();
    expect(thrown).toBeInstanceOf(SystemCallError);
    expect(thrown).toMatchObject({ code: 'ENOENT', errno: 2, syscall: 'bind' });
    expect(() => libc.connect(open(AF_UNIX), sockaddrUnix(`${abstractPath}-nobody`))).toThrow('ECONNREFUSED');
    expect(errnoName(98)).toBe('EADDRINUSE');
  });
});
