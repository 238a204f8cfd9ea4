import { createSocket } from 'node:dgram';
import { afterEach, describe, expect, it } from 'vitest';
import { loadLibc, SystemCallError } from '../system/libc.ts';
import { openUdpSocket, portListenError, resolveHosts } from './port-socket.ts';

const libc = loadLibc();
const open: number[] = [];
afterEach(() => {
  for (const fd of open.splice(0)) libc.close(fd);
});

const local = (port: number, host = '127.0.0.1') => ({ host, port, allInterfaces: false });

async function openUdp(port: number, receiveBuffer = 0) {
  const socket = await openUdpSocket(libc, local(port), receiveBuffer);
  open.push(socket.fd);
  return socket;
}

describe('the hosts to try', () => {
  it('are the address itself', async () => {
    expect(await resolveHosts(local(0, '::1'))).toEqual(['::1']);
    expect(await resolveHosts(local(0, '10.1.2.3'))).toEqual(['10.1.2.3']);
  });

  it('are all interfaces of both families, whatever bind_host says', async () => {
    const address = { host: 'nowhere.invalid', port: 0, allInterfaces: true };
    expect(await resolveHosts(address)).toEqual(['::', '0.0.0.0']);
  });

  it('are an address for a name', async () => {
    expect(['127.0.0.1', '::1']).toContain((await resolveHosts(local(0, 'localhost')))[0]);
  });

  it('are none for a name nobody has', async () => {
    await expect(resolveHosts(local(0, 'nowhere.invalid'))).rejects.toMatchObject({
      code: 'ERR_LISTEN_ADDRESS',
      message: expect.stringContaining('bind_host'),
    });
  });
});

describe('a UDP socket', () => {
  it('takes any free port for 0 and says which', async () => {
    const socket = await openUdp(0);
    expect(socket.port).toBeGreaterThan(0);
    expect(socket.name).toBe(`127.0.0.1:${socket.port}`);
    expect(socket.receiveBufferBytes).toBeGreaterThan(0);
  });

  it('has the receive buffer it was given, doubled by Linux', async () => {
    expect((await openUdp(0, 32_768)).receiveBufferBytes).toBe(65_536);
  });

  it('does not share its port', async () => {
    const { port } = await openUdp(0);
    await expect(openUdp(port)).rejects.toMatchObject({
      code: 'ERR_LISTEN_IN_USE',
      message: `UDP port ${port} of 127.0.0.1 is already in use; stop the other server or set dogstatsd_port`,
    });
  });

  it('is closed again when it cannot be bound', async () => {
    const other = createSocket('udp4');
    const port = await new Promise<number>((resolve) =>
      other.bind(0, '127.0.0.1', () => resolve(other.address().port)),
    );
    await expect(openUdp(port)).rejects.toThrow();
    await new Promise<void>((resolve) => other.close(() => resolve()));
    expect((await openUdp(port)).port).toBe(port);
  });
});

describe('what a failure to bind means', () => {
  it.each([
    [98, 'UDP', 'ERR_LISTEN_IN_USE', 'dogstatsd_port'],
    [98, 'TCP', 'ERR_LISTEN_IN_USE', 'dogstatsd_tcp_port'],
    [13, 'UDP', 'ERR_LISTEN_DENIED', 'dogstatsd_port'],
    [1, 'TCP', 'ERR_LISTEN_DENIED', 'dogstatsd_tcp_port'],
    [99, 'UDP', 'ERR_LISTEN_ADDRESS', 'bind_host'],
  ] as const)('errno %i on %s is %s and names %s', (errno, kind, code, key) => {
    const error = portListenError(new SystemCallError('bind', errno), '127.0.0.1', 80, kind);
    expect(error).toMatchObject({ code, cause: { errno } });
    expect(error.message).toContain(key);
  });

  it('a port from 1024 on that is forbidden is not told to be set to 1024 or above', () => {
    const explain = (port: number): string =>
      portListenError(new SystemCallError('bind', 13), '127.0.0.1', port, 'UDP').message;
    expect(explain(80)).toContain('set dogstatsd_port to 1024 or above');
    expect(explain(8125)).toContain('a security policy of the system');
    expect(explain(8125)).not.toContain('1024');
  });
  it.each([
    [97, 'this system has no addresses of the kind of 127.0.0.1'],
    [24, 'the limit of open files of this process'],
    [105, 'no buffer space available'],
  ])('errno %i is told in the words of the system', (errno, words) =>
    expect(portListenError(new SystemCallError('bind', errno), '127.0.0.1', 80, 'UDP').message).toContain(
      words,
    ));
});
