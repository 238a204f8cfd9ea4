/** Unix streams (length-prefixed frames) and TCP (lines) for a test server, on the event loop. */
import { createServer, type ListenOptions, type Socket } from 'node:net';
import { type Framing, IMPOSSIBLE, MORE, PACKET } from '../../listeners/stream/framing.ts';
import type { TakePacket, TestListener } from './listener.ts';
import type { Via } from './received.ts';

export interface StreamListener extends TestListener {
  /** 0 for a path. */
  readonly port: number;
}

/** `makeFraming` makes one for each connection. Rejects with the error of the system. */
export async function listenStream(
  options: ListenOptions,
  via: Via,
  makeFraming: () => Framing,
  take: TakePacket,
): Promise<StreamListener> {
  const connections = new Set<Socket>();
  const server = createServer((socket) => {
    connections.add(socket);
    socket.on('close', () => connections.delete(socket));
    socket.on('error', () => undefined);
    readFrames(socket, via, makeFraming(), take);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const address = server.address();
  return {
    port: address !== null && typeof address === 'object' ? address.port : 0,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of connections) socket.destroy();
      }),
  };
}

function readFrames(socket: Socket, via: Via, framing: Framing, take: TakePacket): void {
  let held: Buffer = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    const bytes = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    let at = 0;
    for (;;) {
      const found = framing.next(bytes, at, bytes.length);
      at = framing.rest;
      if (found === PACKET) take(bytes.subarray(framing.start, framing.start + framing.length), via);
      else if (found === IMPOSSIBLE) {
        socket.destroy();
        return;
      } else if (found === MORE) break;
    }
    // A copy, because what is held must not keep the whole chunk.
    held = Buffer.from(bytes.subarray(at));
  });
  socket.on('end', () => {
    if (framing.leftover(held.length) === 'unterminated') take(held, via);
  });
}
