/**
 * Messages with file descriptors between two processes, over a connected Unix stream socket.
 *
 *   │ length u32 │ descriptors u32 │ JSON │           the descriptors ride on the first byte of their message
 *
 *   ancillary data: struct cmsghdr
 *   │ length u64 = 16 + 4 n │ SOL_SOCKET i32 │ SCM_RIGHTS i32 │ descriptor i32 × n │
 *
 * The kernel may join messages in one receive, and never lets descriptors come after the bytes they ride on. So they wait
 * in a queue, and each message takes as many as it says.
 *
 * Thread   the control thread. Nothing blocks: what cannot be sent or has not come is tried again in a moment; Node has no
 *          event for descriptors, and this lasts for as long as a hand-over only.
 * Memory   64 KiB to receive in, and what has come of an unfinished message.
 * Limits   MESSAGE_BYTES_MAX a message, DESCRIPTORS_MAX descriptors in one; beyond them the other end is taken for gone.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  EAGAIN,
  EINTR,
  type Libc,
  MSG_CMSG_CLOEXEC,
  MSG_CTRUNC,
  MSG_DONTWAIT,
  MSG_NOSIGNAL,
  SCM_RIGHTS,
  SOL_SOCKET,
} from './libc.ts';
import { MessageVector } from './message-vector.ts';

/** Descriptors of one message; the kernel takes 253. */
export const DESCRIPTORS_MAX = 128;
const MESSAGE_BYTES_MAX = 1 << 20;
const CHUNK_BYTES = 65_536;
const HEADER_BYTES = 8;
const CMSG_HEADER_BYTES = 16;
const CMSG_ALIGNMENT = 8;
/** As many descriptors are under way as the process may have open; they arrive when the other end receives. */
const ETOOMANYREFS = 109;
const POLL_MS = 2;

export interface FdMessage<Body> {
  readonly body: Body;
  readonly fds: readonly number[];
}

export class FdChannel {
  private readonly libc: Libc;
  private readonly fd: number;
  private readonly vector: MessageVector;
  private readonly chunk = Buffer.alloc(CHUNK_BYTES);
  private readonly control = new DataView(new ArrayBuffer(CMSG_HEADER_BYTES + DESCRIPTORS_MAX * 4));
  private rest: Buffer = Buffer.alloc(0);
  private readonly queue: number[] = [];
  private isGone = false;

  /** Takes the connected socket `fd` for its own. */
  constructor(libc: Libc, fd: number) {
    this.libc = libc;
    this.fd = fd;
    this.vector = new MessageVector(libc, 1);
  }

  /** The user at the other end. */
  get peerUid(): number {
    return this.libc.peerCredentials(this.fd).uid;
  }

  /** Sends a message; false when the other end is gone or does not take it in time. The descriptors stay open here. */
  async send(body: unknown, fds: readonly number[] = [], timeoutMs = 10_000): Promise<boolean> {
    const json = Buffer.from(JSON.stringify(body));
    const bytes = Buffer.alloc(HEADER_BYTES + json.length);
    bytes.writeUInt32LE(json.length, 0);
    bytes.writeUInt32LE(fds.length, 4);
    bytes.set(json, HEADER_BYTES);
    const deadline = performance.now() + timeoutMs;
    let sent = 0;
    while (sent < bytes.length) {
      const count = this.sendOnce(bytes, sent, sent === 0 ? fds : []);
      if (count > 0) sent += count;
      else if (count !== -EAGAIN && count !== -EINTR && count !== -ETOOMANYREFS) return false;
      else if (performance.now() > deadline) return false;
      else await sleep(POLL_MS);
    }
    return true;
  }

  /** Waits for the next message; undefined when none comes in time or the other end is gone. */
  async next<Body>(timeoutMs: number): Promise<FdMessage<Body> | undefined> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const message = this.takeMessage<Body>();
      if (message !== undefined) return message;
      if (!this.receive()) {
        if (this.isGone || performance.now() > deadline) return undefined;
        await sleep(POLL_MS);
      }
    }
  }

  /** Closes the socket, and descriptors that came and were not asked for. */
  close(): void {
    for (const fd of this.queue.splice(0)) this.libc.close(fd);
    this.libc.close(this.fd);
  }

  private sendOnce(bytes: Buffer, from: number, fds: readonly number[]): number {
    const { libc, vector, control } = this;
    vector.setBuffer(0, libc.address(bytes) + from, bytes.length - from);
    const length = CMSG_HEADER_BYTES + fds.length * 4;
    control.setBigUint64(0, BigInt(length), true);
    control.setInt32(8, SOL_SOCKET, true);
    control.setInt32(12, SCM_RIGHTS, true);
    for (const [i, fd] of fds.entries()) control.setInt32(CMSG_HEADER_BYTES + i * 4, fd, true);
    vector.setControl(0, fds.length === 0 ? 0 : libc.address(control), fds.length === 0 ? 0 : length);
    const sent = libc.sendmmsg(this.fd, vector.headers, 1, MSG_DONTWAIT | MSG_NOSIGNAL);
    return sent > 0 ? vector.length(0) : sent;
  }

  /** Takes what has come; false when nothing has. */
  private receive(): boolean {
    const { libc, vector, chunk, control } = this;
    if (this.isGone) return false;
    vector.setBuffer(0, libc.address(chunk), chunk.length);
    vector.setControl(0, libc.address(control), control.byteLength);
    const count = libc.recvmmsg(this.fd, vector.headers, 1, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (count === -EAGAIN || count === -EINTR) return false;
    if (count > 0) this.takeDescriptors(vector.controlLength(0));
    if (count <= 0 || vector.length(0) === 0 || (vector.flags(0) & MSG_CTRUNC) !== 0) {
      this.isGone = true;
      return false;
    }
    this.rest = Buffer.concat([this.rest, chunk.subarray(0, vector.length(0))]);
    return true;
  }

  private takeDescriptors(controlBytes: number): void {
    const { control } = this;
    for (let at = 0; at + CMSG_HEADER_BYTES <= controlBytes; ) {
      const length = Number(control.getBigUint64(at, true));
      if (length < CMSG_HEADER_BYTES) return;
      if (control.getInt32(at + 8, true) === SOL_SOCKET && control.getInt32(at + 12, true) === SCM_RIGHTS) {
        for (let i = at + CMSG_HEADER_BYTES; i + 4 <= at + length; i += 4)
          this.queue.push(control.getInt32(i, true));
      }
      at += Math.ceil(length / CMSG_ALIGNMENT) * CMSG_ALIGNMENT;
    }
  }

  /** The first message of what has come, if it is all there. */
  private takeMessage<Body>(): FdMessage<Body> | undefined {
    const { rest } = this;
    if (rest.length < HEADER_BYTES) return undefined;
    const length = rest.readUInt32LE(0);
    const count = rest.readUInt32LE(4);
    if (length > MESSAGE_BYTES_MAX || count > DESCRIPTORS_MAX) {
      this.isGone = true;
      this.rest = Buffer.alloc(0);
      return undefined;
    }
    const end = HEADER_BYTES + length;
    if (rest.length < end || this.queue.length < count) return undefined;
    this.rest = rest.subarray(end);
    try {
      const body = JSON.parse(rest.toString('utf8', HEADER_BYTES, end)) as Body;
      return { body, fds: this.queue.splice(0, count) };
    } catch {
      this.isGone = true;
      return undefined;
    }
  }
}
