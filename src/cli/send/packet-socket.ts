/**
 * A socket to a destination of any kind, with its failures in words.
 *
 *   udp, unix          BatchSender: 64 datagrams a call; node:dgram for UDP where libc is missing
 *   unixstream, tcp    StreamSender: through Node
 *   unixstream with credentials    BatchSender: 64 frames a call
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { isIP } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { count } from '../../lib/text/count.ts';
import {
  EAGAIN,
  ECONNREFUSED,
  errnoText,
  LibcUnavailable,
  SystemCallError,
} from '../../listeners/system/libc.ts';
import {
  BatchSender,
  type Destination,
  offsetsOf,
  type PacketList,
} from '../../listeners/system/send-batch.ts';
import { type AnyDestination, format } from './destination.ts';
import { SendUsageError } from './send-lines.ts';
import { asFrames, HEADER_BYTES, type StreamDestination, StreamSender } from './send-stream.ts';

/** What was to be sent did not get out. */
export class SendError extends Error {
  readonly code: 'ERR_SEND_REFUSED' | 'ERR_SEND_STOPPED' | 'ERR_SEND_TOO_LONG';

  constructor(code: SendError['code'], message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'SendError';
    this.code = code;
  }
}

/** Where packets go. */
export interface PacketSocket {
  packets: number;
  bytes: number;
  /** Throws SendError when they cannot be sent, or no one listens. */
  send(packets: PacketList): Promise<void>;
  /** Over a Unix socket with credentials: resolves when everything that was sent is read, or READ_MS are over. */
  untilRead?(): Promise<void>;
  close(): void | Promise<void>;
}

/** How long a receiver has to read what was sent, and how often that is looked at. */
const READ_MS = 5000;
const LOOK_MS = 1;

/** `withCredentials` for packets that say whom they are from, over a Unix socket. Rejects with SendError. */
export async function openSocket(
  destination: AnyDestination,
  { withCredentials = false } = {},
): Promise<PacketSocket> {
  const isStream = destination.kind === 'unixstream' || destination.kind === 'tcp';
  if (isStream && !(withCredentials && destination.kind === 'unixstream'))
    return StreamSocket.open(destination);
  try {
    return destination.kind === 'unixstream'
      ? new FrameSocket(destination)
      : new NativeSocket(destination, new BatchSender(destination));
  } catch (error) {
    if (error instanceof SystemCallError) throw explainConnect(destination, error);
    if (error instanceof RangeError || error instanceof TypeError) throw new SendUsageError(error.message);
    // Node has no Unix datagram sockets and no credentials; the message says what is missing here.
    if (!(error instanceof LibcUnavailable) || destination.kind !== 'udp') throw error;
    return await PortableSocket.open(destination);
  }
}

/** A destination and what sends there. */
abstract class SendingSocket<Sender extends BatchSender | StreamSender> implements PacketSocket {
  protected readonly destination: AnyDestination;
  protected readonly sender: Sender;

  constructor(destination: AnyDestination, sender: Sender) {
    this.destination = destination;
    this.sender = sender;
  }

  get packets(): number {
    return this.sender.packets;
  }

  get bytes(): number {
    return this.sender.bytes;
  }

  abstract send(packets: PacketList): Promise<void>;

  close(): void | Promise<void> {
    return this.sender.close();
  }
}

class NativeSocket extends SendingSocket<BatchSender> {
  async send(packets: PacketList): Promise<void> {
    const { sender, destination } = this;
    sender.send(packets);
    sender.noteRefusal();
    if (sender.refused > 0 || sender.stoppedBy === ECONNREFUSED) throw refused(destination);
    if (sender.stoppedBy !== 0) {
      const where = format(destination);
      const why =
        'path' in destination && sender.stoppedBy === EAGAIN
          ? 'the receiver does not read'
          : errnoText(sender.stoppedBy);
      throw new SendError(
        'ERR_SEND_STOPPED',
        `${where} took ${count(sender.packets, 'packet')}, then stopped: ${why}`,
      );
    }
    if (sender.oversized > 0) {
      throw new SendError(
        'ERR_SEND_TOO_LONG',
        'the system takes no datagram as long; use a smaller --max-packet',
      );
    }
  }

