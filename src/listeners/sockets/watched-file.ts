/**
 * The file of a Unix socket that is open: removed or replaced, it leads nobody to the socket any more, although the socket
 * itself goes on working for those who are connected. So somebody looks from time to time, and when the file is not the
 * socket's, another socket is bound at the path and takes over the descriptor of the one before.
 *
 *   look() ─▶ the file is ours ─▶ fine
 *          ─▶ nothing, or a dead socket, is at the path ─▶ bind ─▶ dup3 ─▶ restored: `older` is the socket before
 *          ─▶ somebody else's socket or file, no directory, no rights ─▶ failed, until it can be had
 *
 * Everyone who has the descriptor's number, in this process, has the new socket from then on.
 *
 * Thread  the control thread.
 */
import type { Libc } from '../system/libc.ts';
import { ListenError } from './listen-error.ts';
import type { OpenSocket } from './port-socket.ts';
import { isSameFile, removeSocketFile, type SocketFile, socketFileOf } from './unix-socket.ts';

export type FileState =
  | { readonly state: 'fine' }
  /** `older` is a descriptor of the socket before; whoever is told closes it. */
  | { readonly state: 'restored'; readonly older: number }
  | { readonly state: 'failed'; readonly error: ListenError };

const FINE: FileState = { state: 'fine' };

export class WatchedFile {
  private readonly libc: Libc;
  private readonly fd: number;
  private readonly open: () => OpenSocket;
  private readonly path: string;
  /** Undefined while the file at the path is not ours. */
  private file: SocketFile | undefined;

  /** `fd` is bound at `path`; `open` binds another socket there, and throws ListenError. */
  constructor(libc: Libc, fd: number, path: string, open: () => OpenSocket) {
    this.libc = libc;
    this.fd = fd;
    this.path = path;
    this.open = open;
    this.file = fileAt(path);
  }

  look(): FileState {
    if (this.file !== undefined && isSameFile(this.file)) return FINE;
    this.file = undefined;
    try {
      const { fd } = this.open();
      const older = this.libc.duplicate(this.fd);
      this.libc.replace(this.fd, fd);
      this.file = fileAt(this.path);
      return { state: 'restored', older };
    } catch (error) {
      if (error instanceof ListenError) return { state: 'failed', error };
      throw error;
    }
  }

  /** Removes the file, if it is ours. */
  remove(): void {
    if (this.file !== undefined) removeSocketFile(this.file);
  }
}

/**
 * Looks after the file of a socket that somebody else keeps, as systemd does: it can be missed, not bound again. One that is
 * not there at the start is missed too, since a server that is restarted is given the same unreachable socket.
 */
export function watchKeptFile(path: string, remedy: string): () => FileState {
  const file = fileAt(path);
  const error = new ListenError('ERR_LISTEN_SOCKET_PATH', remedy);
  return () => (file !== undefined && isSameFile(file) ? FINE : { state: 'failed', error });
}

/** Someone may have removed it. */
function fileAt(path: string): SocketFile | undefined {
  try {
    return socketFileOf(path);
  } catch {
    return undefined;
  }
}
