/**
 * A server's two parts in a hot restart: at its start it takes the place of the one before, later it gives its own to
 * the next. Both ends are off while `hot_restart.socket` is empty.
 *
 *   start   ask() ─▶ threads run ─▶ replace() ─▶ HTTP ─▶ offer()
 *   stop    stopThreads() ─▶ finish() ─▶ flush, outputs
 *
 * Thread  the control thread.
 */

import type { ListenerKind, OpenListener } from '../../listeners/sockets/open-listener.ts';
import type { ListenOptions } from '../../listeners/sockets/open-listeners.ts';
import type { FileState } from '../../listeners/sockets/watched-file.ts';
import type { StreamListener } from '../../listeners/stream/stream-settings.ts';
import { type Libc, loadLibc } from '../../listeners/system/libc.ts';
import type { ListenerThread } from '../../listeners/thread/listener-thread.ts';
import type { PassedConnection } from '../../model/connection.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { HotRestartGiver } from './giver.ts';
import { Predecessor } from './taker.ts';

export class HotRestart {
  private readonly libc: Libc;
  private readonly path: string;
  private readonly listen: ListenOptions;
  private readonly log: Logger;
  private predecessor: Predecessor | undefined;
  private giver: HotRestartGiver | undefined;
  /** Opens the giver. */
  private open: () => void = () => undefined;
  /** Connections that the stream thread has left to the next server. */
  private readonly left: { readonly listener: StreamListener; readonly connection: PassedConnection }[] = [];

  private constructor(libc: Libc, path: string, listen: ListenOptions, log: Logger) {
    this.libc = libc;
    this.path = path;
    this.listen = listen;
    this.log = log;
  }

  /** Undefined when it is off, or cannot be here: then the log says so. */
  static make(path: string, listen: ListenOptions, log: Logger): HotRestart | undefined {
    if (path === '') return undefined;
    try {
      if (!listen.portable) return new HotRestart(loadLibc(), path, listen, log);
      log.warn({ path }, 'hot restart is not available with listeners.portable: it needs system calls');
    } catch (error) {
      log.warn(
        { path, reason: (error as Error).message },
        'hot restart is not available: it needs system calls',
      );
    }
    return undefined;
  }

  /** Whether the start takes another server's place. */
  get isReplacing(): boolean {
    return this.predecessor !== undefined;
  }

  /** The sockets of the server before that are wanted, those of kinds in `has` aside. Throws ListenError. */
  async ask(has: ReadonlySet<ListenerKind>): Promise<readonly OpenListener[]> {
    const { libc, path, listen, log } = this;
    this.predecessor = await Predecessor.ask({ libc, path, listen, log, has });
    return this.predecessor?.listeners ?? [];
  }

  /** We receive: the server before stops, and its connections go on at the stream thread. Throws ListenError. */
  async replace(threads: readonly ListenerThread[]): Promise<void> {
    const { predecessor } = this;
    this.predecessor = undefined;
    await predecessor?.replace((index, connection) => {
      const { listener } = predecessor.listeners[index] ?? {};
      const thread = threads.find(({ isStream }) => isStream);
      if (thread !== undefined && listener !== undefined && 'socket' in listener)
        thread.adopt(listener, connection);
      else this.libc.close(connection.fd);
    });
  }

  /**
   * Answers the next server, which is told to ask again until resumeGiving(); `onReplaced` is called when that one receives.
   * To be called before replace(), so that there is no moment at which nobody answers. Throws ListenError.
   */
  offer(listeners: () => readonly OpenListener[], onReplaced: () => void): void {
    const { libc, path, log, predecessor } = this;
    const fd = predecessor?.takeOwn();
    this.open = () => {
      const own = fd === undefined ? {} : { fd };
      this.giver = new HotRestartGiver({ libc, path, log, listeners, onReplaced, ...own });
      this.giver.ready = false;
    };
    // A server before that keeps its socket has the path until it is released.
    if (predecessor !== undefined && fd === undefined) return;
    this.open();
  }

  /** Nothing stands in the way of the next server. Throws ListenError. */
  resumeGiving(): void {
    if (this.giver === undefined) this.open();
    if (this.giver !== undefined) this.giver.ready = true;
  }

  /** Looks after the file of the socket at which servers ask. */
  look(): FileState {
    return this.giver?.look() ?? { state: 'fine' };
  }

  /** The start has failed: the server before goes on. */
  abandon(): void {
    this.predecessor?.abandon();
    this.predecessor = undefined;
  }

  /** Stops the threads, without draining what the next server has taken. */
  async stopThreads(threads: readonly ListenerThread[]): Promise<void> {
    const taken = new Set([...(this.giver?.heir?.taken ?? [])].map(({ listener }) => listener));
    await Promise.all(threads.map((thread) => thread.stop(taken)));
  }

  /** The stream thread has left a connection to the next server. */
  leave(listener: StreamListener, connection: PassedConnection): void {
    this.left.push({ listener, connection });
  }

  get isReplaced(): boolean {
    return this.giver?.heir !== undefined;
  }

  /** Whether the socket and its file are the next server's. */
  isLeft(listener: OpenListener): boolean {
    const { giver } = this;
    if (giver === undefined || !giver.isShared) return false;
    // While the next server has yet to say what it takes, all may be its.
    return giver.heir?.taken.has(listener) ?? true;
  }

  /** When the threads have stopped and ports are free: gives the connections away, and lets the next server go on. */
  async finish(listeners: readonly OpenListener[]): Promise<void> {
    const { giver, libc, left, log } = this;
    giver?.close();
    const heir = giver?.heir;
    let given = 0;
    for (const { listener, connection } of left.splice(0)) {
      const owner = listeners.find((one) => one.listener === listener);
      if (heir === undefined || owner === undefined) libc.close(connection.fd);
      else if (await heir.give(libc, owner, connection)) given++;
    }
    if (heir === undefined) return;
    await heir.release();
    log.info({ connections: given }, 'handed over to the next server');
  }
}
