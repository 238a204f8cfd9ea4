/**
 * The new server's side of a hand-over: asks whoever answers at `handover_socket` for its sockets. The words are in
 * hand-over-words.ts.
 *
 * Nobody there, or a server that ends while we ask, is no error: this one then opens its sockets itself. A server that
 * answers and does not hand over is one: two servers with the same sockets would each see a part.
 *
 * Thread  the control thread, at start.
 */
import { adoptSocket } from '../intake/adopt-socket.ts';
import { FdChannel } from '../intake/fd-channel.ts';
import { type Libc, SOCK_STREAM } from '../intake/libc.ts';
import { codeOf, ListenError } from '../intake/listen-error.ts';
import type { ListenerKind, ListenOptions, OpenListener } from '../intake/open-listeners.ts';
import { resolveHosts } from '../intake/port-socket.ts';
import { AF_UNIX, sockaddrUnix } from '../intake/sockaddr.ts';
import { findSocket, removeSocketFile, type SocketFile, socketFileOf } from '../intake/unix-socket.ts';
import type { HandedConnection } from '../model/connection.ts';
import type { Logger } from '../telemetry/logger.ts';
import {
  ANSWER_MS,
  type FromNew,
  type FromOld,
  HAND_OVER_VERSION,
  type OfferedSocket,
  RELEASE_MS,
  type Sockets,
} from './hand-over-words.ts';

const KEY = 'handover_socket';
const ROOT = 0;

export interface TakerOptions {
  readonly libc: Libc;
  readonly path: string;
  readonly listen: ListenOptions;
  readonly log: Logger;
  /** Kinds of which there are sockets already. */
  readonly has: ReadonlySet<ListenerKind>;
}

/** The server before, while this one takes its place. */
export class Predecessor {
  /** What it gave and we want, as listeners. */
  readonly listeners: readonly OpenListener[];
  private readonly options: TakerOptions;
  private readonly channel: FdChannel;
  private readonly taken: readonly number[];
  private readonly ownership: Ownership;

  private constructor(
    options: TakerOptions,
    channel: FdChannel,
    taken: readonly (readonly [number, OpenListener])[],
    ownership: Ownership,
  ) {
    this.options = options;
    this.channel = channel;
    this.taken = taken.map(([index]) => index);
    this.listeners = taken.map(([, listener]) => listener);
    this.ownership = ownership;
  }

  /** Undefined when no server answers. Throws ListenError when one does and keeps its sockets. */
  static async ask(options: TakerOptions): Promise<Predecessor | undefined> {
    const { libc, path, log } = options;
    const fd = connectTo(libc, path);
    if (fd === undefined) return undefined;
    const channel = new FdChannel(libc, fd);
    try {
      if (channel.peerUid !== ROOT && channel.peerUid !== process.geteuid?.())
        throw refuse(path, `it is of the user ${channel.peerUid}`);
      const word: FromNew = { say: 'take_over', version: HAND_OVER_VERSION };
      await channel.send(word, [], ANSWER_MS);
      const answer = await channel.next<FromOld>(ANSWER_MS);
      if (answer === undefined) {
        log.warn({ path }, 'the server before did not answer; starting as if there were none');
        channel.close();
        return undefined;
      }
      if (answer.body.say === 'withdrawn') throw refuse(path, answer.body.reason);
      if (answer.body.say !== 'sockets') throw refuse(path, 'it answers something else');
      const ownership = { isOurs: false };
      const taken = await adoptAll(options, answer.body, answer.fds, ownership);
      return new Predecessor(options, channel, taken, ownership);
    } catch (error) {
      channel.close();
      throw error;
    }
  }

