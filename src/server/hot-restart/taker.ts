/**
 * The new server's side of a hot restart: asks whoever answers at `hot_restart.socket` for its sockets. The words are in
 * messages.ts.
 *
 * Nobody there, or a server that ends while we ask, is no error: this one then opens its sockets itself. A server that
 * answers and does not hand over is one: two servers with the same sockets would each see a part.
 *
 * Thread  the control thread, at start.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { adoptSocket } from '../../listeners/sockets/adopt-socket.ts';
import { asBorrowed } from '../../listeners/sockets/inherited-sockets.ts';
import { codeOf, ListenError } from '../../listeners/sockets/listen-error.ts';
import type { ListenerKind, OpenListener } from '../../listeners/sockets/open-listener.ts';
import type { ListenOptions } from '../../listeners/sockets/open-listeners.ts';
import { resolveHosts } from '../../listeners/sockets/port-socket.ts';
import { findSocket, openUnixSocket, openUnixStream } from '../../listeners/sockets/unix-socket.ts';
import { type FileState, WatchedFile } from '../../listeners/sockets/watched-file.ts';
import { LISTEN_BACKLOG } from '../../listeners/stream/stream-server.ts';
import { FdChannel } from '../../listeners/system/fd-channel.ts';
import { type Libc, SOCK_STREAM } from '../../listeners/system/libc.ts';
import { AF_UNIX, sockaddrUnix } from '../../listeners/system/sockaddr.ts';
import type { PassedConnection } from '../../model/connection.ts';
import type { Logger } from '../../telemetry/logger.ts';
import {
  ANSWER_MS,
  type FromNew,
  type FromOld,
  HOT_RESTART_VERSION,
  type OfferedSocket,
  RELEASE_MS,
  RETRY_MS,
  RETRY_PAUSE_MS,
  type Sockets,
} from './messages.ts';

const KEY = 'hot_restart.socket';
const ROOT = 0;

export interface TakerOptions {
  readonly libc: Libc;
  readonly path: string;
  readonly listen: ListenOptions;
  readonly log: Logger;
  /** Kinds of which there are sockets already. */
  readonly has: ReadonlySet<ListenerKind>;
  /** For how long it asks again, ms. */
  readonly retryMs?: number;
}

/** The server before, while this one takes its place. */
export class Predecessor {
  /** What it gave and we want, as listeners. */
  readonly listeners: readonly OpenListener[];
  private readonly options: TakerOptions;
  private readonly channel: FdChannel;
  private readonly taken: readonly number[];
  private readonly ownership: Ownership;
  /** The socket at which the server before is asked, for us to be asked at; undefined when it was not given. */
  private own: number | undefined;

  private constructor(
    options: TakerOptions,
    channel: FdChannel,
    taken: readonly (readonly [number, OpenListener])[],
    ownership: Ownership,
    own: number | undefined,
  ) {
    this.own = own;
    this.options = options;
    this.channel = channel;
    this.taken = taken.map(([index]) => index);
    this.listeners = taken.map(([, listener]) => listener);
    this.ownership = ownership;
  }

  /**
   * Undefined when no server answers. Throws ListenError when one does and keeps its sockets. One that is being replaced, or
   * starting, is asked again for a while.
   */
  static async ask(options: TakerOptions): Promise<Predecessor | undefined> {
    const { retryMs = RETRY_MS } = options;
    for (const deadline = performance.now() + retryMs; ; await sleep(RETRY_PAUSE_MS)) {
      const answer = await Predecessor.askOnce(options, performance.now() < deadline);
      if (answer !== 'again') return answer;
    }
  }

  private static async askOnce(
    options: TakerOptions,
    mayAskAgain: boolean,
  ): Promise<Predecessor | 'again' | undefined> {
    const { libc, path, log } = options;
    const fd = connectTo(libc, path);
    if (fd === undefined) return undefined;
    const channel = new FdChannel(libc, fd);
    try {
      if (channel.peerUid !== ROOT && channel.peerUid !== process.geteuid?.())
        throw refuse(path, `it is of the user ${channel.peerUid}`);
      const word: FromNew = { say: 'take_over', version: HOT_RESTART_VERSION };
      await channel.send(word, [], ANSWER_MS);
      const answer = await channel.next<FromOld>(ANSWER_MS);
      if (answer === undefined) {
        log.warn({ path }, 'the previous server did not answer; starting without taking over');
        channel.close();
        return undefined;
      }
      if (answer.body.say === 'withdrawn') {
        if (!answer.body.retry || !mayAskAgain) throw refuse(path, answer.body.reason);
        channel.close();
        return 'again';
      }
      if (answer.body.say !== 'sockets') throw refuse(path, 'it answers something else');
      const ownership = { isOurs: false };
      const taken = await adoptAll(options, answer.body, answer.fds, ownership);
      const own = answer.body.hasOwn ? answer.fds[answer.body.sockets.length] : undefined;
      return new Predecessor(options, channel, taken, ownership, own);
    } catch (error) {
      channel.close();
      throw error;
    }
  }

  /**
   * We receive: the other one stops. Takes over its connections; resolves when its ports are free. Throws ListenError when
   * it goes on receiving.
   */
  async replace(adopt: (listener: number, connection: PassedConnection) => void): Promise<void> {
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
          'the previous server exited during the hot restart; continuing with what it handed over',
        );
        break;
      }
      if (message.body.say === 'released') {
        options.log.info({ connections }, 'took over from the previous server');
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

  /** The socket at which servers ask, for whoever closes it then. */
  takeOwn(): number | undefined {
    const { own } = this;
    this.own = undefined;
    return own;
  }

  /** The start has failed: the other one goes on. */
  abandon(): void {
    const own = this.takeOwn();
    if (own !== undefined) this.options.libc.close(own);
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
    const file = inherited ? undefined : fileOf(libc, kind, fd, name, listen);
    const given = { fd, label: kind, origin: `${kind} ${name} of the server before` };
    const listener = adoptSocket(libc, given, listen, () => {
      if (ownership.isOurs) file?.remove();
    });
    const look = (): FileState => (file === undefined || !ownership.isOurs ? { state: 'fine' } : file.look());
    taken.push([index, inherited ? asBorrowed(listener) : { ...listener, look, passedOn: true }]);
  }
  return taken;
}

/** The file of a Unix socket; undefined for a port. */
function fileOf(
  libc: Libc,
  kind: ListenerKind,
  fd: number,
  path: string,
  listen: ListenOptions,
): WatchedFile | undefined {
  switch (kind) {
    case 'unixgram':
      return new WatchedFile(libc, fd, path, () => openUnixSocket(libc, path, listen.dogstatsd_so_rcvbuf));
    case 'unix':
    case 'named_pipe': {
      const key = kind === 'unix' ? 'dogstatsd_stream_socket' : 'dogstatsd_pipe_name';
      return new WatchedFile(libc, fd, path, () => openUnixStream(libc, path, key, LISTEN_BACKLOG));
    }
    case 'udp':
    case 'tcp':
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
    'ERR_LISTEN_HOT_RESTART',
    `the server at ${path} does not hand over: ${reason}; stop it, or set ${KEY} to another path`,
    cause,
  );
}
