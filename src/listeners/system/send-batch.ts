/**
 * BatchSender: sends many datagrams with one system call, for `whippet send` and for load.
 *
 *   packets [ offset | length ] into one buffer ──▶ mmsghdr × 64 ──sendmmsg──▶ UDP or Unix datagram socket
 *
 * Thread    any; calls block. A Unix socket whose receiver is behind holds the sender back until there is
 *           room (net.unix.max_dgram_qlen is 10), so nothing is lost. UDP never waits and never confirms.
 * Memory    one vector of 64 messages. Packets are borrowed for the call.
 * Failure   no exception while sending: send() returns how far it came, and stoppedBy says why it ended.
 *           What the kernel may get over (a full device queue, a refusal of an earlier UDP datagram) is
 *           waited for or counted.
 * Why       one call per datagram through koffi costs as much as the kernel's work on a small datagram.
 */
import {
  EAGAIN,
  ECONNREFUSED,
  EINTR,
  EMSGSIZE,
  ENOBUFS,
  type Libc,
  loadLibc,
  MSG_NOSIGNAL,
  SCM_CREDENTIALS,
  SO_SNDBUF,
  SO_SNDTIMEO,
  SOCK_DGRAM,
  SOCK_STREAM,
  SOL_SOCKET,
} from './libc.ts';
import { MessageVector } from './message-vector.ts';
import { AF_UNIX, familyOf, sockaddrInet, sockaddrUnix } from './sockaddr.ts';

/** More per call gains nothing: at 64 the call itself is 4 ns a datagram. */
const BATCH_MESSAGES = 64;
const DEFAULT_TIMEOUT_MS = 10_000;
/** A device queue of a thousand datagrams drains well within this. */
const NO_BUFFERS_WAIT_MS = 1;
const SO_ERROR = 4;
/** A control message with credentials: 28 bytes, padded to 32. */
const CONTROL_LENGTH = 28;
const CONTROL_WORDS = 8;

export type Destination =
  | { readonly kind: 'udp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string };

/** Datagrams in one buffer: packet `i` is `lengths[i]` bytes at `offsets[i]`. */
export interface PacketList {
  readonly bytes: Uint8Array;
  readonly offsets: Uint32Array;
  readonly lengths: Uint32Array;
  /** Over a Unix socket: whom packet `i` says it is from, as pid, uid and gid at 3 i; pid 0 says nothing. */
  readonly credentials?: Int32Array;
}

/** Where packets of these lengths begin that stand one behind the other. */
export function offsetsOf(lengths: Uint32Array): Uint32Array {
  const offsets = new Uint32Array(lengths.length);
  for (let i = 1; i < offsets.length; i++)
    offsets[i] = (offsets[i - 1] as number) + (lengths[i - 1] as number);
  return offsets;
}

export interface BatchSenderOptions {
  /** How long a send may wait for a receiver that does not read. */
  readonly timeoutMs?: number;
  /** SO_SNDBUF; the system's default when left out. */
  readonly sendBufferBytes?: number;
  /** The Unix socket is a stream: packets are pieces of it, such as frames, and each is sent whole. */
  readonly isStream?: boolean;
}

/** Reads `udp://host:port` or `unix:///path`; the port defaults to 8125. Throws TypeError with the remedy. */
export function parseDestination(text: string): Destination {
  const unix = /^(?:unix|unixgram):\/\/(.+)$/.exec(text);
  if (unix) return { kind: 'unix', path: unix[1] as string };
  const udp = /^udp:\/\/(\[[^\]]+\]|[^:/[\]]+)(?::(\d{1,5}))?\/?$/.exec(text);
  const port = Number(udp?.[2] ?? 8125);
  if (!udp || port < 1 || port > 65_535) {
    throw new TypeError(
      `not a destination: ${text}; write udp://127.0.0.1:8125, unix:///path, unixstream:///path or tcp://127.0.0.1:8125`,
    );
  }
  return { kind: 'udp', host: (udp[1] as string).replace(/^\[|\]$/g, ''), port };
}

/** The text parseDestination() reads. */
export function formatDestination(destination: Destination): string {
  if (destination.kind === 'unix') return `unix://${destination.path}`;
  const { host, port } = destination;
  return host.includes(':') ? `udp://[${host}]:${port}` : `udp://${host}:${port}`;
}

export class BatchSender {
  /** Datagrams and bytes the kernel took. */
  packets = 0;
  bytes = 0;
  /** Datagrams longer than the socket takes; skipped. */
  oversized = 0;
  /** Times the kernel said that no one listens at the other end of a UDP socket. */
  refused = 0;
  /** Times the kernel had no buffer and the sender waited. */
  waits = 0;
  /** Errno that ended the last send() early; 0 when it came to its end. */
  stoppedBy = 0;

  private readonly libc: Libc;
  private readonly fd: number;
  private readonly isUnix: boolean;
  private readonly vector: MessageVector;
  /** Control messages of the vector, once credentials are sent. */
  private controls: Int32Array | undefined;
  private readonly sleeper = new Int32Array(new SharedArrayBuffer(4));