  async untilRead(): Promise<void> {
    if (!('path' in this.destination)) return;
    const deadline = performance.now() + READ_MS;
    while (!this.sender.isRead && performance.now() < deadline) await sleep(LOOK_MS);
  }
}

/** Frames of a Unix stream, each with who has sent it. */
class FrameSocket extends NativeSocket {
  constructor(destination: StreamDestination & { kind: 'unixstream' }) {
    super(destination, new BatchSender({ ...destination, kind: 'unix' }, { isStream: true }));
  }

  override get bytes(): number {
    return super.bytes - this.packets * HEADER_BYTES;
  }

  override send(packets: PacketList): Promise<void> {
    const lengths = packets.lengths.map((length) => length + HEADER_BYTES);
    return super.send({ ...packets, bytes: asFrames(packets), offsets: offsetsOf(lengths), lengths });
  }
}

/** A stream, with its failures in words. */
class StreamSocket extends SendingSocket<StreamSender> {
  static async open(destination: StreamDestination): Promise<StreamSocket> {
    try {
      return new StreamSocket(destination, await StreamSender.open(destination));
    } catch (error) {
      throw explainConnect(destination, error as NodeJS.ErrnoException);
    }
  }

  async send(packets: PacketList): Promise<void> {
    try {
      await this.sender.send(packets);
    } catch (error) {
      const taken = `${format(this.destination)} took ${count(this.packets, 'packet')}, then stopped`;
      throw new SendError('ERR_SEND_STOPPED', `${taken}: ${(error as Error).message}`, error);
    }
  }
}

/** UDP through Node, one datagram a call. */
export class PortableSocket implements PacketSocket {
  packets = 0;
  bytes = 0;
  private readonly destination: Destination;
  private readonly socket;
  private error: Error | undefined;

  static async open(destination: Destination & { kind: 'udp' }): Promise<PortableSocket> {
    const portable = new PortableSocket(destination);
    portable.socket.connect(destination.port, destination.host);
    await once(portable.socket, 'connect');
    return portable;
  }

  private constructor(destination: Destination & { kind: 'udp' }) {
    this.destination = destination;
    this.socket = createSocket(isIP(destination.host) === 6 ? 'udp6' : 'udp4');
    this.socket.on('error', (error) => {
      this.error = error;
    });
  }

  async send({ bytes, offsets, lengths }: PacketList): Promise<void> {
    for (const [i, length] of lengths.entries()) {
      await new Promise<void>((resolve, reject) => {
        const done = (error: Error | null): void => (error ? reject(this.explain(error)) : resolve());
        this.socket.send(bytes, offsets[i] as number, length, done);
      });
      this.packets++;
      this.bytes += length;
    }
    // A refusal of the last datagram arrives as an event of the socket.
    await sleep(0);
    if (this.error) throw this.explain(this.error);
  }

  close(): void {
    this.socket.close();
  }

  private explain(error: Error): Error {
    return (error as NodeJS.ErrnoException).code === 'ECONNREFUSED' ? refused(this.destination) : error;
  }
}

function explainConnect(destination: AnyDestination, error: NodeJS.ErrnoException): Error {
  if (error.code === 'ECONNREFUSED' || error.code === 'ENOENT') return refused(destination, error);
  if (error.code === 'EPROTOTYPE') {
    const message = wrongSocket(destination);
    return new SendError('ERR_SEND_REFUSED', message, error);
  }
  return error;
}

function wrongSocket(destination: AnyDestination): string {
  const where = format(destination);
  return destination.kind === 'unixstream'
    ? `${where} is a datagram socket; write unix:// instead of unixstream://`
    : `${where} is a stream socket; write unixstream:// instead of unix://`;
}

function refused(destination: AnyDestination, cause?: unknown): SendError {
  const flag =
    'path' in destination
      ? `${destination.kind === 'unix' ? '--socket' : '--stream-socket'} ${destination.path}`
      : `${destination.kind === 'udp' ? '--port' : '--tcp-port'} ${destination.port}`;
  const message = `no one listens on ${format(destination)}; start "whippet run ${flag}", or choose with --to`;
  return new SendError('ERR_SEND_REFUSED', message, cause);
}
