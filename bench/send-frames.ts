/**
 * FrameSender: sends packets over a stream with few system calls, for load and for tests.
 *
 *   packets ──copied──▶ │ length u32 LE │ packet │ length │ packet │ … ──send──▶ Unix stream socket
 *
 * Thread    any; calls block while the receiver is behind.
 * Memory    one buffer of a quarter MiB, or of the longest packet.
 * Failure   no exception while sending: stoppedBy says why it ended, as with BatchSender. How much of the last
 *           buffer was taken then is not known.
 */
import {
  EAGAIN,
  EINTR,
  type Libc,
  loadLibc,
  SO_SNDTIMEO,
  SOCK_STREAM,
} from '../src/listeners/system/libc.ts';
import type { PacketList } from '../src/listeners/system/send-batch.ts';
import { AF_UNIX, sockaddrUnix } from '../src/listeners/system/sockaddr.ts';

const HEADER_BYTES = 4;
const BUFFER_BYTES = 256 * 1024;
const DEFAULT_TIMEOUT_MS = 10_000;

export class FrameSender {
  /** Packets and their bytes that the kernel took; lengths are not counted. */
  packets = 0;
  bytes = 0;
  /** Errno that ended the last send() early; 0 when it came to its end. */
  stoppedBy = 0;

  private readonly libc: Libc;
  private readonly fd: number;
  private buffer = Buffer.alloc(BUFFER_BYTES);

  /** Connects to the socket at `path`. Throws SystemCallError when no one listens there. */
  constructor(path: string, { timeoutMs = DEFAULT_TIMEOUT_MS }: { readonly timeoutMs?: number } = {}) {
    this.libc = loadLibc();
    this.fd = this.libc.socket(AF_UNIX, SOCK_STREAM);
    try {
      this.libc.setTimeout(this.fd, SO_SNDTIMEO, timeoutMs);
      this.libc.connect(this.fd, sockaddrUnix(path));
    } catch (error) {
      this.libc.close(this.fd);
      throw error;
    }
  }

  /** Sends packets [start, end); the index after the last one sent. */
  send({ bytes, offsets, lengths }: PacketList, start = 0, end = lengths.length): number {
    this.stoppedBy = 0;
    let next = start;
    while (next < end) {
      const first = next;
      let filled = 0;
      let payload = 0;
      while (next < end) {
        const length = lengths[next] as number;
        const offset = offsets[next] as number;
        const size = HEADER_BYTES + length;
        if (filled > 0 && filled + size > this.buffer.length) break;
        if (size > this.buffer.length) this.buffer = Buffer.alloc(size);
        this.buffer.writeUInt32LE(length, filled);
        this.buffer.set(bytes.subarray(offset, offset + length), filled + HEADER_BYTES);
        filled += size;
        payload += length;
        next++;
      }
      if (!this.sendBuffer(filled)) return first;
      this.packets += next - first;
      this.bytes += payload;
    }
    return next;
  }

  /** The receiver sees the end of the stream, after everything that was sent. */
  close(): void {
    this.libc.close(this.fd);
  }

  private sendBuffer(length: number): boolean {
    const base = this.libc.address(this.buffer);
    let done = 0;
    while (done < length) {
      const sent = this.libc.send(this.fd, base + done, length - done, 0);
      if (sent > 0) done += sent;
      else if (sent !== -EINTR) {
        this.stoppedBy = sent === 0 ? EAGAIN : -sent;
        return false;
      }
    }
    return true;
  }
}