  /**
   * We receive: the other one stops. Takes over its connections; resolves when its ports are free. Throws ListenError when
   * it goes on receiving.
   */
  async replace(adopt: (listener: number, connection: HandedConnection) => void): Promise<void> {
    const { channel, options, taken } = this;
    const word: FromNew = { say: 'receiving', taken };
    await channel.send(word, [], ANSWER_MS);
    const deadline = performance.now() + RELEASE_MS;
    let connections = 0;
    for (;;) {
      const message = await channel.next<FromOld>(Math.max(0, deadline - performance.now()));
      if (message?.body.say === 'withdrawn') throw refuse(options.path, message.body.reason);
      // From here on the files are ours to remove, also when the other one has died.
      this.ownership.isOurs = true;
      if (message === undefined) {
        options.log.warn(
          { connections },
          'the server before ended within the hand-over; going on with what it gave',
        );
        break;
      }
      if (message.body.say === 'released') {
        options.log.info({ connections }, 'took over from the server before');
        break;
      }
      const [fd] = message.fds;
      if (message.body.say !== 'connection' || fd === undefined) continue;
      const { socket, held, skipping } = message.body;
      connections++;
      adopt(taken.indexOf(socket), { fd, skipping, held: Buffer.from(held, 'base64') });
    }
    channel.close();
  }

  /** The start has failed: the other one goes on. */
  abandon(): void {
    this.channel.close();
  }
}

/** Whether socket files are ours to remove: not before the other server has stopped. */
interface Ownership {
  isOurs: boolean;
}

function connectTo(libc: Libc, path: string): number | undefined {
  if (!findSocket(path, KEY)) return undefined;
  const fd = libc.socket(AF_UNIX, SOCK_STREAM);
  try {
    libc.connect(fd, sockaddrUnix(path));
    return fd;
  } catch (cause) {
    libc.close(fd);
    if (codeOf(cause) === 'ECONNREFUSED' || codeOf(cause) === 'ENOENT') return undefined;
    throw refuse(path, (cause as Error).message, cause);
  }
}

/** Listeners of the sockets that are wanted, with their indices; the others are closed. */
async function adoptAll(
  options: TakerOptions,
  { sockets }: Sockets,
  fds: readonly number[],
  ownership: Ownership,
): Promise<(readonly [number, OpenListener])[]> {
  const { libc, listen } = options;
  const taken: (readonly [number, OpenListener])[] = [];
  for (const [index, offered] of sockets.entries()) {
    const fd = fds[index];
    if (fd === undefined) continue;
    if (!(await isWanted(offered, options))) {
      libc.close(fd);
      continue;
    }
    const { kind, name, inherited } = offered;
    const file = inherited || kind === 'udp' || kind === 'tcp' ? undefined : fileOf(name);
    const given = { fd, label: kind, origin: `${kind} ${name} of the server before` };
    const listener = adoptSocket(libc, given, listen, () => {
      if (file !== undefined && ownership.isOurs) removeSocketFile(file);
    });
    taken.push([index, inherited ? { ...listener, inherited } : { ...listener, handedOver: true }]);
  }
  return taken;
}

/** Someone may have removed it. */
function fileOf(path: string): SocketFile | undefined {
  try {
    return socketFileOf(path);
  } catch {
    return undefined;
  }
}

/** Whether it is what the configuration asks for; what the other one inherited stands for its whole kind. */
async function isWanted(
  { kind, name, inherited }: OfferedSocket,
  { listen, has }: TakerOptions,
): Promise<boolean> {
  if (has.has(kind)) return false;
  if (inherited) return true;
  switch (kind) {
    case 'unixgram':
      return listen.dogstatsd_socket === name;
    case 'unix':
      return listen.dogstatsd_stream_socket === name;
    case 'named_pipe':
      return listen.dogstatsd_pipe_name === name;
    case 'udp':
      return isAddress(name, listen.dogstatsd_port, listen);
    case 'tcp':
      return isAddress(name, listen.dogstatsd_tcp_port, listen);
  }
}

async function isAddress(name: string, port: number, listen: ListenOptions): Promise<boolean> {
  if (port < 0) return false;
  const colon = name.lastIndexOf(':');
  if (port !== 0 && port !== Number(name.slice(colon + 1))) return false;
  const hosts = await resolveHosts({
    ...{ host: listen.bind_host, port, allInterfaces: listen.dogstatsd_non_local_traffic },
  });
  return hosts.includes(name.slice(0, colon).replace(/^\[|\]$/g, ''));
}

function refuse(path: string, reason: string, cause?: unknown): ListenError {
  return new ListenError(
    'ERR_LISTEN_HANDOVER',
    `the server at ${path} does not hand over: ${reason}; stop it, or set ${KEY} to another path`,
    cause,
  );
}
