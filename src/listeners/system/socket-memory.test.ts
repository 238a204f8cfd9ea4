import { createSocket } from 'node:dgram';
import { describe, expect, it } from 'vitest';
import { DropCount } from '../../telemetry/ledger/kernel-drops.ts';
import { loadLibc, SOCK_DGRAM } from './libc.ts';
import { sockaddrInet4 } from './sockaddr.ts';
import { parseUdpTable, socketMemoryOf, udpSocketMemory } from './socket-memory.ts';

describe('a count of drops', () => {
  it('goes on when the count of the kernel wraps', () => {
    const drops = new DropCount();
    drops.accept(4_294_967_290);
    drops.accept(5);
    expect(drops.total).toBe(4_294_967_290 + 11);
  });

  it('leaves out what was dropped before the socket was ours', () => {
    const drops = new DropCount(100);
    drops.accept(103);
    expect(drops.total).toBe(3);
  });
});

describe('the table of UDP sockets', () => {
  it('is read by its columns', () => {
    const text = `   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
  363: 0100007F:1FBD 00000000:0000 07 00000000:00000300 00:00000000 00000000     0        0 31337 2 00000000cf8fba02 42
`;
    expect(parseUdpTable(text)).toEqual([{ port: 8125, queuedBytes: 768, inode: 31337, drops: 42 }]);
  });

  it.each(['', 'sl local_address\n', 'sl\n 1: short\n'])('is empty when it has no rows: %j', (text) => {
    expect(parseUdpTable(text)).toEqual([]);
  });
});

describe.runIf(process.platform === 'linux')('the memory of a socket', () => {
  it('knows what a full receive buffer dropped, from the socket and from the table', async () => {
    const socket = createSocket({ type: 'udp4', recvBufferSize: 2048 });
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
    const { port } = socket.address();
    const libc = loadLibc();
    const sender = libc.socket(2, SOCK_DGRAM);
    libc.connect(sender, sockaddrInet4('127.0.0.1', port));
    const bytes = Buffer.from('x'.repeat(100));
    // This thread sends without receiving in between.
    for (let i = 0; i < 200; i++) libc.send(sender, libc.address(bytes), bytes.length, 0);
    const read = udpSocketMemory(port);
    const memory = read();
    expect(memory?.drops).toBeGreaterThan(100);
    expect(memory?.queuedBytes).toBeGreaterThan(0);
    let received = 0;
    socket.on('message', () => received++);
    while (received < 200 - (memory?.drops ?? 0)) await new Promise((resolve) => setImmediate(resolve));
    expect(received + (read()?.drops ?? 0)).toBe(200);
    libc.close(sender);
    socket.close();
  });

  it('is unknown for what is no socket', () => {
    expect(socketMemoryOf(loadLibc(), 0)()?.drops ?? 0).toBe(0);
    expect(udpSocketMemory(1)()).toBeUndefined();
  });

  it('tells of a socket of our own how much it may hold', () => {
    const libc = loadLibc();
    const fd = libc.socket(2, SOCK_DGRAM);
    expect(socketMemoryOf(libc, fd)()).toMatchObject({ drops: 0, queuedBytes: 0, source: 'so_meminfo' });
    expect(socketMemoryOf(libc, fd)()?.limitBytes).toBeGreaterThan(0);
    libc.close(fd);
  });
});
