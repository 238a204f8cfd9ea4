/**
 * The old server's side of a hot restart: listens at `hot_restart.socket`, offers its sockets to a new server that asks, and
 * when that one receives, lets this one end. The words are in messages.ts.
 *
 *   waiting ──take_over──▶ offering ──receiving──▶ replaced: Server.stop() hands the rest over
 *      ▲                      │
 *      └── silent, or gone ◀──┘
 *
 * Thread  the control thread. One new server at a time; another one is told so.
 * Trust   only processes of the same user, or root, are answered; the file's mode is 0600.
 */
import { createServer, type Server, type Socket } from 'node:net';
import type { OpenListener } from '../../listeners/sockets/open-listener.ts';
import type { OpenSocket } from '../../listeners/sockets/port-socket.ts';
import { openUnixStream } from '../../listeners/sockets/unix-socket.ts';
import { type FileState, WatchedFile } from '../../listeners/sockets/watched-file.ts';
import { DESCRIPTORS_MAX, FdChannel } from '../../listeners/system/fd-channel.ts';
import type { Libc } from '../../listeners/system/libc.ts';
import type { PassedConnection } from '../../model/connection.ts';
import type { Logger } from '../../telemetry/logger.ts';
import {
  ANSWER_MS,
  type FromNew,
  type FromOld,
  HOT_RESTART_VERSION,
  type Sockets,
  START_MS,
} from './messages.ts';

const KEY = 'hot_restart.socket';
const FILE_MODE = 0o600;
const BACKLOG = 8;
const ROOT = 0;

export interface GiverOptions {
  readonly libc: Libc;
  readonly path: string;
  readonly log: Logger;
  readonly listeners: () => readonly OpenListener[];
  /** The new server receives: this one is to stop. */
  readonly onReplaced: () => void;
  /** The socket at the path that the server before listened at, which we listen at from now on. */
  readonly fd?: number;
  readonly startMs?: number;
}

/** The new server, as the one that is replaced sees it. */
export class Heir {
  /** The listeners it has taken. */
  readonly taken: ReadonlySet<OpenListener>;
  private readonly offered: readonly OpenListener[];
  private readonly channel: FdChannel;

  constructor(channel: FdChannel, offered: readonly OpenListener[], taken: readonly number[]) {
    this.channel = channel;
    this.offered = offered;
    this.taken = new Set(taken.flatMap((index) => offered[index] ?? []));
  }

  /** Gives it a connection; false when it is gone. Our descriptor of it is closed. */
  async give(libc: Libc, listener: OpenListener, connection: PassedConnection): Promise<boolean> {
    const { fd, held, skipping } = connection;
    const socket = this.offered.indexOf(listener);
    const word: FromOld = {
      ...{ say: 'connection', socket, skipping },
      held: Buffer.from(held).toString('base64'),
    };
    const sent = await this.channel.send(word, [fd]);
    libc.close(fd);
    return sent;
  }

  async release(): Promise<void> {
    const word: FromOld = { say: 'released' };
    await this.channel.send(word);
    this.channel.close();
  }
}

export class HotRestartGiver {
  /** Set when a new server has taken this one's place. */
  heir: Heir | undefined;
  private readonly options: GiverOptions;
  private server: Server;
  private readonly fd: number;
  private readonly file: WatchedFile;
  private isOffering = false;
  /** Whether the next server has our socket too, and answers at it. */
  private isPassed = false;
  private isReady = true;

  /** Throws ListenError when the path cannot be had. */
  constructor(options: GiverOptions) {
    const { libc, path } = options;
    this.options = options;
    const open = (): OpenSocket => openUnixStream(libc, path, KEY, BACKLOG, FILE_MODE);
    this.fd = options.fd ?? open().fd;
    this.file = new WatchedFile(libc, this.fd, path, open);
    this.server = this.listen();
  }

  /** Whether it may give: until then it has whoever asks come again. */
  set ready(isReady: boolean) {
    this.isReady = isReady;
  }

  /** Looks after the file, and listens again where it was gone. */
  look(): FileState {
    if (this.isPassed) return { state: 'fine' };
    const found = this.file.look();
    if (found.state !== 'restored') return found;
    this.options.libc.close(found.older);
    this.server.close();
    this.server = this.listen();
    return found;
  }

