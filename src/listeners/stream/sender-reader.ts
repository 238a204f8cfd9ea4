/**
 * Hot path. Reads Unix streams together with who has sent each piece, which Node's own reading cannot.
 *
 *   Node reads a byte ─▶ that byte + recvmsg of what follows ─▶ chunk and its sender ─▶ connection
 *         ▲                                └─▶ next chunk, at most CHUNKS_MAX, until there is nothing, or it has to wait
 *         └── waits for more, and tells of ends and errors
 *
 * One sender a chunk  the kernel ends a receive where the bytes of another process begin.
 * The byte            is only there to be woken by. Its sender is not told, but it never ends a packet that another process
 *                     began: between two packets it goes before what follows it, and within one to what came before.
 *
 * Thread  the stream thread's own: one buffer for all connections.
 * Limits  Linux; where a connection cannot be read like this, it has the sender that has connected it.
 */
import { type OnReadOpts, Socket, type SocketConstructorOpts } from 'node:net';
import type { ShardCounters } from '../../telemetry/counters/shard-counters.ts';
import { CredentialSlots } from '../origin/credential-slots.ts';
import type { Credentials } from '../origin/packet-origins.ts';
import { PidfdSwitch, passPidfds } from '../origin/pidfd-switch.ts';
import { EINTR, type Libc, MSG_CMSG_CLOEXEC, MSG_DONTWAIT } from '../system/libc.ts';
import { MessageVector } from '../system/message-vector.ts';

/** As many as Node reads at once. */
const CHUNK_BYTES = 65_536;
/** Chunks that are read before others have their turn, when no packet is complete in them. */
const CHUNKS_MAX = 16;

/** What a connection does with its chunks. */
export interface ChunkSink {
  /** Whether the next byte begins a packet. */
  readonly isBetweenPackets: boolean;
  /** Who has sent the next chunk; `pidfd` is a descriptor of that process, borrowed for the call. */
  sender(sender: Credentials, pidfd: number | undefined, pidfds: PidfdSwitch): void;
  /** Takes a chunk, borrowed for the call; false when nothing more is to be read now. */
  chunk(bytes: Buffer): boolean;
}

/** What is received with, one for all connections of a thread. */
export class SenderReader {
  readonly libc: Libc;
  private readonly bytes = Buffer.from(new ArrayBuffer(CHUNK_BYTES));
  private readonly address: number;
  private readonly vector: MessageVector;
  private readonly headers: bigint;
  private readonly credentials: CredentialSlots;

  constructor(libc: Libc, counters: ShardCounters) {
    this.libc = libc;
    this.address = libc.address(this.bytes);
    this.vector = new MessageVector(libc, 1);
    this.headers = BigInt(this.vector.headers);
    this.credentials = new CredentialSlots(libc, this.vector, counters);
  }

  /** Has the kernel say who sends: on a connection, or on all that this socket accepts from now on. */
  ask(fd: number): void {
    this.credentials.want('origin', true, [fd]);
  }

  /** Reads on behind the byte that Node has read. */
  read(fd: number, byte: number, sink: ChunkSink, pidfds: PidfdSwitch): void {
    const { bytes } = this;
    bytes[0] = byte;
    let filled = 1;
    if (!sink.isBetweenPackets) {
      if (!sink.chunk(bytes.subarray(0, 1))) return;
      filled = 0;
    }
    for (let i = 0; i < CHUNKS_MAX; i++) {
      const received = this.receive(fd, filled);
      // Ends and errors come again, to Node.
      if (received <= 0) break;
      const { credentials } = this;
      const sender = { pid: credentials.pid(0), uid: credentials.uid(0), gid: credentials.gid(0) };
      sink.sender(sender, credentials.pidfd(0), pidfds);
      credentials.release();
      const end = filled + received;
      filled = 0;
      if (!sink.chunk(bytes.subarray(0, end))) return;
    }
    if (filled > 0) sink.chunk(bytes.subarray(0, filled));
  }

  /** Receives behind the first `filled` bytes of the buffer; the bytes of one sender, 0 or -errno. */
  private receive(fd: number, filled: number): number {
    const { libc, vector, credentials } = this;
    vector.setBuffer(0, this.address + filled, CHUNK_BYTES - filled);
    let got: number;
    do got = libc.recvmmsg(fd, this.headers, 1, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    while (got === -EINTR);
    if (got <= 0) return got;
    credentials.take(0, 1);
    const received = vector.length(0);
    if (received === 0) credentials.release();
    return received;
  }
}

/** A connection that is read like this. Its socket hands out no data. */
export class SenderSocket {
  readonly socket: Socket;
  readonly fd: number;
  private sink: ChunkSink | undefined;

  /** Takes over the descriptor. */
  constructor(reader: SenderReader, fd: number) {
    this.fd = fd;
    const pidfds = new PidfdSwitch((isOn) => passPidfds(reader.libc, fd, isOn));
    // Node's types leave `onread` out here.
    const options: SocketConstructorOpts & { readonly onread: OnReadOpts } = {
      ...{ fd, readable: true, writable: true },
      onread: {
        buffer: Buffer.alloc(1),
        callback: (_bytes, buffer) => {
          if (this.sink !== undefined) reader.read(fd, buffer[0] as number, this.sink, pidfds);
          return true;
        },
      },
    };
    this.socket = new Socket(options);
  }

  /** Nothing is read before: Node reads at the next turn of the event loop at the earliest. */
  begin(sink: ChunkSink): void {
    this.sink = sink;
  }
}
