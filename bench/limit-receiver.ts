/**
 * Receives and does nothing else: the limit any server on this machine has with this socket.
 *
 * Uses the batch, slots and calls of the server's own datagram loop.
 */
import { unlinkSync } from 'node:fs';
import {
  type Libc,
  loadLibc,
  MSG_WAITFORONE,
  SO_RCVBUF,
  SO_RCVTIMEO,
  SOCK_DGRAM,
  SOL_SOCKET,
} from '../src/listeners/system/libc.ts';
import { MessageVector } from '../src/listeners/system/message-vector.ts';
import { AF_UNIX, familyOf, sockaddrInet, sockaddrUnix } from '../src/listeners/system/sockaddr.ts';
import type { LimitReport, LimitSetup } from './messages.ts';

const BATCH_MESSAGES = 64;
const SLOT_BYTES = 8_192;
const IDLE_MS = 100;

export class LimitReceiver {
  private readonly libc: Libc;
  private readonly fd: number;
  private readonly vector: MessageVector;
  private readonly slots = new Uint8Array(BATCH_MESSAGES * SLOT_BYTES);
  private readonly path: string | undefined;

  constructor({ destination, receiveBufferBytes }: LimitSetup) {
    const sockaddr =
      destination.kind === 'unix'
        ? sockaddrUnix(destination.path)
        : sockaddrInet(destination.host, destination.port);
    this.libc = loadLibc();
    this.vector = new MessageVector(this.libc, BATCH_MESSAGES);
    const base = this.libc.address(this.slots);
    for (let i = 0; i < BATCH_MESSAGES; i++) this.vector.setBuffer(i, base + i * SLOT_BYTES, SLOT_BYTES);
    this.path = destination.kind === 'unix' ? destination.path : undefined;
    this.fd = this.libc.socket(this.path === undefined ? familyOf(sockaddr) : AF_UNIX, SOCK_DGRAM);
    if (receiveBufferBytes > 0) this.libc.setOption(this.fd, SOL_SOCKET, SO_RCVBUF, receiveBufferBytes);
    this.libc.setTimeout(this.fd, SO_RCVTIMEO, IDLE_MS);
    this.libc.bind(this.fd, sockaddr);
  }

  /** Port the system chose when 0 was asked for. */
  get port(): number {
    const name = this.libc.getSocketName(this.fd);
    return name.family === 'unix' ? 0 : name.port;
  }

  /** Receives until nothing has come for 100 ms. */
  receiveUntilIdle(): LimitReport {
    let packets = 0;
    let bytes = 0;
    for (;;) {
      const count = this.libc.recvmmsg(this.fd, this.vector.headers, BATCH_MESSAGES, MSG_WAITFORONE);
      if (count < 0) return { packets, bytes };
      packets += count;
      for (let i = 0; i < count; i++) bytes += this.vector.length(i);
    }
  }

  close(): void {
    this.libc.close(this.fd);
    if (this.path !== undefined && !this.path.startsWith('@')) unlinkSync(this.path);
  }
}