  private listen(): Server {
    const { libc, log } = this.options;
    const server = createServer({ pauseOnConnect: true }, (socket) => this.accept(socket));
    server.on('error', (error) => log.error({ err: error }, 'cannot accept at hot_restart.socket'));
    server.listen({ fd: libc.duplicate(this.fd) });
    return server;
  }

  /** Whether a new server has our sockets, and may yet receive from them: their files are to stay. */
  get isShared(): boolean {
    return this.isOffering || this.heir !== undefined;
  }

  /** Answers no one any more. */
  close(): void {
    this.server.close();
    this.options.libc.close(this.fd);
    // The next server's, who asks for it.
    if (!this.isPassed) this.file.remove();
  }

  private accept(socket: Socket): void {
    const fd = (socket as { readonly _handle?: { readonly fd?: number } })._handle?.fd ?? -1;
    const channel = fd < 0 ? undefined : new FdChannel(this.options.libc, this.options.libc.duplicate(fd));
    socket.on('error', () => undefined);
    socket.destroy();
    if (channel !== undefined) void this.serve(channel);
  }

  private async serve(channel: FdChannel): Promise<void> {
    const { log, onReplaced } = this.options;
    const heir = await this.negotiate(channel);
    if (heir === undefined) {
      channel.close();
      return;
    }
    this.heir = heir;
    // Who connects from now on waits for the next server's answer.
    if (this.isPassed) this.server.close();
    log.info(
      { taken: [...heir.taken].map(({ kind, name }) => `${kind} ${name}`) },
      'a new server is taking over; exiting',
    );
    onReplaced();
  }

  private async negotiate(channel: FdChannel): Promise<Heir | undefined> {
    const { log, startMs = START_MS } = this.options;
    const uid = channel.peerUid;
    if (uid !== ROOT && uid !== process.geteuid?.()) {
      log.warn({ uid }, 'refused to hand the sockets to a process of another user');
      return undefined;
    }
    const asked = await channel.next<FromNew>(ANSWER_MS);
    if (asked?.body.say !== 'take_over') return undefined;
    if (asked.body.version !== HOT_RESTART_VERSION)
      return this.withdraw(channel, `it speaks version ${HOT_RESTART_VERSION} of the hot-restart protocol`);
    if (!this.isReady) return this.withdraw(channel, 'it is starting itself', true);
    if (this.isShared) return this.withdraw(channel, 'it is handing over to another server already', true);
    this.isOffering = true;
    try {
      const offered = this.options.listeners().filter(({ release }) => release !== undefined);
      const answer = await this.offer(channel, offered, startMs);
      if (answer === undefined) {
        log.warn({}, 'the server that was taking over is gone or not responding; continuing');
        return this.withdraw(channel, 'it has waited too long');
      }
      return new Heir(channel, offered, answer);
    } finally {
      this.isOffering = false;
    }
  }

  /** Indices of what the new server receives from; undefined when it never does. */
  private async offer(
    channel: FdChannel,
    offered: readonly OpenListener[],
    startMs: number,
  ): Promise<readonly number[] | undefined> {
    const word: Sockets = {
      say: 'sockets',
      sockets: offered.map(({ kind, name, inherited = false }) => ({ kind, name, inherited })),
      hasOwn: offered.length < DESCRIPTORS_MAX,
    };
    const fds = [...offered.map(descriptorOf), ...(word.hasOwn ? [this.fd] : [])];
    if (!(await channel.send(word, fds, ANSWER_MS))) return undefined;
    const answer = await channel.next<FromNew>(startMs);
    if (answer?.body.say !== 'receiving') return undefined;
    this.isPassed = word.hasOwn;
    return answer.body.taken;
  }

  private async withdraw(channel: FdChannel, reason: string, retry = false): Promise<undefined> {
    const word: FromOld = { say: 'withdrawn', reason, retry };
    await channel.send(word, [], ANSWER_MS);
    return undefined;
  }
}

function descriptorOf({ listener, name }: OpenListener): number {
  if ('socket' in listener && 'fd' in listener.socket) return listener.socket.fd;
  if (listener.kind === 'datagram') return listener.fd;
  throw new TypeError(`no descriptor of ${name}`);
}
