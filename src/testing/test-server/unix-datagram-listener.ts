/**
 * A Unix datagram socket for a test server.
 *
 * Node has no such sockets, so it is opened with system calls and asked without blocking, every POLL_MS. A test
 * waits that much longer for a message; it costs a system call each time and no thread.
 *
 * Only where system calls can be made; elsewhere a test server has no such socket.
 */

import { ReceiveSlots } from '../../listeners/datagram/receive-slots.ts';
import { openUnixSocket, removeSocketFile, socketFileOf } from '../../listeners/sockets/unix-socket.ts';
import { type Libc, loadLibc, MSG_DONTWAIT } from '../../listeners/system/libc.ts';
import { PACKET_BYTES_MAX } from '../../model/core-border.ts';
import type { TakePacket, TestListener } from './listener.ts';

const POLL_MS = 2;
const BATCH_PACKETS = 16;
/** More than the slots and their headers take. */
const MEMORY_BYTES = BATCH_PACKETS * (PACKET_BYTES_MAX + 1024);
const ALIGNMENT = 64;

/** Undefined where there are no system calls. Throws ListenError. */
export function listenUnixDatagram(path: string, take: TakePacket): TestListener | undefined {
  const libc = tryLibc();
  if (libc === undefined) return undefined;
  const { fd } = openUnixSocket(libc, path, 0);
  const file = socketFileOf(path);
  const memory = Buffer.alloc(MEMORY_BYTES);
  let taken = 0;
  const takeRegion = (bytes: number): number => {
    const at = taken;
    taken = Math.ceil((at + bytes) / ALIGNMENT) * ALIGNMENT;
    return at;
  };
  const slots = new ReceiveSlots(libc, BATCH_PACKETS, PACKET_BYTES_MAX, takeRegion, () => memory);
  const poll = (): void => {
    for (let count = BATCH_PACKETS; count === BATCH_PACKETS; ) {
      count = slots.receive(fd, MSG_DONTWAIT);
      for (let i = 0; i < count; i++) {
        const start = slots.slotPtr(i);
        take(memory.subarray(start, start + slots.length(i)), 'unixgram');
      }
    }
  };
  const timer = setInterval(poll, POLL_MS);
  return {
    close: async () => {
      clearInterval(timer);
      poll();
      libc.close(fd);
      removeSocketFile(file);
    },
  };
}

function tryLibc(): Libc | undefined {
  try {
    return loadLibc();
  } catch {
    return undefined;
  }
}
