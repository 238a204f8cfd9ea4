/** UDP for a test server, on the event loop. */
import { createSocket } from 'node:dgram';
import type { TakePacket, TestListener } from './listener.ts';

/** A test that sends in a burst loses nothing while its own code keeps the event loop busy. */
const RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024;

export interface UdpListener extends TestListener {
  readonly port: number;
}

/** Rejects with the error of the system. */
export async function listenUdp(host: string, port: number, take: TakePacket): Promise<UdpListener> {
  const socket = createSocket({
    type: host.includes(':') ? 'udp6' : 'udp4',
    recvBufferSize: RECEIVE_BUFFER_BYTES,
  });
  socket.on('message', (packet) => take(packet, 'udp'));
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(port, host, () => {
      socket.off('error', reject);
      resolve();
    });
  });
  // An error of one datagram, such as a port unreachable, is no reason to stop.
  socket.on('error', () => undefined);
  return {
    port: socket.address().port,
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  };
}