  /**
   * Connects to `destination`; its host is an address, not a name. Throws SystemCallError when no one listens on
   * a Unix path, LibcUnavailable where system calls cannot be made.
   */
  constructor(destination: Destination, options: BatchSenderOptions = {}) {
    const sockaddr =
      destination.kind === 'unix'
        ? sockaddrUnix(destination.path)
        : sockaddrInet(destination.host, destination.port);
    this.libc = loadLibc();
    this.vector = new MessageVector(this.libc, BATCH_MESSAGES);
    this.isUnix = destination.kind === 'unix';
    const type = options.isStream === true ? SOCK_STREAM : SOCK_DGRAM;
    this.fd = this.libc.socket(this.isUnix ? AF_UNIX : familyOf(sockaddr), type);
    try {
      this.libc.setTimeout(this.fd, SO_SNDTIMEO, options.timeoutMs ?? DEFAULT_TIMEOUT_MS);
      if (options.sendBufferBytes !== undefined) {
        this.libc.setOption(this.fd, SOL_SOCKET, SO_SNDBUF, options.sendBufferBytes);
      }
      this.libc.connect(this.fd, sockaddr);
    } catch (error) {
      this.libc.close(this.fd);
      throw error;
    }
  }

  /**
   * Sends packets [start, end). Returns the index after the last packet that is dealt with: `end`, or less
   * when `stoppedBy` is set.
   */
  send(packets: PacketList, start = 0, end = packets.lengths.length): number {
    const base = this.libc.address(packets.bytes);
    this.stoppedBy = 0;
    let next = start;
    while (next < end) {
      const count = Math.min(BATCH_MESSAGES, end - next);
      for (let i = 0; i < count; i++) {
        const offset = packets.offsets[next + i] as number;
        this.vector.setBuffer(i, base + offset, packets.lengths[next + i] as number);
      }
      if (packets.credentials !== undefined) this.setCredentials(packets.credentials, next, count);
      const done = this.sendVector(count);
      next += done;
      if (this.stoppedBy !== 0) return next;
    }
    return next;
  }

  /**
   * Asks whether the last UDP datagrams were refused, and counts it. The answer of a host elsewhere takes a
   * round trip; on loopback it is there at once. sendmmsg itself does not tell: it hides the error of any
   * datagram but the first of a batch.
   */
  noteRefusal(): void {
    if (!this.isUnix && this.libc.getOption(this.fd, SOL_SOCKET, SO_ERROR) === ECONNREFUSED) this.refused++;
  }

  /** Whether a Unix socket's other end has read everything that was sent. */
  get isRead(): boolean {
    return this.libc.unreadBytes(this.fd) === 0;
  }

  close(): void {
    this.libc.close(this.fd);
  }

  // length 28 u64 │ level u32 │ type u32 │ pid u32 │ uid u32 │ gid u32 │ 4 bytes of padding
  private setCredentials(credentials: Int32Array, first: number, count: number): void {
    this.controls ??= new Int32Array(BATCH_MESSAGES * CONTROL_WORDS);
    const base = this.libc.address(this.controls);
    for (let i = 0; i < count; i++) {
      const sender = credentials.subarray(3 * (first + i), 3 * (first + i) + 3);
      const isGiven = sender[0] !== 0;
      this.controls.set([CONTROL_LENGTH, 0, SOL_SOCKET, SCM_CREDENTIALS, ...sender, 0], i * CONTROL_WORDS);
      this.vector.setControl(i, isGiven ? base + i * CONTROL_WORDS * 4 : 0, isGiven ? CONTROL_WORDS * 4 : 0);
    }
  }

  /** Sends the first `count` messages of the vector; returns how many are dealt with. */
  private sendVector(count: number): number {
    let done = 0;
    while (done < count) {
      const sent = this.libc.sendmmsg(this.fd, this.vector.headerAt(done), count - done, MSG_NOSIGNAL);
      if (sent > 0) {
        for (let i = done; i < done + sent; i++) this.bytes += this.vector.length(i);
        done += sent;
        // A stream that took a part of a piece cannot go on behind it.
        const isCut = this.vector.length(done - 1) < this.vector.bufferLength(done - 1);
        this.packets += isCut ? sent - 1 : sent;
        if (!isCut) continue;
        this.stoppedBy = EAGAIN;
        return done;
      } else if (sent === -EMSGSIZE) {
        this.oversized++;
        done++;
      } else if (!this.isPassing(-sent)) {
        this.stoppedBy = sent === 0 ? EAGAIN : -sent;
        return done;
      }
    }
    return done;
  }

  /** True when sending the same datagram again makes sense. */
  private isPassing(errno: number): boolean {
    if (errno === EINTR) return true;
    if (errno === ENOBUFS) {
      this.waits++;
      Atomics.wait(this.sleeper, 0, 0, NO_BUFFERS_WAIT_MS);
      return true;
    }
    // UDP reports the outcome of an earlier datagram here, once. On a Unix socket the receiver is gone.
    if (errno === ECONNREFUSED && !this.isUnix) {
      this.refused++;
      return true;
    }
    return false;
  }
}
