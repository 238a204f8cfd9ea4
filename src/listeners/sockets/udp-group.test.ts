import { afterEach, describe, expect, it } from 'vitest';
import {
  loadLibc,
  MSG_DONTWAIT,
  SO_REUSEPORT,
  SOCK_DGRAM,
  SOL_SOCKET,
  SystemCallError,
} from '../system/libc.ts';
import { MessageVector } from '../system/message-vector.ts';
import { AF_INET, sockaddrInet } from '../system/sockaddr.ts';
import { type OpenSocket, openUdpSocket } from './port-socket.ts';
import { openBeside } from './udp-group.ts';

const libc = loadLibc();
const open: number[] = [];
afterEach(() => {
  for (const fd of open.splice(0)) libc.close(fd);
});

const at = (port: number, host = '127.0.0.1', allInterfaces = false) => ({ host, port, allInterfaces });

async function openGroup(count: number, address = at(0)): Promise<OpenSocket[]> {
  const first = await openUdpSocket(libc, address, 0);
  const group = [first, ...openBeside(libc, first, count, 0)];
  open.push(...group.map(({ fd }) => fd));
  return group;
}

/** Sends `packets` datagrams from a socket of its own. */
function sendFrom(port: number, packets: number): void {
  const fd = libc.socket(AF_INET, SOCK_DGRAM);
  const byte = Uint8Array.of(1);
  for (let i = 0; i < packets; i++)
    libc.sendTo(fd, libc.address(byte), 1, 0, sockaddrInet('127.0.0.1', port));
  libc.close(fd);
}

/** How many datagrams wait in each socket; takes them. */
function received(group: readonly OpenSocket[]): number[] {
  const vector = new MessageVector(libc, 64);
  const bytes = new Uint8Array(64);
  for (let i = 0; i < 64; i++) vector.setBuffer(i, libc.address(bytes) + i, 1);
  return group.map(({ fd }) => Math.max(0, libc.recvmmsg(fd, vector.headers, 64, MSG_DONTWAIT)));
}

describe('a group of UDP sockets', () => {
  it('is at one address, each with the receive buffer of the first', async () => {
    const group = await openGroup(3);
    expect(new Set(group.map(({ fd }) => fd)).size).toBe(3);
    expect(new Set(group.map(({ name }) => name)).size).toBe(1);
    expect(new Set(group.map(({ receiveBufferBytes }) => receiveBufferBytes)).size).toBe(1);
  });

  it('keeps the packets of a client together', async () => {
    const group = await openGroup(4);
    for (let client = 0; client < 20; client++) {
      sendFrom(group[0]?.port ?? 0, 5);
      expect(received(group).sort()).toEqual([0, 0, 0, 5]);
    }
  });

  it.each([
    ['an address', at(0)],
    ['all interfaces', at(0, '', true)],
  ])('spreads clients over all its sockets, bound to %s', async (_, address) => {
    const group = await openGroup(3, address);
    for (let client = 0; client < 64; client++) sendFrom(group[0]?.port ?? 0, 1);
    const counts = received(group);
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(64);
    // That one of three gets none of 64 happens once in 10^11.
    expect(Math.min(...counts)).toBeGreaterThan(0);
  });

  it('is refused where somebody listens, also when he would share', async () => {
    const [first] = await openGroup(2);
    const inUse = { code: 'ERR_LISTEN_IN_USE' };
    await expect(openGroup(2, at(first?.port ?? 0))).rejects.toMatchObject(inUse);
    await expect(openGroup(1, at(first?.port ?? 0))).rejects.toMatchObject(inUse);
  });

  it('is one socket, shared by nobody, where it is to be one or no other can be had', async () => {
    const [alone] = await openGroup(1);
    expect(libc.getOption(alone?.fd ?? 0, SOL_SOCKET, SO_REUSEPORT)).toBe(0);
    const first = await openUdpSocket(libc, at(0), 0);
    open.push(first.fd);
    let binds = 0;
    const bind: typeof libc.bind = (fd, sockaddr) => {
      if (++binds === 3) throw new SystemCallError('bind', 98);
      libc.bind(fd, sockaddr);
    };
    expect(openBeside({ ...libc, bind }, first, 4, 0)).toEqual([]);
    expect(binds).toBe(3);
    expect(libc.getOption(first.fd, SOL_SOCKET, SO_REUSEPORT)).toBe(0);
    sendFrom(first.port, 7);
    expect(received([first])).toEqual([7]);
  });
});
